//! The files between measuring and reporting.
//!
//! ```text
//!  a row's samples, under target/:   # date ⇥ commit
//!                                    round ⇥ arm ⇥ figure=value ⇥ figure=value …
//!  docs/benchmarks.tsv:              row ⇥ date ⇥ commit ⇥ rounds ⇥ arm ⇥ figure=value …
//!                                    row ⇥ date ⇥ commit ⇥ rounds ⇥ ratio ⇥ figure=low,middle,high …
//! ```

use super::summary::{Figures, Samples, Summary};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What stands in place of the arm in the lines of ratios.
const RATIO: &str = "ratio";

/// Summaries of rows.
pub type Summaries = BTreeMap<String, Summary>;

/// The name of the file with a row's samples.
pub fn file_name(row: &str) -> String {
    format!("{}.tsv", row.replace('/', "."))
}

fn write_figures(figures: &Figures) -> String {
    figures.iter().fold(String::new(), |mut text, (name, value)| {
        write!(text, "\t{name}={}", short(*value)).expect("a string takes it");
        text
    })
}

/// Six significant digits.
fn short(value: f64) -> String {
    let rounded: f64 = format!("{value:.5e}").parse().expect("it was a number");
    format!("{rounded}")
}

fn read_pair(text: &str) -> Result<(&str, &str), String> {
    text.split_once('=')
        .ok_or_else(|| format!("{text:?} is not name=value"))
}

fn number(text: &str) -> Result<f64, String> {
    text.parse().map_err(|_| format!("{text:?} is not a number"))
}

fn read_figures<'a>(words: impl Iterator<Item = &'a str>) -> Result<Figures, String> {
    let pairs = words.map(|word| {
        let (name, value) = read_pair(word)?;
        Ok((name.to_owned(), number(value)?))
    });
    pairs.collect()
}

/// What a measuring program printed: a name, a tab, a value a line.
///
/// # Errors
/// Says which line is something else.
pub fn read_output(text: &str) -> Result<Figures, String> {
    let pairs = text.lines().map(|line| {
        let (name, value) = line
            .split_once('\t')
            .ok_or_else(|| format!("{line:?} is not a figure"))?;
        Ok((name.to_owned(), number(value)?))
    });
    pairs.collect()
}

/// Samples as a file's text.
pub fn write_samples(samples: &Samples) -> String {
    let mut text = format!("# {}\t{}\n", samples.date, samples.commit);
    for (round, arms) in samples.rounds.iter().enumerate() {
        for (arm, figures) in arms {
            writeln!(text, "{round}\t{arm}{}", write_figures(figures)).expect("a string takes it");
        }
    }
    text
}

/// Samples from a file's text.
///
/// # Errors
/// Says what is wrong with the text.
pub fn read_samples(text: &str) -> Result<Samples, String> {
    let mut lines = text.lines();
    let head = lines.next().and_then(|line| line.strip_prefix("# "));
    let (date, commit) = head
        .and_then(|head| head.split_once('\t'))
        .ok_or("no date and commit")?;
    let mut samples = Samples {
        date: date.to_owned(),
        commit: commit.to_owned(),
        rounds: Vec::new(),
    };
    for line in lines {
        let mut words = line.split('\t');
        let (Some(round), Some(arm)) = (words.next(), words.next()) else {
            return Err(format!("{line:?} is not a sample"));
        };
        let round: usize = round.parse().map_err(|_| format!("{round:?} is not a round"))?;
        if round >= samples.rounds.len() {
            samples.rounds.resize_with(round + 1, BTreeMap::new);
        }
        samples.rounds[round].insert(arm.to_owned(), read_figures(words)?);
    }
    Ok(samples)
}

/// Summaries as a file's text.
pub fn write_summaries(summaries: &Summaries) -> String {
    let mut text = String::new();
    for (row, summary) in summaries {
        let head = format!("{row}\t{}\t{}\t{}", summary.date, summary.commit, summary.rounds);
        for (arm, figures) in &summary.arms {
            writeln!(text, "{head}\t{arm}{}", write_figures(figures)).expect("a string takes it");
        }
        let ratios = summary
            .ratios
            .iter()
            .fold(String::new(), |mut text, (name, quartiles)| {
                let [low, middle, high] = quartiles.map(short);
                write!(text, "\t{name}={low},{middle},{high}").expect("a string takes it");
                text
            });
        writeln!(text, "{head}\t{RATIO}{ratios}").expect("a string takes it");
    }
    text
}

fn read_quartiles(text: &str) -> Result<[f64; 3], String> {
    let values = text.split(',').map(number).collect::<Result<Vec<_>, _>>()?;
    values
        .try_into()
        .map_err(|_| format!("{text:?} is not three numbers"))
}

/// Summaries from a file's text.
///
/// # Errors
/// Says what is wrong with the text.
pub fn read_summaries(text: &str) -> Result<Summaries, String> {
    let mut summaries = Summaries::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split('\t').collect();
        let [row, date, commit, rounds, arm, figures @ ..] = &words[..] else {
            return Err(format!("{line:?} is not a summary"));
        };
        let summary = summaries.entry((*row).to_owned()).or_default();
        summary.date = (*date).to_owned();
        summary.commit = (*commit).to_owned();
        summary.rounds = rounds
            .parse()
            .map_err(|_| format!("{rounds:?} is not a number of rounds"))?;
        if *arm == RATIO {
            for word in figures {
                let (name, value) = read_pair(word)?;
                summary.ratios.insert(name.to_owned(), read_quartiles(value)?);
            }
        } else {
            summary
                .arms
                .insert((*arm).to_owned(), read_figures(figures.iter().copied())?);
        }
    }
    Ok(summaries)
}
