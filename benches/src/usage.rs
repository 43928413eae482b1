//! What a process has used: processor time and context switches, its own or another's.
//!
//! From `/proc`, Linux alone; elsewhere the figures are zero. Context switches are those of the threads that are alive, so
//! threads that ended between two looks are missing from the difference.

use std::fs;
use std::time::Duration;

/// What was used so far.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// Processor time of all threads, user and system.
    pub cpu: Duration,
    /// Times that a thread gave the processor up by itself, that is, slept.
    pub voluntary: u64,
    /// Times that a thread was made to.
    pub involuntary: u64,
}

impl Usage {
    /// Of this process.
    pub fn own() -> Usage {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
        let (voluntary, involuntary) = switches("self");
        let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
        let nanoseconds = u32::try_from(time.tv_nsec).unwrap_or(0);
        Usage {
            cpu: Duration::new(seconds, nanoseconds),
            voluntary,
            involuntary,
        }
    }

    /// Of another process of the same user.
    pub fn of(process: u32) -> Usage {
        let process = process.to_string();
        let (voluntary, involuntary) = switches(&process);
        let run = threads(&process, "schedstat")
            .filter_map(|text| first_number(&text))
            .sum();
        Usage {
            cpu: Duration::from_nanos(run),
            voluntary,
            involuntary,
        }
    }

    /// What was used since an earlier look.
    pub fn since(self, earlier: Usage) -> Usage {
        Usage {
            cpu: self.cpu.saturating_sub(earlier.cpu),
            voluntary: self.voluntary.saturating_sub(earlier.voluntary),
            involuntary: self.involuntary.saturating_sub(earlier.involuntary),
        }
    }
}

/// Bytes of a process that are in memory now.
pub fn resident_bytes(process: &str) -> u64 {
    let text = fs::read_to_string(format!("/proc/{process}/smaps_rollup")).unwrap_or_default();
    field(&text, "Rss:").unwrap_or(0) * 1024
}

fn switches(process: &str) -> (u64, u64) {
    let (mut voluntary, mut involuntary) = (0, 0);
    for text in threads(process, "status") {
        voluntary += field(&text, "voluntary_ctxt_switches:").unwrap_or(0);
        involuntary += field(&text, "nonvoluntary_ctxt_switches:").unwrap_or(0);
    }
    (voluntary, involuntary)
}

/// The file of that name of each thread.
fn threads(process: &str, file: &'static str) -> impl Iterator<Item = String> {
    let tasks = fs::read_dir(format!("/proc/{process}/task"))
        .into_iter()
        .flatten()
        .flatten();
    tasks.filter_map(move |task| fs::read_to_string(task.path().join(file)).ok())
}

/// The number after a name that begins a line.
fn field(text: &str, name: &str) -> Option<u64> {
    text.lines()
        .find_map(|line| line.strip_prefix(name))
        .and_then(first_number)
}

fn first_number(text: &str) -> Option<u64> {
    text.split_whitespace().next().and_then(|word| word.parse().ok())
}
