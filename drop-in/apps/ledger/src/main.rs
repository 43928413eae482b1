//! Money moved between accounts by many tasks at once, in transactions of SQLite through sqlx.
//!
//! `ledger FILE` makes the database FILE, checks what is in it at the end, and fails if it is wrong.

use std::error::Error;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions};
use tokio::task::JoinSet;

type Failure = Box<dyn Error + Send + Sync>;

const ACCOUNTS: i64 = 10;
const OPENING: i64 = 1000;
const CONNECTIONS: u32 = 4;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let file = std::env::args().nth(1).ok_or("usage: ledger FILE")?;
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .busy_timeout(Duration::from_secs(30));
    let pool = SqlitePoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(Duration::from_secs(60))
        .connect_with(options)
        .await?;
    open(&pool).await?;
    let moved = transfers(&pool).await?;
    check(&pool, moved).await?;
    exhausted(&pool).await?;
    pool.close().await;
    println!("all done");
    Ok(())
}

fn equal<T: PartialEq + std::fmt::Debug>(what: &str, got: T, wanted: T) -> Result<(), Failure> {
    if got == wanted {
        return Ok(());
    }
    Err(format!("{what}: wanted {wanted:?}, got {got:?}").into())
}

async fn open(pool: &SqlitePool) -> Result<(), Failure> {
    sqlx::raw_sql(
        "CREATE TABLE account (id INTEGER PRIMARY KEY, balance INTEGER NOT NULL CHECK (balance >= 0));
         CREATE TABLE transfer (payer INTEGER NOT NULL, payee INTEGER NOT NULL, amount INTEGER NOT NULL);",
    )
    .execute(pool)
    .await?;
    for id in 0..ACCOUNTS {
        sqlx::query("INSERT INTO account VALUES (?, ?)")
            .bind(id)
            .bind(OPENING)
            .execute(pool)
            .await?;
    }
    Ok(())
}

/// 20 tasks of 20 transfers each; gives how many were made, all but those that an account could not pay.
async fn transfers(pool: &SqlitePool) -> Result<i64, Failure> {
    let mut tasks = JoinSet::new();
    for task in 0..20 {
        let pool = pool.clone();
        tasks.spawn(async move {
            let mut made = 0;
            for n in 0..20 {
                let payer = (task + n) % ACCOUNTS;
                let payee = (payer + 1 + n % (ACCOUNTS - 1)) % ACCOUNTS;
                let amount = if n % 10 == 9 {
                    ACCOUNTS * OPENING + 1
                } else {
                    1 + n
                };
                made += i64::from(transfer(&pool, payer, payee, amount).await?);
            }
            Ok::<_, Failure>(made)
        });
    }
    let mut made = 0;
    while let Some(task) = tasks.join_next().await {
        made += task??;
    }
    Ok(made)
}

/// Whether the payer had the money; if not, nothing is changed.
async fn transfer(pool: &SqlitePool, payer: i64, payee: i64, amount: i64) -> Result<bool, Failure> {
    let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await?;
    for query in [
        sqlx::query("INSERT INTO transfer VALUES (?, ?, ?)")
            .bind(payer)
            .bind(payee)
            .bind(amount),
        sqlx::query("UPDATE account SET balance = balance + ? WHERE id = ?")
            .bind(amount)
            .bind(payee),
    ] {
        query.execute(&mut *transaction).await?;
    }
    let paid = sqlx::query("UPDATE account SET balance = balance - ? WHERE id = ?")
        .bind(amount)
        .bind(payer)
        .execute(&mut *transaction)
        .await;
    match paid {
        Ok(_) => transaction.commit().await?,
        Err(sqlx::Error::Database(error)) if error.is_check_violation() => {
            transaction.rollback().await?;
            return Ok(false);
        }
        Err(error) => return Err(error.into()),
    }
    Ok(true)
}

/// Every account is what its transfers make of it.
async fn check(pool: &SqlitePool, moved: i64) -> Result<(), Failure> {
    equal("transfers made", moved, 20 * 18)?;
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM transfer")
        .fetch_one(pool)
        .await?;
    equal("transfers kept", count, moved)?;
    let wrong: Vec<(i64, i64)> = sqlx::query_as(
        "SELECT id, balance FROM account WHERE balance != ?1
         + (SELECT total(amount) FROM transfer WHERE payee = id)
         - (SELECT total(amount) FROM transfer WHERE payer = id)",
    )
    .bind(OPENING)
    .fetch_all(pool)
    .await?;
    equal("accounts that are wrong", wrong, vec![])?;
    let sum: i64 = sqlx::query_scalar("SELECT sum(balance) FROM account")
        .fetch_one(pool)
        .await?;
    equal("all the money", sum, ACCOUNTS * OPENING)
}

/// With every connection taken, the next asks in vain until one is given back.
async fn exhausted(pool: &SqlitePool) -> Result<(), Failure> {
    let mut taken = Vec::new();
    for _ in 0..CONNECTIONS {
        taken.push(pool.acquire().await?);
    }
    let patience = Duration::from_millis(100);
    let waited = tokio::time::timeout(patience, pool.acquire()).await;
    equal("one connection too many", waited.is_err(), true)?;
    let waiting = tokio::spawn({
        let pool = pool.clone();
        async move { pool.acquire().await.map(drop) }
    });
    drop(taken.pop());
    waiting.await??;
    Ok(())
}
