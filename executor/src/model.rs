//! What the models in loom-tests need of this crate's inside. Exists under `--cfg heist_loom` only.

use std::collections::VecDeque;
use std::future::Future;

use heist_primitive::sync::{Arc, Mutex};

use crate::loan::{Loan, sleep_limit};
use crate::park::Parker;
use crate::task::registry::Registry;
use crate::task::{How, JoinHandle, Meta, Runnable, Schedule, TaskRef, TaskSlot, raw};

/// A scheduler whose queue the model's threads serve by hand.
#[derive(Clone)]
pub struct Hand(Arc<Inner>);

struct Inner {
    queue: Mutex<VecDeque<Runnable>>,
    registry: Registry,
}

impl Schedule for Arc<Inner> {
    fn schedule(&self, task: Runnable, _: How) {
        self.queue.lock().push_back(task);
    }

    fn release(&self, registry_slot: u64) -> Option<TaskRef> {
        self.registry.remove(registry_slot)
    }
}

impl Default for Hand {
    fn default() -> Self {
        Self::new()
    }
}

impl Hand {
    /// An empty queue.
    pub fn new() -> Self {
        Self(Arc::new(Inner {
            queue: Mutex::new(VecDeque::new()),
            registry: Registry::new(0),
        }))
    }

    /// Spawns onto the queue.
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let (task, runnable, join) = raw::new_task(future, self.0.clone(), Meta::caller());
        match self.0.registry.insert(None, task) {
            Ok(()) => self.0.schedule(runnable, How::Spawned),
            Err(task) => task.shutdown(),
        }
        JoinHandle::new(join)
    }

    /// Runs the first of the queue; false if there was none.
    pub fn run_one(&self) -> bool {
        let task = self.0.queue.lock().pop_front();
        task.map(Runnable::run).is_some()
    }

    /// Runs until the queue is empty.
    pub fn run_all(&self) {
        while self.run_one() {}
    }

    /// Cancels all tasks.
    pub fn shut_down(&self) {
        self.0.registry.shut_down(0);
    }

    /// Moves the first of the queue into `slot` and puts back who was there.
    pub fn put_into(&self, slot: &Slot) {
        let task = self.0.queue.lock().pop_front();
        if let Some(displaced) = task.and_then(|task| slot.0.put(task)) {
            self.0.queue.lock().push_back(displaced);
        }
    }
}

/// A next-slot.
pub struct Slot(TaskSlot);

impl Default for Slot {
    fn default() -> Self {
        Self::new()
    }
}

impl Slot {
    /// An empty one.
    pub fn new() -> Self {
        Self(TaskSlot::new())
    }

    /// Takes who waits there and runs it; false if nobody.
    pub fn take_and_run(&self) -> bool {
        self.0.take().map(Runnable::run).is_some()
    }
}

/// What a worker does when it goes to sleep where there is a loan. True: it was unparked, and not only the driver turned.
pub fn sleep(loan: &Loan, parker: &Parker) -> bool {
    if !parker.enter_driver() {
        return true;
    }
    let turned = loan.turn(|| sleep_limit(parker));
    let unparked = parker.leave_driver();
    if !unparked && !turned {
        parker.park();
    }
    unparked || !turned
}

/// A worker's look into the driver between tasks.
pub fn look(loan: &Loan) -> bool {
    loan.look()
}

/// What a pusher does to wake a worker.
pub fn unpark(loan: &Loan, parker: &Parker) {
    if parker.unpark_or_interrupt() {
        loan.interrupt();
    }
}

/// Asks the reactor thread to look after the workers.
pub fn watch(loan: &Loan) {
    loan.watch();
}
