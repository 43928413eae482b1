//! Customers in PostgreSQL through tokio-postgres: many queries at once, transactions, a query that is called off.
//!
//! `customers "host=… port=… user=… dbname=…"` works on tables of its own, checks every answer, and fails on a wrong one.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, NoTls};

type Failure = Box<dyn Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let config = std::env::args().nth(1).ok_or("usage: customers CONFIG")?;
    timeout(Duration::from_secs(60), check(&config)).await??;
    println!("all done");
    Ok(())
}

fn equal<T: PartialEq + std::fmt::Debug>(what: &str, got: T, wanted: T) -> Result<(), Failure> {
    if got == wanted {
        return Ok(());
    }
    Err(format!("{what}: wanted {wanted:?}, got {got:?}").into())
}

async fn connect(config: &str) -> Result<Client, Failure> {
    let (client, connection) = tokio_postgres::connect(config, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

async fn check(config: &str) -> Result<(), Failure> {
    let mut client = connect(config).await?;
    client
        .batch_execute(
            "DROP TABLE IF EXISTS customer;
             CREATE TABLE customer (id int PRIMARY KEY, name text NOT NULL, visits bigint NOT NULL DEFAULT 0)",
        )
        .await?;
    let insert = client.prepare("INSERT INTO customer VALUES ($1, $2)").await?;
    let transaction = client.transaction().await?;
    for id in 0..10_i32 {
        transaction
            .execute(&insert, &[&id, &format!("customer {id}")])
            .await?;
    }
    transaction.commit().await?;

    visits(config).await?;
    let total: i64 = client
        .query_one("SELECT sum(visits)::bigint FROM customer", &[])
        .await?
        .get(0);
    equal("all visits", total, 8 * 50)?;

    let transaction = client.transaction().await?;
    transaction.execute("DELETE FROM customer", &[]).await?;
    drop(transaction);
    let left: i64 = client
        .query_one("SELECT count(*) FROM customer", &[])
        .await?
        .get(0);
    equal("customers after a transaction that was dropped", left, 10)?;
    called_off(&client).await
}

/// 8 connections; the queries of each are sent without waiting for the answers.
async fn visits(config: &str) -> Result<(), Failure> {
    let mut tasks = JoinSet::new();
    for _ in 0..8 {
        let client = Arc::new(connect(config).await?);
        for n in 0..50_i32 {
            let client = client.clone();
            tasks.spawn(async move {
                let id = n % 10;
                let row = client
                    .query_one(
                        "UPDATE customer SET visits = visits + 1 WHERE id = $1 RETURNING name",
                        &[&id],
                    )
                    .await?;
                equal("whose visit", row.get::<_, String>(0), format!("customer {id}"))
            });
        }
    }
    while let Some(checked) = tasks.join_next().await {
        checked??;
    }
    Ok(())
}

async fn called_off(client: &Client) -> Result<(), Failure> {
    let token = client.cancel_token();
    let sleeping = client.query_one("SELECT pg_sleep(600)", &[]);
    let cancelling = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        token.cancel_query(NoTls).await
    };
    let (slept, cancelled) = tokio::join!(sleeping, cancelling);
    cancelled?;
    let code = slept.err().and_then(|error| error.code().cloned());
    equal("a query that is called off", code, Some(SqlState::QUERY_CANCELED))?;
    let answer: i32 = client.query_one("SELECT 1", &[]).await?.get(0);
    equal("the connection after it", answer, 1)
}
