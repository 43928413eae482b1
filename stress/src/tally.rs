//! What has happened since the program began: for the summary, which shows that each kind of traffic occurs, and for the
//! watchdog, to which all of it is progress.

use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! tally {
    ($($name:ident: $text:literal,)*) => {
        /// A kind of thing that happens.
        #[derive(Clone, Copy, Debug)]
        #[allow(non_camel_case_types, reason = "they read as the texts beside them")]
        pub(crate) enum Event { $($name),* }

        const TEXTS: &[&str] = &[$($text),*];
        static COUNTS: [AtomicU64; TEXTS.len()] = [const { AtomicU64::new(0) }; TEXTS.len()];
    };
}

tally! {
    tasks: "tasks spawned",
    outputs: "ended with their output",
    panics: "panicked",
    cancels: "cancelled",
    polls: "polls of them",
    rings: "wakes by hand",
    stale: "wakes of whoever it was",
    closures: "closures on the blocking pool",
    closures_unrun: "of them cancelled",
    in_place: "blocks in place",
    messages: "messages",
    timers: "sleeps that ended",
    timeouts: "timeouts that fired",
    bytes: "bytes over sockets and pipes",
    connections: "connections",
    datagrams: "datagrams",
    locks: "locks and permits",
    sets: "join sets",
    locals: "local tasks",
    files: "files",
    runtimes: "runtimes",
    shutdowns: "of them shut down in the middle",
}

/// Counts one.
pub(crate) fn count(event: Event) {
    count_many(event, 1);
}

/// Counts several.
pub(crate) fn count_many(event: Event, number: u64) {
    COUNTS[event as usize].fetch_add(number, Ordering::Relaxed);
}

/// The sum of all that brings an end nearer: if it stands still, so does the program. A task that nobody aborts can be polled,
/// and whoever it was woken, for ever.
pub(crate) fn progress() -> u64 {
    let all: u64 = COUNTS.iter().map(|count| count.load(Ordering::Relaxed)).sum();
    let endless = [Event::polls, Event::stale].map(|event| COUNTS[event as usize].load(Ordering::Relaxed));
    all.wrapping_sub(endless.iter().sum())
}

/// All counts as text, and how many kinds have not happened at all.
pub(crate) fn summary() -> (String, usize) {
    let counts = COUNTS.iter().map(|count| count.load(Ordering::Relaxed));
    let texts: Vec<String> = counts
        .clone()
        .zip(TEXTS)
        .map(|(count, text)| format!("{count} {text}"))
        .collect();
    (texts.join(", "), counts.filter(|count| *count == 0).count())
}
