//! The benchmarks, all of them, in one program: the same files that criterion runs one by one.

use heist_benches::harness::Case;
use heist_benches::{Question, Routine, meter, set_workers};
use std::time::Duration;

#[path = "../../../benches/block_on.rs"]
mod block_on;
#[path = "../../../benches/blocking.rs"]
mod blocking;
#[path = "../../../benches/copy.rs"]
mod copy;
#[path = "../../../benches/fs.rs"]
mod fs;
#[path = "../../../benches/net.rs"]
mod net;
#[path = "../../../benches/remote.rs"]
mod remote;
#[path = "../../../benches/sched.rs"]
mod sched;
#[path = "../../../benches/signal.rs"]
mod signal;
#[path = "../../../benches/spawn.rs"]
mod spawn;
#[path = "../../../benches/sync_channels.rs"]
mod sync_channels;
#[path = "../../../benches/sync_locks.rs"]
mod sync_locks;
#[path = "../../../benches/timer.rs"]
mod timer;

/// File, and what it asks.
fn files() -> Vec<(&'static str, Vec<Question>)> {
    vec![
        ("spawn", spawn::questions()),
        ("remote", remote::questions()),
        ("sched", sched::questions()),
        ("block_on", block_on::questions()),
        ("timer", timer::questions()),
        ("sync_channels", sync_channels::questions()),
        ("sync_locks", sync_locks::questions()),
        ("blocking", blocking::questions()),
        ("fs", fs::questions()),
        ("copy", copy::questions()),
        ("net", net::questions()),
        ("signal", signal::questions()),
    ]
}

/// Every row and each of its arms.
fn all() -> Vec<(Case, Vec<(&'static str, Routine)>)> {
    let mut rows = Vec::new();
    for (file, questions) in files() {
        for question in questions {
            rows.extend(
                question
                    .cases(file)
                    .into_iter()
                    .map(|case| (case, question.arms.clone())),
            );
        }
    }
    rows
}

/// Prints each row and its arms.
pub(crate) fn list() {
    for (case, arms) in all() {
        let arms: Vec<_> = arms.iter().map(|(arm, _)| *arm).collect();
        println!("{}\t{}", case.id, arms.join(" "));
    }
}

/// Measures one arm of a row once.
pub(crate) fn measure(id: &str, arm: &str, length: Duration) -> Result<Vec<(&'static str, f64)>, String> {
    let (case, arms) = all()
        .into_iter()
        .find(|(case, _)| case.id == id)
        .ok_or("no such row")?;
    let (_, routine) = arms
        .into_iter()
        .find(|(name, _)| *name == arm)
        .ok_or("no such arm")?;
    set_workers(case.workers);
    Ok(meter::measure(routine, length / 4, length))
}
