//! What a process has used so far, from Linux's /proc.

use std::fs;
use std::io;
use std::ops::Sub;

/// Sums over the threads of a process.
#[derive(Default)]
pub(crate) struct Usage {
    pub(crate) cpu_ns: f64,
    pub(crate) voluntary: f64,
    pub(crate) involuntary: f64,
}

impl Sub for Usage {
    type Output = Usage;

    fn sub(self, before: Usage) -> Usage {
        Usage {
            cpu_ns: self.cpu_ns - before.cpu_ns,
            voluntary: self.voluntary - before.voluntary,
            involuntary: self.involuntary - before.involuntary,
        }
    }
}

/// The number that follows `key` in `text`.
fn after(text: &str, key: &str) -> f64 {
    text.lines()
        .find_map(|line| line.strip_prefix(key))
        .and_then(|rest| rest.split_whitespace().next())
        .and_then(|number| number.parse().ok())
        .unwrap_or(0.0)
}

/// What the threads of process `id` have used.
pub(crate) fn of(id: u32) -> io::Result<Usage> {
    let mut sum = Usage::default();
    for thread in fs::read_dir(format!("/proc/{id}/task"))? {
        let thread = thread?.path();
        let status = fs::read_to_string(thread.join("status"))?;
        let run = fs::read_to_string(thread.join("schedstat"))?;
        sum.cpu_ns += after(&run, "");
        sum.voluntary += after(&status, "voluntary_ctxt_switches:");
        sum.involuntary += after(&status, "nonvoluntary_ctxt_switches:");
    }
    Ok(sum)
}

/// The resident bytes of process `id`.
pub(crate) fn resident(id: u32) -> io::Result<u64> {
    let text = fs::read_to_string(format!("/proc/{id}/smaps_rollup"))?;
    Ok(after(&text, "Rss:") as u64 * 1024)
}
