//! Measures one arm of one row of the report, in a process of its own, and prints a figure a line: name, tab, value.
//!
//! `measure list` names all rows; `measure row spawn/chained_spawn heist` measures one. Rows whose file is `program` are
//! not loops that a bench repeats but programs: with a server and its load, with hundreds of thousands of tasks, idle.

mod inside;
mod load;
mod outside;
mod rows;
mod server;

use std::process::ExitCode;
use std::time::Duration;

const USAGE: &str = "measure list
measure row ROW heist|tokio|smol [MILLISECONDS]";

/// The rows that are programs, and how many times as long as a bench each has to run.
const PROGRAMS: [(&str, u32); 8] = [
    ("program/echo_1", 3),
    ("program/echo_64", 3),
    ("program/echo_512", 3),
    ("program/echo_stuck", 5),
    ("program/idle", 8),
    ("program/connection_memory", 1),
    ("program/task_memory", 1),
    ("program/sleep_lateness", 1),
];

fn program(row: &str, arm: &str, length: Duration) -> Result<outside::Figures, String> {
    let (_, times) = PROGRAMS
        .iter()
        .find(|(name, _)| *name == row)
        .ok_or("no such row")?;
    let length = length * *times;
    match row {
        "program/echo_1" => outside::echo(arm, 1, length),
        "program/echo_64" => outside::echo(arm, 64, length),
        "program/echo_512" => outside::echo(arm, 512, length),
        "program/echo_stuck" => outside::stuck(arm, length),
        "program/idle" => outside::idle(arm, length),
        "program/connection_memory" => outside::connection_memory(arm),
        "program/task_memory" => inside::task_memory(arm),
        _ => inside::lateness(arm),
    }
}

fn list() {
    rows::list();
    for (row, _) in PROGRAMS {
        println!("{row}\theist tokio smol");
    }
}

fn run(words: &[&str]) -> Result<outside::Figures, String> {
    let length = match words.get(3).map(|text| text.parse()) {
        None => Duration::from_millis(250),
        Some(Ok(number)) => Duration::from_millis(number),
        Some(Err(_)) => return Err(USAGE.to_owned()),
    };
    match words {
        ["list"] => list(),
        ["row", row, arm, ..] if row.starts_with("program/") => return program(row, arm, length),
        ["row", row, arm, ..] => return rows::measure(row, arm, length),
        ["serve", arm, company, workers] => server::serve(arm, company, workers.parse().map_err(|_| USAGE)?)?,
        _ => return Err(USAGE.to_owned()),
    }
    Ok(Vec::new())
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&words) {
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
