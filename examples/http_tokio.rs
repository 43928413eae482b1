//! The server of `http` on tokio, to compare with: `cargo run --release --example http_tokio`.

mod http_server;
#[path = "rt/tokio.rs"]
mod rt;

fn main() -> std::process::ExitCode {
    http_server::main()
}
