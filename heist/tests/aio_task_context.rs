//! Context variables, as contextvars and asyncio document them.
#![cfg(feature = "test-util")]

mod sync_kit;

use std::sync::{Arc, Mutex};

use heist::aio::{Context, ContextVar, TaskBuilder, copy_context, create_task};
use heist::task::yield_now;
use sync_kit::{Drops, panic_message};

static NAME: ContextVar<&str> = ContextVar::new("name");
static DEPTH: ContextVar<u32> = ContextVar::with_default("depth", 3);

#[heist::test(start_paused = true)]
async fn create_task_copies_the_context_and_what_the_task_sets_stays_in_it() {
    NAME.set("outer");
    let task = create_task(async {
        assert_eq!(NAME.get(), Some("outer"));
        NAME.set("inner");
        yield_now().await;
        let grandchild = create_task(async { NAME.get() });
        (NAME.get(), grandchild.await.unwrap())
    });
    NAME.set("changed after the copy");
    assert_eq!(task.await.unwrap(), (Some("inner"), Some("inner")));
    assert_eq!(NAME.get(), Some("changed after the copy"));
}

#[heist::test(start_paused = true)]
async fn a_variable_has_its_default_where_none_is_set() {
    assert_eq!((NAME.get(), DEPTH.get()), (None, Some(3)));
    assert_eq!((NAME.get_or("none"), DEPTH.get_or(9)), ("none", 9));
    assert_eq!(DEPTH.name(), "depth");
    let empty = Context::new();
    assert_eq!(
        (empty.get(&NAME), empty.get(&DEPTH), empty.len()),
        (None, Some(3), 0)
    );
}

#[heist::test(start_paused = true)]
async fn reset_brings_back_what_was_before_that_set() {
    let first = NAME.set("first");
    let second = NAME.set("second");
    assert_eq!((first.old_value(), second.old_value()), (None, Some("first")));
    NAME.reset(second);
    assert_eq!(NAME.get(), Some("first"));
    NAME.reset(first);
    assert_eq!(NAME.get(), None);
}

#[heist::test(start_paused = true)]
async fn a_token_resets_its_own_variable_only() {
    static OTHER: ContextVar<&str> = ContextVar::new("other");
    let token = NAME.set("x");
    assert!(panic_message(|| OTHER.reset(token)).contains("another variable"));
    assert_eq!(NAME.get(), Some("x"));
}

#[heist::test(start_paused = true)]
async fn run_keeps_changes_in_its_context_also_after_a_panic() {
    NAME.set("outer");
    let mut context = copy_context();
    context.run(|| NAME.set("inside"));
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        context.run(|| {
            DEPTH.set(8);
            panic!("as it must")
        })
    }));
    assert!(panicked.is_err());
    assert_eq!(
        (context.get(&NAME), context.get(&DEPTH)),
        (Some("inside"), Some(8))
    );
    assert_eq!((NAME.get(), DEPTH.get()), (Some("outer"), Some(3)));
    assert_eq!(context.len(), 2);
}

#[heist::test(start_paused = true)]
async fn a_task_given_a_context_runs_in_that_one() {
    NAME.set("outer");
    let mut context = Context::new();
    context.run(|| DEPTH.set(1));
    for eager in [false, true] {
        let task = TaskBuilder::new()
            .context(context.clone())
            .eager_start(eager)
            .create_task(async { (NAME.get(), DEPTH.get()) });
        assert_eq!(task.await.unwrap(), (None, Some(1)));
    }
    assert_eq!(NAME.get(), Some("outer"));
}

#[heist::test(start_paused = true)]
async fn a_done_callback_runs_in_the_context_of_who_added_it() {
    let seen = Arc::new(Mutex::new(None));
    NAME.set("adder");
    let task = create_task(async { NAME.set("task") });
    let inner = seen.clone();
    task.add_done_callback(move |_| *inner.lock().unwrap() = NAME.get());
    NAME.set("later");
    task.await.unwrap();
    assert_eq!(*seen.lock().unwrap(), Some("adder"));
}

#[heist::test(start_paused = true)]
async fn the_drop_of_a_future_sees_its_context() {
    struct OnDrop(Arc<Mutex<Option<&'static str>>>);
    impl Drop for OnDrop {
        fn drop(&mut self) {
            *self.0.lock().unwrap() = NAME.get();
        }
    }
    let seen = Arc::new(Mutex::new(None));
    let guard = OnDrop(seen.clone());
    let task = create_task(async move {
        NAME.set("inner");
        let _guard = guard;
        std::future::pending::<()>().await
    });
    yield_now().await;
    assert!(task.cancel_and_wait().await.is_err());
    assert_eq!(*seen.lock().unwrap(), Some("inner"));
}

#[heist::test(start_paused = true)]
async fn a_task_without_a_context_neither_sees_nor_leaves_one() {
    NAME.set("block_on's");
    let plain = heist::spawn(async {
        assert_eq!((NAME.get(), copy_context().len()), (None, 0));
        panic_message(|| NAME.set("leaked"))
    });
    assert!(plain.await.unwrap().contains("Context::scope"));
    let scoped = heist::spawn(Context::new().scope(async {
        NAME.set("scoped");
        yield_now().await;
        NAME.get()
    }));
    assert_eq!(scoped.await.unwrap(), Some("scoped"));
    assert_eq!(NAME.get(), Some("block_on's"));
}

#[heist::test(start_paused = true)]
async fn values_go_with_the_last_context_that_has_them() {
    static VALUE: ContextVar<Arc<sync_kit::Counted>> = ContextVar::new("value");
    let drops = Drops::default();
    let task = create_task({
        let value = Arc::new(drops.value());
        async move {
            VALUE.set(value);
            copy_context()
        }
    });
    let copy = task.await.unwrap();
    assert_eq!(drops.count(), 0);
    drop(copy);
    assert_eq!(drops.count(), 1);
}
