//! What blocks goes to a thread: `to_thread`, and a pool with a limit of its own. `cargo run --example asyncio_threads`;
//! in Python: `threads.py`.

use heist::aio::{ThreadPoolExecutor, create_task, get_running_loop, to_thread};
use heist::time::{Duration, sleep};
use std::collections::HashSet;
use std::error::Error;
use std::sync::{Arc, Barrier, mpsc};
use std::thread;

#[heist::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // A thread blocks; the loop does not.
    let (words, receiver) = mpsc::channel();
    let waiting = create_task(to_thread(move || receiver.recv()));
    sleep(Duration::from_millis(10)).await;
    println!("the loop goes on while a thread waits");
    words.send("water")?;
    println!("the thread got {}", waiting.await???);

    // A pool of two, and jobs that need each other.
    let pool = ThreadPoolExecutor::new("pair", 2);
    let event_loop = get_running_loop();
    let barrier = Arc::new(Barrier::new(2));
    let mut jobs = Vec::new();
    for _ in 0..10 {
        let barrier = barrier.clone();
        jobs.push(event_loop.run_in_executor(Some(&pool), move || {
            barrier.wait();
            thread::current().id()
        })?);
    }
    let mut threads = Vec::new();
    for job in jobs {
        threads.push(job.await?);
    }
    let different: HashSet<_> = threads.iter().collect();
    println!("{} jobs ran on {} threads", threads.len(), different.len());
    pool.shutdown(false, false);
    Ok(())
}
