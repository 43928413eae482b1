//! Measures the rows and writes docs/BENCHMARKS.md, docs/benchmarks.tsv and docs/benchmarks.svg.
//!
//! To be run by `ci/bench-report`, which builds the programs first; the current folder is the workspace's.

use heist_benches::report::run::{Extent, Row, keep, measure, rows};
use heist_benches::report::store::{Summaries, file_name, read_samples, read_summaries, write_summaries};
use heist_benches::report::{host, picture, table};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

const USAGE: &str =
    "ci/bench-report [--quick] [--rounds N] [--rows BEGINNING]... [--resume] [--render] [--list]
  --quick    3 rounds of 100 ms instead of 5 of 250
  --rows     only rows whose name begins so, for example spawn/ or program/echo_; others keep what they have
  --resume   only rows that have not been measured at this commit yet
  --render   measures nothing: writes the page and the picture from what is stored
  --list     names the rows";

const SUMMARIES: &str = "docs/benchmarks.tsv";

#[derive(Debug)]
struct Wish {
    extent: Extent,
    beginnings: Vec<String>,
    resume: bool,
    render: bool,
    list: bool,
}

fn wish(mut arguments: impl Iterator<Item = String>) -> Result<Wish, String> {
    let extent = Extent {
        rounds: 5,
        milliseconds: 250,
    };
    let mut wish = Wish {
        extent,
        beginnings: Vec::new(),
        resume: false,
        render: false,
        list: false,
    };
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--quick" => {
                wish.extent = Extent {
                    rounds: 3,
                    milliseconds: 100,
                }
            }
            "--rounds" => {
                let number = arguments
                    .next()
                    .and_then(|number| number.parse().ok())
                    .filter(|number| *number > 0);
                wish.extent.rounds = number.ok_or(USAGE)?;
            }
            "--rows" => wish.beginnings.push(arguments.next().ok_or(USAGE)?),
            "--resume" => wish.resume = true,
            "--render" => wish.render = true,
            "--list" => wish.list = true,
            _ => return Err(USAGE.to_owned()),
        }
    }
    Ok(wish)
}

/// Where the programs are, and where samples go.
fn places() -> Result<(PathBuf, PathBuf), String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let programs = program.parent().ok_or("this program is nowhere")?.to_owned();
    let samples = programs.with_file_name("bench-report");
    fs::create_dir_all(&samples).map_err(|error| format!("{}: {error}", samples.display()))?;
    Ok((programs, samples))
}

/// Whether a row has samples of this commit.
fn is_done(path: &Path, commit: &str) -> bool {
    let samples = fs::read_to_string(path)
        .ok()
        .and_then(|text| read_samples(&text).ok());
    samples.is_some_and(|samples| samples.commit == commit)
}

/// Measures the rows; names those that failed.
fn measure_all(rows: &[Row], wish: &Wish, programs: &Path, samples: &Path) -> Result<Vec<String>, String> {
    let (date, commit, started) = (host::today(), host::commit(), Instant::now());
    let mut failed = Vec::new();
    for (number, row) in rows.iter().enumerate() {
        let path = samples.join(file_name(&row.name));
        if wish.resume && is_done(&path, &commit) {
            continue;
        }
        match measure(programs, row, wish.extent, (&date, &commit)) {
            Ok(measured) => {
                keep(&path, &measured).map_err(|error| format!("{}: {error}", path.display()))?;
                let mut summaries = stored()?;
                summaries.insert(row.name.clone(), measured.summary());
                let place = format!(
                    "{:3}/{} {:4} s",
                    number + 1,
                    rows.len(),
                    started.elapsed().as_secs()
                );
                for entry in table::entries(&summaries)
                    .iter()
                    .filter(|entry| entry.line.row == row.name)
                {
                    println!(
                        "{place}  {:6}  {}",
                        table::digits(entry.ahead[1]),
                        entry.line.title
                    );
                }
                write(SUMMARIES, &write_summaries(&summaries))?;
            }
            Err(error) => failed.push(error),
        }
    }
    Ok(failed)
}

fn stored() -> Result<Summaries, String> {
    match fs::read_to_string(SUMMARIES) {
        Ok(text) => read_summaries(&text),
        Err(_) => Ok(Summaries::new()),
    }
}

fn write(path: &str, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| format!("{path}: {error}"))
}

fn render(known: &[Row]) -> Result<(), String> {
    let mut summaries = stored()?;
    summaries.retain(|name, _| known.iter().any(|row| row.name == *name));
    write(SUMMARIES, &write_summaries(&summaries))?;
    let host = host::Host::here();
    write("docs/BENCHMARKS.md", &table::page(&summaries, &host))?;
    let title = format!("heist against tokio {}: how many times as good", host.tokio);
    write(
        "docs/benchmarks.svg",
        &picture::picture(&table::entries(&summaries), &title),
    )
}

fn run() -> Result<(), String> {
    let wish = wish(std::env::args().skip(1))?;
    let (programs, samples) = places()?;
    let known = rows(&programs)?;
    let wanted = |row: &&Row| {
        wish.beginnings.is_empty()
            || wish
                .beginnings
                .iter()
                .any(|beginning| row.name.starts_with(beginning))
    };
    let rows: Vec<Row> = known.iter().filter(wanted).cloned().collect();
    if rows.is_empty() {
        return Err("no row begins so".to_owned());
    }
    if wish.list {
        rows.iter()
            .for_each(|row| println!("{}\t{}", row.name, row.arms.join(" ")));
        return Ok(());
    }
    let failed = if wish.render {
        Vec::new()
    } else {
        measure_all(&rows, &wish, &programs, &samples)?
    };
    render(&known)?;
    if failed.is_empty() {
        Ok(())
    } else {
        Err(format!("not measured:\n  {}", failed.join("\n  ")))
    }
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
