//! The semaphore against a naive twin: random sequences of every operation must agree on who has permits, who is
//! woken and what is free.

mod sync_kit;

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use heist::sync::{AcquireError, OwnedSemaphorePermit, Semaphore, TryAcquireError};
use proptest::prelude::*;
use sync_kit::Task;

type Acquire = Pin<Box<dyn Future<Output = Result<OwnedSemaphorePermit, AcquireError>>>>;

#[derive(Clone, Debug)]
enum Op {
    Acquire(usize),
    Poll(usize),
    Cancel(usize),
    TryAcquire(usize),
    DropPermit(usize),
    Add(usize),
    Forget(usize),
    Close,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => (0..4usize).prop_map(Op::Acquire),
        6 => (0..8usize).prop_map(Op::Poll),
        3 => (0..8usize).prop_map(Op::Cancel),
        2 => (0..4usize).prop_map(Op::TryAcquire),
        4 => (0..8usize).prop_map(Op::DropPermit),
        3 => (0..4usize).prop_map(Op::Add),
        1 => (0..3usize).prop_map(Op::Forget),
        1 => Just(Op::Close),
    ]
}

#[derive(Default)]
struct Twin {
    free: usize,
    closed: bool,
    /// Waiting, in order: id, wanted, lacking.
    queue: VecDeque<(usize, usize, usize)>,
    /// Woken and not polled since: id, permits it has, whether that is all.
    woken: Vec<(usize, usize, bool)>,
}

impl Twin {
    fn add(&mut self, mut added: usize) {
        while let Some((id, wanted, lacks)) = self.queue.front_mut() {
            let given = added.min(*lacks);
            *lacks -= given;
            added -= given;
            if *lacks > 0 {
                return;
            }
            self.woken.push((*id, *wanted, true));
            self.queue.pop_front();
        }
        self.free += added;
    }

    fn acquire(&mut self, id: usize, wanted: usize) -> Poll<bool> {
        if self.closed {
            return Poll::Ready(false);
        }
        if self.free >= wanted {
            self.free -= wanted;
            return Poll::Ready(true);
        }
        let lacks = wanted - std::mem::take(&mut self.free);
        self.queue.push_back((id, wanted, lacks));
        Poll::Pending
    }

    fn poll(&mut self, id: usize) -> Poll<bool> {
        let Some(at) = self.woken.iter().position(|woken| woken.0 == id) else {
            return Poll::Pending;
        };
        let (_, has, all) = self.woken.remove(at);
        let got = all && !self.closed;
        if !got {
            self.add(has);
        }
        Poll::Ready(got)
    }

    fn cancel(&mut self, id: usize) {
        if let Some(at) = self.queue.iter().position(|waits| waits.0 == id) {
            let (_, wanted, lacks) = self.queue.remove(at).unwrap();
            self.add(wanted - lacks);
        } else if let Some(at) = self.woken.iter().position(|woken| woken.0 == id) {
            let (_, has, _) = self.woken.remove(at);
            self.add(has);
        }
    }

    fn close(&mut self) {
        self.closed = true;
        for (id, wanted, lacks) in self.queue.drain(..) {
            self.woken.push((id, wanted - lacks, false));
        }
    }
}

struct Pair {
    semaphore: Arc<Semaphore>,
    twin: Twin,
    waits: Vec<(usize, Task<Acquire>)>,
    held: Vec<OwnedSemaphorePermit>,
    acquires: usize,
}

impl Pair {
    fn new(permits: usize) -> Self {
        let twin = Twin {
            free: permits,
            ..Twin::default()
        };
        Self {
            semaphore: Arc::new(Semaphore::new(permits)),
            twin,
            waits: Vec::new(),
            held: Vec::new(),
            acquires: 0,
        }
    }

    fn wait(&mut self, op: &Op) {
        match *op {
            Op::Acquire(wanted) => {
                self.acquires += 1;
                let id = self.acquires;
                let future: Acquire = Box::pin(self.semaphore.clone().acquire_many_owned(wanted as u32));
                let expected = self.twin.acquire(id, wanted);
                self.settle(id, Task::new(future), expected);
            }
            Op::Poll(at) if at < self.waits.len() => {
                let (id, task) = self.waits.remove(at);
                let expected = self.twin.poll(id);
                self.settle(id, task, expected);
            }
            Op::Cancel(at) if at < self.waits.len() => {
                let (id, task) = self.waits.remove(at);
                drop(task);
                self.twin.cancel(id);
            }
            _ => {}
        }
    }

    fn settle(&mut self, id: usize, mut task: Task<Acquire>, expected: Poll<bool>) {
        match task.poll() {
            Poll::Ready(permit) => {
                assert_eq!(expected, Poll::Ready(permit.is_ok()));
                self.held.extend(permit);
            }
            Poll::Pending => {
                assert!(expected.is_pending());
                self.waits.push((id, task));
            }
        }
    }

    fn change(&mut self, op: &Op) {
        match *op {
            Op::TryAcquire(wanted) => {
                let outcome = self.semaphore.clone().try_acquire_many_owned(wanted as u32);
                let expected = match (self.twin.closed, self.twin.free >= wanted) {
                    (true, _) => Some(TryAcquireError::Closed),
                    (false, false) => Some(TryAcquireError::NoPermits),
                    (false, true) => None,
                };
                assert_eq!(outcome.as_ref().err(), expected.as_ref());
                self.twin.free -= if expected.is_none() { wanted } else { 0 };
                self.held.extend(outcome);
            }
            Op::DropPermit(at) if at < self.held.len() => {
                let permit = self.held.remove(at);
                self.twin.add(permit.num_permits());
                drop(permit);
            }
            Op::Add(added) => {
                self.semaphore.add_permits(added);
                self.twin.add(added);
            }
            Op::Forget(most) => {
                let forgotten = self.twin.free.min(most);
                self.twin.free -= forgotten;
                assert_eq!(self.semaphore.forget_permits(most), forgotten);
            }
            Op::Close => {
                self.semaphore.close();
                self.twin.close();
            }
            _ => {}
        }
    }

    fn step(&mut self, op: &Op) {
        self.wait(op);
        self.change(op);
        assert_eq!(self.semaphore.available_permits(), self.twin.free);
        assert_eq!(self.semaphore.is_closed(), self.twin.closed);
        for (id, task) in &self.waits {
            let woken = self.twin.woken.iter().any(|woken| woken.0 == *id);
            assert_eq!(task.wakes(), usize::from(woken), "waiter {id}");
            assert_eq!(task.wakers_kept(), usize::from(!woken), "waiter {id}");
        }
    }
}

proptest! {
    #[test]
    fn agrees_with_the_twin(permits in 0..4usize, ops in prop::collection::vec(op(), 0..60)) {
        let mut pair = Pair::new(permits);
        ops.iter().for_each(|op| pair.step(op));
    }
}
