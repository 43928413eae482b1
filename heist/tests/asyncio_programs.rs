//! Programs of examples/asyncio/ on a stopped clock, so that what they take is exact and costs no time.
//!
//! Absent on purpose: what they print. That is compared with Python in the tests of heist-examples.

#![cfg(feature = "test-util")]

use std::time::Duration;

#[allow(dead_code, reason = "its `main` is for `cargo run`")]
#[path = "../../examples/asyncio/say_after.rs"]
mod say_after;

#[heist::test(start_paused = true)]
async fn say_after_in_sequence_takes_three_seconds() {
    assert_eq!(say_after::in_sequence().await, Duration::from_secs(3));
}

#[heist::test(start_paused = true)]
async fn say_after_at_once_takes_two_seconds() {
    assert_eq!(say_after::at_once().await.unwrap(), Duration::from_secs(2));
}
