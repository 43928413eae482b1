//! Measures rows: each arm in a process of its own, the arms in turn, and turned round from one round to the next.

use super::store::{read_output, write_samples};
use super::summary::{Figures, Samples};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How long one arm may take once.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often a row is tried whose programs fail.
const TRIES: usize = 3;

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub struct Extent {
    /// Rounds of a row.
    pub rounds: usize,
    /// Milliseconds of one measurement of a bench.
    pub milliseconds: u64,
}

/// A row, and the arms that it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// Names of its arms.
    pub arms: Vec<String>,
}

/// The rows that the programs in a folder know.
///
/// # Errors
/// If a program cannot be run.
pub fn rows(programs: &Path) -> Result<Vec<Row>, String> {
    let listed = output(Command::new(programs.join("measure")).arg("list"))?;
    let mut rows: Vec<Row> = listed.lines().filter_map(read_row).collect();
    rows.extend(read_row("allocations\theist tokio"));
    Ok(rows)
}

/// A row as `measure list` writes it: name, tab, arms.
pub fn read_row(line: &str) -> Option<Row> {
    let (name, arms) = line.split_once('\t')?;
    Some(Row {
        name: name.to_owned(),
        arms: arms.split(' ').map(str::to_owned).collect(),
    })
}

/// The arms in the order of a round: every second round they are turned round, so that none is always the first.
pub fn order(arms: &[String], round: usize) -> Vec<&String> {
    if round % 2 == 0 {
        arms.iter().collect()
    } else {
        arms.iter().rev().collect()
    }
}

fn measure_once(programs: &Path, row: &str, arm: &str, extent: Extent) -> Result<Figures, String> {
    let mut command = if row == "allocations" {
        let mut command = Command::new(programs.join("allocations"));
        command.arg(arm);
        command
    } else {
        let mut command = Command::new(programs.join("measure"));
        command.args(["row", row, arm, &extent.milliseconds.to_string()]);
        command
    };
    read_output(&output(&mut command)?)
}

/// Measures a row.
///
/// # Errors
/// If one of its arms fails again and again.
pub fn measure(programs: &Path, row: &Row, extent: Extent, head: (&str, &str)) -> Result<Samples, String> {
    let (date, commit) = head;
    let mut samples = Samples {
        date: date.to_owned(),
        commit: commit.to_owned(),
        rounds: Vec::new(),
    };
    // Allocations are counted, not timed.
    let rounds = if row.name == "allocations" {
        1
    } else {
        extent.rounds
    };
    for round in 0..rounds {
        let mut arms = BTreeMap::new();
        for arm in order(&row.arms, round) {
            let mut tried = Err(String::new());
            for _ in 0..TRIES {
                tried = measure_once(programs, &row.name, arm, extent);
                match &tried {
                    Ok(_) => break,
                    Err(error) => eprintln!("{} {arm}: {error}", row.name),
                }
            }
            arms.insert(
                arm.clone(),
                tried.map_err(|error| format!("{} {arm}: {error}", row.name))?,
            );
        }
        samples.rounds.push(arms);
    }
    Ok(samples)
}

/// Writes a row's samples so that a reader finds either none or all.
///
/// # Errors
/// If a file cannot be written.
pub fn keep(path: &Path, samples: &Samples) -> std::io::Result<()> {
    let unfinished = path.with_extension("unfinished");
    std::fs::write(&unfinished, write_samples(samples))?;
    std::fs::rename(unfinished, path)
}

/// What a program prints; it is killed if it takes too long.
fn output(command: &mut Command) -> Result<String, String> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("{:?} does not start: {error}", command.get_program()))?;
    let started = Instant::now();
    let status = loop {
        match child.try_wait().map_err(|error| error.to_string())? {
            Some(status) => break status,
            None if started.elapsed() > PATIENCE => {
                child.kill().map_err(|error| error.to_string())?;
                child.wait().map_err(|error| error.to_string())?;
                return Err(format!("no end after {} s", PATIENCE.as_secs()));
            }
            None => std::thread::sleep(Duration::from_millis(10)),
        }
    };
    let (mut text, mut errors) = (String::new(), String::new());
    let read = |pipe: Option<&mut dyn Read>, text: &mut String| pipe.map(|pipe| pipe.read_to_string(text));
    let pipes = [
        read(child.stdout.as_mut().map(|pipe| pipe as &mut dyn Read), &mut text),
        read(
            child.stderr.as_mut().map(|pipe| pipe as &mut dyn Read),
            &mut errors,
        ),
    ];
    for result in pipes.into_iter().flatten() {
        result.map_err(|error| error.to_string())?;
    }
    if status.success() {
        Ok(text)
    } else {
        Err(format!("{status}: {}", errors.trim()))
    }
}
