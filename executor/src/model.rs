//! What the models in loom-tests need of this crate's inside, and the twin of the task. Exists under `--cfg heist_loom` and
//! in this crate's own tests only.

use std::collections::VecDeque;
use std::future::Future;

use heist_primitive::sync::{Arc, Mutex, StdArc};

use crate::loan::{Loan, sleep_limit};
use crate::park::Parker;
use crate::task::registry::{Desk, Registry};
use crate::task::{
    How, JoinHandle, Lent, Lifeline, Meta, Runnable, Schedule, Scheduler, TaskInfo, TaskRef, TaskSlot, raw,
};

/// A scheduler whose queue the model's threads serve by hand. With the last of its clones its tasks are shut down.
#[derive(Clone)]
pub struct Hand(Arc<Owner>);

struct Owner(Arc<Inner>);

struct Inner {
    /// `None` once all is shut down: a `Runnable` in it would keep the scheduler that keeps it.
    queue: Mutex<Option<VecDeque<Runnable>>>,
    registry: Registry,
    lifeline: Lifeline<Self>,
    /// Held once more by each cell.
    cells: StdArc<()>,
}

/// What a cell has of its scheduler, and a count of the cells.
struct Counted {
    lent: Lent<Inner>,
    _cell: StdArc<()>,
}

impl Schedule for Counted {
    type Queue = Lent<Inner>;

    fn queue(&self) -> Self::Queue {
        self.lent
    }

    fn release(&self, registry_slot: u64) -> Option<TaskRef> {
        Schedule::release(&self.lent, registry_slot)
    }

    fn give(&self) -> bool {
        self.lent.give()
    }

    fn take_back(&self) {
        self.lent.take_back();
    }
}

impl Inner {
    fn pop(&self) -> Option<Runnable> {
        self.queue.lock().as_mut()?.pop_front()
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.0.registry.shut_down(0);
        self.0.lifeline.cut();
        let queued = self.0.queue.lock().take();
        drop(queued);
    }
}

impl Scheduler for Inner {
    /// Never: so every push of a model's is one from outside.
    fn schedule_here(&self, task: Runnable, _: How) -> Option<Runnable> {
        Some(task)
    }

    fn is_kept_here(&self) -> bool {
        false
    }

    fn schedule_elsewhere(&self, task: Runnable) {
        let mut task = Some(task);
        if let Some(queue) = &mut *self.queue.lock() {
            queue.extend(task.take());
        }
        // Complete already, and dropped without the lock.
        drop(task);
    }

    fn release(&self, registry_slot: u64) -> Option<TaskRef> {
        self.registry.remove(None, registry_slot)
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
        let inner = Arc::new(Inner {
            queue: Mutex::new(Some(VecDeque::new())),
            registry: Registry::new(1),
            lifeline: Lifeline::new(),
            cells: StdArc::default(),
        });
        inner.lifeline.tie(&inner);
        Self(Arc::new(Owner(inner)))
    }

    fn inner(&self) -> &Arc<Inner> {
        &self.0.0
    }

    /// Spawns onto the queue.
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.spawn_at(None, future)
    }

    /// Spawns onto the queue, from the thread that has `desk`.
    pub fn spawn_at<F>(&self, desk: Option<&OnlyDesk>, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let scheduler = Counted {
            lent: Lent::of(self.inner()),
            _cell: self.inner().cells.clone(),
        };
        let (task, runnable, join) = raw::new_task(future, scheduler, Meta::caller());
        match self.inner().registry.insert(desk.map(|desk| &desk.0), task) {
            Ok(()) => self.inner().schedule_elsewhere(runnable),
            Err(task) => task.shutdown(),
        }
        JoinHandle::new(join)
    }

    /// Lists the tasks that are live and looks at each.
    pub fn count_tasks(&self) -> usize {
        let tasks = self.inner().registry.tasks();
        tasks.into_iter().filter_map(TaskInfo::new).count()
    }

    /// Runs the first of the queue; false if there was none.
    pub fn run_one(&self) -> bool {
        let task = self.inner().pop();
        task.map(Runnable::run).is_some()
    }

    /// Runs until the queue is empty.
    pub fn run_all(&self) {
        while self.run_one() {}
    }

    /// How many cells of its tasks have their memory.
    pub fn cells(&self) -> usize {
        StdArc::strong_count(&self.inner().cells) - 1
    }

    /// Cancels all tasks.
    pub fn shut_down(&self) {
        self.inner().registry.shut_down(0);
    }

    /// Moves the first of the queue into `slot` and puts back who was there.
    pub fn put_into(&self, slot: &Slot) {
        let task = self.inner().pop();
        if let Some(displaced) = task.and_then(|task| slot.0.put(task)) {
            self.inner().schedule_elsewhere(displaced);
        }
    }
}

/// The only desk of a [`Hand`]'s registry: one of them for each.
pub struct OnlyDesk(Desk);

impl Default for OnlyDesk {
    fn default() -> Self {
        Self::new()
    }
}

impl OnlyDesk {
    /// With nothing entered yet.
    pub fn new() -> Self {
        Self(Desk::new(0))
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
    loan.look(|| true)
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
