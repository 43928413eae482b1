//! What the report says of the machine and of the versions.

use std::fs;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

/// Machine and versions.
#[derive(Clone, Debug, Default)]
pub struct Host {
    /// Processor and number of cores.
    pub machine: String,
    /// Kind and version of the system.
    pub kernel: String,
    /// The compiler's version.
    pub rustc: String,
    /// tokio's version.
    pub tokio: String,
    /// smol's version.
    pub smol: String,
}

impl Host {
    /// This machine; the current folder is the workspace.
    pub fn here() -> Host {
        let processor = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = processor.lines().find(|line| line.starts_with("model name"));
        let model = model
            .and_then(|line| line.split_once(':'))
            .map_or("unknown processor", |(_, name)| name.trim());
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        let lock = fs::read_to_string("Cargo.lock").unwrap_or_default();
        Host {
            machine: format!("{model}, {cores} cores"),
            kernel: format!("Linux {}", release.trim()),
            rustc: output("rustc", &["--version"]),
            tokio: locked_version(&lock, "tokio"),
            smol: locked_version(&lock, "smol"),
        }
    }
}

/// The version of a package in the text of Cargo.lock.
pub fn locked_version(lock: &str, package: &str) -> String {
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines().skip_while(|line| *line != name).skip(1);
    let version = lines.next().and_then(|line| line.strip_prefix("version = \""));
    version.map_or_else(
        || "?".to_owned(),
        |version| version.trim_end_matches('"').to_owned(),
    )
}

/// The commit that is checked out, with a plus if there are changes on top.
pub fn commit() -> String {
    let commit = output("git", &["rev-parse", "--short=10", "HEAD"]);
    let changes = output(
        "git",
        &[
            "status",
            "--porcelain",
            "--untracked-files=no",
            "--",
            "*.rs",
            "*.toml",
        ],
    );
    if changes.is_empty() {
        commit
    } else {
        format!("{commit}+")
    }
}

fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map_or_else(
        |_| String::new(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}

/// Today in UTC, as `2026-11-22`.
pub fn today() -> String {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    date(since / 86_400)
}

/// The date of a day, counted from 1 January 1970.
pub fn date(days: u64) -> String {
    // Years are taken to begin in March, so that the day that is sometimes missing is the last (Hinnant, "chrono-compatible
    // low-level date algorithms").
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (year, month) = if month < 10 {
        (year, month + 3)
    } else {
        (year + 1, month - 9)
    };
    format!("{:04}-{month:02}-{day:02}", year + era * 400)
}
