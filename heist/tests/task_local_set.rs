//! `LocalSet`: tasks stay on their thread, whoever wakes, aborts or drops from elsewhere.

mod rt_kit;

use std::cell::{Cell, RefCell};
use std::future::{Future, pending, poll_fn};
use std::marker::PhantomData;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::thread::{self, ThreadId};

use heist::task::{JoinHandle, LocalSet, spawn_local, yield_now};
use rt_kit::{Count, CountWake, Event, both_flavours, panic_of};

/// Fails if it is dropped on another thread than it was made on.
struct Bound(ThreadId, Count, PhantomData<Rc<()>>);

impl Bound {
    fn new(count: &Count) -> Self {
        Self(thread::current().id(), count.clone(), PhantomData)
    }
}

impl Drop for Bound {
    fn drop(&mut self) {
        // A failed assertion here would be caught by the runtime: it is counted as no drop.
        if self.0 == thread::current().id() {
            self.1.add();
        }
    }
}

both_flavours! {
    fn tasks_run_on_the_thread_of_the_set(runtime) {
        let here = thread::current().id();
        let local = LocalSet::new();
        local.block_on(&runtime, async {
            let count = Rc::new(Cell::new(0));
            let tasks: Vec<_> = (0..200).map(|_| {
                let count = count.clone();
                spawn_local(async move {
                    for _ in 0..3 {
                        yield_now().await;
                        assert_eq!(thread::current().id(), here);
                    }
                    // A task elsewhere wakes us.
                    heist::spawn(yield_now()).await.unwrap();
                    assert_eq!(thread::current().id(), here);
                    count.set(count.get() + 1);
                })
            }).collect();
            for task in tasks {
                task.await.unwrap();
            }
            assert_eq!(count.get(), 200);
        });
    }

    fn awaiting_the_set_waits_for_all_its_tasks(runtime) {
        let done = Rc::new(RefCell::new(Vec::new()));
        let local = LocalSet::new();
        for number in 0..3 {
            let done = done.clone();
            local.spawn_local(async move {
                yield_now().await;
                let inner = done.clone();
                spawn_local(async move { inner.borrow_mut().push(10 + number) });
                done.borrow_mut().push(number);
            });
        }
        runtime.block_on(local);
        let mut done = done.take();
        done.sort_unstable();
        assert_eq!(done, [0, 1, 2, 10, 11, 12]);
    }

    fn tasks_outlive_run_until(runtime) {
        let local = LocalSet::new();
        let event = Event::default();
        let mut task = local.block_on(&runtime, poll_fn(|_| Poll::Ready(spawn_local(event.wait()))));
        event.raise();
        let mut cx = Context::from_waker(Waker::noop());
        assert!(pin!(&mut task).poll(&mut cx).is_pending());
        local.block_on(&runtime, async { task.await.unwrap() });
    }
}

#[test]
fn abort_from_another_thread_drops_the_future_on_its_own() {
    let runtime = rt_kit::current_thread();
    let drops = Count::default();
    let local = LocalSet::new();
    let bound = Bound::new(&drops);
    let task = local.spawn_local(async move {
        let _bound = bound;
        pending::<()>().await;
    });
    local.block_on(&runtime, yield_now());
    let abort = task.abort_handle();
    thread::spawn(move || abort.abort()).join().unwrap();
    assert_eq!(drops.get(), 0);
    let error = local.block_on(&runtime, task).unwrap_err();
    assert!(error.is_cancelled());
    assert_eq!(drops.get(), 1);
}

#[test]
fn the_last_reference_elsewhere_drops_no_future() {
    let runtime = rt_kit::current_thread();
    let drops = Count::default();
    let local = LocalSet::new();
    let waker = Rc::new(RefCell::new(None));
    let (bound, slot) = (Bound::new(&drops), waker.clone());
    let task = local.spawn_local(poll_fn(move |cx| {
        let _bound = &bound;
        *slot.borrow_mut() = Some(cx.waker().clone());
        Poll::<()>::Pending
    }));
    local.block_on(&runtime, yield_now());
    let left = waker.take().unwrap();
    let elsewhere = |waker: Waker, wake: bool| {
        thread::spawn(move || if wake { waker.wake() } else { drop(waker) })
            .join()
            .unwrap();
    };
    elsewhere(left.clone(), true);
    drop(local);
    assert_eq!(drops.get(), 1);
    // The handle and the wakers are what is left of the task.
    elsewhere(left.clone(), true);
    drop(task);
    elsewhere(left.clone(), false);
    elsewhere(left, true);
    assert_eq!(drops.get(), 1);
}

#[test]
fn dropping_the_set_cancels_its_tasks_and_those_that_come_later() {
    let runtime = rt_kit::current_thread();
    let local = LocalSet::new();
    let (drops, event) = (Count::default(), Event::default());
    let polled = local.spawn_local(event.wait());
    local.block_on(&runtime, yield_now());
    let bound = Bound::new(&drops);
    let unpolled = local.spawn_local(async move { drop(bound) });
    let guard = local.enter();
    drop(local);
    assert_eq!((drops.get(), event.drops.get()), (1, 1));
    let bound = Bound::new(&drops);
    let late = spawn_local(async move { drop(bound) });
    assert_eq!(drops.get(), 2);
    drop(guard);
    for task in [polled, unpolled, late] {
        assert!(runtime.block_on(task).unwrap_err().is_cancelled());
    }
}

#[test]
fn a_wake_from_elsewhere_wakes_who_polls_the_set() {
    let local = LocalSet::new();
    let event = Event::default();
    let task = local.spawn_local(event.wait());
    let wakes = Count::default();
    let waker = Waker::from(Arc::new(CountWake(wakes.clone())));
    let mut cx = Context::from_waker(&waker);
    let mut set = pin!(local);
    assert!(set.as_mut().poll(&mut cx).is_pending());
    assert_eq!((wakes.get(), event.polls.get()), (0, 1));
    let remote = event.clone();
    thread::spawn(move || remote.raise()).join().unwrap();
    assert_eq!(wakes.get(), 1);
    assert!(set.as_mut().poll(&mut cx).is_ready());
    assert!(task.is_finished());
}

#[test]
fn spawning_from_outside_wakes_who_polls_the_set() {
    let local = LocalSet::new();
    let _first: JoinHandle<()> = local.spawn_local(pending());
    let wakes = Count::default();
    let waker = Waker::from(Arc::new(CountWake(wakes.clone())));
    let mut cx = Context::from_waker(&waker);
    let mut beside = Box::pin(local.run_until(pending::<()>()));
    assert!(beside.as_mut().poll(&mut cx).is_pending());
    let task = {
        let _guard = local.enter();
        spawn_local(async { 3 })
    };
    assert_eq!(wakes.get(), 1);
    assert!(beside.as_mut().poll(&mut cx).is_pending());
    assert!(task.is_finished());
}

#[test]
fn a_busy_set_sees_wakes_from_elsewhere_and_lets_others_run() {
    let runtime = rt_kit::current_thread();
    let local = LocalSet::new();
    let event = Event::default();
    local.block_on(&runtime, async {
        let busy = spawn_local(async {
            loop {
                yield_now().await;
            }
        });
        let waiting = spawn_local(event.wait());
        // A task of the runtime, which runs only if the set gives way.
        let remote = event.clone();
        heist::spawn(async move { thread::spawn(move || remote.raise()).join().unwrap() });
        waiting.await.unwrap();
        busy.abort();
    });
}

#[test]
fn a_panic_in_a_task_is_in_its_handle() {
    let runtime = rt_kit::current_thread();
    let local = LocalSet::new();
    let error = local
        .block_on(&runtime, async { spawn_local(async { panic!("alone") }).await })
        .unwrap_err();
    assert!(error.is_panic());
}

#[test]
fn spawn_local_outside_of_a_set_panics_with_the_remedy() {
    let runtime = rt_kit::current_thread();
    let said = panic_of(|| runtime.block_on(poll_fn(|_| Poll::Ready(spawn_local(async {})))));
    assert!(said.contains("LocalSet::run_until"), "{said}");
}

#[test]
fn sets_nest() {
    let runtime = rt_kit::current_thread();
    let (outer, inner) = (LocalSet::new(), LocalSet::new());
    assert_ne!(outer.id(), inner.id());
    let order = outer.block_on(&runtime, async {
        let a = spawn_local(async { 1 });
        let b = inner
            .run_until(async { spawn_local(async { 2 }).await.unwrap() })
            .await;
        let c = spawn_local(async { 3 });
        [a.await.unwrap(), b, c.await.unwrap()]
    });
    assert_eq!(order, [1, 2, 3]);
}
