//! Small trees for the self-tests of the rules: bad ones, each for one rule, and good ones.

/// Files that one rule must reject.
pub(crate) struct Sample {
    pub(crate) rule: &'static str,
    path: &'static str,
    text: String,
    /// A second file, if the rule compares two.
    beside: Option<(&'static str, &'static str)>,
}

impl Sample {
    fn new(rule: &'static str, path: &'static str, text: impl Into<String>) -> Self {
        Self {
            rule,
            path,
            text: text.into(),
            beside: None,
        }
    }

    fn beside(mut self, path: &'static str, text: &'static str) -> Self {
        self.beside = Some((path, text));
        self
    }

    pub(crate) fn files(&self) -> Vec<(&str, &str)> {
        [(self.path, self.text.as_str())]
            .into_iter()
            .chain(self.beside)
            .collect()
    }
}

const LIBRARY: &str = "executor/src/a.rs";
const MAP: &str = "docs/ARCHITECTURE.md";

/// Every bad sample.
pub(crate) fn bad() -> Vec<Sample> {
    [text(), paths(), crates()].into_iter().flatten().collect()
}

fn text() -> Vec<Sample> {
    let lines = |count: usize| "    let _ = \"{\";\n\n    // why\n".repeat(count);
    let machine = ["/ho", "me/somebody/code"].concat();
    vec![
        Sample::new("file_size", LIBRARY, "const A: u8 = 0;\n".repeat(451)),
        Sample::new(
            "function_size",
            LIBRARY,
            format!("fn long(a: [u8; 3]) {{\n{}}}", lines(70)),
        ),
        Sample::new(
            "function_size",
            LIBRARY,
            format!("mod a {{ impl B {{ fn c() -> u8\n{{\n{}}} }} }}", lines(69)),
        ),
        Sample::new("header", LIBRARY, "use std::fmt;\n"),
        Sample::new("header", LIBRARY, "#![allow(unsafe_code)]\n//!\nuse std::fmt;\n"),
        Sample::new("leftovers", LIBRARY, "fn a() { todo!() }"),
        Sample::new("leftovers", LIBRARY, "fn a() { b(dbg!(1)) }"),
        Sample::new("leftovers", LIBRARY, "// FIXME: later\n"),
        Sample::new("leftovers", LIBRARY, "/* XXX */\n"),
        Sample::new("dead_code", LIBRARY, "fn a() {\n    // let b = 1;\n}"),
        Sample::new("dead_code", LIBRARY, "// self.wake();\n"),
        Sample::new("dead_code", LIBRARY, "// wake(a, b);\n"),
        Sample::new("dead_code", LIBRARY, "// self.count = 3;\n"),
        Sample::new("dead_code", LIBRARY, "// pub fn old() {\n"),
        Sample::new("ignored_tests", LIBRARY, "#[test]\n#[ignore]\nfn a() {}"),
        Sample::new("private_paths", "README.md", format!("see {machine}")),
    ]
}

fn paths() -> Vec<Sample> {
    vec![
        Sample::new("std_sync", LIBRARY, "use std::sync::Arc;"),
        Sample::new(
            "std_sync",
            LIBRARY,
            "use std::{\n    fmt,\n    sync::{Mutex, atomic::AtomicU8},\n};",
        ),
        Sample::new("std_sync", LIBRARY, "pub(crate) use std::sync;"),
        Sample::new("std_sync", LIBRARY, "fn a() { std::thread::sleep(b) }"),
        Sample::new("std_sync", LIBRARY, "static A: std::sync::OnceLock<u8> = b();"),
        Sample::new("clock", LIBRARY, "fn a() { std::time::Instant::now() }"),
        Sample::new(
            "clock",
            LIBRARY,
            "use std::time::Instant as Then;\nfn a() { Then::now() }",
        ),
        Sample::new(
            "clock",
            LIBRARY,
            "use std::time::{self, Duration};\nfn a() { b(time::SystemTime::now()) }",
        ),
        Sample::new(
            "clock",
            "heist/src/time/sleep.rs",
            "use super::*;\nfn a() { Instant::now() }",
        ),
        Sample::new(
            "loom_cfg",
            LIBRARY,
            "fn a() {\n    #[cfg(heist_loom)]\n    b();\n}",
        ),
        Sample::new("loom_cfg", LIBRARY, "fn a() -> bool { cfg!(heist_loom) }"),
        Sample::new("crate_meeting", "heist/src/net/tcp.rs", "use heist_timer::Wheel;"),
        Sample::new(
            "crate_meeting",
            "heist/src/time/timers.rs",
            "use heist_timer::Wheel;\nuse heist_reactor::Handle;",
        ),
    ]
}

fn crates() -> Vec<Sample> {
    let workspace = "members = [\"executor\", \"reactor\"]\n";
    let library = "//! A.\n";
    vec![
        Sample::new(
            "crate_edges",
            "executor/Cargo.toml",
            "[dependencies]\nheist-reactor.workspace = true\n",
        ),
        Sample::new(
            "crate_edges",
            "timer/Cargo.toml",
            "[dev-dependencies]\nheist = { workspace = true }\n",
        ),
        Sample::new(
            "dependency_reasons",
            "timer/Cargo.toml",
            "[dependencies]\nrand = \"1\"\n",
        ),
        Sample::new(
            "crate_edges",
            "drop-in/Cargo.toml",
            "[dependencies]\nheist-executor = \"1\"\n",
        ),
        Sample::new(
            "applications_know_tokio",
            "drop-in/apps/a/src/main.rs",
            "//! A.\nuse heist::net;\n",
        ),
        Sample::new(
            "applications_know_tokio",
            "drop-in/apps/a/Cargo.toml",
            "heist = \"1\"\n",
        ),
        Sample::new("map_names_crates", "Cargo.toml", workspace).beside(MAP, "`executor/`"),
        Sample::new("unsafe_list", LIBRARY, "fn a() { unsafe { b() } }"),
        Sample::new("unsafe_list", LIBRARY, "#![allow(unsafe_code)]\n//! A.\n"),
        Sample::new("unsafe_list", MAP, "## Unsafe\n\n| `executor/src/a.rs` | why |\n")
            .beside(LIBRARY, library),
        Sample::new("unsafe_list", MAP, "## Unsafe\n\n| `executor/src/a.rs` | why |\n"),
        Sample::new("unsafe_list", MAP, "## Unsafe\n\n| `executor/src/a.rs` | |\n")
            .beside(LIBRARY, "unsafe fn a() {}"),
        Sample::new("forbids_unsafe", "timer/src/lib.rs", "#![deny(unsafe_code)]\n"),
        Sample::new("models_exist", LIBRARY, "//! Model: loom-tests/tests/gone.rs.\n"),
        Sample::new("models_exist", LIBRARY, "//! loom-tests/tests/{here,gone}.rs\n")
            .beside("loom-tests/tests/here.rs", library),
    ]
}

/// Trees that no rule rejects.
pub(crate) fn good() -> Vec<Vec<(&'static str, &'static str)>> {
    let unsafe_map =
        "## Unsafe\n\n| file | why |\n|---|---|\n| `executor/src/a.rs` | the task cell |\n\n## Next\n";
    vec![
        vec![(
            LIBRARY,
            "//! The word unsafe, todo!() and std::sync in prose.\nconst A: &str = \"unsafe todo!() std::sync\";",
        )],
        vec![(
            LIBRARY,
            "//! A.\n// Whoever is woken here polls again; nothing is lost;\n// see (I3); a permit = one unit;\n",
        )],
        vec![(
            LIBRARY,
            "//! A.\n#[cfg(heist_loom)]\nconst SIZE: usize = 2;\n#[ignore = \"needs ten minutes\"]\nfn a() {}",
        )],
        vec![(
            LIBRARY,
            "//! A.\nuse heist_primitive::{sync::Arc, thread};\nfn a() { thread::yield_now() }",
        )],
        vec![(
            "heist/src/time/sleep.rs",
            "//! A.\nuse crate::time::Instant;\nfn a() { Instant::now() }",
        )],
        vec![(
            "heist/src/time/instant.rs",
            "//! A.\npub struct Instant(u64);\nfn a() { Instant::now() }",
        )],
        vec![(
            "heist/src/time/clock.rs",
            "//! A.\nfn a() { std::time::Instant::now() }",
        )],
        vec![(
            "heist/src/runtime/driver.rs",
            "//! A.\nuse heist_reactor::Reactor;\nuse heist_timer::Wheel;",
        )],
        vec![
            (MAP, unsafe_map),
            (LIBRARY, "#![allow(unsafe_code)]\n//! A.\nunsafe fn a() {}"),
        ],
        vec![(
            "executor/Cargo.toml",
            "[dependencies]\nheist-primitive.workspace = true\n",
        )],
        vec![("drop-in/apps/Cargo.toml", "# Run on heist.\n")],
    ]
}
