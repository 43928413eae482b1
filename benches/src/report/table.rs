//! docs/BENCHMARKS.md: what was lost first, then what falls short, then what reached its target.

use super::host::Host;
use super::plan::{Line, Target, Unit, lines_of, topic_of, topic_title};
use super::store::Summaries;
use super::summary::{Summary, Verdict, geometric_mean};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// A line with what was measured for it.
#[derive(Debug)]
pub struct Entry<'a> {
    /// The line.
    pub line: Line,
    /// Its row's figures.
    pub summary: &'a Summary,
    /// Lower quartile, median, upper quartile of how far heist is ahead.
    pub ahead: [f64; 3],
    /// What it has come to.
    pub verdict: Verdict,
}

/// All lines of which there is a figure, by topic and by name.
pub fn entries(summaries: &Summaries) -> Vec<Entry<'_>> {
    let mut all = Vec::new();
    for (row, summary) in summaries {
        for line in lines_of(row) {
            if let (Some(ahead), Some(verdict)) = (summary.ahead(&line), summary.verdict(&line)) {
                all.push(Entry {
                    line,
                    summary,
                    ahead,
                    verdict,
                });
            }
        }
    }
    all.sort_by_key(|entry| topic_of(&entry.line.row));
    all
}

/// A figure with its unit, in three digits.
pub fn with_unit(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Nanoseconds if value >= 1e6 => format!("{} ms", digits(value / 1e6)),
        Unit::Nanoseconds if value >= 1e4 => format!("{} µs", digits(value / 1e3)),
        Unit::Nanoseconds => format!("{} ns", digits(value)),
        Unit::Microseconds if value >= 1e4 => format!("{} ms", digits(value / 1e3)),
        Unit::Microseconds => format!("{} µs", digits(value)),
        Unit::PerSecond if value >= 1e4 => format!("{} k/s", digits(value / 1e3)),
        Unit::PerSecond => format!("{}/s", digits(value)),
        Unit::Bytes => format!("{} B", digits(value)),
        Unit::Number => digits(value),
    }
}

/// Three digits, or as many as stand before the point.
pub fn digits(value: f64) -> String {
    match value.abs() {
        size if !size.is_finite() => "∞".to_owned(),
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 1.0 => format!("{value:.2}"),
        0.0 => "0".to_owned(),
        size if size >= 0.001 => format!("{value:.3}"),
        _ => "<0.001".to_owned(),
    }
}

fn target(line: &Line) -> String {
    match line.target {
        Target::Ratio(ratio) => format!("{ratio:.1}×"),
        Target::AtMost(most) => format!("≤ {}", with_unit(most, line.unit)),
    }
}

fn value(entry: &Entry<'_>, arm: &str) -> String {
    let value = entry.summary.figure(arm, entry.line.figure);
    value.map_or_else(|| "–".to_owned(), |value| with_unit(value, entry.line.unit))
}

/// A figure beside the main one, heist's and tokio's.
fn beside(entry: &Entry<'_>, name: &str, unit: Unit) -> String {
    let both = (
        entry.summary.figure("heist", name),
        entry.summary.figure("tokio", name),
    );
    match both {
        (Some(heist), Some(tokio)) => format!("{} / {}", with_unit(heist, unit), with_unit(tokio, unit)),
        _ => "–".to_owned(),
    }
}

fn write_row(out: &mut String, entry: &Entry<'_>) {
    let [low, ratio, high] = entry.ahead.map(digits);
    let cells = [
        entry.line.title.clone(),
        target(&entry.line),
        value(entry, "heist"),
        value(entry, "tokio"),
        value(entry, "smol"),
        format!("**{ratio}**"),
        format!("{low} – {high}"),
        beside(entry, "cpu_ns", Unit::Nanoseconds),
        beside(entry, "switches", Unit::Number),
        beside(entry, "fairness", Unit::Number),
    ];
    writeln!(out, "| {} |", cells.join(" | ")).expect("a string takes it");
}

const COLUMNS: &str =
    "| | target | heist | tokio | smol | ratio | quartiles | CPU time | switches | fairness |
|---|---|---|---|---|---|---|---|---|---|
";

fn write_part(out: &mut String, title: &str, entries: &[Entry<'_>], verdict: Verdict) {
    let mut part: Vec<_> = entries.iter().filter(|entry| entry.verdict == verdict).collect();
    if verdict == Verdict::Behind {
        part.sort_by(|one, other| one.ahead[1].total_cmp(&other.ahead[1]));
        write!(out, "\n## {title}\n\n").expect("a string takes it");
        match part.len() {
            0 => out.push_str("None.\n"),
            _ => out.push_str(COLUMNS),
        }
        part.iter().for_each(|entry| write_row(out, entry));
        return;
    }
    write!(out, "\n## {title}\n").expect("a string takes it");
    let mut topic = None;
    for entry in part {
        let its = topic_of(&entry.line.row);
        if topic.replace(its) != Some(its) {
            write!(out, "\n**{}**\n\n{COLUMNS}", topic_title(its)).expect("a string takes it");
        }
        write_row(out, entry);
    }
}

/// A figure that is made of several rows.
struct Derived {
    what: &'static str,
    target: &'static str,
    heist: f64,
    tokio: Option<f64>,
    reached: bool,
}

fn derived(summaries: &Summaries, entries: &[Entry<'_>]) -> Vec<Derived> {
    let mut all = Vec::new();
    let sync: Vec<f64> = entries
        .iter()
        .filter(|entry| entry.line.row.starts_with("sync_"))
        .map(|entry| entry.ahead[1])
        .collect();
    if !sync.is_empty() {
        let mean = geometric_mean(&sync);
        all.push(Derived {
            what: "channels and locks: geometric mean of the ratios",
            target: "≥ 1.2",
            heist: mean,
            tokio: None,
            reached: mean >= 1.2,
        });
    }
    let quotient = |arm: &str, above: &str, below: &str| {
        let figure = |row: &str| summaries.get(row)?.figure(arm, "ns");
        Some(figure(above)? / figure(below)?)
    };
    let quotients = [
        (
            "`block_on`'s own future by a task: ping-pong",
            "ping_pong_in_block_on",
            "ping_pong_in_task",
            "≤ 1.2",
        ),
        (
            "`block_on`'s own future by a task: request and reply",
            "request_reply_in_block_on",
            "request_reply_in_task",
            "≤ 1.2",
        ),
    ];
    for (what, above, below, target) in quotients {
        let [above, below] = [above, below].map(|name| format!("block_on/{name}"));
        if let Some(heist) = quotient("heist", &above, &below) {
            let tokio = quotient("tokio", &above, &below);
            all.push(Derived {
                what,
                target,
                heist,
                tokio,
                reached: heist <= 1.2,
            });
        }
    }
    let timeouts = ["timer/timeout_in_many_tasks@8", "timer/timeout_in_many_tasks@1"];
    if let Some(heist) = quotient("heist", timeouts[0], timeouts[1]) {
        all.push(Derived {
            what: "timeouts in many tasks: time with 8 workers by time with 1",
            target: "flat: ≤ 1.2",
            heist,
            tokio: quotient("tokio", timeouts[0], timeouts[1]),
            reached: heist <= 1.2,
        });
    }
    all
}

fn write_derived(out: &mut String, derived: &[Derived]) {
    if derived.is_empty() {
        return;
    }
    out.push_str(
        "\n## Made of several rows\n\n| | target | heist | tokio | reached |\n|---|---|---|---|---|\n",
    );
    for Derived {
        what,
        target,
        heist,
        tokio,
        reached,
    } in derived
    {
        let tokio = tokio.map_or_else(|| "–".to_owned(), digits);
        let reached = if *reached { "yes" } else { "no" };
        writeln!(
            out,
            "| {what} | {target} | {} | {tokio} | {reached} |",
            digits(*heist)
        )
        .expect("a string takes it");
    }
}

fn write_allocations(out: &mut String, summaries: &Summaries) {
    let Some(summary) = summaries.get("allocations") else {
        return;
    };
    let (Some(heist), Some(tokio)) = (summary.arms.get("heist"), summary.arms.get("tokio")) else {
        return;
    };
    out.push_str("\n## Allocations of one operation\n\nIn a runtime that has done as many before.\n\n");
    out.push_str("| | heist | bytes | tokio | bytes |\n|---|---|---|---|---|\n");
    for name in heist.keys().filter(|name| !name.ends_with("_bytes")) {
        let figures = |arm: &super::summary::Figures| {
            let figure = |name: &str| arm.get(name).copied().map_or_else(|| "–".to_owned(), digits);
            format!("{} | {}", figure(name), figure(&format!("{name}_bytes")))
        };
        writeln!(out, "| {name} | {} | {} |", figures(heist), figures(tokio)).expect("a string takes it");
    }
}

fn count(entries: &[Entry<'_>], verdict: Verdict) -> usize {
    entries.iter().filter(|entry| entry.verdict == verdict).count()
}

fn write_head(out: &mut String, summaries: &Summaries, entries: &[Entry<'_>], host: &Host) {
    let both = |of: fn(&Summary) -> &str| {
        let all: BTreeSet<&str> = summaries.values().map(of).collect();
        all.into_iter().collect::<Vec<_>>().join(", ")
    };
    let rounds = summaries.values().map(|summary| summary.rounds);
    let rounds = (rounds.clone().min().unwrap_or(0), rounds.max().unwrap_or(0));
    let rounds = if rounds.0 == rounds.1 {
        rounds.0.to_string()
    } else {
        format!("{} to {}", rounds.0, rounds.1)
    };
    let [behind, short, reached] =
        [Verdict::Behind, Verdict::Short, Verdict::Reached].map(|verdict| count(entries, verdict));
    let text = include_str!("head.md")
        .replace("{behind}", &behind.to_string())
        .replace("{short}", &short.to_string())
        .replace("{reached}", &reached.to_string())
        .replace("{rounds}", &rounds)
        .replace("{dates}", &both(|summary| &summary.date))
        .replace("{commits}", &both(|summary| &summary.commit))
        .replace("{machine}", &host.machine)
        .replace("{kernel}", &host.kernel)
        .replace("{rustc}", &host.rustc)
        .replace("{tokio}", &host.tokio)
        .replace("{smol}", &host.smol);
    out.push_str(&text);
}

/// The whole page.
pub fn page(summaries: &Summaries, host: &Host) -> String {
    let entries = entries(summaries);
    let mut out = String::new();
    write_head(&mut out, summaries, &entries, host);
    write_part(&mut out, "Behind tokio", &entries, Verdict::Behind);
    write_derived(&mut out, &derived(summaries, &entries));
    write_part(
        &mut out,
        "Ahead of tokio, target not reached",
        &entries,
        Verdict::Short,
    );
    write_part(&mut out, "Target reached", &entries, Verdict::Reached);
    write_allocations(&mut out, summaries);
    out
}
