//! The client of the server of lines: many connections at once, pipelined lines, lines that are refused.
//!
//! `lines-client ADDRESS` checks every answer and fails on a wrong one.

use std::error::Error;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt, TryStreamExt, stream};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::codec::{Framed, LinesCodec};

type Failure = Box<dyn Error + Send + Sync>;
type Lines = Framed<TcpStream, LinesCodec>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let address = std::env::args().nth(1).ok_or("usage: lines-client ADDRESS")?;
    timeout(Duration::from_secs(60), check(&address)).await??;
    println!("all done");
    Ok(())
}

async fn check(address: &str) -> Result<(), Failure> {
    let mut tasks = JoinSet::new();
    for n in 0..50 {
        let lines = connect(address).await?;
        tasks.spawn(add(lines, n));
    }
    while let Some(checked) = tasks.join_next().await {
        checked??;
    }
    let mut lines = connect(address).await?;
    for (line, wanted) in [
        ("get everybody", "122500"),
        ("get nobody", "none"),
        ("add one", "error: what?"),
        ("add a b", "error: invalid digit found in string"),
        ("add after 1", "1"),
    ] {
        lines.send(line).await?;
        equal(line, next(&mut lines).await?, wanted.to_owned())?;
    }
    half_closed(lines).await?;

    let mut lines = connect(address).await?;
    lines.send("x".repeat(1000)).await?;
    equal(
        "a long line",
        next(&mut lines).await?,
        "error: too long".to_owned(),
    )?;
    equal("behind it", lines.next().await.is_none(), true)
}

async fn connect(address: &str) -> Result<Lines, Failure> {
    Ok(Framed::new(TcpStream::connect(address).await?, LinesCodec::new()))
}

fn equal<T: PartialEq + std::fmt::Debug>(what: &str, got: T, wanted: T) -> Result<(), Failure> {
    if got == wanted {
        return Ok(());
    }
    Err(format!("{what}: wanted {wanted:?}, got {got:?}").into())
}

async fn next(lines: &mut Lines) -> Result<String, Failure> {
    Ok(lines.next().await.ok_or("the server hung up")??)
}

/// Sends 100 lines before it reads an answer. The sum of its own name grows line by line.
async fn add(mut lines: Lines, n: i64) -> Result<(), Failure> {
    let given: Vec<String> = (0..100)
        .flat_map(|_| [format!("add task{n} 1"), format!("add everybody {n}")])
        .collect();
    lines.send_all(&mut stream::iter(given).map(Ok)).await?;
    for k in 1..=100 {
        equal("add", next(&mut lines).await?, k.to_string())?;
        next(&mut lines).await?.parse::<i64>()?;
    }
    Ok(())
}

/// What was asked before the end of the asking is answered, then the server hangs up.
async fn half_closed(mut lines: Lines) -> Result<(), Failure> {
    for _ in 0..10 {
        lines.feed("get after").await?;
    }
    SinkExt::<&str>::flush(&mut lines).await?;
    lines.get_mut().shutdown().await?;
    let answers: Vec<String> = lines.try_collect().await?;
    equal("after the half-close", answers, vec!["1".to_owned(); 10])
}
