//! Rules about crates: who may depend on whom, what may be unsafe, and that the documents agree.

use crate::lexer::{has_word, is_word};
use crate::tree::{Finding, Source, Tree};

/// The map of the code.
const MAP: &str = "docs/ARCHITECTURE.md";

/// Why each dependency is there.
const REASONS: &str = "docs/DECISIONS.md";

/// The heading above the map's table of files with unsafe code.
const UNSAFE_HEADING: &str = "## Unsafe";

/// Where the loom models are.
const MODELS: &str = "loom-tests/tests/";

/// The heist crates that each folder's crate may depend on.
const EDGES: [(&str, &[&str]); 12] = [
    ("primitive", &[]),
    ("executor", &["heist-primitive"]),
    ("reactor", &["heist-primitive"]),
    ("timer", &["heist-primitive"]),
    ("macros", &[]),
    (
        "heist",
        &[
            "heist-primitive",
            "heist-executor",
            "heist-reactor",
            "heist-timer",
            "heist-macros",
        ],
    ),
    ("benches", &["heist"]),
    (
        "loom-tests",
        &[
            "heist",
            "heist-primitive",
            "heist-executor",
            "heist-reactor",
            "heist-timer",
        ],
    ),
    ("examples", &["heist"]),
    ("stress", &["heist"]),
    ("drop-in", &["heist", "heist-macros"]),
    ("quinn", &["heist"]),
];

/// Folders that users link to and whose every other dependency needs a reason.
const LIBRARIES: [&str; 7] = [
    "primitive",
    "executor",
    "reactor",
    "timer",
    "macros",
    "heist",
    "quinn",
];

/// Crates that have no unsafe code at all, by their own word.
const FORBID: [&str; 4] = [
    "timer/src/lib.rs",
    "macros/src/lib.rs",
    "quinn/src/lib.rs",
    "drop-in/src/lib.rs",
];

/// The applications that know only tokio.
const APPLICATIONS: &str = "drop-in/apps/";

/// A dependency of a manifest: its line counted from 0, its name, whether users get it too.
struct Dependency<'a> {
    line: usize,
    name: &'a str,
    linked: bool,
}

/// A crate depends on the heist crates that the design lets it know, and on no other.
pub(crate) fn crate_edges(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree
        .files
        .iter()
        .filter(|file| file.path.ends_with("/Cargo.toml"))
    {
        let folder = file.path.trim_end_matches("/Cargo.toml");
        let Some((_, allowed)) = EDGES.iter().find(|(at, _)| *at == folder) else {
            continue;
        };
        for dependency in dependencies(file) {
            let name = dependency.name;
            let ours = name == "heist" || name.starts_with("heist-");
            if ours && !allowed.contains(&name) {
                findings.push(file.finding(dependency.line, format!("{folder} may not know {name}")));
            }
        }
    }
    findings
}

/// A dependency that users get has its reason in docs/DECISIONS.md.
pub(crate) fn dependency_reasons(tree: &Tree) -> Vec<Finding> {
    let reasons = tree.text(REASONS);
    let mut findings = Vec::new();
    for folder in LIBRARIES {
        let manifest = format!("{folder}/Cargo.toml");
        for file in tree.files.iter().filter(|file| file.path == manifest) {
            let foreign = dependencies(file)
                .into_iter()
                .filter(|found| !found.name.starts_with("heist"));
            for Dependency { line, name, .. } in foreign.filter(|found| found.linked) {
                if !reasons.contains(&format!("`{name}`")) {
                    findings.push(file.finding(line, format!("no reason for `{name}` in {REASONS}")));
                }
            }
        }
    }
    findings
}

fn dependencies(file: &Source) -> Vec<Dependency<'_>> {
    let mut found = Vec::new();
    let mut section = "";
    for (line, text) in file.text.lines().enumerate() {
        let text = text.trim();
        if let Some(name) = text.strip_prefix('[') {
            section = name.trim_end_matches(']');
        } else if section.ends_with("dependencies") && !text.starts_with('#') {
            let name = text.split(['=', '.', ' ']).next().unwrap_or_default();
            let loom = section.contains("heist_loom");
            if !name.is_empty() && text.contains('=') {
                found.push(Dependency {
                    line,
                    name,
                    linked: !section.contains("dev-") && !loom,
                });
            }
        }
    }
    found
}

/// The map names every crate folder of the workspace.
pub(crate) fn map_names_crates(tree: &Tree) -> Vec<Finding> {
    let map = tree.text(MAP);
    let members = tree
        .text("Cargo.toml")
        .lines()
        .find(|line| line.starts_with("members"));
    let folders = members.unwrap_or_default().split('"').skip(1).step_by(2);
    let missing = folders.filter(|folder| !map.contains(&format!("`{folder}/`")));
    missing
        .map(|folder| Finding(format!("{MAP}: `{folder}/` is not on the map")))
        .collect()
}

/// An application that is to run on heist unmodified has no word of it. The manifest of them all has the patch.
pub(crate) fn applications_know_tokio(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &tree.files {
        let within = file
            .path
            .strip_prefix(APPLICATIONS)
            .is_some_and(|path| path.contains('/'));
        let says = |line: &str| line.to_lowercase().contains("heist");
        if let Some(line) = file.text.lines().position(says).filter(|_| within) {
            findings.push(file.finding(line, "an application of the drop-in knows only tokio"));
        }
    }
    findings
}

/// Unsafe code is in the files that the map lists, each with a reason, and the list has no other file.
pub(crate) fn unsafe_list(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let listed = listed(tree.text(MAP));
    for (file, lexed) in tree.rust() {
        let at = lexed.code.iter().position(|line| has_word(line, "unsafe"));
        let allows = lexed
            .code
            .iter()
            .position(|line| line.contains("allow(unsafe_code)"));
        let reason = listed.iter().find(|(path, _)| *path == file.path);
        match (at, reason) {
            (Some(line), None) => {
                findings.push(file.finding(line, format!("unsafe, and not listed in {MAP}")))
            }
            (None, Some(_)) => findings.push(file.finding(0, format!("nothing unsafe, but listed in {MAP}"))),
            (Some(_), Some((_, ""))) => findings.push(file.finding(0, format!("no reason in {MAP}"))),
            _ => {}
        }
        if let Some(line) = allows.filter(|_| at.is_none()) {
            findings.push(file.finding(line, "allows unsafe code and has none"));
        }
    }
    let exists = |path: &str| tree.files.iter().any(|file| file.path == path);
    let gone = listed.iter().filter(|(path, _)| !exists(path));
    findings
        .extend(gone.map(|(path, _)| Finding(format!("{MAP}: {path} is listed as unsafe and is not there"))));
    findings
}

/// The rows of the map's table: `| \`file\` | reason |`.
fn listed(map: &str) -> Vec<(&str, &str)> {
    let section = map.split(UNSAFE_HEADING).nth(1).unwrap_or_default();
    let section = section.split("\n## ").next().unwrap_or_default();
    let cells = section.lines().filter_map(|line| {
        let mut cells = line.trim().strip_prefix('|')?.split('|').map(str::trim);
        Some((cells.next()?, cells.next()?))
    });
    cells
        .filter_map(|(file, reason)| Some((file.strip_prefix('`')?.strip_suffix('`')?, reason)))
        .collect()
}

/// A crate that needs no unsafe code forbids it.
pub(crate) fn forbids_unsafe(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, lexed) in tree
        .rust()
        .filter(|(file, _)| FORBID.contains(&file.path.as_str()))
    {
        if !lexed
            .code
            .iter()
            .any(|line| line.contains("#![forbid(unsafe_code)]"))
        {
            findings.push(file.finding(0, "say #![forbid(unsafe_code)]"));
        }
    }
    findings
}

/// A loom model that a file names, alone or in a `{group}` of names, exists.
pub(crate) fn models_exist(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, lexed) in tree.rust() {
        for (number, comment) in lexed.comments.iter().enumerate() {
            for model in models(comment) {
                let path = format!("{MODELS}{model}.rs");
                if !tree.files.iter().any(|file| file.path == path) {
                    findings.push(file.finding(number, format!("{path} is named and is not there")));
                }
            }
        }
    }
    findings
}

/// The names of the models in a comment.
fn models(comment: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for after in comment.split(MODELS).skip(1) {
        let Some((names, _)) = after.split_once(".rs") else {
            continue;
        };
        let names = names
            .strip_prefix('{')
            .and_then(|names| names.strip_suffix('}'))
            .unwrap_or(names);
        found.extend(
            names
                .split(',')
                .map(str::trim)
                .filter(|name| name.chars().all(is_word)),
        );
    }
    found
}
