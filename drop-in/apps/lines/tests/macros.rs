//! tokio's macros in a crate that knows nothing but tokio: what they expand to must resolve here.

use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

tokio::task_local! {
    static NAME: &'static str;
}

#[tokio::test]
async fn attribute_with_a_path() {
    assert_eq!(tokio::spawn(async { 1 }).await.ok(), Some(1));
}

mod bare {
    use tokio::test;

    #[test]
    async fn attribute_without_a_path() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attribute_with_arguments() {
    let mut tasks: JoinSet<_> = (0..10).map(|n| async move { n }).collect();
    let mut sum = 0;
    while let Some(n) = tasks.join_next().await {
        sum += n.unwrap_or(1000);
    }
    assert_eq!(sum, 45);
}

#[tokio::test(start_paused = true)]
async fn attribute_with_a_paused_clock() {
    let start = Instant::now();
    sleep(Duration::from_secs(3600)).await;
    assert_eq!(start.elapsed(), Duration::from_secs(3600));
}

macro_rules! made_by_a_macro {
    ($name:ident) => {
        #[tokio::test]
        async fn $name() {
            tokio::task::yield_now().await;
        }
    };
}

made_by_a_macro!(attribute_that_a_macro_wrote);

#[test]
fn main_on_another_function() {
    #[tokio::main(flavor = "current_thread")]
    async fn three() -> u32 {
        3
    }
    assert_eq!(three(), 3);
}

#[tokio::test(start_paused = true)]
async fn select_join_and_pin() {
    let soon = sleep(Duration::from_millis(1));
    tokio::pin!(soon);
    let (sender, receiver) = oneshot::channel::<u32>();
    let first = tokio::select! {
        biased;
        _ = receiver => "message",
        () = &mut soon => "time",
    };
    assert_eq!((first, sender.send(1)), ("time", Err(1)));
    assert_eq!(tokio::join!(async { 1 }, async { 2 }), (1, 2));
    let failed = tokio::try_join!(async { Ok::<u32, &str>(1) }, async { Err::<u32, _>("no") });
    assert_eq!(failed, Err("no"));
}

#[tokio::test]
async fn task_local() {
    let name = NAME.scope("a", async { NAME.with(|name| name.len()) });
    assert_eq!((name.await, NAME.try_with(|name| name.len()).is_err()), (1, true));
}
