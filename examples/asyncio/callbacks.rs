//! Calls at a time, without a task: `call_soon`, `call_later`, `call_at`, and one that is cancelled.
//! `cargo run --example asyncio_callbacks`; in Python: `callbacks.py`.

use heist::aio::get_running_loop;
use heist::sync::oneshot;
use heist::time::Duration;
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    heist::aio::run(calls())?
}

async fn calls() -> Result<(), Box<dyn Error>> {
    let event_loop = get_running_loop();
    let (set_result, soon) = oneshot::channel();
    event_loop.call_soon(|| println!("soon"));
    // An error of `send` would say that nobody waits any more.
    event_loop.call_soon(move || drop(set_result.send("and then")));
    println!("{}", soon.await?);

    let never = event_loop.call_later(Duration::from_millis(50), || println!("never"));
    never.cancel();
    println!("one was cancelled: {}", never.cancelled());

    let (set_result, done) = oneshot::channel();
    event_loop.call_later(Duration::from_millis(200), move || drop(set_result.send("done")));
    let when = event_loop.time() + Duration::from_millis(100);
    event_loop.call_at(when, || println!("at a given time"));
    println!("{}", done.await?);
    Ok(())
}
