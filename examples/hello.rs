//! Two tasks and a sleep: `cargo run --example hello`.

use std::time::Duration;

#[heist::main]
async fn main() -> Result<(), heist::task::JoinError> {
    let early = heist::spawn(greet("early", Duration::from_millis(10)));
    let late = heist::spawn(greet("late", Duration::from_millis(50)));
    println!("{} letters were said", early.await? + late.await?);
    Ok(())
}

async fn greet(name: &'static str, after: Duration) -> usize {
    heist::time::sleep(after).await;
    println!("hello from the {name} task");
    name.len()
}
