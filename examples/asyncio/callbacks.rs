//! Calls at a time, without a task: `call_soon`, `call_later`, `call_at`, and one that is cancelled.
//! `cargo run --example asyncio_callbacks`; in Python: `callbacks.py`.

use heist::aio::{RunError, get_running_loop};
use heist::sync::oneshot;
use heist::time::{Duration, sleep};

fn main() -> Result<(), RunError> {
    heist::aio::run(async {
        let event_loop = get_running_loop();
        let (set_result, done) = oneshot::channel();
        event_loop.call_soon(|| println!("soon"));
        let never = event_loop.call_later(Duration::from_millis(20), || println!("never"));
        event_loop.call_later(Duration::from_millis(200), move || {
            // An error would say that nobody waits any more.
            let _ = set_result.send("done");
        });
        let when = event_loop.time() + Duration::from_millis(100);
        event_loop.call_at(when, || println!("at a given time"));
        never.cancel();
        sleep(Duration::from_millis(10)).await;
        println!("one was cancelled: {}", never.cancelled());
        println!("{}", done.await.unwrap_or("nothing"));
    })
}
