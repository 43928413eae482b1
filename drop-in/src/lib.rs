//! heist under the name tokio.
//!
//! ```text
//!   axum, reqwest, tonic, sqlx …  ──►  tokio 1.54.1, this package  ──►  heist
//!                                      (by [patch.crates-io])
//! ```
//!
//! A crate that says `tokio::spawn` or `tokio::net::TcpListener` gets heist's, without a change of its source. Two
//! things cannot be had by re-exporting alone. The features have tokio's names, in Cargo.toml. And the attributes
//! `main` and `test` expand to paths that start with `tokio`, since a crate that uses them need not know heist.
//!
//! Absent on purpose: code. What is missing here is missing in heist.

#![forbid(unsafe_code)]

pub use heist::*;

/// Runs an `async fn` on a runtime of its own: [`heist::main`] for a crate that knows only tokio.
#[cfg(feature = "macros")]
pub use heist_macros::tokio_main as main;

/// Makes an `async fn` a test that runs on a runtime of its own: [`heist::test`] for a crate that knows only tokio.
#[cfg(feature = "macros")]
pub use heist_macros::tokio_test as test;
