//! The mutex against a naive twin: random sequences of locking, waiting, giving up and unlocking must agree on who has
//! the lock, on what the value is, and on who is woken.

mod sync_kit;

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use heist::sync::{Mutex, OwnedMutexGuard};
use proptest::prelude::*;
use sync_kit::Task;

type Lock = Pin<Box<dyn Future<Output = OwnedMutexGuard<usize>>>>;

#[derive(Clone, Debug)]
enum Op {
    Lock,
    /// A lock whose future is dropped before its first poll.
    Forgo,
    Poll {
        at: usize,
        elsewhere: bool,
    },
    Cancel(usize),
    TryLock,
    Unlock,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        5 => Just(Op::Lock),
        1 => Just(Op::Forgo),
        5 => (0..6usize, any::<bool>()).prop_map(|(at, elsewhere)| Op::Poll { at, elsewhere }),
        3 => (0..6usize).prop_map(Op::Cancel),
        2 => Just(Op::TryLock),
        4 => Just(Op::Unlock),
    ]
}

#[derive(Default)]
struct Twin {
    locked: bool,
    queue: VecDeque<usize>,
    /// Has the lock and was not polled since.
    woken: Option<usize>,
}

impl Twin {
    fn is_free(&self) -> bool {
        !self.locked && self.woken.is_none()
    }

    fn lock(&mut self, id: usize) -> bool {
        let free = self.is_free();
        if free {
            self.locked = true;
        } else {
            self.queue.push_back(id);
        }
        free
    }

    fn poll(&mut self, id: usize) -> bool {
        let given = self.woken == Some(id);
        if given {
            self.woken = None;
            self.locked = true;
        }
        given
    }

    fn pass_on(&mut self) {
        self.woken = self.queue.pop_front();
    }

    fn cancel(&mut self, id: usize) {
        if self.woken == Some(id) {
            self.pass_on();
        }
        self.queue.retain(|other| *other != id);
    }
}

#[derive(Default)]
struct Pair {
    mutex: Arc<Mutex<usize>>,
    twin: Twin,
    waits: Vec<(usize, Task<Lock>)>,
    held: Option<OwnedMutexGuard<usize>>,
    made: usize,
    locks: usize,
}

impl Pair {
    fn settle(&mut self, id: usize, task: Task<Lock>, polled: Poll<OwnedMutexGuard<usize>>, expected: bool) {
        match polled {
            Poll::Ready(guard) => {
                assert!(expected, "{id} has the lock");
                assert_eq!((task.wakers_kept(), self.held.is_none()), (0, true));
                self.hold(guard);
            }
            Poll::Pending => {
                assert!(!expected, "{id} waits");
                self.waits.push((id, task));
            }
        }
    }

    /// Each holder counts itself.
    fn hold(&mut self, mut guard: OwnedMutexGuard<usize>) {
        assert_eq!(*guard, self.locks);
        *guard += 1;
        self.locks += 1;
        self.held = Some(guard);
    }

    fn step(&mut self, op: &Op) {
        match *op {
            Op::Lock => {
                self.made += 1;
                let id = self.made;
                let mut task = Task::<Lock>::new(Box::pin(self.mutex.clone().lock_owned()));
                let polled = task.poll();
                let expected = self.twin.lock(id);
                self.settle(id, task, polled, expected);
            }
            Op::Forgo => drop(self.mutex.lock()),
            Op::Poll { at, elsewhere } if at < self.waits.len() => {
                let (id, mut task) = self.waits.remove(at);
                let polled = if elsewhere {
                    task.poll_elsewhere()
                } else {
                    task.poll()
                };
                let expected = self.twin.poll(id);
                self.settle(id, task, polled, expected);
            }
            Op::Cancel(at) if at < self.waits.len() => {
                let (id, task) = self.waits.remove(at);
                drop(task);
                self.twin.cancel(id);
            }
            Op::TryLock => {
                let guard = self.mutex.clone().try_lock_owned().ok();
                assert_eq!(guard.is_some(), self.twin.is_free());
                if let Some(guard) = guard {
                    self.twin.locked = true;
                    self.hold(guard);
                }
            }
            Op::Unlock if self.held.take().is_some() => {
                self.twin.locked = false;
                self.twin.pass_on();
            }
            _ => {}
        }
        for (id, task) in &self.waits {
            let woken = self.twin.woken == Some(*id);
            assert_eq!(task.wakes(), usize::from(woken), "waiter {id}");
            assert_eq!(task.wakers_kept(), usize::from(!woken), "waiter {id}");
        }
    }
}

proptest! {
    #[test]
    fn agrees_with_the_twin(ops in prop::collection::vec(op(), 0..80)) {
        let mut pair = Pair::default();
        ops.iter().for_each(|op| pair.step(op));
        let Pair { mutex, waits, held, locks, .. } = pair;
        drop((waits, held));
        // Nobody keeps the lock.
        assert_eq!(mutex.try_lock().map(|value| *value).ok(), Some(locks));
    }
}
