//! Counters, a queue and a channel in redis: many tasks over one connection, transactions, blocking reads.
//!
//! `counters URL` works on an empty database (`redis://ADDRESS` or `unix://PATH`), checks every answer, and fails on
//! a wrong one.

use std::collections::BTreeSet;
use std::error::Error;
use std::time::Duration;

use futures_util::StreamExt;
use redis::aio::{ConnectionManager, MultiplexedConnection};
use redis::{AsyncCommands, Client};
use tokio::task::JoinSet;
use tokio::time::timeout;

type Failure = Box<dyn Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let url = std::env::args().nth(1).ok_or("usage: counters URL")?;
    let client = Client::open(url)?;
    let connection = client.get_multiplexed_async_connection().await?;
    count(&connection).await?;
    queue(&client, connection.clone()).await?;
    channel(&client, connection.clone()).await?;
    reconnect(&client, connection).await?;
    println!("all done");
    Ok(())
}

fn equal<T: PartialEq + std::fmt::Debug>(what: &str, got: T, wanted: T) -> Result<(), Failure> {
    if got == wanted {
        return Ok(());
    }
    Err(format!("{what}: wanted {wanted:?}, got {got:?}").into())
}

/// 50 tasks count on one connection, singly and in transactions.
async fn count(connection: &MultiplexedConnection) -> Result<(), Failure> {
    let mut tasks = JoinSet::new();
    for task in 0..50 {
        let mut connection = connection.clone();
        tasks.spawn(async move {
            for _ in 0..50 {
                let _: i64 = connection.incr("single", 1).await?;
            }
            let (a, b): (i64, i64) = redis::pipe()
                .atomic()
                .incr("first", task)
                .incr("second", task)
                .query_async(&mut connection)
                .await?;
            equal("two counters of one transaction", a, b)
        });
    }
    while let Some(checked) = tasks.join_next().await {
        checked??;
    }
    let mut connection = connection.clone();
    let total: (i64, i64) = connection.mget(("single", "first")).await?;
    equal("the counters", total, (2500, (0..50).sum()))?;
    let wrong: Result<i64, _> = connection.hget("single", "field").await;
    equal("a counter is no hash", wrong.is_err(), true)
}

/// Ten workers, each with a connection of its own, block on one queue; every job is done once.
async fn queue(client: &Client, mut connection: MultiplexedConnection) -> Result<(), Failure> {
    let mut workers = JoinSet::new();
    for _ in 0..10 {
        let mut connection = client.get_multiplexed_async_connection().await?;
        connection.set_response_timeout(Duration::from_secs(20));
        workers.spawn(async move {
            let mut done = Vec::new();
            loop {
                let (_, job): (String, i64) = connection.brpop("jobs", 10.0).await?;
                if job < 0 {
                    return Ok::<_, Failure>(done);
                }
                done.push(job);
            }
        });
    }
    let jobs: Vec<i64> = (0..500).chain([-1; 10]).collect();
    for some in jobs.chunks(50) {
        let _: i64 = connection.lpush("jobs", some).await?;
    }
    let mut done = Vec::new();
    while let Some(worker) = workers.join_next().await {
        done.extend(worker??);
    }
    equal("jobs done", done.len(), 500)?;
    equal(
        "different ones",
        done.into_iter().collect(),
        (0..500).collect::<BTreeSet<_>>(),
    )
}

async fn channel(client: &Client, mut connection: MultiplexedConnection) -> Result<(), Failure> {
    let mut news = client.get_async_pubsub().await?;
    news.subscribe("news").await?;
    let sender = tokio::spawn(async move {
        for n in 0..100 {
            let heard: i64 = connection.publish("news", n).await?;
            equal("who heard", heard, 1)?;
        }
        Ok::<_, Failure>(())
    });
    let mut messages = news.on_message();
    for n in 0..100 {
        let message = timeout(Duration::from_secs(10), messages.next()).await?;
        let payload: i64 = message.ok_or("the channel ended")?.get_payload()?;
        equal("news", payload, n)?;
    }
    sender.await?
}

/// A manager whose connection was cut makes another.
async fn reconnect(client: &Client, mut connection: MultiplexedConnection) -> Result<(), Failure> {
    let mut manager = ConnectionManager::new(client.clone()).await?;
    let id: i64 = redis::cmd("CLIENT").arg("ID").query_async(&mut manager).await?;
    let cut: i64 = redis::cmd("CLIENT")
        .arg(("KILL", "ID", id))
        .query_async(&mut connection)
        .await?;
    equal("connections cut", cut, 1)?;
    let again = async {
        loop {
            let fresh: Result<i64, _> = redis::cmd("CLIENT").arg("ID").query_async(&mut manager).await;
            if let Ok(fresh) = fresh {
                return fresh;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let fresh = timeout(Duration::from_secs(20), again).await?;
    equal("another connection", fresh != id, true)
}
