//! What the report shows: which figures of a row, under which topic, with which target.

/// What is asked of heist.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Target {
    /// So many times as good as tokio, at least.
    Ratio(f64),
    /// So much at most, whatever tokio has.
    AtMost(f64),
}

/// How to write a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A time in nanoseconds.
    Nanoseconds,
    /// A time in microseconds.
    Microseconds,
    /// A number per second.
    PerSecond,
    /// Bytes.
    Bytes,
    /// A plain number.
    Number,
}

/// One line of the table: a figure of a row.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// The row that is measured.
    pub row: String,
    /// The name of its figure.
    pub figure: &'static str,
    /// What the table calls it.
    pub title: String,
    /// Its unit.
    pub unit: Unit,
    /// Whether more is better.
    pub more_is_better: bool,
    /// What is asked.
    pub target: Target,
}

/// Lines that ask the same.
#[derive(Debug)]
pub struct Topic {
    /// The heading.
    pub title: &'static str,
    /// What is asked of every row, if nothing else is said.
    target: Target,
    /// Beginnings of the names of its rows.
    rows: &'static [&'static str],
}

/// In the order of the report. A row belongs to the topic with the longest beginning that fits.
const TOPICS: [Topic; 14] = [
    Topic {
        title: "Spawn from a worker",
        target: Target::Ratio(1.5),
        rows: &["spawn/"],
    },
    Topic {
        title: "Spawn and wake from outside",
        target: Target::Ratio(2.0),
        rows: &["remote/"],
    },
    Topic {
        title: "Scheduler",
        target: Target::Ratio(1.2),
        rows: &["sched/"],
    },
    Topic {
        title: "Channels and locks",
        target: Target::Ratio(1.0),
        rows: &["sync_"],
    },
    Topic {
        title: "Timeouts, one task",
        target: Target::Ratio(2.0),
        rows: &["timer/timeout_in_one_task", "timer/sleep_unpolled"],
    },
    Topic {
        title: "Timeouts, many tasks",
        target: Target::Ratio(5.0),
        rows: &["timer/timeout_in_many_tasks"],
    },
    Topic {
        title: "Sleep",
        target: Target::AtMost(150.0),
        rows: &["program/sleep_lateness"],
    },
    Topic {
        title: "Blocking pool",
        target: Target::Ratio(2.0),
        rows: &["blocking/spawn_blocking"],
    },
    Topic {
        title: "TCP echo under load",
        target: Target::Ratio(1.0),
        rows: &["program/echo_"],
    },
    Topic {
        title: "TCP echo, one of two workers stuck",
        target: Target::AtMost(5000.0),
        rows: &["program/echo_stuck"],
    },
    Topic {
        title: "Memory and allocations of a task",
        target: Target::AtMost(130.0),
        rows: &["program/task_memory", "allocations"],
    },
    Topic {
        title: "Memory of a connection",
        target: Target::AtMost(600.0),
        rows: &["program/connection_memory"],
    },
    Topic {
        title: "Idle, with open connections and far timers",
        target: Target::AtMost(0.0),
        rows: &["program/idle"],
    },
    Topic {
        title: "More",
        target: Target::Ratio(1.0),
        rows: &[""],
    },
];

/// The number of a row's topic, in the order of the report.
pub fn topic_of(row: &str) -> usize {
    let fit = |topic: &Topic| {
        let beginnings = topic.rows.iter().filter(|beginning| row.starts_with(**beginning));
        beginnings.map(|beginning| beginning.len() + 1).max().unwrap_or(0)
    };
    (0..TOPICS.len())
        .max_by_key(|&number| fit(&TOPICS[number]))
        .expect("there are topics")
}

/// The heading of a topic.
pub fn topic_title(number: usize) -> &'static str {
    TOPICS[number].title
}

fn line(row: &str, figure: &'static str, what: &str, unit: Unit) -> Line {
    let title = row.strip_prefix("program/").unwrap_or(row);
    Line {
        row: row.to_owned(),
        figure,
        title: if what.is_empty() {
            title.to_owned()
        } else {
            format!("{title}: {what}")
        },
        unit,
        more_is_better: figure == "requests_per_s",
        target: TOPICS[topic_of(row)].target,
    }
}

/// The lines that a row makes.
pub fn lines_of(row: &str) -> Vec<Line> {
    match row {
        "program/echo_stuck" => vec![line(row, "p99_us", "p99", Unit::Microseconds)],
        "program/sleep_lateness" => vec![line(row, "p50_us", "p50", Unit::Microseconds)],
        "program/task_memory" | "program/connection_memory" => vec![line(row, "bytes", "", Unit::Bytes)],
        "program/idle" => vec![line(row, "wake_ups_per_s", "wake-ups", Unit::PerSecond)],
        "allocations" => {
            let count = Line {
                target: Target::AtMost(1.0),
                ..line(row, "spawn_and_join", "a spawn", Unit::Number)
            };
            vec![count]
        }
        _ if row.starts_with("program/echo_") => vec![
            line(row, "requests_per_s", "requests", Unit::PerSecond),
            line(row, "p99_us", "p99", Unit::Microseconds),
            line(row, "cpu_ns", "CPU a request", Unit::Nanoseconds),
            line(row, "switches", "switches a request", Unit::Number),
        ],
        _ => vec![line(row, "ns", "", Unit::Nanoseconds)],
    }
}
