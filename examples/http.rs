//! An HTTP server on heist: `cargo run --release --example http`.
//!
//! hyper 1 does the protocol, HTTP/1.1 and HTTP/2 over clear text; heist runs it through its own
//! `hyper::rt` types. Everything but `rt` is the same source as `http_tokio`.

mod http_server;
#[path = "rt/heist.rs"]
mod rt;

fn main() -> std::process::ExitCode {
    http_server::main()
}
