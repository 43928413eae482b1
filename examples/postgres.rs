//! PostgreSQL: many queries at once over a few connections.
//!
//! `cargo run --example postgres -- 127.0.0.1:5432 USER` over TCP, or with the path of the server's Unix socket, such as
//! `/var/run/postgresql/.s.PGSQL.5432`, in the place of the address. The server must let USER in without a password;
//! `ci/examples` starts one that does.
//!
//! ```text
//!   1,000 tasks ── queries ──► 8 clients ══ pipelines ══► connection, a task each ◄──► PostgreSQL
//! ```
//!
//! tokio-postgres without its default features takes any stream with the traits of tokio's io, which heist's have with
//! the feature `tokio`; no runtime of tokio's runs.

use heist::net::{TcpStream, UnixStream};
use heist::task::JoinSet;
use heist::time::Instant;
use std::error::Error;
use std::sync::Arc;
use tokio_postgres::{Client, Config, NoTls};

type Failure = Box<dyn Error + Send + Sync>;

const CONNECTIONS: usize = 8;
const QUERIES: i32 = 1000;

#[heist::main]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let (Some(address), Some(user)) = (arguments.next(), arguments.next()) else {
        return Err("usage: postgres IP:PORT|SOCKET USER".into());
    };
    let mut clients = Vec::new();
    for _ in 0..CONNECTIONS {
        clients.push(Arc::new(connect(&address, &user).await?));
    }
    let first = clients[0].clone();
    first
        .batch_execute("drop table if exists squares; create table squares (n int4 primary key, square int8)")
        .await?;

    let start = Instant::now();
    let mut queries = JoinSet::new();
    for (n, client) in (1..=QUERIES).zip(clients.iter().cycle().cloned()) {
        queries.spawn(insert(client, n));
    }
    while let Some(done) = queries.join_next().await {
        done??;
    }
    println!("{QUERIES} inserts in {:?}", start.elapsed());

    let start = Instant::now();
    let mut naps = JoinSet::new();
    for client in clients {
        naps.spawn(async move { client.query_one("select pg_sleep(0.5)", &[]).await });
    }
    while let Some(done) = naps.join_next().await {
        done??;
    }
    println!(
        "{CONNECTIONS} queries of half a second each in {:?}",
        start.elapsed()
    );

    let row = first
        .query_one("select count(*), sum(square)::int8 from squares", &[])
        .await?;
    let (count, sum): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
    println!("{count} squares, their sum is {sum}");
    Ok(())
}

/// A client, whose connection is a task of its own.
async fn connect(address: &str, user: &str) -> Result<Client, Failure> {
    let mut config = Config::new();
    config.user(user).dbname("postgres");
    if address.starts_with('/') {
        let (client, connection) = config
            .connect_raw(UnixStream::connect(address).await?, NoTls)
            .await?;
        heist::spawn(connection);
        Ok(client)
    } else {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (client, connection) = config.connect_raw(stream, NoTls).await?;
        heist::spawn(connection);
        Ok(client)
    }
}

/// Inserts a number with its square. Many of these share a client: their queries go out without waiting for answers.
async fn insert(client: Arc<Client>, n: i32) -> Result<(), tokio_postgres::Error> {
    let square = i64::from(n) * i64::from(n);
    client
        .execute("insert into squares values ($1, $2)", &[&n, &square])
        .await?;
    Ok(())
}
