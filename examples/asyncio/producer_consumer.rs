//! One producer and three consumers on a queue for two: the producer waits while it is full, `join` until all is eaten.
//! `cargo run --example asyncio_producer_consumer`; in Python: `producer_consumer.py`.

use heist::aio::{Queue, QueueShutDown, create_task};
use heist::time::{Duration, sleep};
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

#[derive(Default)]
struct Eaten {
    count: AtomicUsize,
    sum: AtomicUsize,
}

#[heist::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let queue = Arc::new(Queue::new(2));
    let eaten = Arc::new(Eaten::default());
    let mut consumers = Vec::new();
    for _ in 0..3 {
        consumers.push(create_task(consumer(queue.clone(), eaten.clone())));
    }
    producer(&queue).await?;
    queue.join().await;

    for task in &consumers {
        task.cancel();
    }
    let mut cancelled = 0;
    for ended in consumers {
        cancelled += usize::from(ended.await.is_err_and(|error| error.is_cancelled()));
    }
    let (count, sum) = (eaten.count.load(Relaxed), eaten.sum.load(Relaxed));
    println!("{count} eaten, their sum is {sum}; {cancelled} consumers were cancelled");
    Ok(())
}

async fn producer(queue: &Queue<usize>) -> Result<(), QueueShutDown<usize>> {
    for n in 1..=6 {
        queue.put(n).await?;
        println!("put {n}");
    }
    println!("everything is in the queue");
    Ok(())
}

async fn consumer(queue: Arc<Queue<usize>>, eaten: Arc<Eaten>) -> Result<(), Box<dyn Error + Send + Sync>> {
    loop {
        let n = queue.get().await?;
        sleep(Duration::from_millis(20)).await;
        eaten.count.fetch_add(1, Relaxed);
        eaten.sum.fetch_add(n, Relaxed);
        queue.task_done()?;
    }
}
