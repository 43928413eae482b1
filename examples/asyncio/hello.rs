//! asyncio's first program: a sleep between two lines. `cargo run --example asyncio_hello`; in Python: `hello.py`.

use heist::aio::{RunError, run};
use heist::time::{Duration, sleep};

fn main() -> Result<(), RunError> {
    run(hello())
}

async fn hello() {
    println!("Hello ...");
    sleep(Duration::from_secs(1)).await;
    println!("... World!");
}
