//! The command line of the HTTP server.

use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

pub(crate) const HELP: &str = "\
A small HTTP server: HTTP/1.1 and HTTP/2 over clear text.

  --addr IP:PORT      where to listen          (default 127.0.0.1:3000; port 0 takes a free one)
  --workers N         worker threads           (default: one for each processor)
  --shutdown-secs N   how long Ctrl-C waits for requests in flight  (default 10)
  --help              this text
";

/// What the command line asks for.
pub(crate) enum Command {
    Help,
    Serve(Flags),
}

/// The settings of the server.
pub(crate) struct Flags {
    pub(crate) address: SocketAddr,
    pub(crate) workers: Option<usize>,
    pub(crate) shutdown: Duration,
}

/// Reads the arguments after the program's name.
///
/// # Errors
///
/// A message for the user if a flag is unknown, has no value, or has a value that makes no sense.
pub(crate) fn parse(arguments: impl Iterator<Item = String>) -> Result<Command, String> {
    let address = SocketAddr::from(([127, 0, 0, 1], 3000));
    let mut flags = Flags {
        address,
        workers: None,
        shutdown: Duration::from_secs(10),
    };
    let mut arguments = arguments;
    while let Some(argument) = arguments.next() {
        let (name, value) = match argument.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (argument.as_str(), None),
        };
        let mut value = || {
            value
                .clone()
                .or_else(|| arguments.next())
                .ok_or(format!("{name} needs a value."))
        };
        match name {
            "--help" | "-h" => return Ok(Command::Help),
            "--addr" => flags.address = read(name, &value()?, "an address such as 127.0.0.1:3000")?,
            "--workers" => flags.workers = Some(at_least_one(name, &value()?)?),
            "--shutdown-secs" => {
                flags.shutdown = Duration::from_secs(read(name, &value()?, "whole seconds, such as 10")?);
            }
            _ => return Err(format!("{argument} is not a flag of this server.")),
        }
    }
    Ok(Command::Serve(flags))
}

fn read<T: FromStr>(name: &str, value: &str, wanted: &str) -> Result<T, String> {
    value
        .parse()
        .map_err(|_| format!("{name} takes {wanted}, not {value:?}."))
}

fn at_least_one(name: &str, value: &str) -> Result<usize, String> {
    let wanted = "a number of threads from 1 to 1024";
    let count: usize = read(name, value, wanted)?;
    if (1..=1024).contains(&count) {
        Ok(count)
    } else {
        Err(format!("{name} takes {wanted}, not {value}."))
    }
}
