//! Notify against a naive twin: random sequences of waits and of all three ways to notify must agree on who is
//! notified, on who is woken, and on whether a permit is kept.

mod sync_kit;

use std::collections::VecDeque;
use std::sync::Arc;

use heist::sync::Notify;
use heist::sync::futures::OwnedNotified;
use proptest::prelude::*;
use sync_kit::Task;

#[derive(Clone, Debug)]
enum Op {
    Make { polled: bool },
    Poll { at: usize, elsewhere: bool },
    Enable(usize),
    Cancel(usize),
    NotifyOne,
    NotifyLast,
    NotifyWaiters,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        7 => any::<bool>().prop_map(|polled| Op::Make { polled }),
        5 => (0..6usize, any::<bool>()).prop_map(|(at, elsewhere)| Op::Poll { at, elsewhere }),
        2 => (0..6usize).prop_map(Op::Enable),
        3 => (0..6usize).prop_map(Op::Cancel),
        4 => Just(Op::NotifyOne),
        4 => Just(Op::NotifyLast),
        1 => Just(Op::NotifyWaiters),
    ]
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum By {
    One,
    Last,
    All,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    /// Not polled; notified if the broadcasts are not as many as then.
    New(usize),
    Queued,
    /// Not polled since.
    Given(By),
    Ended,
}

#[derive(Default)]
struct Twin {
    permit: bool,
    broadcasts: usize,
    queue: VecDeque<usize>,
    states: Vec<State>,
}

impl Twin {
    fn make(&mut self) -> usize {
        self.states.push(State::New(self.broadcasts));
        self.states.len() - 1
    }

    fn poll(&mut self, id: usize) -> bool {
        let ready = match self.states[id] {
            State::New(since) if since != self.broadcasts => true,
            State::New(_) => std::mem::take(&mut self.permit),
            State::Queued => false,
            State::Given(_) | State::Ended => true,
        };
        if ready {
            self.states[id] = State::Ended;
        } else if self.states[id] != State::Queued {
            self.states[id] = State::Queued;
            self.queue.push_back(id);
        }
        ready
    }

    fn notify(&mut self, by: By) {
        let next = if by == By::Last {
            self.queue.pop_back()
        } else {
            self.queue.pop_front()
        };
        match next {
            Some(id) => self.states[id] = State::Given(by),
            None => self.permit = true,
        }
    }

    fn notify_waiters(&mut self) {
        self.broadcasts += 1;
        for id in self.queue.drain(..) {
            self.states[id] = State::Given(By::All);
        }
    }

    fn cancel(&mut self, id: usize) {
        self.queue.retain(|other| *other != id);
        if let State::Given(by @ (By::One | By::Last)) = self.states[id] {
            self.notify(by);
        }
    }
}

struct Waiter {
    id: usize,
    task: Task<OwnedNotified>,
    /// Its latest waker was left by a poll, not before the latest change of wakers.
    has_waker: bool,
}

#[derive(Default)]
struct Pair {
    notify: Arc<Notify>,
    twin: Twin,
    waiters: Vec<Waiter>,
}

impl Pair {
    fn poll(&mut self, at: usize, elsewhere: bool) {
        let Waiter { id, task, has_waker } = &mut self.waiters[at];
        let polled = if elsewhere {
            task.poll_elsewhere()
        } else {
            task.poll()
        };
        assert_eq!(polled.is_ready(), self.twin.poll(*id));
        *has_waker = polled.is_pending() || *has_waker && !elsewhere;
    }

    fn step(&mut self, op: &Op) {
        match *op {
            Op::Make { polled } => {
                self.waiters.push(Waiter {
                    id: self.twin.make(),
                    task: Task::new(self.notify.clone().notified_owned()),
                    has_waker: false,
                });
                if polled {
                    let at = self.waiters.len() - 1;
                    self.poll(at, false);
                }
            }
            Op::Poll { at, elsewhere } if at < self.waiters.len() => {
                self.poll(at, elsewhere);
            }
            Op::Enable(at) if at < self.waiters.len() => {
                let waiter = &mut self.waiters[at];
                assert_eq!(waiter.task.future().enable(), self.twin.poll(waiter.id));
            }
            Op::Cancel(at) if at < self.waiters.len() => {
                let waiter = self.waiters.remove(at);
                drop(waiter.task);
                self.twin.cancel(waiter.id);
            }
            Op::NotifyOne => {
                self.notify.notify_one();
                self.twin.notify(By::One);
            }
            Op::NotifyLast => {
                self.notify.notify_last();
                self.twin.notify(By::Last);
            }
            Op::NotifyWaiters => {
                self.notify.notify_waiters();
                self.twin.notify_waiters();
            }
            _ => {}
        }
        for Waiter { id, task, has_waker } in &self.waiters {
            let queued = self.twin.states[*id] == State::Queued;
            assert_eq!(task.wakes(), usize::from(*has_waker && !queued), "waiter {id}");
            assert_eq!(
                task.wakers_kept(),
                usize::from(*has_waker && queued),
                "waiter {id}"
            );
        }
    }
}

proptest! {
    #[test]
    fn agrees_with_the_twin(ops in prop::collection::vec(op(), 0..80)) {
        let mut pair = Pair::default();
        ops.iter().for_each(|op| pair.step(op));
        while let Some(waiter) = pair.waiters.pop() {
            drop(waiter.task);
            pair.twin.cancel(waiter.id);
        }
        // What nobody has seen is kept, once.
        let mut next = Task::new(pair.notify.notified());
        assert_eq!(next.poll().is_ready(), pair.twin.permit);
        assert!(Task::new(pair.notify.notified()).poll().is_pending());
    }
}
