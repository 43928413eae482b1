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
    event_loop.call_soon(move || answer(set_result, "and then"));
    println!("{}", soon.await?);

    let never = event_loop.call_later(Duration::from_millis(50), || println!("never"));
    never.cancel();
    println!("one was cancelled: {}", never.cancelled());

    let (set_result, done) = oneshot::channel();
    event_loop.call_later(Duration::from_millis(200), move || answer(set_result, "done"));
    let when = event_loop.time() + Duration::from_millis(100);
    event_loop.call_at(when, || println!("at a given time"));
    println!("{}", done.await?);
    Ok(())
}

fn answer(set_result: oneshot::Sender<&'static str>, text: &'static str) {
    if set_result.send(text).is_err() {
        println!("nobody waits for {text:?}");
    }
}
