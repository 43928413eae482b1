//! Asks the system's resolver, all names at once: `cargo run --example lookup -- localhost 127.0.0.1 example.org`.
//!
//! Prints a line for each name and ends with 1 if one has no address.

use heist::net::lookup_host;
use heist::task::JoinSet;
use std::collections::BTreeSet;
use std::process::ExitCode;

#[heist::main]
async fn main() -> ExitCode {
    let mut lookups = JoinSet::new();
    for name in std::env::args().skip(1) {
        lookups.spawn(async move {
            // A lookup is of a host and a port; the port comes back as it was.
            let addresses = lookup_host((name.as_str(), 0)).await?;
            let addresses: BTreeSet<_> = addresses.map(|address| address.ip().to_string()).collect();
            let addresses = Vec::from_iter(addresses).join(" ");
            println!("{name}: {addresses}");
            Ok::<_, heist::io::Error>(())
        });
    }
    let mut status = ExitCode::SUCCESS;
    for found in lookups.join_all().await {
        if let Err(error) = found {
            eprintln!("{error}");
            status = ExitCode::FAILURE;
        }
    }
    status
}
