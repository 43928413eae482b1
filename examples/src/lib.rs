//! Small real programs on heist: the files beside this folder, started with `cargo run --example <name>`.
//!
//! | example | what it is |
//! |---|---|
//! | `hello` | two tasks and a sleep |
//! | `echo` | a TCP server that sends back what it gets |
//! | `http` | a hyper 1 server: HTTP/1.1 and HTTP/2, streaming, counters, a graceful end |
//! | `http_tokio` | the same source on tokio, to compare with |
//! | `http_client` | hyper's client against the server, checking every answer |

/// The README, so that its example is compiled.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
mod readme {}
