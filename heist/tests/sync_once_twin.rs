//! OnceCell and SetOnce against naive twins: random sequences of making, failing, panicking, giving up, setting and
//! waiting must agree on each result, on who is woken, and on what is dropped.

mod sync_kit;

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;

use heist::sync::{OnceCell, SetError, SetOnce};
use proptest::prelude::*;
use sync_kit::{Counted, Drops, Task};

/// How the making of the value ends.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Made,
    Failed,
    Panicked,
}

#[derive(Clone, Debug)]
enum Op {
    /// Begins to wait for the value, or to make it.
    Start,
    Poll {
        at: usize,
        elsewhere: bool,
    },
    Cancel(usize),
    /// The one that makes the value will end so at its next poll.
    Decide(End),
    Set,
}

fn op() -> impl Strategy<Value = Op> {
    let end = prop_oneof![1 => Just(End::Made), 3 => Just(End::Failed), 2 => Just(End::Panicked)];
    prop_oneof![
        5 => Just(Op::Start),
        6 => (0..5usize, any::<bool>()).prop_map(|(at, elsewhere)| Op::Poll { at, elsewhere }),
        3 => (0..5usize).prop_map(Op::Cancel),
        3 => end.prop_map(Op::Decide),
        1 => Just(Op::Set),
    ]
}

/// Whether the value is there at the end.
type Get = Pin<Box<dyn Future<Output = bool>>>;

#[derive(Default)]
struct Twin {
    set: bool,
    maker: Option<usize>,
    queue: VecDeque<usize>,
    /// Woken and not polled since: to make it, or to take it if it is set.
    woken: Vec<usize>,
}

impl Twin {
    fn is_being_made(&self) -> bool {
        self.maker.is_some() || !self.set && !self.woken.is_empty()
    }

    fn set(&mut self) {
        self.set = true;
        self.maker = None;
        self.woken.extend(self.queue.drain(..));
    }

    fn pass_on(&mut self) {
        self.maker = None;
        self.woken.extend(self.queue.pop_front());
    }

    /// What a poll answers, `new` or not, and that the making panics.
    fn poll(&mut self, id: usize, new: bool, end: &mut Option<End>) -> Result<Poll<bool>, ()> {
        let woken = self.woken.iter().position(|other| *other == id);
        if let Some(at) = woken {
            self.woken.remove(at);
        }
        if self.set && (new || woken.is_some()) {
            return Ok(Poll::Ready(true));
        }
        if woken.is_some() || new && !self.is_being_made() {
            self.maker = Some(id);
        } else if new {
            self.queue.push_back(id);
        }
        if self.maker != Some(id) {
            return Ok(Poll::Pending);
        }
        match end.take() {
            None => Ok(Poll::Pending),
            Some(End::Made) => {
                self.set();
                Ok(Poll::Ready(true))
            }
            Some(End::Failed) => {
                self.pass_on();
                Ok(Poll::Ready(false))
            }
            Some(End::Panicked) => {
                self.pass_on();
                Err(())
            }
        }
    }

    fn cancel(&mut self, id: usize) {
        self.queue.retain(|other| *other != id);
        let woken = self.woken.iter().position(|other| *other == id);
        if let Some(at) = woken {
            self.woken.remove(at);
        }
        if !self.set && (woken.is_some() || self.maker == Some(id)) {
            self.pass_on();
        }
    }
}

#[derive(Default)]
struct Pair {
    cell: Arc<OnceCell<Counted>>,
    end: Arc<Mutex<Option<End>>>,
    drops: Drops,
    made: Arc<Mutex<usize>>,
    twin: Twin,
    twins_end: Option<End>,
    waits: Vec<(usize, Task<Get>)>,
    started: usize,
}

impl Pair {
    fn get(&self) -> Get {
        let (cell, end, drops, made) = (
            self.cell.clone(),
            self.end.clone(),
            self.drops.clone(),
            self.made.clone(),
        );
        Box::pin(async move {
            let make = poll_fn(move |_| {
                // Not inside of the panic.
                let end = end.lock().unwrap().take();
                match end {
                    None => Poll::Pending,
                    Some(End::Made) => {
                        *made.lock().unwrap() += 1;
                        Poll::Ready(Ok(drops.value()))
                    }
                    Some(End::Failed) => Poll::Ready(Err(())),
                    Some(End::Panicked) => std::panic::resume_unwind(Box::new("on purpose")),
                }
            });
            cell.get_or_try_init(|| make).await.is_ok()
        })
    }

    fn poll(&mut self, id: usize, mut task: Task<Get>, new: bool, elsewhere: bool) {
        let polled = catch_unwind(AssertUnwindSafe(|| {
            if elsewhere {
                task.poll_elsewhere()
            } else {
                task.poll()
            }
        }));
        let polled = polled.map_err(drop);
        assert_eq!(polled, self.twin.poll(id, new, &mut self.twins_end), "{id}");
        if polled == Ok(Poll::Pending) {
            self.waits.push((id, task));
        }
    }

    fn step(&mut self, op: &Op) {
        match *op {
            Op::Start => {
                self.started += 1;
                self.poll(self.started, Task::new(self.get()), true, false);
            }
            Op::Poll { at, elsewhere } if at < self.waits.len() => {
                let (id, task) = self.waits.remove(at);
                self.poll(id, task, false, elsewhere);
            }
            Op::Cancel(at) if at < self.waits.len() => {
                let (id, task) = self.waits.remove(at);
                drop(task);
                self.twin.cancel(id);
            }
            Op::Decide(end) if self.twin.maker.is_some() => {
                self.twins_end = Some(end);
                *self.end.lock().unwrap() = Some(end);
            }
            Op::Set => self.set(),
            _ => {}
        }
        assert_eq!(self.cell.initialized(), self.twin.set);
        assert_eq!(self.cell.get().is_some(), self.twin.set);
        assert_eq!(
            self.drops.count() + usize::from(self.twin.set),
            *self.made.lock().unwrap()
        );
        for (id, task) in &self.waits {
            let woken = self.twin.woken.contains(id);
            if self.twin.maker != Some(*id) {
                assert_eq!(task.wakes(), usize::from(woken), "waiter {id}");
            }
            assert_eq!(
                task.wakers_kept(),
                usize::from(self.twin.queue.contains(id)),
                "waiter {id}"
            );
        }
    }

    fn set(&mut self) {
        *self.made.lock().unwrap() += 1;
        match self.cell.set(self.drops.value()) {
            Ok(()) => {
                assert!(!self.twin.set && !self.twin.is_being_made());
                self.twin.set();
            }
            Err(SetError::AlreadyInitializedError(_)) => assert!(self.twin.set),
            Err(SetError::InitializingError(_)) => assert!(!self.twin.set && self.twin.is_being_made()),
        }
    }
}

#[derive(Clone, Debug)]
enum SetOp {
    Wait,
    Poll { at: usize, elsewhere: bool },
    Cancel(usize),
    Set,
}

fn set_op() -> impl Strategy<Value = SetOp> {
    prop_oneof![
        5 => Just(SetOp::Wait),
        6 => (0..5usize, any::<bool>()).prop_map(|(at, elsewhere)| SetOp::Poll { at, elsewhere }),
        3 => (0..5usize).prop_map(SetOp::Cancel),
        1 => Just(SetOp::Set),
    ]
}

proptest! {
    #[test]
    fn a_once_cell_agrees_with_the_twin(ops in prop::collection::vec(op(), 0..60)) {
        let mut pair = Pair::default();
        ops.iter().for_each(|op| pair.step(op));
        let (drops, made) = (pair.drops.clone(), *pair.made.lock().unwrap());
        drop(pair);
        assert_eq!(drops.count(), made);
    }

    #[test]
    fn a_set_once_agrees_with_the_twin(ops in prop::collection::vec(set_op(), 0..40)) {
        let (cell, drops) = (Arc::new(SetOnce::new()), Drops::default());
        let mut waits: Vec<Task<Get>> = Vec::new();
        let (mut set, mut made) = (false, 0);
        for op in ops {
            match op {
                SetOp::Wait => {
                    let cell = cell.clone();
                    let mut task = Task::<Get>::new(Box::pin(async move { std::ptr::eq(cell.wait().await, cell.get().unwrap()) }));
                    let expected = if set { Poll::Ready(true) } else { Poll::Pending };
                    assert_eq!(task.poll(), expected);
                    if !set {
                        waits.push(task);
                    }
                }
                SetOp::Poll { at, elsewhere } if at < waits.len() => {
                    let mut task = waits.remove(at);
                    let polled = if elsewhere { task.poll_elsewhere() } else { task.poll() };
                    if set {
                        assert_eq!(polled, Poll::Ready(true));
                    } else {
                        assert_eq!(polled, Poll::Pending);
                        waits.push(task);
                    }
                }
                SetOp::Cancel(at) if at < waits.len() => drop(waits.remove(at)),
                SetOp::Set => {
                    made += 1;
                    assert_eq!(cell.set(drops.value()).is_ok(), !set);
                    set = true;
                }
                SetOp::Poll { .. } | SetOp::Cancel(_) => {}
            }
            assert_eq!((cell.initialized(), cell.get().is_some()), (set, set));
            assert_eq!(drops.count() + usize::from(set), made);
            for task in &waits {
                assert_eq!((task.wakes(), task.wakers_kept()), (usize::from(set), usize::from(!set)));
            }
        }
        drop((waits, cell));
        assert_eq!(drops.count(), made);
    }
}
