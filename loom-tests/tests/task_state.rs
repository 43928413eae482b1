//! The task cell: wakes, polls, aborts, joins and shutdown in every order.
//!
//! Properties: a wake after the poll that returned pending leads to another poll that sees what the waker did before;
//! the output comes out exactly once; future, output and wakers are dropped exactly once (loom reports a leaked or
//! doubly freed `Arc`, and racing accesses to the cell).
#![cfg(heist_loom)]

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc as StdArc;
use std::task::{Context, Poll, Wake, Waker};

use heist_executor::model::Hand;
use heist_loom_tests::model;
use heist_primitive::sync::atomic::{AtomicUsize, Ordering};
use heist_primitive::sync::{Arc, Mutex};
use heist_primitive::thread;

/// A future that is ready when `flag` is set, and leaves its waker in `wakers` until then.
fn wait_for(
    flag: Arc<AtomicUsize>,
    wakers: Arc<Mutex<Vec<Waker>>>,
) -> impl Future<Output = Arc<AtomicUsize>> + Send {
    poll_fn(move |cx| {
        // Registered first, looked second: the lock orders it against the one who sets and takes.
        wakers.lock().push(cx.waker().clone());
        if flag.load(Ordering::Relaxed) > 0 {
            Poll::Ready(flag.clone())
        } else {
            Poll::Pending
        }
    })
}

fn poll<T>(
    join: &mut heist_executor::task::JoinHandle<T>,
) -> Poll<Result<T, heist_executor::task::JoinError>> {
    Pin::new(join).poll(&mut Context::from_waker(Waker::noop()))
}

/// Two wakes by different threads while the task runs: each one's flag is seen by the last poll.
#[test]
fn wake_publishes_even_when_already_scheduled() {
    model(3, || {
        let hand = Hand::new();
        let flags = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
        let seen = Arc::new(Mutex::new([0, 0]));
        let waker: Arc<Mutex<Option<Waker>>> = Arc::new(Mutex::new(None));
        let task = {
            let (flags, seen, waker) = (flags.clone(), seen.clone(), waker.clone());
            poll_fn(move |cx| {
                waker.lock().get_or_insert_with(|| cx.waker().clone());
                *seen.lock() = [flags[0].load(Ordering::Relaxed), flags[1].load(Ordering::Relaxed)];
                Poll::<()>::Pending
            })
        };
        drop(hand.spawn(task));
        hand.run_all();
        let threads: Vec<_> = (0..2)
            .map(|n| {
                let (flags, waker) = (flags.clone(), waker.lock().clone().unwrap());
                thread::spawn(move || {
                    flags[n].store(1, Ordering::Relaxed);
                    if n == 0 { waker.wake() } else { waker.wake_by_ref() }
                })
            })
            .collect();
        hand.run_all();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        hand.run_all();
        assert_eq!(*seen.lock(), [1, 1]);
        hand.shut_down();
        waker.lock().take();
        hand.run_all();
    });
}

/// A wake between the look at the flag and the end of the poll is not lost.
#[test]
fn wake_while_running_is_not_lost() {
    model(3, || {
        let hand = Hand::new();
        let flag = Arc::new(AtomicUsize::new(0));
        let wakers = Arc::new(Mutex::new(Vec::new()));
        let mut join = hand.spawn(wait_for(flag.clone(), wakers.clone()));
        let other = {
            let wakers = wakers.clone();
            thread::spawn(move || {
                flag.store(1, Ordering::Relaxed);
                let registered = std::mem::take(&mut *wakers.lock());
                registered.into_iter().for_each(Waker::wake);
            })
        };
        hand.run_all();
        other.join().unwrap();
        hand.run_all();
        let Poll::Ready(Ok(output)) = poll(&mut join) else {
            panic!("the wake was lost")
        };
        assert_eq!(output.load(Ordering::Relaxed), 1);
    });
}

/// Abort against the run that completes the task: one of the two outcomes, never both, nothing leaked.
#[test]
fn abort_against_run() {
    model(3, || {
        let hand = Hand::new();
        let tracked = Arc::new(());
        let mut join = hand.spawn(async move { tracked });
        let abort = join.abort_handle();
        let other = thread::spawn(move || abort.abort());
        hand.run_all();
        other.join().unwrap();
        hand.run_all();
        match poll(&mut join) {
            Poll::Ready(Ok(_)) => {}
            Poll::Ready(Err(error)) => assert!(error.is_cancelled()),
            Poll::Pending => panic!("neither ran nor was cancelled"),
        }
    });
}

struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: StdArc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A handle that is polled while the task completes either has the output or is woken.
#[test]
fn join_against_completion() {
    model(3, || {
        let hand = Hand::new();
        let tracked = Arc::new(());
        let mut join = hand.spawn(async move { tracked });
        let worker = {
            let hand = hand.clone();
            thread::spawn(move || hand.run_all())
        };
        let count = StdArc::new(Count(AtomicUsize::new(0)));
        let waker = Waker::from(count.clone());
        let first = Pin::new(&mut join).poll(&mut Context::from_waker(&waker));
        // A second waker takes the place of the first.
        let second = match first {
            Poll::Pending => Some(poll(&mut join)),
            Poll::Ready(_) => None,
        };
        let ready_early = !matches!(second, Some(Poll::Pending));
        worker.join().unwrap();
        if !ready_early {
            assert!(poll(&mut join).is_ready());
        } else if second.is_none() {
            assert_eq!(
                count.0.load(Ordering::SeqCst),
                0,
                "ready at the first poll, so nobody to wake"
            );
        }
    });
}

/// The only waker is woken when the handle was pending with it.
#[test]
fn a_pending_join_is_woken() {
    model(3, || {
        let hand = Hand::new();
        let mut join = hand.spawn(async { 5 });
        let worker = {
            let hand = hand.clone();
            thread::spawn(move || hand.run_all())
        };
        let count = StdArc::new(Count(AtomicUsize::new(0)));
        let waker = Waker::from(count.clone());
        let pending = Pin::new(&mut join)
            .poll(&mut Context::from_waker(&waker))
            .is_pending();
        worker.join().unwrap();
        if pending {
            assert_eq!(count.0.load(Ordering::SeqCst), 1);
            assert!(matches!(poll(&mut join), Poll::Ready(Ok(5))));
        }
    });
}

/// A handle that is dropped while the task completes: the output is dropped by exactly one of the two.
#[test]
fn join_drop_against_completion() {
    model(3, || {
        let hand = Hand::new();
        let tracked = Arc::new(());
        let output = tracked.clone();
        let mut join = hand.spawn(async move { output });
        // The second poll reads the waker that the first has left.
        let _ = poll(&mut join);
        let worker = {
            let hand = hand.clone();
            thread::spawn(move || hand.run_all())
        };
        if poll(&mut join).is_pending() {
            drop(join);
        }
        worker.join().unwrap();
        assert_eq!(Arc::strong_count(&tracked), 1);
    });
}

/// Shutdown against a run and a wake: complete afterwards, and the future dropped once.
#[test]
fn shutdown_against_run_and_wake() {
    model(2, || {
        let hand = Hand::new();
        let flag = Arc::new(AtomicUsize::new(0));
        let wakers = Arc::new(Mutex::new(Vec::new()));
        let mut join = hand.spawn(wait_for(flag.clone(), wakers.clone()));
        hand.run_all();
        let waking = {
            let wakers = wakers.clone();
            thread::spawn(move || {
                flag.store(1, Ordering::Relaxed);
                let registered = std::mem::take(&mut *wakers.lock());
                registered.into_iter().for_each(Waker::wake);
            })
        };
        let running = {
            let hand = hand.clone();
            thread::spawn(move || hand.run_all())
        };
        hand.shut_down();
        waking.join().unwrap();
        running.join().unwrap();
        hand.run_all();
        assert!(poll(&mut join).is_ready());
        wakers.lock().clear();
    });
}

/// Whose wake and drop race, which loom reports, unless somebody orders them.
struct Probe(AtomicUsize);

impl Wake for Probe {
    fn wake(self: StdArc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &StdArc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        self.0.with_mut(|_| ());
    }
}

/// A join waker is dropped, with the handle or by the completer, after the completer's wake of it.
#[test]
fn join_waker_is_dropped_after_its_wake() {
    model(3, || {
        let hand = Hand::new();
        let mut join = hand.spawn(async {});
        let waker = Waker::from(StdArc::new(Probe(AtomicUsize::new(0))));
        let pending = Pin::new(&mut join).poll(&mut Context::from_waker(&waker));
        assert!(pending.is_pending());
        // The handle has the only one from here on.
        drop(waker);
        let worker = {
            let hand = hand.clone();
            thread::spawn(move || hand.run_all())
        };
        drop(join);
        worker.join().unwrap();
    });
}

/// Whoever drops the last reference frees the cell after everybody's access: here a waker against the completer, which
/// drops the output nobody wants.
#[test]
fn the_last_reference_frees_after_all_accesses() {
    model(3, || {
        let hand = Hand::new();
        let waker: Arc<Mutex<Option<Waker>>> = Arc::new(Mutex::new(None));
        let task = {
            let waker = waker.clone();
            poll_fn(move |cx| {
                *waker.lock() = Some(cx.waker().clone());
                Poll::<()>::Pending
            })
        };
        drop(hand.spawn(task));
        hand.run_all();
        let last = waker.lock().take();
        let other = thread::spawn(move || drop(last));
        hand.shut_down();
        other.join().unwrap();
    });
}

/// A handle that nobody polls against the completer: the later of the two finds itself alone and frees the cell.
#[test]
fn a_handle_that_is_left_alone_frees_after_all_accesses() {
    model(3, || {
        let hand = Hand::new();
        let tracked = Arc::new(());
        let output = tracked.clone();
        let join = hand.spawn(async move { output });
        let worker = {
            let hand = hand.clone();
            thread::spawn(move || hand.run_all())
        };
        drop(join);
        worker.join().unwrap();
        assert_eq!(Arc::strong_count(&tracked), 1);
    });
}

/// A handle that is polled and dropped by another thread while the task ends: who is left frees what that thread has written.
#[test]
fn a_completer_that_is_left_alone_frees_after_all_accesses() {
    model(3, || {
        let hand = Hand::new();
        let mut join = hand.spawn(async {});
        let waker = Waker::from(StdArc::new(Probe(AtomicUsize::new(0))));
        let other = thread::spawn(move || {
            let _ = Pin::new(&mut join).poll(&mut Context::from_waker(&waker));
            drop(waker);
            drop(join);
        });
        hand.run_all();
        other.join().unwrap();
    });
}

/// A waker that is the only thing left of a runtime: the wake found the task idle, and all else goes meanwhile.
#[test]
fn a_wake_from_outside_outlives_the_scheduler() {
    model(3, || {
        let hand = Hand::new();
        let place: Arc<Mutex<Option<Waker>>> = Arc::new(Mutex::new(None));
        let tracked = Arc::new(());
        let task = {
            let (place, tracked) = (place.clone(), tracked.clone());
            poll_fn(move |cx| {
                let _held = &tracked;
                *place.lock() = Some(cx.waker().clone());
                Poll::<()>::Pending
            })
        };
        drop(hand.spawn(task));
        hand.run_all();
        let waker = place.lock().take().unwrap();
        let other = thread::spawn(move || waker.wake());
        drop(hand);
        other.join().unwrap();
        assert_eq!(Arc::strong_count(&tracked), 1);
    });
}

/// The future wakes itself while another thread wakes it, by value: it is polled again for both, and sees what was done.
#[test]
fn a_wake_from_inside_meets_one_from_outside() {
    model(3, || {
        let hand = Hand::new();
        let flag = Arc::new(AtomicUsize::new(0));
        let place: Arc<Mutex<Option<Waker>>> = Arc::new(Mutex::new(None));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let task = {
            let (flag, place, seen) = (flag.clone(), place.clone(), seen.clone());
            poll_fn(move |cx| {
                let is_first = seen.lock().is_empty();
                seen.lock().push(flag.load(Ordering::Relaxed));
                if is_first {
                    *place.lock() = Some(cx.waker().clone());
                    cx.waker().wake_by_ref();
                }
                Poll::<()>::Pending
            })
        };
        drop(hand.spawn(task));
        let other = {
            let place = place.clone();
            thread::spawn(move || {
                flag.store(1, Ordering::Relaxed);
                let waker = place.lock().take();
                waker.map(Waker::wake).is_some()
            })
        };
        hand.run_all();
        let woken = other.join().unwrap();
        hand.run_all();
        assert!(
            (2..=3).contains(&seen.lock().len()),
            "polled for each wake, and not beyond"
        );
        if woken {
            assert_eq!(seen.lock().last(), Some(&1));
        }
        hand.shut_down();
        place.lock().take();
        hand.run_all();
        assert_eq!(hand.cells(), 0);
    });
}

/// A poll that goes on while the task is aborted ends pending: the abort is carried out by who polls, or after.
#[test]
fn an_abort_during_a_poll_is_not_lost() {
    model(3, || {
        let hand = Hand::new();
        let tracked = Arc::new(());
        let held = tracked.clone();
        let mut join = hand.spawn(poll_fn(move |_| {
            let _held = &held;
            Poll::<()>::Pending
        }));
        let abort = join.abort_handle();
        let other = thread::spawn(move || abort.abort());
        hand.run_all();
        other.join().unwrap();
        hand.run_all();
        let Poll::Ready(Err(error)) = poll(&mut join) else {
            panic!("the abort was lost")
        };
        assert!(error.is_cancelled());
        drop(join);
        assert_eq!((Arc::strong_count(&tracked), hand.cells()), (1, 0));
    });
}

/// An idle task is woken, by value, and aborted at the same time: it is scheduled once, and cancelled once.
#[test]
fn an_abort_of_an_idle_task_meets_a_wake() {
    model(3, || {
        let hand = Hand::new();
        let (place, tracked) = (Arc::new(Mutex::new(None)), Arc::new(()));
        let mut join = {
            let (place, tracked) = (place.clone(), tracked.clone());
            hand.spawn(poll_fn(move |cx| {
                let _held = &tracked;
                *place.lock() = Some(cx.waker().clone());
                Poll::<()>::Pending
            }))
        };
        hand.run_all();
        let waker = place.lock().take();
        let wakes = thread::spawn(move || waker.map(Waker::wake));
        let abort = join.abort_handle();
        let aborts = thread::spawn(move || abort.abort());
        hand.run_all();
        wakes.join().unwrap();
        aborts.join().unwrap();
        hand.run_all();
        let Poll::Ready(Err(error)) = poll(&mut join) else {
            panic!("the abort was lost")
        };
        assert!(error.is_cancelled());
        drop(join);
        place.lock().take();
        assert_eq!((Arc::strong_count(&tracked), hand.cells()), (1, 0));
    });
}

/// The handle is awaited by one thread while another aborts and a third polls: it is woken with the one outcome there is.
#[test]
fn an_awaited_handle_is_woken_by_an_abort() {
    model(2, || {
        let hand = Hand::new();
        let join = hand.spawn(poll_fn(|_| Poll::<()>::Pending));
        let abort = join.abort_handle();
        let awaits = thread::spawn(move || heist_executor::park::block_on(join).unwrap_err().is_cancelled());
        let aborts = thread::spawn(move || abort.abort());
        hand.run_all();
        aborts.join().unwrap();
        hand.run_all();
        assert!(awaits.join().unwrap());
        assert_eq!(hand.cells(), 0);
    });
}
