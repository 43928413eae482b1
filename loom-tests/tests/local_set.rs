//! Local sets: wakes, aborts and last references from other threads, against polls and the drop of the set.
//!
//! Properties: a wake from elsewhere leads to a poll; the future is dropped once and on the owner's thread, whoever drops
//! the last reference; nothing is leaked (the futures hold tracked `Arc`s).
#![cfg(heist_loom)]

use std::future::poll_fn;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use heist_executor::local::LocalSet;
use heist_executor::park::block_on;
use heist_executor::task::{JoinHandle, Meta};
use heist_loom_tests::model;
use heist_primitive::sync::{Arc, Mutex};
use heist_primitive::thread::{self, ThreadId};

/// Panics if it is dropped on another thread than the owner's.
struct Bound {
    owner: ThreadId,
    _tracked: Arc<()>,
}

impl Drop for Bound {
    fn drop(&mut self) {
        assert_eq!(thread::current().id(), self.owner, "dropped on a foreign thread");
    }
}

type Slot = Arc<Mutex<Option<Waker>>>;

/// A task that leaves its waker in `slot`, and is never ready.
fn waiting(set: &LocalSet, slot: &Slot, tracked: &Arc<()>) -> JoinHandle<()> {
    let bound = Bound {
        owner: thread::current().id(),
        _tracked: tracked.clone(),
    };
    let slot = slot.clone();
    set.spawn(
        poll_fn(move |cx| {
            let _held = &bound;
            *slot.lock() = Some(cx.waker().clone());
            Poll::Pending
        }),
        Meta::caller(),
    )
}

fn poll_once(set: &LocalSet) {
    let _ = set.poll(&mut Context::from_waker(Waker::noop()));
}

#[test]
fn a_wake_that_races_the_drop_drops_no_future_elsewhere() {
    model(3, || {
        let (slot, tracked) = (Slot::new(Mutex::new(None)), Arc::new(()));
        let set = LocalSet::new();
        let join = waiting(&set, &slot, &tracked);
        poll_once(&set);
        let waking = {
            let slot = slot.clone();
            thread::spawn(move || {
                let waker = slot.lock().take();
                waker.into_iter().for_each(Waker::wake);
            })
        };
        drop(set);
        assert!(block_on(join).unwrap_err().is_cancelled());
        waking.join().unwrap();
        slot.lock().take();
        assert_eq!(Arc::strong_count(&tracked), 1);
    });
}

#[test]
fn an_abort_and_a_dropped_handle_elsewhere_race_a_poll() {
    model(3, || {
        let (slot, tracked) = (Slot::new(Mutex::new(None)), Arc::new(()));
        let set = LocalSet::new();
        let join = waiting(&set, &slot, &tracked);
        let aborting = thread::spawn(move || {
            join.abort();
            drop(join);
        });
        poll_once(&set);
        aborting.join().unwrap();
        poll_once(&set);
        // The abort has come before this poll: the future is gone, the set is not.
        assert_eq!(Arc::strong_count(&tracked), 1);
        slot.lock().take();
        drop(set);
    });
}

#[test]
fn a_wake_from_elsewhere_is_not_lost() {
    model(3, || {
        let state = Arc::new(Mutex::new((false, None::<Waker>)));
        let set = LocalSet::new();
        let join = {
            let state = state.clone();
            set.spawn(
                poll_fn(move |cx| {
                    let mut state = state.lock();
                    if state.0 {
                        return Poll::Ready(7);
                    }
                    state.1 = Some(cx.waker().clone());
                    Poll::Pending
                }),
                Meta::caller(),
            )
        };
        let waking = {
            let state = state.clone();
            thread::spawn(move || {
                let waker = {
                    let mut state = state.lock();
                    state.0 = true;
                    state.1.take()
                };
                waker.into_iter().for_each(Waker::wake);
            })
        };
        let mut join = pin!(join);
        let output = block_on(poll_fn(|cx| {
            set.poll_beside(cx, |cx| std::future::Future::poll(join.as_mut(), cx))
        }));
        assert_eq!(output.unwrap(), 7);
        waking.join().unwrap();
    });
}
