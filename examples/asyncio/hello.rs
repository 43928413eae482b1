//! asyncio's first program: a sleep between two lines. `cargo run --example asyncio_hello`; in Python: `hello.py`.

use heist::time::{Duration, sleep};

#[heist::main]
async fn main() {
    println!("Hello ...");
    sleep(Duration::from_secs(1)).await;
    println!("... World!");
}
