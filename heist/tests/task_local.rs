//! Task-local values: where they are set, and what becomes of them on panics and drops.

mod rt_kit;

use std::cell::Cell;
use std::future::{Future, pending, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use heist::task::yield_now;
use rt_kit::{both_flavours, panic_of};

heist::task_local! {
    static NUMBER: u32;
    /// With attributes, and visible.
    pub(crate) static NAME: String;
    static CELL: Cell<u32>
}

both_flavours! {
    fn values_follow_their_task_over_threads(runtime) {
        runtime.block_on(async {
            let tasks: Vec<_> = (0..50).map(|number| {
                heist::spawn(NUMBER.scope(number, async move {
                    for _ in 0..10 {
                        assert_eq!(NUMBER.get(), number);
                        yield_now().await;
                    }
                }))
            }).collect();
            for task in tasks {
                task.await.unwrap();
            }
            assert!(NUMBER.try_get().is_err());
        });
    }

    fn scopes_nest_and_do_not_pass_to_spawned_tasks(runtime) {
        runtime.block_on(NUMBER.scope(1, async {
            NUMBER.scope(2, async {
                yield_now().await;
                assert_eq!(NUMBER.get(), 2);
            }).await;
            assert_eq!(NUMBER.get(), 1);
            let spawned = heist::spawn(async { NUMBER.try_get().is_err() });
            assert!(spawned.await.unwrap());
        }));
    }
}

#[test]
fn a_panic_puts_the_outer_value_back() {
    NUMBER.sync_scope(1, || {
        panic_of(|| NUMBER.sync_scope(2, || panic!("inside")));
        assert_eq!(NUMBER.get(), 1);
    });
    assert!(NUMBER.try_get().is_err());
}

#[test]
fn the_future_is_dropped_inside_of_its_scope() {
    struct Look;
    impl Drop for Look {
        fn drop(&mut self) {
            SEEN.with(|seen| seen.set(NUMBER.try_get().ok()));
        }
    }
    thread_local! {
        static SEEN: Cell<Option<u32>> = const { Cell::new(None) };
    }
    let mut cx = Context::from_waker(Waker::noop());
    let future = |look: Look| async move {
        let _look = look;
        pending::<()>().await;
    };
    let mut scope = Box::pin(NUMBER.scope(7, future(Look)));
    assert!(scope.as_mut().poll(&mut cx).is_pending());
    drop(scope);
    assert_eq!(SEEN.get(), Some(7));
}

#[test]
fn a_scope_is_refused_while_the_value_is_read() {
    let said = CELL.sync_scope(Cell::new(1), || {
        panic_of(|| CELL.with(|_| CELL.sync_scope(Cell::new(2), || ())))
    });
    assert!(said.contains("`LocalKey::with`"), "{said}");
    let said = panic_of(|| NUMBER.with(|number| *number));
    assert!(said.contains("`LocalKey::scope`"), "{said}");
}

#[test]
fn the_value_can_be_taken_out_before_and_after() {
    let mut cx = Context::from_waker(Waker::noop());
    let mut left = 1;
    let future = poll_fn(move |_| {
        if left == 0 {
            return Poll::Ready(NAME.try_with(String::len).ok());
        }
        left -= 1;
        Poll::Pending
    });
    let mut scope = Box::pin(NAME.scope("ada".to_owned(), future));
    assert_eq!(format!("{scope:?}"), "TaskLocalFuture { value: \"ada\", .. }");
    assert!(scope.as_mut().poll(&mut cx).is_pending());
    assert_eq!(scope.as_mut().take_value().as_deref(), Some("ada"));
    assert_eq!(Pin::as_mut(&mut scope).poll(&mut cx), Poll::Ready(None));
    assert!(panic_of(|| scope.as_mut().poll(&mut cx)).contains("polled after"));
}

#[test]
fn scopes_of_send_things_are_send() {
    fn sends<T: Send>(_: &T) {}
    sends(&NUMBER.scope(1, pending::<()>()));
}
