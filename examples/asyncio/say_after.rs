//! What `await` does and what a task does: one after the other 3 seconds, both at once 2.
//! `cargo run --example asyncio_say_after`; in Python: `say_after.py`.

use heist::aio::create_task;
use heist::task::JoinError;
use heist::time::{Duration, Instant, sleep};

#[heist::main]
async fn main() -> Result<(), JoinError> {
    let seconds = in_sequence().await.as_secs();
    println!("one after the other: {seconds} seconds");
    let seconds = at_once().await?.as_secs();
    println!("both at once: {seconds} seconds");
    Ok(())
}

async fn say_after(delay: Duration, what: &str) {
    sleep(delay).await;
    println!("{what}");
}

/// A future runs while it is awaited: the second begins when the first has ended.
pub(crate) async fn in_sequence() -> Duration {
    let start = Instant::now();
    say_after(Duration::from_secs(1), "hello").await;
    say_after(Duration::from_secs(2), "world").await;
    start.elapsed()
}

/// A task runs from when it is created.
pub(crate) async fn at_once() -> Result<Duration, JoinError> {
    let start = Instant::now();
    let task1 = create_task(say_after(Duration::from_secs(1), "hello"));
    let task2 = create_task(say_after(Duration::from_secs(2), "world"));
    task1.await?;
    task2.await?;
    Ok(start.elapsed())
}
