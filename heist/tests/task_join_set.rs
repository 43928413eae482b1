//! `JoinSet`: what comes out, in which order, and what wakes whom.

mod rt_kit;

use std::future::{Future, pending, ready};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use heist::task::{JoinSet, LocalSet, coop, yield_now};
use rt_kit::{Count, CountDrop, CountWake, Event, both_flavours, panic_of, wait_until};

both_flavours! {
    fn every_output_comes_out_once(runtime) {
        runtime.block_on(async {
            let mut set: JoinSet<usize> = (0..200).map(|number| async move {
                for _ in 0..number % 3 {
                    yield_now().await;
                }
                number
            }).collect();
            assert_eq!(set.len(), 200);
            let mut seen = [0; 200];
            while let Some(number) = set.join_next().await {
                seen[number.unwrap()] += 1;
            }
            assert_eq!(seen, [1; 200]);
            assert!(set.is_empty());
            assert!(set.try_join_next().is_none());
        });
    }

    fn outputs_come_in_the_order_of_the_ends(runtime) {
        runtime.block_on(async {
            let events: Vec<Event> = (0..4).map(|_| Event::default()).collect();
            let mut set = JoinSet::new();
            for (number, event) in events.iter().enumerate() {
                let waiting = event.wait();
                set.spawn(async move {
                    waiting.await;
                    number
                });
            }
            for number in [2, 0, 3, 1] {
                assert!(set.try_join_next().is_none());
                events[number].raise();
                assert_eq!(set.join_next().await.unwrap().unwrap(), number);
            }
        });
    }

    fn ids_tell_which_task_it_was(runtime) {
        runtime.block_on(async {
            let mut set = JoinSet::new();
            let good = set.spawn(async { 1 });
            let bad = set.spawn(async { panic!("no") });
            let gone = set.spawn(pending());
            gone.abort();
            let mut left = vec![good.id(), bad.id(), gone.id()];
            while let Some(output) = set.join_next_with_id().await {
                let id = match output {
                    Ok((id, 1)) => { assert_eq!(id, good.id()); id }
                    Ok(other) => panic!("{other:?}"),
                    Err(error) if error.is_panic() => { assert_eq!(error.id(), bad.id()); error.id() }
                    Err(error) => { assert_eq!(error.id(), gone.id()); error.id() }
                };
                left.retain(|other| *other != id);
            }
            assert!(left.is_empty());
        });
    }

    fn dropping_the_set_aborts_and_detaching_does_not(runtime) {
        let (aborted, detached) = (Event::default(), Event::default());
        runtime.block_on(async {
            let mut set = JoinSet::new();
            set.spawn(aborted.wait());
            let mut other = JoinSet::new();
            let handle = other.spawn(detached.wait());
            other.detach_all();
            assert_eq!(other.len(), 0);
            assert!(other.join_next().await.is_none());
            drop(set);
            drop(other);
            while aborted.drops.get() == 0 {
                yield_now().await;
            }
            assert!(!handle.is_finished());
            detached.raise();
            while !handle.is_finished() {
                yield_now().await;
            }
        });
    }

    fn a_set_that_is_dropped_wakes_nobody(runtime) {
        runtime.block_on(async {
            let wakes = Count::default();
            let waker = Waker::from(Arc::new(CountWake(wakes.clone())));
            let mut set = JoinSet::new();
            let task = set.spawn(pending::<()>());
            assert!(set.poll_join_next(&mut Context::from_waker(&waker)).is_pending());
            drop(set);
            while !task.is_finished() {
                yield_now().await;
            }
            yield_now().await;
            assert_eq!(wakes.get(), 0);
        });
    }

    fn shutdown_ends_all(runtime) {
        runtime.block_on(async {
            let drops = Count::default();
            let mut set = JoinSet::new();
            for _ in 0..5 {
                let kept = CountDrop(drops.clone());
                set.spawn(async move {
                    let _kept = kept;
                    pending::<()>().await;
                });
            }
            set.shutdown().await;
            assert_eq!((drops.get(), set.len()), (5, 0));
        });
    }

    fn a_slot_serves_one_task_after_another(runtime) {
        runtime.block_on(async {
            let mut set = JoinSet::new();
            for round in 0..300 {
                set.spawn(async move { round });
                set.spawn_blocking(move || round);
                assert_eq!(set.join_next().await.unwrap().unwrap(), round);
                assert_eq!(set.join_next().await.unwrap().unwrap(), round);
            }
        });
    }
}

#[test]
fn only_the_end_of_a_task_wakes_the_waiter_and_once() {
    let runtime = rt_kit::workers(1);
    let event = Event::default();
    let mut set = JoinSet::new();
    set.spawn_on(event.wait(), runtime.handle());
    set.spawn_on(pending::<()>(), runtime.handle());
    let (old, new) = (Count::default(), Count::default());
    let poll = |set: &mut JoinSet<()>, count: &Count| {
        let waker = Waker::from(Arc::new(CountWake(count.clone())));
        set.poll_join_next(&mut Context::from_waker(&waker))
    };
    assert!(poll(&mut set, &old).is_pending());
    assert!(poll(&mut set, &new).is_pending());
    event.raise();
    wait_until("the waiter is woken", || new.get() == 1);
    assert!(matches!(poll(&mut set, &new), Poll::Ready(Some(Ok(())))));
    assert!(poll(&mut set, &new).is_pending());
    assert_eq!((old.get(), new.get()), (0, 1));
    drop(set);
    drop(runtime);
    assert_eq!((old.get(), new.get()), (0, 1));
}

#[test]
fn join_all_returns_all_or_panics_with_the_panic() {
    let runtime = rt_kit::multi_thread();
    let outputs = runtime.block_on(async { (0..20).map(ready).collect::<JoinSet<_>>().join_all().await });
    assert_eq!(outputs.iter().sum::<i32>(), 190);

    let event = Event::default();
    let said = panic_of(|| {
        runtime.block_on(async {
            let mut set = JoinSet::new();
            set.spawn(event.wait());
            set.spawn(async { panic!("one of two") });
            set.join_all().await
        })
    });
    assert_eq!(said, "one of two");
    wait_until("the other one is aborted", || event.drops.get() == 1);

    let said = panic_of(|| {
        runtime.block_on(async {
            let mut set = JoinSet::new();
            set.spawn(pending::<()>()).abort();
            set.join_all().await
        })
    });
    assert!(said.contains("cancelled"), "{said}");
}

#[test]
fn a_long_row_of_ended_tasks_gives_way() {
    let runtime = rt_kit::current_thread();
    let given_way = runtime.block_on(async {
        let mut set: JoinSet<()> = (0..999).map(|_| ready(())).collect();
        let last = set.spawn(ready(()));
        while !last.is_finished() {
            yield_now().await;
        }
        let mut given_way = 0;
        std::future::poll_fn(|cx| {
            loop {
                match set.poll_join_next(cx) {
                    Poll::Ready(Some(_)) => {}
                    Poll::Ready(None) => return Poll::Ready(given_way),
                    Poll::Pending => {
                        given_way += usize::from(!coop::has_budget_remaining());
                        return Poll::Pending;
                    }
                }
            }
        })
        .await
    });
    assert_eq!(given_way, 1_000 / 128);
}

#[test]
fn tasks_of_a_local_set_join_too() {
    let runtime = rt_kit::current_thread();
    let local = LocalSet::new();
    let mut set = JoinSet::new();
    set.spawn_local_on(async { std::rc::Rc::new(1) }, &local);
    set.build_task()
        .name("second")
        .spawn_local_on(async { std::rc::Rc::new(2) }, &local)
        .unwrap();
    let sum = local.block_on(&runtime, async {
        set.spawn_local(async { std::rc::Rc::new(4) });
        let mut sum = 0;
        while let Some(number) = set.join_next().await {
            sum += *number.unwrap();
        }
        sum
    });
    assert_eq!(sum, 7);
}

#[test]
fn a_cancelled_join_next_takes_nothing() {
    let runtime = rt_kit::current_thread();
    runtime.block_on(async {
        let mut set = JoinSet::new();
        set.spawn(async { 9 });
        {
            let mut next = pin!(set.join_next());
            let mut cx = Context::from_waker(Waker::noop());
            assert!(Pin::as_mut(&mut next).poll(&mut cx).is_pending());
        }
        yield_now().await;
        assert_eq!(set.len(), 1);
        assert_eq!(set.join_next().await.unwrap().unwrap(), 9);
    });
}

#[test]
fn a_set_goes_where_its_outputs_go() {
    fn sends<T: Send + Sync + Unpin>() {}
    sends::<JoinSet<u8>>();
    assert_eq!(format!("{:?}", JoinSet::<u8>::new()), "JoinSet { len: 0, .. }");
}
