//! What a current-thread scheduler shows to other threads, and the holder's side of it.
//!
//! Invariants
//!
//! - K1: the core is in the slot, or with exactly one [`Local`], or gone (after [`Shared::close`]).
//! - K2: whoever waits for the core is woken when it comes back.
//! - K3: after [`Shared::close`] no `Runnable` stays in the injector, as H2 of the multi-thread pool.
//!
//! Ordering pairs: the slot's lock for the core; push; fence ↔ close; fence for K3; the driver's unparker for the rest.
//!
//! - K4: the guests are tasks of a local set of the same thread (`../local/mod.rs`, L4): polled by the holder of the core.
//!
//! Deliberately absent: locks on the way of a task that is scheduled by another on the same thread.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::task::{Wake, Waker};
use std::time::Duration;

use heist_primitive::sync::atomic::{AtomicBool, Ordering, UnmodelledU64, fence};
use heist_primitive::sync::{Arc, Mutex, StdArc};

use super::{Config, Core, PANICKED};
use crate::coop;
use crate::driver::{Clock, Driver};
use crate::hooks::{Hooks, PanicHook};
use crate::multi_thread::{Counter, Counters, WorkerCounters};
use crate::queue::{Injector, retry};
use crate::task;
use crate::task::registry::{Desk, Registry};
use crate::task::{How, Lifeline, Runnable, Scheduler, TaskRef};

heist_primitive::thread_local! {
    static CURRENT: RefCell<Option<Rc<Local>>> = const { RefCell::new(None) };
}

struct CoreSlot {
    core: Option<Core>,
    waiting: Vec<Waker>,
}

/// Whether this thread is inside of a `block_on` that runs tasks.
pub fn is_current() -> bool {
    CURRENT
        .try_with(|current| current.borrow().is_some())
        .unwrap_or(false)
}

/// Tasks of a local set that belongs to this scheduler; written by the set's owner.
#[derive(Default)]
pub(crate) struct Guests {
    pub(crate) spawned: Counter,
    pub(crate) ended: Counter,
}

/// What other threads see.
pub(crate) struct Shared {
    injector: Injector,
    unparker: Waker,
    pub(super) registry: Registry,
    /// Keeps this for its tasks, until all are shut down.
    pub(super) lifeline: Lifeline<Self>,
    slot: Mutex<CoreSlot>,
    closed: AtomicBool,
    remote_schedules: UnmodelledU64,
    /// Written by the holder of the core.
    pub(crate) counters: Counters,
    pub(crate) guests: Guests,
    /// Those of futures that run no tasks meanwhile.
    forced_yields: UnmodelledU64,
    pub(crate) hooks: Option<Box<Hooks>>,
    pub(crate) on_panic: Option<PanicHook>,
    shut_down_on_panic: bool,
    /// A task has, and that is to shut the scheduler down.
    panicked: AtomicBool,
    local_depth: UnmodelledU64,
    pub(super) global_queue_interval: u32,
    pub(super) event_interval: u32,
    pub(super) clock: Clock,
    /// Whether tasks are stamped as they are scheduled (`task/latency.rs`).
    stamps: bool,
}

impl Shared {
    pub(super) fn new(config: &Config, unparker: Waker, core: Core) -> Self {
        Self {
            injector: Injector::new(),
            unparker,
            registry: Registry::new(1),
            lifeline: Lifeline::new(),
            slot: Mutex::new(CoreSlot {
                core: Some(core),
                waiting: Vec::new(),
            }),
            closed: AtomicBool::new(false),
            remote_schedules: UnmodelledU64::new(0),
            counters: Counters::new(&config.timed),
            guests: Guests::default(),
            forced_yields: UnmodelledU64::new(0),
            hooks: config.hooks.boxed(),
            on_panic: config.hooks.on_panic.clone(),
            shut_down_on_panic: config.shut_down_on_panic,
            panicked: AtomicBool::new(false),
            local_depth: UnmodelledU64::new(0),
            global_queue_interval: config
                .global_queue_interval
                .unwrap_or(super::GLOBAL_QUEUE_INTERVAL)
                .max(1),
            event_interval: config.event_interval.max(1),
            clock: config.clock.clone(),
            stamps: config.timed.stamps(),
        }
    }

    /// Whether a thread holds the core, and so runs tasks.
    pub(super) fn is_driven(&self) -> bool {
        self.slot.lock().core.is_none() && !self.is_closed()
    }

    pub(super) fn take_core(&self) -> Option<Core> {
        self.slot.lock().core.take()
    }

    /// The core, or else `waker` is woken when it comes back.
    pub(super) fn take_core_or_wait(&self, waker: &Waker) -> Option<Core> {
        let mut slot = self.slot.lock();
        let core = slot.core.take();
        if core.is_none() && !slot.waiting.iter().any(|waiting| waiting.will_wake(waker)) {
            slot.waiting.push(waker.clone());
        }
        core
    }

    /// Stops waiting for the core.
    pub(super) fn leave_waiting(&self, waker: &Waker) {
        self.slot
            .lock()
            .waiting
            .retain(|waiting| !waiting.will_wake(waker));
    }

    /// Gives the core back, or drops it if the scheduler is closed.
    pub(super) fn put_core(&self, core: Core) {
        let waiting = {
            let mut slot = self.slot.lock();
            slot.core = Some(core);
            std::mem::take(&mut slot.waiting)
        };
        if self.is_closed() {
            self.drop_core();
        }
        // Each tries for the core; the others wait anew.
        waiting.into_iter().for_each(Waker::wake);
    }

    /// Drops the core, unless somebody holds it, and what is in the injector. Only after [`close`](Self::close).
    pub(super) fn drop_core(&self) {
        drop(self.take_core());
        self.drain();
    }

    fn inject(&self, task: Runnable) {
        if self.is_closed() {
            return drop(task);
        }
        self.injector.push(task);
        self.count_remote_schedule();
        self.unparker.wake_by_ref();
        fence(Ordering::SeqCst);
        if self.is_closed() {
            self.drain();
        }
    }

    fn drain(&self) {
        fence(Ordering::SeqCst);
        while let Some(task) = self.pop_injected() {
            drop(task);
        }
    }

    pub(super) fn pop_injected(&self) -> Option<Runnable> {
        if self.injector.is_empty() {
            None
        } else {
            retry(|| self.injector.steal_one())
        }
    }

    /// Calls `f` with the end of the registry that the holder of the core has, if this thread is that.
    fn with_desk<R>(&self, f: impl FnOnce(Option<&Desk>) -> R) -> R {
        let mut f = Some(f);
        let here = CURRENT.try_with(|current| {
            let current = current.borrow();
            let local = current
                .as_ref()
                .filter(|local| std::ptr::eq(&*local.shared, self))?;
            f.take().map(|f| f(local.desk.borrow().as_ref()))
        });
        match (here.ok().flatten(), f) {
            (Some(done), _) => done,
            (None, Some(f)) => f(None),
            (None, None) => unreachable!("it was called here"),
        }
    }

    /// Enters a task into the registry, from wherever.
    ///
    /// # Errors
    ///
    /// The task, if the scheduler is shutting down.
    pub(super) fn enter(&self, task: TaskRef) -> Result<(), TaskRef> {
        self.with_desk(|desk| self.registry.insert(desk, task))
    }

    /// Whether this thread holds the core and polls what `waker` wakes.
    pub(super) fn is_polling_for(&self, waker: &Waker) -> bool {
        let here = |current: &RefCell<Option<Rc<Local>>>| {
            let current = current.borrow();
            let local = current
                .as_ref()
                .filter(|local| std::ptr::eq(&*local.shared, self));
            // The future has not ended, so nothing else is where its waker points to.
            local.is_some_and(|local| waker.data() == local.root.get() || task::wakes_running_task(waker))
        };
        CURRENT.try_with(here).unwrap_or(false)
    }

    /// Whether this thread holds the core. If so it is not waiting in the driver, and looks again before it does.
    fn is_held_here(&self) -> bool {
        CURRENT
            .try_with(|current| {
                let current = current.borrow();
                current
                    .as_ref()
                    .is_some_and(|local| std::ptr::eq(&*local.shared, self))
            })
            .unwrap_or(false)
    }

    /// Polls a task once, counted and timed. Only by the holder of the core.
    pub(crate) fn run(&self, task: Runnable) {
        let started = self.counters.begin_poll(&self.clock, &task);
        coop::budget(|| task.run());
        self.counters.end_poll(&self.clock, started);
    }

    /// What a panic of one of its tasks does to it.
    pub(crate) fn task_panicked(&self) {
        if self.shut_down_on_panic {
            self.panicked.store(true, Ordering::Release);
            self.close();
        }
    }

    pub(super) fn alive_tasks(&self) -> usize {
        let guests = self.guests.spawned.get().saturating_sub(self.guests.ended.get());
        self.registry.live() + usize::try_from(guests).unwrap_or(usize::MAX)
    }

    pub(super) fn spawned_tasks(&self) -> u64 {
        self.registry.entered() + self.guests.spawned.get()
    }

    /// Before `task` is put on a queue.
    pub(crate) fn stamp(&self, task: &Runnable) {
        if self.stamps {
            task.stamp((self.clock)());
        }
    }

    /// Only after [`close`](Self::close), by the holder of the core.
    pub(super) fn cancel_all(&self) {
        self.registry.shut_down(0);
        self.lifeline.cut();
    }

    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.unparker.wake_by_ref();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    pub(super) fn injector_depth(&self) -> usize {
        self.injector.len()
    }

    pub(super) fn local_depth(&self) -> usize {
        self.local_depth.load(Ordering::Relaxed) as usize
    }

    pub(crate) fn count_remote_schedule(&self) {
        self.remote_schedules.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn remote_schedules(&self) -> u64 {
        self.remote_schedules.load(Ordering::Relaxed)
    }

    pub(super) fn worker_counters(&self) -> WorkerCounters {
        self.counters.snapshot()
    }

    pub(super) fn count_forced_yields(&self, new: u64) {
        if new > 0 {
            self.forced_yields.fetch_add(new, Ordering::Relaxed);
        }
    }

    pub(super) fn forced_yields(&self) -> u64 {
        self.forced_yields.load(Ordering::Relaxed) + self.counters.forced_yields.get()
    }

    /// Panics if a task has, and this scheduler was configured so.
    #[track_caller]
    pub(super) fn panic_if_told_to(&self) {
        if self.panicked.load(Ordering::Acquire) {
            panic!("{PANICKED}");
        }
    }
}

impl Scheduler for Shared {
    fn schedule_here(&self, task: Runnable, how: How) -> Option<Runnable> {
        self.stamp(&task);
        let mut task = Some(task);
        let _ = CURRENT.try_with(|current| {
            let current = current.borrow();
            let here = current
                .as_ref()
                .filter(|local| std::ptr::eq(&*local.shared, self));
            if let (Some(local), Some(task)) = (here, task.take_if(|_| here.is_some())) {
                local.schedule(task, how);
            }
        });
        task
    }

    fn is_kept_here(&self) -> bool {
        false
    }

    fn schedule_elsewhere(&self, task: Runnable) {
        self.inject(task);
    }

    fn release(&self, registry_slot: u64) -> Option<TaskRef> {
        self.with_desk(|desk| self.registry.remove(desk, registry_slot))
    }

    fn hooks(&self) -> Option<&Hooks> {
        self.hooks.as_deref()
    }

    fn on_panic(&self) -> Option<&PanicHook> {
        self.on_panic.as_ref()
    }

    fn task_panicked(&self) {
        Shared::task_panicked(self);
    }

    fn stamps(&self) -> bool {
        self.stamps
    }
}

/// The side of the thread that holds the core.
pub(super) struct Local {
    shared: Arc<Shared>,
    queue: RefCell<VecDeque<Runnable>>,
    /// Wait until the driver was looked into.
    yielded: RefCell<Vec<Runnable>>,
    driver: RefCell<Option<Box<dyn Driver>>>,
    /// This end of the registry.
    desk: RefCell<Option<Desk>>,
    tick: Cell<u32>,
    /// What the waker of `block_on`'s future points to.
    root: Cell<*const ()>,
    /// What this thread was in before.
    outer: RefCell<Option<Rc<Local>>>,
}

impl Local {
    pub(super) fn new(shared: Arc<Shared>, core: Core) -> Self {
        let Core {
            local,
            driver,
            desk,
            tick,
        } = core;
        Self {
            shared,
            queue: RefCell::new(local),
            yielded: RefCell::new(Vec::new()),
            driver: RefCell::new(Some(driver)),
            desk: RefCell::new(Some(desk)),
            tick: Cell::new(tick),
            root: Cell::new(std::ptr::null()),
            outer: RefCell::new(None),
        }
    }

    pub(super) fn enter(self: &Rc<Self>) {
        // Where thread-locals are being destroyed it stays unknown, and tasks go through the injector.
        let outer = CURRENT.try_with(|current| current.borrow_mut().replace(self.clone()));
        *self.outer.borrow_mut() = outer.unwrap_or(None);
    }

    /// This thread holds the core no more; here it is.
    pub(super) fn leave(&self) -> Core {
        let outer = self.outer.borrow_mut().take();
        let _ = CURRENT.try_with(|current| std::mem::replace(&mut *current.borrow_mut(), outer));
        let mut local = std::mem::take(&mut *self.queue.borrow_mut());
        local.extend(self.take_yielded());
        let driver = self
            .driver
            .borrow_mut()
            .take()
            .expect("the driver is out only during a turn");
        let desk = self.desk.borrow_mut().take();
        Core {
            local,
            driver,
            desk: desk.expect("it leaves once"),
            tick: self.tick.get(),
        }
    }

    pub(super) fn set_root(&self, waker: &Waker) {
        self.root.set(waker.data());
    }

    fn schedule(&self, task: Runnable, how: How) {
        self.shared.counters.local_schedules.add(1);
        match how {
            // C2.
            How::Yielded if coop::take_given_up_turn() => self.yielded.borrow_mut().push(task),
            How::Yielded | How::Spawned | How::Woken => self.queue.borrow_mut().push_back(task),
        }
        self.publish_depth();
    }

    /// Whether no task waits here.
    pub(super) fn is_empty(&self) -> bool {
        self.queue.borrow().is_empty() && self.yielded.borrow().is_empty()
    }

    pub(super) fn pop(&self) -> Option<Runnable> {
        let task = self.queue.borrow_mut().pop_front();
        self.publish_depth();
        task
    }

    pub(super) fn tick(&self) -> u32 {
        self.tick.set(self.tick.get().wrapping_add(1));
        self.tick.get()
    }

    pub(super) fn take_yielded(&self) -> Vec<Runnable> {
        std::mem::take(&mut *self.yielded.borrow_mut())
    }

    pub(super) fn has_yielded(&self) -> bool {
        !self.yielded.borrow().is_empty()
    }

    pub(super) fn append(&self, yielded: Vec<Runnable>) {
        self.queue.borrow_mut().extend(yielded);
        self.publish_depth();
    }

    /// Turns the driver, whose wakers may schedule here.
    pub(super) fn turn_driver(&self, timeout: Option<Duration>) {
        let mut driver = self.driver.borrow_mut().take().expect("turned by one at a time");
        driver.park(timeout);
        *self.driver.borrow_mut() = Some(driver);
    }

    fn publish_depth(&self) {
        let depth = self.queue.borrow().len() + self.yielded.borrow().len();
        self.shared.local_depth.store(depth as u64, Ordering::Relaxed);
    }
}

/// Wakes the future of `block_on`.
pub(super) struct RootWaker {
    woken: AtomicBool,
    shared: Arc<Shared>,
}

impl RootWaker {
    /// Woken: the first poll is due.
    pub(super) fn new(shared: &Arc<Shared>) -> Self {
        Self {
            woken: AtomicBool::new(true),
            shared: shared.clone(),
        }
    }

    pub(super) fn take_woken(&self) -> bool {
        self.woken.swap(false, Ordering::AcqRel)
    }

    pub(super) fn is_woken(&self) -> bool {
        self.woken.load(Ordering::Acquire)
    }
}

impl Wake for RootWaker {
    fn wake(self: StdArc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &StdArc<Self>) {
        // An RMW also if it was woken already: what was done before this wake must be seen by the poll.
        if !self.woken.swap(true, Ordering::AcqRel) && !self.shared.is_held_here() {
            self.shared.unparker.wake_by_ref();
        }
    }
}
