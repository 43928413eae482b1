//! Timeouts: one that is not reached, one that is, and one over several waits.
//! `cargo run --example asyncio_timeouts`; in Python: `timeouts.py`.

use heist::time::{Duration, sleep, timeout};

#[heist::main]
async fn main() {
    match timeout(Duration::from_secs(5), job("the quick one", QUICK)).await {
        Ok(said) => println!("{said}"),
        Err(elapsed) => println!("{elapsed}"),
    }

    if timeout(LIMIT, job("the slow one", SLOW)).await.is_err() {
        println!("the slow one took too long");
    }

    // A timeout is given any future, and so a block of several.
    let both = timeout(LIMIT, async {
        job("the first of two", QUICK).await;
        println!("the first of two is done");
        job("the second of two", SLOW).await;
    });
    if both.await.is_err() {
        println!("both together took too long");
    }
}

const QUICK: Duration = Duration::from_millis(10);
const LIMIT: Duration = Duration::from_millis(100);
const SLOW: Duration = Duration::from_secs(3600);

async fn job(name: &str, takes: Duration) -> String {
    sleep(takes).await;
    format!("{name} is done")
}
