//! The HTTP server of the examples `http` and `http_tokio`: one source, the runtime behind `crate::rt`.
//!
//! | file | holds |
//! |---|---|
//! | flags.rs | the command line |
//! | serve.rs | accept, serve, the graceful end |
//! | routes.rs | which request gets which answer |
//! | body.rs | the bodies of the answers |
//! | stats.rs | what the server counts |
//!
//! Absent on purpose: TLS, files, and any parsing of HTTP, which is hyper's.

mod body;
mod flags;
mod routes;
mod serve;
mod stats;

use crate::rt;
use flags::{Command, Flags};
use stats::Stats;
use std::io;
use std::process::ExitCode;
use std::sync::Arc;

/// Runs the server until Ctrl-C. A bad flag exits with 2, a server that cannot start with 1.
pub(crate) fn main() -> ExitCode {
    let flags = match flags::parse(std::env::args().skip(1)) {
        Ok(Command::Help) => {
            print!("{}", flags::HELP);
            return ExitCode::SUCCESS;
        }
        Ok(Command::Serve(flags)) => flags,
        Err(message) => {
            eprintln!("{message}\nTry --help.");
            return ExitCode::from(2);
        }
    };
    match run(&flags) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn run(flags: &Flags) -> Result<(), String> {
    let runtime = rt::runtime(flags.workers)
        .map_err(|error| format!("cannot start the {} runtime: {}", rt::NAME, explain(&error)))?;
    runtime.block_on(async {
        let refused = |error| format!("cannot listen on {}: {}", flags.address, explain(&error));
        let listener = rt::TcpListener::bind(flags.address).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        println!("serving on http://{address} with {}; Ctrl-C stops it", rt::NAME);
        let stats = Arc::new(Stats::new());
        let deaf = |error| format!("cannot listen for Ctrl-C: {}", explain(&error));
        let cut = serve::serve(listener, flags.shutdown, &stats)
            .await
            .map_err(deaf)?;
        println!("{}", stats.summary(cut));
        Ok(())
    })
}

/// An error of the system with what to do about it.
fn explain(error: &io::Error) -> String {
    let remedy = match error.kind() {
        io::ErrorKind::AddrInUse => {
            "stop the server that has it, or take any free port with --addr 127.0.0.1:0"
        }
        io::ErrorKind::AddrNotAvailable => "this machine has no such address; try --addr 127.0.0.1:3000",
        io::ErrorKind::PermissionDenied => "ports below 1024 need privileges; try --addr 127.0.0.1:3000",
        _ if is_exhausted(error) => "no file descriptor is left; raise the limit, as with `ulimit -n 65536`",
        _ => return error.to_string(),
    };
    format!("{error}: {remedy}")
}

/// Whether the system lacks descriptors, buffers or memory.
fn is_exhausted(error: &io::Error) -> bool {
    // ENOMEM, ENFILE, EMFILE, ENOBUFS of Linux.
    matches!(error.raw_os_error(), Some(12 | 23 | 24 | 105))
}
