//! The macros on heist's own runtime, under each name that heist may have.

#![cfg(feature = "macros")]
#![deny(unused)]

extern crate heist as other;

use heist as rt;

mod test {
    pub(crate) use heist as inner;
}

mod bare {
    use heist::{main, test};

    #[main]
    async fn entry() -> u32 {
        heist::spawn(async { 1 }).await.expect("the task ends")
    }

    #[test]
    async fn a_bare_name_falls_back_to_heist() {
        assert_eq!(heist::spawn(async { 2 }).await.expect("the task ends"), 2);
    }

    #[::core::prelude::v1::test]
    fn a_bare_main_does_too() {
        assert_eq!(entry(), 1);
    }
}

#[other::test]
async fn renamed_as_cargo_renames() {
    assert_eq!(other::spawn(async { 1 }).await.unwrap(), 1);
}

#[rt::test(flavor = "multi_thread", worker_threads = 2)]
async fn renamed_by_use() {
    assert_eq!(rt::spawn(async { 2 }).await.unwrap(), 2);
}

#[test::inner::test]
async fn re_exported_from_a_module() {
    assert_eq!(test::inner::spawn(async { 3 }).await.unwrap(), 3);
}

#[::heist::test]
async fn by_its_full_path() {
    assert_eq!(::heist::spawn(async { 4 }).await.unwrap(), 4);
}

#[rt::test(crate = "test::inner")]
async fn told_by_an_argument() {
    assert_eq!(rt::spawn(async { 5 }).await.unwrap(), 5);
}

#[heist::main(flavor = "current_thread", name = "named")]
async fn name_of_the_runtime() -> Option<String> {
    heist::runtime::Handle::current().name().map(str::to_owned)
}

#[heist::main(worker_threads = 3)]
async fn number_of_workers() -> usize {
    heist::runtime::Handle::current().metrics().num_workers()
}

#[::core::prelude::v1::test]
fn arguments_reach_the_runtime() {
    assert_eq!(name_of_the_runtime().as_deref(), Some("named"));
    assert_eq!(number_of_workers(), 3);
}

#[heist::main(flavor = "current_thread", unhandled_panic = "shutdown_runtime")]
async fn falls_with_its_tasks() {
    heist::spawn(async { panic!("on purpose") });
    std::future::pending::<()>().await;
}

#[heist::main(flavor = "local", unhandled_panic = "shutdown_runtime")]
async fn falls_with_its_local_tasks() {
    heist::task::spawn_local(async { panic!("on purpose") });
    std::future::pending::<()>().await;
}

#[heist::main(flavor = "current_thread", unhandled_panic = "ignore")]
async fn goes_on_without_its_tasks() -> bool {
    heist::spawn(async { panic!("on purpose") }).await.is_err()
}

/// Without the argument the first two would wait for ever.
#[::core::prelude::v1::test]
fn a_panic_of_a_task_does_what_the_argument_says() {
    for entry in [falls_with_its_tasks, falls_with_its_local_tasks] {
        let panic = std::panic::catch_unwind(entry).unwrap_err();
        let said = panic.downcast_ref::<String>().expect("a message");
        assert!(
            said.starts_with("a spawned task panicked and the runtime"),
            "{said}"
        );
    }
    assert!(goes_on_without_its_tasks());
}

#[heist::test(flavor = "multi_thread", worker_threads = 2)]
async fn select_between_tasks_until_both_have_ended() {
    let mut first = heist::spawn(async {
        heist::task::yield_now().await;
        "first"
    });
    let mut second = heist::spawn(async { "second" });
    let (mut a, mut b) = (None, None);
    while a.is_none() || b.is_none() {
        heist::select! {
            out = &mut first, if a.is_none() => a = out.ok(),
            out = &mut second, if b.is_none() => b = out.ok(),
        }
    }
    assert_eq!((a, b), (Some("first"), Some("second")));
}

#[heist::test]
async fn a_select_that_is_always_ready_lets_others_run() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    let ran = Arc::new(AtomicBool::new(false));
    let other = heist::spawn({
        let ran = ran.clone();
        async move { ran.store(true, Ordering::SeqCst) }
    });
    // Only a leaf that counts its work spends the budget that ends this loop's turn.
    while !ran.load(Ordering::SeqCst) {
        heist::select! {
            biased;
            () = heist::task::consume_budget() => {}
            () = std::future::ready(()) => {}
        }
    }
    other.await.unwrap();
}

#[heist::test(flavor = "multi_thread", worker_threads = 2)]
async fn join_handles_of_tasks() {
    let (a, b) = heist::join!(heist::spawn(async { 1 }), heist::spawn(async { "b" }));
    assert_eq!((a.unwrap(), b.unwrap()), (1, "b"));
    let failed = heist::spawn(async { panic!("on purpose") });
    let joined: Result<((), u32), _> = heist::try_join!(failed, heist::spawn(async { 2 }));
    assert!(joined.unwrap_err().is_panic());
}
