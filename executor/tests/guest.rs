//! The thread in `block_on` as a guest of the pool: when it polls tasks, and whom that must not harm.

mod support;

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::task::{Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use heist_executor::Driver;
use heist_executor::loan::Loan;
use heist_executor::multi_thread::{Config, Handle, Pool};
use heist_executor::task::{JoinHandle, yield_now};
use support::{config, meta, no_around, with_pool};

/// A counter that one side adds to and the other waits for.
#[derive(Default)]
struct Signal {
    count: AtomicUsize,
    waiter: Mutex<Option<Waker>>,
}

impl Signal {
    fn add(&self) {
        self.count.fetch_add(1, Ordering::SeqCst);
        let waiter = self.waiter.lock().unwrap().take();
        waiter.into_iter().for_each(Waker::wake);
    }

    async fn reaches(&self, count: usize) {
        poll_fn(|cx| {
            *self.waiter.lock().unwrap() = Some(cx.waker().clone());
            if self.count.load(Ordering::SeqCst) >= count {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }
}

/// Answers each question; before that, `at` is called with its number.
fn answering(handle: &Handle, at: impl Fn(usize) + Send + 'static) -> (Arc<[Signal; 2]>, JoinHandle<()>) {
    let signals = Arc::new([Signal::default(), Signal::default()]);
    let own = signals.clone();
    let task = handle.spawn(
        async move {
            for round in 1.. {
                own[0].reaches(round).await;
                at(round);
                own[1].add();
            }
        },
        meta(),
    );
    (signals, task)
}

/// Asks, and waits for the answers, of which there are `rounds` then.
async fn ask_until(signals: &[Signal; 2], rounds: usize) {
    for round in signals[0].count.load(Ordering::SeqCst) + 1..=rounds {
        signals[0].add();
        signals[1].reaches(round).await;
    }
}

/// Asks until answers come from this thread; returns how many there are then. An answer that is there before the future
/// has to wait for it is no reason to become a guest, so there is no telling when.
async fn converse(handle: &Handle, signals: &[Signal; 2]) -> usize {
    let before = handle.guest_polls();
    let mut round = signals[0].count.load(Ordering::SeqCst);
    while handle.guest_polls() == before {
        round += 1;
        ask_until(signals, round).await;
    }
    round
}

#[test]
fn a_conversation_moves_to_the_thread_in_block_on() {
    with_pool(2, |handle| {
        let here = thread::current().id();
        let on_this_thread = Arc::new(AtomicUsize::new(0));
        let counted = on_this_thread.clone();
        let (signals, task) = answering(handle, move |_| {
            counted.fetch_add(usize::from(thread::current().id() == here), Ordering::SeqCst);
        });
        handle.block_on_as_guest(async {
            let round = converse(handle, &signals).await;
            assert!(round > 8, "a guest after {round} answers");
            let before = on_this_thread.load(Ordering::SeqCst);
            ask_until(&signals, round + 100).await;
            // The clock stands still, so all answers are quick. A worker that is searching may take one.
            let here = on_this_thread.load(Ordering::SeqCst) - before;
            assert!(here > 90, "{here} of 100 answers from this thread");
        });
        task.abort();
    });
}

#[test]
fn a_few_questions_are_answered_by_workers() {
    with_pool(1, |handle| {
        let (signals, task) = answering(handle, |_| ());
        handle.block_on_as_guest(ask_until(&signals, 8));
        assert_eq!(handle.guest_polls(), 0);
        task.abort();
    });
}

#[test]
fn a_pool_that_admits_no_guest_has_none() {
    let mut pool = Pool::new(Config {
        guest: false,
        ..config(1)
    });
    pool.start(no_around()).unwrap();
    let handle = pool.handle().clone();
    let (signals, task) = answering(&handle, |_| ());
    handle.block_on_as_guest(ask_until(&signals, 1000));
    assert_eq!(handle.guest_polls(), 0);
    task.abort();
    pool.begin_shutdown();
    assert!(pool.join(None));
}

/// The future is woken always, by itself; the task that it has woken has its turn all the same.
#[test]
fn a_future_that_yields_does_not_starve_the_task_beside_it() {
    with_pool(1, |handle| {
        let (signals, task) = answering(handle, |_| ());
        let at_once = handle.block_on_as_guest(async {
            let first = converse(handle, &signals).await;
            // All of them, but that a worker that is searching may take one.
            let mut at_once = 0;
            for round in first + 1..=first + 100 {
                signals[0].add();
                let mut yields = 0;
                while signals[1].count.load(Ordering::SeqCst) < round {
                    yield_now().await;
                    yields += 1;
                }
                at_once += usize::from(yields == 1);
            }
            at_once
        });
        assert!(at_once > 90, "{at_once} of 100 had their turn after one yield");
        task.abort();
    });
}

/// Two tasks that wake each other, started by the future, which waits for something else: they go to the workers.
#[test]
fn tasks_that_talk_to_each_other_do_not_stay() {
    with_pool(1, |handle| {
        let (signals, task) = answering(handle, |_| ());
        let stop = Arc::new(AtomicBool::new(false));
        let pair = Arc::new([Signal::default(), Signal::default()]);
        let talking: Vec<_> = [(0, 1), (1, 0)]
            .into_iter()
            .map(|(own, other)| {
                let (pair, stop) = (pair.clone(), stop.clone());
                let talk = async move {
                    let mut round = 0;
                    while !stop.load(Ordering::SeqCst) {
                        round += 1;
                        pair[own].reaches(round).await;
                        pair[other].add();
                    }
                };
                handle.spawn(talk, meta())
            })
            .collect();
        let before = handle.block_on_as_guest(async {
            converse(handle, &signals).await;
            let before = handle.guest_polls();
            // Into the next-slot; from then on they wake each other.
            pair[0].add();
            poll_fn(|cx| {
                if pair[0].count.load(Ordering::SeqCst) > 1000 {
                    return Poll::Ready(());
                }
                // Woken by somebody else only now and then.
                let waker = cx.waker().clone();
                thread::spawn(move || {
                    thread::sleep(Duration::from_millis(1));
                    waker.wake();
                });
                Poll::Pending
            })
            .await;
            before
        });
        stop.store(true, Ordering::SeqCst);
        let after = handle.guest_polls();
        assert!(
            after - before <= 4,
            "{} polls of the pair at the guest",
            after - before
        );
        pair.iter().for_each(Signal::add);
        handle.block_on(async {
            for task in talking {
                task.await.unwrap();
            }
        });
        task.abort();
    });
}

#[test]
fn a_task_that_the_future_leaves_behind_runs() {
    with_pool(1, |handle| {
        for panics in [false, true] {
            let (answered, answers) = mpsc::channel();
            let (signals, task) = answering(handle, move |round| answered.send(round).unwrap());
            let mut last = 0;
            let ended = catch_unwind(AssertUnwindSafe(|| {
                handle.block_on_as_guest(async {
                    last = converse(handle, &signals).await;
                    // Into the next-slot, and no poll of this thread after it.
                    signals[0].add();
                    assert!(!panics, "on purpose");
                });
            }));
            assert_eq!(ended.is_err(), panics);
            while answers
                .recv_timeout(Duration::from_secs(10))
                .expect("it is left behind")
                <= last
            {}
            task.abort();
        }
    });
}

/// From some moment on the clock says that each answer takes two milliseconds.
#[test]
fn a_slow_task_goes_back_to_the_workers() {
    let (now, slow) = (Arc::new(AtomicU64::new(1)), Arc::new(AtomicBool::new(false)));
    let time = now.clone();
    let mut pool = Pool::new(Config {
        clock: Arc::new(move || time.load(Ordering::SeqCst)),
        ..config(1)
    });
    pool.start(no_around()).unwrap();
    let handle = pool.handle().clone();
    let is_slow = slow.clone();
    let (signals, task) = answering(&handle, move |_| {
        if is_slow.load(Ordering::SeqCst) {
            now.fetch_add(2_000_000, Ordering::SeqCst);
        }
    });
    handle.block_on_as_guest(async {
        let round = converse(&handle, &signals).await;
        slow.store(true, Ordering::SeqCst);
        let before = handle.guest_polls();
        ask_until(&signals, round + 200).await;
        let here = handle.guest_polls() - before;
        assert!(here < 50, "{here} of 200 slow polls on this thread");
    });
    task.abort();
    pool.begin_shutdown();
    assert!(pool.join(None));
}

#[test]
fn of_two_threads_one_is_the_guest_and_both_get_their_answers() {
    with_pool(1, |handle| {
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let handle = handle.clone();
                thread::spawn(move || {
                    let (signals, task) = answering(&handle, |_| ());
                    handle.block_on_as_guest(ask_until(&signals, 2000));
                    task.abort();
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

/// A driver with nothing to wait for.
#[derive(Default)]
struct Nothing {
    interrupted: Mutex<bool>,
    changed: Condvar,
}

struct FakeDriver(Arc<Nothing>);

impl Wake for Nothing {
    fn wake(self: Arc<Self>) {
        *self.interrupted.lock().unwrap() = true;
        self.changed.notify_all();
    }
}

impl Driver for FakeDriver {
    fn park(&mut self, timeout: Option<Duration>) {
        let interrupted = self.0.interrupted.lock().unwrap();
        let limit = timeout.unwrap_or(Duration::MAX);
        let waited = self.0.changed.wait_timeout_while(interrupted, limit, |it| !*it);
        *waited.unwrap().0 = false;
    }

    fn unparker(&self) -> Waker {
        Waker::from(self.0.clone())
    }
}

/// The future wakes a task, which is next on its thread, and blocks until that has run: a worker takes it.
#[test]
fn a_future_that_blocks_its_thread_strands_no_task() {
    let loan = Arc::new(Loan::new(Box::new(FakeDriver(Arc::default())), true));
    let time = std::time::Instant::now();
    let mut pool = Pool::new(Config {
        loan: Some(loan.clone()),
        clock: Arc::new(move || time.elapsed().as_nanos() as u64),
        ..config(1)
    });
    let handle = pool.handle().clone();
    let reactor = {
        let (loan, sentinel) = (loan.clone(), handle.sentinel());
        thread::spawn(move || drop(loan.attend(|turn| turn(), sentinel)))
    };
    pool.start(no_around()).unwrap();
    let (answered, answers) = mpsc::channel();
    let (signals, task) = answering(&handle, move |_| answered.send(thread::current().id()).unwrap());
    handle.block_on_as_guest(async {
        converse(&handle, &signals).await;
        while answers.try_recv().is_ok() {}
        signals[0].add();
        let by = answers.recv_timeout(Duration::from_secs(10));
        assert_ne!(by.expect("nobody has taken the task"), thread::current().id());
    });
    task.abort();
    pool.begin_shutdown();
    assert!(pool.join(None));
    loan.stop();
    reactor.join().unwrap();
}
