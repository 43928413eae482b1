//! Timeouts: one that is not reached, one that is, and one over several waits.
//! `cargo run --example asyncio_timeouts`; in Python: `timeouts.py`.

use heist::aio::{create_task, timeout, wait_for};
use heist::task::JoinError;
use heist::time::{Duration, sleep};

#[heist::main]
async fn main() -> Result<(), JoinError> {
    let task = create_task(job("the quick one", QUICK));
    match wait_for(task, Duration::from_secs(5)).await {
        Ok(said) => println!("{}", said?),
        Err(elapsed) => println!("{elapsed}"),
    }

    let task = create_task(job("the slow one", SLOW));
    if wait_for(task, LIMIT).await.is_err() {
        println!("the slow one took too long");
    }

    // Over several waits: a limit that runs a block.
    let limit = timeout(LIMIT);
    let both = limit.run(async {
        job("the first of two", QUICK).await;
        println!("the first of two is done");
        job("the second of two", SLOW).await;
    });
    if both.await.is_err() {
        println!("both together took too long");
    }
    Ok(())
}

const QUICK: Duration = Duration::from_millis(10);
const LIMIT: Duration = Duration::from_millis(500);
const SLOW: Duration = Duration::from_secs(3600);

async fn job(name: &'static str, takes: Duration) -> String {
    sleep(takes).await;
    format!("{name} is done")
}
