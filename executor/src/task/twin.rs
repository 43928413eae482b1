//! The task cell against a naive twin: random legal operations by all who hold a task (runner, wakers, join handle, abort
//! handles, registry, next-slot) must agree at every step on who is polled, what the handle says, what is dropped, who is
//! woken, and which cells still have their memory.
//!
//! One thread does them all, one after the other; the orders that threads can make of one operation are the models' part.

use std::collections::VecDeque;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::{Context, Poll, Wake, Waker};

use heist_primitive::sync::atomic::{AtomicUsize, Ordering};
use heist_primitive::sync::{Mutex, StdArc as Arc};
use proptest::prelude::*;

use super::{AbortHandle, JoinError, JoinHandle};
use crate::model::{Hand, Slot};

/// What a future does in one poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Wait,
    /// Wakes itself, and waits.
    Yield,
    /// Is aborted by its own poll, and waits.
    AbortSelf,
    Return,
    /// Wakes and aborts itself, and returns all the same.
    ReturnWoken,
    Panic,
}

/// One operation. The numbers choose among tasks and among handles, modulo how many there are.
#[derive(Clone, Copy, Debug)]
enum Step {
    Spawn,
    /// What the task does in its next poll.
    Plan(usize, Act),
    Run,
    PutIntoSlot,
    TakeFromSlot,
    CloneWaker(usize),
    DropWaker(usize),
    Wake(usize),
    WakeByRef(usize),
    Abort(usize),
    KeepAbortHandle(usize),
    AbortByHandle(usize),
    DropAbortHandle(usize),
    Join(usize, bool),
    DropJoin(usize),
    ShutDown,
}

fn step() -> impl Strategy<Value = Step> {
    let at = 0..12usize;
    let act = prop_oneof![
        3 => Just(Act::Wait),
        2 => Just(Act::Yield),
        1 => Just(Act::AbortSelf),
        3 => Just(Act::Return),
        1 => Just(Act::ReturnWoken),
        1 => Just(Act::Panic),
    ];
    prop_oneof![
        6 => Just(Step::Spawn),
        8 => (at.clone(), act).prop_map(|(task, act)| Step::Plan(task, act)),
        20 => Just(Step::Run),
        4 => Just(Step::PutIntoSlot),
        4 => Just(Step::TakeFromSlot),
        6 => at.clone().prop_map(Step::CloneWaker),
        6 => at.clone().prop_map(Step::DropWaker),
        8 => at.clone().prop_map(Step::Wake),
        8 => at.clone().prop_map(Step::WakeByRef),
        3 => at.clone().prop_map(Step::Abort),
        3 => at.clone().prop_map(Step::KeepAbortHandle),
        2 => at.clone().prop_map(Step::AbortByHandle),
        3 => at.clone().prop_map(Step::DropAbortHandle),
        10 => (at.clone(), any::<bool>()).prop_map(|(task, other)| Step::Join(task, other)),
        4 => at.prop_map(Step::DropJoin),
        1 => Just(Step::ShutDown),
    ]
}

/// What a future and its test share.
#[derive(Default)]
struct Script {
    next: Mutex<Option<Act>>,
    polls: AtomicUsize,
    /// The last poll's.
    waker: Mutex<Option<Waker>>,
    abort: Mutex<Option<AbortHandle>>,
}

struct Scripted {
    script: Arc<Script>,
    token: Arc<()>,
}

impl Future for Scripted {
    type Output = Arc<()>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Arc<()>> {
        let act = self.script.next.lock().unwrap_or(Act::Wait);
        self.script.polls.fetch_add(1, Ordering::Relaxed);
        // The earlier one is dropped after the lock is released.
        let _earlier = self.script.waker.lock().replace(cx.waker().clone());
        if matches!(act, Act::Yield | Act::ReturnWoken) {
            cx.waker().wake_by_ref();
        }
        if matches!(act, Act::AbortSelf | Act::ReturnWoken) {
            self.script
                .abort
                .lock()
                .as_ref()
                .expect("a task that runs has not been forgotten")
                .abort();
        }
        match act {
            Act::Wait | Act::Yield | Act::AbortSelf => Poll::Pending,
            Act::Return | Act::ReturnWoken => Poll::Ready(self.token.clone()),
            Act::Panic => resume_unwind(Box::new("planned")),
        }
    }
}

#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Output,
    Panicked,
    Cancelled,
}

/// A task as the test holds it, and as the twin believes it to be.
struct Task {
    script: Arc<Script>,
    token: Arc<()>,
    join: Option<JoinHandle<Arc<()>>>,
    aborts: Vec<AbortHandle>,
    wakers: Vec<Waker>,
    /// Two who may wait at the handle, and which of them does.
    joiners: [Arc<Woken>; 2],
    waiting: Option<usize>,
    expected_wakes: [usize; 2],
    polls: usize,
    /// Runnables of it: on the queue or in the slot.
    queued: usize,
    cancelled: bool,
    end: Option<End>,
    /// Whether the output went to the handle.
    taken: bool,
}

struct Pair {
    hand: Hand,
    slot: Slot,
    tasks: Vec<Task>,
    queue: VecDeque<usize>,
    in_slot: Option<usize>,
    is_shut_down: bool,
}

impl Pair {
    fn new() -> Self {
        Self {
            hand: Hand::new(),
            slot: Slot::new(),
            tasks: Vec::new(),
            queue: VecDeque::new(),
            in_slot: None,
            is_shut_down: false,
        }
    }

    fn spawn(&mut self) {
        let (script, token) = (Arc::new(Script::default()), Arc::new(()));
        let join = self.hand.spawn(Scripted {
            script: script.clone(),
            token: token.clone(),
        });
        *script.abort.lock() = Some(join.abort_handle());
        let mut task = Task {
            script,
            token,
            join: Some(join),
            aborts: Vec::new(),
            wakers: Vec::new(),
            joiners: Default::default(),
            waiting: None,
            expected_wakes: [0, 0],
            polls: 0,
            queued: 0,
            cancelled: false,
            end: None,
            taken: false,
        };
        if self.is_shut_down {
            task.end(End::Cancelled);
        } else {
            task.queued = 1;
            self.queue.push_back(self.tasks.len());
        }
        self.tasks.push(task);
    }

    fn apply(&mut self, step: Step) {
        match step {
            Step::Spawn if self.tasks.len() < 8 => self.spawn(),
            Step::Spawn => {}
            Step::Run => {
                let next = self.queue.pop_front();
                assert_eq!(self.hand.run_one(), next.is_some(), "the queue's length");
                next.into_iter().for_each(|at| self.ran(at));
            }
            Step::PutIntoSlot => {
                self.hand.put_into(&self.slot);
                if let Some(at) = self.queue.pop_front() {
                    self.queue.extend(self.in_slot.replace(at));
                }
            }
            Step::TakeFromSlot => {
                let next = self.in_slot.take();
                assert_eq!(self.slot.take_and_run(), next.is_some(), "who is in the slot");
                next.into_iter().for_each(|at| self.ran(at));
            }
            Step::ShutDown => {
                self.hand.shut_down();
                self.is_shut_down = true;
                let live = self.tasks.iter_mut().filter(|task| task.end.is_none());
                live.for_each(|task| task.end(End::Cancelled));
            }
            Step::Plan(at, _)
            | Step::CloneWaker(at)
            | Step::DropWaker(at)
            | Step::Wake(at)
            | Step::WakeByRef(at)
            | Step::Abort(at)
            | Step::KeepAbortHandle(at)
            | Step::AbortByHandle(at)
            | Step::DropAbortHandle(at)
            | Step::Join(at, _)
            | Step::DropJoin(at) => {
                if let Some(at) = at.checked_rem(self.tasks.len()) {
                    if self.tasks[at].apply(step) {
                        self.queue.push_back(at);
                    }
                }
            }
        }
    }

    /// What a runnable of the task did, by the twin's rules.
    fn ran(&mut self, at: usize) {
        let task = &mut self.tasks[at];
        task.queued -= 1;
        if task.end.is_some() {
            return;
        }
        if task.cancelled {
            return task.end(End::Cancelled);
        }
        task.polls += 1;
        let act = task.script.next.lock().unwrap_or(Act::Wait);
        match act {
            Act::Wait => {}
            Act::Yield => {
                task.queued += 1;
                self.queue.push_back(at);
            }
            Act::AbortSelf => task.end(End::Cancelled),
            Act::Return | Act::ReturnWoken => task.end(End::Output),
            Act::Panic => task.end(End::Panicked),
        }
    }

    fn check(&self) {
        for task in &self.tasks {
            task.check();
        }
        let cells = self.tasks.iter().filter(|task| task.has_memory()).count();
        assert_eq!(self.hand.cells(), cells, "cells that have their memory");
    }
}

impl Task {
    /// Returns whether the task was put on the queue.
    fn apply(&mut self, step: Step) -> bool {
        match step {
            Step::Plan(_, act) => *self.script.next.lock() = Some(act),
            Step::CloneWaker(_) => {
                let of_poll = self.script.waker.lock().clone();
                self.wakers.extend(of_poll);
            }
            Step::DropWaker(_) => drop(self.wakers.pop()),
            Step::Wake(_) => {
                if let Some(waker) = self.wakers.pop() {
                    waker.wake();
                    return self.woken();
                }
            }
            Step::WakeByRef(_) => {
                if let Some(waker) = self.wakers.last() {
                    waker.wake_by_ref();
                    return self.woken();
                }
            }
            Step::Abort(_) => {
                if let Some(join) = &self.join {
                    join.abort();
                    return self.aborted();
                }
            }
            Step::KeepAbortHandle(_) => self
                .aborts
                .extend(self.join.as_ref().map(JoinHandle::abort_handle)),
            Step::AbortByHandle(_) => {
                if let Some(abort) = self.aborts.last() {
                    abort.abort();
                    return self.aborted();
                }
            }
            Step::DropAbortHandle(_) => drop(self.aborts.pop()),
            Step::Join(_, other) => self.poll_join(usize::from(other)),
            Step::DropJoin(_) => {
                self.join = None;
                self.waiting = None;
            }
            _ => unreachable!("no operation of one task"),
        }
        false
    }

    fn woken(&mut self) -> bool {
        let schedules = self.end.is_none() && self.queued == 0;
        self.queued += usize::from(schedules);
        schedules
    }

    fn aborted(&mut self) -> bool {
        self.cancelled = true;
        self.woken()
    }

    fn end(&mut self, end: End) {
        self.end = Some(end);
        if let Some(waiting) = self.waiting.take() {
            self.expected_wakes[waiting] += 1;
        }
    }

    fn poll_join(&mut self, by: usize) {
        if self.taken {
            return;
        }
        let Some(join) = &mut self.join else { return };
        let waker = Waker::from(self.joiners[by].clone());
        let said = match Pin::new(join).poll(&mut Context::from_waker(&waker)) {
            Poll::Pending => {
                self.waiting = Some(by);
                assert_eq!(self.end, None, "the handle waits for a task that has ended");
                return;
            }
            Poll::Ready(said) => said,
        };
        self.taken = true;
        assert_eq!(Some(end_of(said)), self.end, "what the handle says");
    }

    fn check(&self) {
        assert_eq!(self.script.polls.load(Ordering::Relaxed), self.polls, "polls");
        let is_kept = self.end == Some(End::Output) && self.join.is_some() && !self.taken;
        // The future holds it, or the output is it.
        let expected = 1 + usize::from(self.end.is_none() || is_kept);
        assert_eq!(
            Arc::strong_count(&self.token),
            expected,
            "futures and outputs that live"
        );
        if let Some(join) = &self.join {
            assert_eq!(join.is_finished(), self.end.is_some(), "whether it has ended");
        }
        for (by, joiner) in self.joiners.iter().enumerate() {
            assert_eq!(
                joiner.0.load(Ordering::Relaxed),
                self.expected_wakes[by],
                "wakes of the joiner"
            );
            // It may stay in the cell until the handle is gone, and no longer.
            let kept = Arc::strong_count(joiner) - 1;
            let expected = usize::from(self.waiting == Some(by))..=usize::from(self.join.is_some());
            assert!(
                expected.contains(&kept),
                "the joiner's waker is kept while it waits, {kept} times"
            );
        }
    }

    /// S5: whoever counts as a reference. The script keeps an abort handle from the start, and a waker from the first poll.
    fn has_memory(&self) -> bool {
        self.end.is_none()
            || self.queued > 0
            || self.join.is_some()
            || !self.aborts.is_empty()
            || !self.wakers.is_empty()
            || self.script.abort.lock().is_some()
            || self.script.waker.lock().is_some()
    }

    /// Lets go of what the script keeps.
    fn forget(&self) {
        let kept = (self.script.abort.lock().take(), self.script.waker.lock().take());
        drop(kept);
    }
}

fn end_of(said: Result<Arc<()>, JoinError>) -> End {
    match said {
        Ok(_) => End::Output,
        Err(error) if error.is_cancelled() => End::Cancelled,
        Err(error) => {
            assert_eq!(error.into_panic().downcast_ref(), Some(&"planned"));
            End::Panicked
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_task_tells_the_same_story_as_its_twin(
        steps in prop::collection::vec((step(), prop::bool::weighted(0.1)), 1..150),
    ) {
        let mut pair = Pair::new();
        for (step, forgets) in steps {
            pair.apply(step);
            if forgets {
                // Only what has ended: a poll asks for its abort handle.
                pair.tasks.iter().filter(|task| task.end.is_some()).for_each(Task::forget);
            }
            pair.check();
        }
        pair.apply(Step::ShutDown);
        pair.apply(Step::TakeFromSlot);
        while !pair.queue.is_empty() {
            pair.apply(Step::Run);
            pair.check();
        }
        pair.tasks.iter().for_each(Task::forget);
        pair.tasks.clear();
        assert_eq!(pair.hand.cells(), 0, "cells that nobody holds");
    }
}
