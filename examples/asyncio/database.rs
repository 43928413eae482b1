//! A hundred queries at once to SQLite, whose library blocks: each on a thread.
//! `cargo run --example asyncio_database`; in Python: `database.py`. For a database that is asked over a socket: `postgres`.

use heist::aio::{gather, to_thread};
use rusqlite::Connection;
use std::error::Error;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

type Failure = Box<dyn Error + Send + Sync>;

#[heist::main]
async fn main() -> Result<(), Failure> {
    let path = std::env::temp_dir().join(format!("heist-squares-{}.db", std::process::id()));
    let answer = ask(path.clone()).await;
    heist::fs::remove_file(path).await?;
    let (queries, sum) = answer?;
    println!("{queries} queries at once, the sum of the squares is {sum}");
    Ok(())
}

async fn ask(path: PathBuf) -> Result<(usize, i64), Failure> {
    let to_fill = path.clone();
    to_thread(move || fill(&to_fill)).await??;
    let mut queries = Vec::new();
    for first in (1..=1000).step_by(10) {
        let path = path.clone();
        queries.push(async move {
            let sum = to_thread(move || sum_of(&path, first..=first + 9)).await??;
            Ok::<_, Failure>(sum)
        });
    }
    let sums = gather(queries).await?;
    Ok((sums.len(), sums.iter().sum()))
}

fn fill(path: &Path) -> rusqlite::Result<()> {
    let mut database = Connection::open(path)?;
    let filling = database.transaction()?;
    filling.execute("create table squares (n integer primary key, square integer)", [])?;
    for n in 1_i64..=1000 {
        filling.execute("insert into squares values (?, ?)", [n, n * n])?;
    }
    filling.commit()
}

fn sum_of(path: &Path, range: RangeInclusive<i64>) -> rusqlite::Result<i64> {
    Connection::open(path)?.query_row(
        "select sum(square) from squares where n between ? and ?",
        [range.start(), range.end()],
        |row| row.get(0),
    )
}
