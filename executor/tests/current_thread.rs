//! The current-thread scheduler with a driver that counts how often it is looked into, waited in and unparked.

mod support;

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::task::{Poll, Wake, Waker};
use std::time::Duration;

use heist_executor::coop;
use heist_executor::current_thread::{Config, Scheduler};
use heist_executor::task::{self, JoinHandle};
use heist_executor::{Driver, blocking};

use support::meta;

const EVENT_INTERVAL: usize = 61;

/// What the driver saw.
#[derive(Default)]
struct Counts {
    looks: AtomicUsize,
    waits: AtomicUsize,
    unparks: AtomicUsize,
}

impl Counts {
    fn looks(&self) -> usize {
        self.looks.load(Ordering::SeqCst)
    }

    fn unparks(&self) -> usize {
        self.unparks.load(Ordering::SeqCst)
    }
}

/// Waits until it is unparked.
struct Counting {
    counts: Arc<Counts>,
    unparked: mpsc::Receiver<()>,
    unpark: mpsc::Sender<()>,
}

struct Unpark(Arc<Counts>, mpsc::Sender<()>);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unparks.fetch_add(1, Ordering::SeqCst);
        let _ = self.1.send(());
    }
}

impl Driver for Counting {
    fn park(&mut self, timeout: Option<Duration>) {
        if timeout.is_none() {
            self.counts.waits.fetch_add(1, Ordering::SeqCst);
            self.unparked.recv().expect("this driver has a sender itself");
        } else {
            self.counts.looks.fetch_add(1, Ordering::SeqCst);
        }
        while self.unparked.try_recv().is_ok() {}
    }

    fn unparker(&self) -> Waker {
        Arc::new(Unpark(self.counts.clone(), self.unpark.clone())).into()
    }
}

fn scheduler(event_interval: usize) -> (Scheduler, Arc<Counts>) {
    let counts = Arc::new(Counts::default());
    let (unpark, unparked) = mpsc::channel();
    let driver = Counting {
        counts: counts.clone(),
        unparked,
        unpark,
    };
    let config = Config {
        global_queue_interval: None,
        event_interval: u32::try_from(event_interval).unwrap(),
        hooks: Default::default(),
        timed: heist_executor::histogram::Timed::default(),
        shut_down_on_panic: false,
        clock: Arc::new(support::clock),
    };
    (Scheduler::new(config, Box::new(driver)), counts)
}

/// Pending `times` times, each time woken by itself.
async fn wake_itself(times: usize) {
    let mut polls = 0;
    poll_fn(|cx| {
        if polls == times {
            return Poll::Ready(());
        }
        polls += 1;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

async fn yield_often(times: usize) {
    for _ in 0..times {
        task::yield_now().await;
    }
}

fn join<T>(scheduler: &Scheduler, handle: JoinHandle<T>) -> T {
    scheduler.block_on(handle).expect("the task ends")
}

#[test]
fn a_task_that_wakes_itself_costs_a_look_every_event_interval() {
    const TIMES: usize = 10 * EVENT_INTERVAL;
    let (scheduler, counts) = scheduler(EVENT_INTERVAL);
    let task = scheduler.handle().spawn(wake_itself(TIMES), meta());
    join(&scheduler, task);
    assert!((10..=12).contains(&counts.looks()), "{} looks", counts.looks());
}

#[test]
fn a_root_that_wakes_itself_costs_a_look_every_event_interval_and_no_unpark() {
    const TIMES: usize = 10 * EVENT_INTERVAL;
    let (scheduler, counts) = scheduler(EVENT_INTERVAL);
    scheduler.block_on(wake_itself(TIMES));
    assert_eq!((counts.looks(), counts.unparks()), (10, 0));
}

#[test]
fn each_yield_costs_a_look() {
    let (scheduler, counts) = scheduler(EVENT_INTERVAL);
    let task = scheduler.handle().spawn(yield_often(100), meta());
    join(&scheduler, task);
    assert!(counts.looks() >= 100, "{} looks", counts.looks());

    let (scheduler, counts) = self::scheduler(EVENT_INTERVAL);
    scheduler.block_on(yield_often(100));
    assert_eq!((counts.looks(), counts.unparks()), (100, 0));
}

#[test]
fn each_spent_budget_costs_a_look() {
    const ROUNDS: usize = 10;
    let (scheduler, counts) = scheduler(EVENT_INTERVAL);
    let mut left = ROUNDS * usize::from(coop::BUDGET);
    let spends = poll_fn(move |cx| {
        while let Poll::Ready(unit) = coop::poll_proceed(cx) {
            unit.made_progress();
            left -= 1;
            if left == 0 {
                return Poll::Ready(());
            }
        }
        Poll::Pending
    });
    let task = scheduler.handle().spawn(spends, meta());
    join(&scheduler, task);
    assert!(counts.looks() >= ROUNDS - 1, "{} looks", counts.looks());
}

#[test]
fn what_wakes_itself_goes_behind_the_others() {
    let (scheduler, _) = scheduler(EVENT_INTERVAL);
    let history = Arc::new(std::sync::Mutex::new(Vec::new()));
    let spawn = |number: usize| {
        let history = history.clone();
        let mut polls = 0;
        let future = poll_fn(move |cx| {
            history.lock().unwrap().push(number);
            polls += 1;
            if polls == 3 {
                return Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        });
        scheduler.handle().spawn(future, meta())
    };
    scheduler.block_on(async {
        // On the scheduler's thread, so onto its queue.
        let tasks = [0, 1, 2].map(spawn);
        for task in tasks {
            task.await.expect("the task ends");
        }
    });
    assert_eq!(*history.lock().unwrap(), [0, 1, 2, 0, 1, 2, 0, 1, 2]);
}

/// With the smallest interval a root that is always ready must still let tasks run.
#[test]
fn a_busy_root_and_tasks_take_turns() {
    for event_interval in [1, 2, EVENT_INTERVAL] {
        let (scheduler, _) = scheduler(event_interval);
        let task = scheduler.handle().spawn(wake_itself(100), meta());
        scheduler.block_on(async {
            while !task.is_finished() {
                wake_itself(1).await;
            }
        });
    }
}

#[test]
fn a_wake_from_another_thread_ends_the_wait() {
    let (scheduler, counts) = scheduler(EVENT_INTERVAL);
    let (send, receive) = mpsc::channel::<Waker>();
    let thread = std::thread::spawn(move || receive.recv().unwrap().wake());
    let mut send = Some(send);
    scheduler.block_on(poll_fn(|cx| match send.take() {
        Some(send) => {
            send.send(cx.waker().clone()).unwrap();
            Poll::Pending
        }
        None => Poll::Ready(()),
    }));
    thread.join().unwrap();
    assert_eq!(counts.unparks(), 1);
}

#[test]
fn the_watch_sees_each_closure_begin_and_end_once() {
    let (begun, ended) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (count_begun, count_ended) = (begun.clone(), ended.clone());
    let pool = blocking::Pool::new(blocking::Config {
        max_threads: 1,
        keep_alive: Duration::ZERO,
        thread_name: Arc::new(|| "test-blocking".to_owned()),
        stack_size: None,
        on_terminate: None,
        on_panic: None,
        watch: Some(Arc::new(move |begins| {
            let count = if begins { &count_begun } else { &count_ended };
            count.fetch_add(1, Ordering::SeqCst);
        })),
    });
    let (release, wait) = mpsc::channel::<()>();
    let runs = pool.handle().spawn(move || wait.recv(), meta());
    let aborted = pool.handle().spawn(|| unreachable!("aborted"), meta());
    let panics = pool.handle().spawn(|| panic!("on purpose"), meta());
    aborted.abort();
    assert_eq!(begun.load(Ordering::SeqCst), 3);
    release.send(()).unwrap();
    let (scheduler, _) = scheduler(EVENT_INTERVAL);
    scheduler.block_on(runs).unwrap().unwrap();
    assert!(scheduler.block_on(aborted).unwrap_err().is_cancelled());
    assert!(scheduler.block_on(panics).unwrap_err().is_panic());
    pool.begin_shutdown();
    let refused = pool.handle().spawn(|| (), meta());
    assert!(scheduler.block_on(refused).unwrap_err().is_cancelled());
    assert!(pool.join(None));
    assert_eq!(
        (begun.load(Ordering::SeqCst), ended.load(Ordering::SeqCst)),
        (4, 4)
    );
}
