//! Rules about what a file may name: std's sync types, the clock, loom's cfg, the sibling crates.

use crate::lexer::{Lexed, has_word, is_word, words};
use crate::tree::{Finding, Source, Tree};

/// The only file that reads a clock.
const CLOCK: &str = "heist/src/time/clock.rs";

/// The only file where the reactor and the wheel meet.
const DRIVER: &str = "heist/src/runtime/driver.rs";

/// The only folder, beside the driver, that knows the wheel.
const WHEEL_USERS: &str = "heist/src/time/";

/// Paths of std that come from `heist_primitive` instead.
const REPLACED: [&str; 5] = [
    "std::sync",
    "core::sync",
    "alloc::sync",
    "std::thread",
    "std::thread_local",
];

/// What is named all the same: file and path. A thread-local that only its own thread reads has no
/// ordering to model, and std's costs less to reach; loom has no once-cell for a `static`.
const NOT_MODELLED: [(&str, &str); 6] = [
    ("executor/src/multi_thread/shared.rs", "std::thread_local"),
    ("executor/src/park.rs", "std::thread_local"),
    ("executor/src/task/id.rs", "std::thread_local"),
    ("heist/src/aio/run/interrupt.rs", "std::sync::OnceLock"),
    ("heist/src/process/orphans.rs", "std::sync::OnceLock"),
    ("heist/src/signal/registry.rs", "std::sync::OnceLock"),
];

/// A path brought into scope, and under which name.
struct Import {
    line: usize,
    path: String,
    name: String,
}

/// std's locks, atomics and threads are named in primitive/ only, so that loom can swap them.
pub(crate) fn std_sync(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, lexed) in tree.rust().filter(|(file, _)| file.is_library()) {
        if file.path.starts_with("primitive/") || file.path.starts_with("macros/") {
            continue;
        }
        let imports = imports(lexed);
        let named = imports.iter().map(|import| (import.line, import.path.clone()));
        for (line, path) in named.chain(inline_paths(lexed)) {
            let replaced = REPLACED.iter().any(|root| within(&path, root));
            let excepted = NOT_MODELLED.contains(&(file.path.as_str(), path.as_str()));
            if replaced && !excepted {
                findings.push(file.finding(line, format!("{path}: take it from heist_primitive")));
            }
        }
    }
    findings
}

/// The time is read in time/clock.rs only.
pub(crate) fn clock(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, lexed) in tree
        .rust()
        .filter(|(file, _)| file.is_library() && file.path != CLOCK)
    {
        let imports = imports(lexed);
        for (number, line) in lexed.code.iter().enumerate() {
            for at in words(line, "now").filter(|at| line[..*at].ends_with("::")) {
                let path = path_before(&line[..at - 2]);
                let whole = resolve(&path, &imports, lexed);
                if ["std::time::Instant", "std::time::SystemTime"].contains(&whole.as_str()) {
                    findings.push(file.finding(number, format!("{whole}::now: only {CLOCK} reads a clock")));
                }
            }
        }
    }
    findings
}

/// The path that ends a piece of code: `a + std::time::Instant` gives `std::time::Instant`.
fn path_before(code: &str) -> String {
    let start = code.rfind(|c| !is_word(c) && c != ':').map_or(0, |at| at + 1);
    code[start..].trim_start_matches(':').to_owned()
}

/// The full path of a name as this file sees it. A bare `Instant` that the file neither imports nor
/// defines is taken for std's.
fn resolve(path: &str, imports: &[Import], lexed: &Lexed) -> String {
    let (first, rest) = path
        .split_once("::")
        .map_or((path, ""), |(first, rest)| (first, rest));
    let whole = match imports.iter().find(|import| import.name == first) {
        Some(import) if rest.is_empty() => import.path.clone(),
        Some(import) => format!("{}::{rest}", import.path),
        None => path.to_owned(),
    };
    let defined = lexed
        .code
        .iter()
        .any(|line| has_word(line, &whole) && has_word(line, "struct"));
    match whole.as_str() {
        "Instant" | "SystemTime" if !defined => format!("std::time::{whole}"),
        _ => whole,
    }
}

/// Paths written out in code, those in `use` included.
fn inline_paths(lexed: &Lexed) -> impl Iterator<Item = (usize, String)> + '_ {
    lexed.code.iter().enumerate().flat_map(|(number, line)| {
        let roots = words(line, "std")
            .chain(words(line, "core"))
            .chain(words(line, "alloc"));
        roots.filter_map(move |at| {
            let end = line[at..]
                .find(|c| !is_word(c) && c != ':')
                .map_or(line.len(), |length| at + length);
            let path = line[at..end].trim_end_matches(':');
            let imported = line[..at].trim_end().ends_with("use");
            (path.contains("::") && !imported).then(|| (number, path.to_owned()))
        })
    })
}

fn within(path: &str, root: &str) -> bool {
    path.strip_prefix(root)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// Every path that the file's `use` items name, with groups written out.
fn imports(lexed: &Lexed) -> Vec<Import> {
    let mut found = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (number, line) in lexed.code.iter().enumerate() {
        let text = line.trim();
        let starts = text.starts_with("use ") || (text.starts_with("pub") && has_word(text, "use"));
        if open.is_none() && starts {
            let at = words(text, "use").next().map_or(0, |at| at + 3);
            open = Some((number, text[at..].to_owned()));
        } else if let Some((_, tree)) = &mut open {
            tree.push_str(text);
        }
        if let Some((line, tree)) = open.take_if(|(_, tree)| tree.contains(';')) {
            let tree = tree.split(';').next().unwrap_or_default();
            expand("", tree, line, &mut found);
        }
    }
    found
}

/// Writes the groups of a use tree out.
fn expand(prefix: &str, tree: &str, line: usize, found: &mut Vec<Import>) {
    let tree = tree.trim().trim_start_matches("::");
    if let Some((head, group)) = tree.split_once('{') {
        let group = group.trim_end().trim_end_matches('}');
        let (mut depth, mut from) = (0, 0);
        for (at, next) in group.char_indices().chain([(group.len(), ',')]) {
            match next {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth <= 0 => {
                    expand(&format!("{prefix}{head}"), &group[from..at], line, found);
                    from = (at + 1).min(group.len());
                }
                _ => {}
            }
        }
    } else if !tree.is_empty() {
        let (path, alias) = tree.split_once(" as ").unwrap_or((tree, ""));
        let path = format!("{prefix}{}", path.trim());
        let path = path.trim_end_matches("::self").to_owned();
        let last = path.rsplit("::").next().unwrap_or_default();
        let name = if alias.is_empty() {
            last.to_owned()
        } else {
            alias.trim().to_owned()
        };
        found.push(Import { line, path, name });
    }
}

/// `cfg(heist_loom)` stands at module level, never in a function.
pub(crate) fn loom_cfg(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, lexed) in tree.rust() {
        for function in lexed.functions() {
            for number in function
                .body
                .filter(|number| has_word(&lexed.code[*number], "heist_loom"))
            {
                let what = "cfg(heist_loom) in a function: choose at module level or by a size constant";
                findings.push(file.finding(number, what));
            }
        }
    }
    findings
}

/// The reactor and the wheel meet in the driver only, and only heist::time knows the wheel.
pub(crate) fn crate_meeting(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, lexed) in tree
        .rust()
        .filter(|(file, _)| file.path.starts_with("heist/src/"))
    {
        let names = |word| lexed.code.iter().position(|line| has_word(line, word));
        let may = file.path.starts_with(WHEEL_USERS) || file.path == DRIVER;
        if let Some(line) = names("heist_timer").filter(|_| !may) {
            findings.push(file.finding(
                line,
                format!("heist_timer is named in {WHEEL_USERS} and {DRIVER} only"),
            ));
        }
        if names("heist_timer").is_some() && file.path != DRIVER {
            findings.extend(meets(file, names("heist_reactor")));
        }
    }
    findings
}

fn meets(file: &Source, reactor: Option<usize>) -> Option<Finding> {
    reactor.map(|line| {
        file.finding(
            line,
            format!("heist_reactor and heist_timer meet in {DRIVER} only"),
        )
    })
}
