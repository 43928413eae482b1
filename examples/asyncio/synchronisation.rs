//! A lock, an event, a condition and a semaphore. `cargo run --example asyncio_synchronisation`; in Python:
//! `synchronisation.py`.

use heist::aio::{Condition, Event, Lock, Semaphore, create_task};
use heist::task::{JoinError, JoinSet};
use heist::time::{Duration, sleep};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

const A_WHILE: Duration = Duration::from_millis(10);

#[heist::main]
async fn main() -> Result<(), JoinError> {
    a_lock().await;
    an_event().await;
    a_condition().await?;
    a_semaphore().await;
    Ok(())
}

/// The value is in the lock: nobody reads it without.
async fn a_lock() {
    let balance = Arc::new(Lock::new(0));
    let mut deposits = JoinSet::new();
    for _ in 0..10 {
        let balance = balance.clone();
        deposits.spawn(async move {
            let mut balance = balance.lock().await;
            let seen = *balance;
            sleep(Duration::from_millis(1)).await;
            *balance = seen + 1;
        });
    }
    deposits.join_all().await;
    println!("lock: the balance is {}", balance.lock().await);
}

async fn an_event() {
    let event = Arc::new(Event::new());
    let mut waiters = JoinSet::new();
    for _ in 0..5 {
        let event = event.clone();
        waiters.spawn(async move {
            event.wait().await;
            1
        });
    }
    sleep(A_WHILE).await;
    event.set();
    let went_on: i32 = waiters.join_all().await.iter().sum();
    println!("event: {went_on} went on");
}

async fn a_condition() -> Result<(), JoinError> {
    let condition = Arc::new(Condition::new(Vec::new()));
    let eater = create_task({
        let condition = condition.clone();
        async move {
            let basket = condition.acquire().await;
            let mut basket = basket.wait_for(|basket| !basket.is_empty()).await;
            basket.pop()
        }
    });
    sleep(A_WHILE).await;
    let mut basket = condition.acquire().await;
    basket.push("an apple");
    basket.notify(1);
    drop(basket);
    println!("condition: the eater had {}", eater.await?.unwrap_or("nothing"));
    Ok(())
}

async fn a_semaphore() {
    let semaphore = Arc::new(Semaphore::new(3));
    let (inside, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut visitors = JoinSet::new();
    for _ in 0..10 {
        let (semaphore, inside, most) = (semaphore.clone(), inside.clone(), most.clone());
        visitors.spawn(async move {
            // An error would say that the semaphore was closed.
            let _permit = semaphore.acquire().await;
            most.fetch_max(inside.fetch_add(1, SeqCst) + 1, SeqCst);
            sleep(A_WHILE).await;
            inside.fetch_sub(1, SeqCst);
        });
    }
    visitors.join_all().await;
    println!("semaphore: at most {} of 10 were inside", most.load(SeqCst));
}
