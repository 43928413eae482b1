//! Measures one arm of one row of the report, in a process of its own, and prints a figure a line: name, tab, value.
//!
//! `measure list` names the rows of the benchmarks; `measure row spawn/chained_spawn heist` is one of them.

mod rows;

use std::process::ExitCode;
use std::time::Duration;

const USAGE: &str = "measure list
measure row ROW heist|tokio|smol [MILLISECONDS]";

fn milliseconds(text: Option<&String>, default: u64) -> Result<Duration, String> {
    let number = text.map_or(Ok(default), |text| {
        text.parse().map_err(|_| format!("{text}: not milliseconds"))
    });
    number.map(Duration::from_millis)
}

fn run(arguments: &[String]) -> Result<Vec<(&'static str, f64)>, String> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["list"] => {
            rows::list();
            Ok(Vec::new())
        }
        ["row", id, arm, ..] => rows::measure(id, arm, milliseconds(arguments.get(3), 250)?),
        _ => Err(USAGE.to_owned()),
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(figures) => {
            for (name, value) in figures {
                println!("{name}\t{value}");
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}
