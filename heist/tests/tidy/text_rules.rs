//! Rules that need no more than a file's text: sizes, headers, leftovers.

use crate::lexer::{has_word, is_word};
use crate::tree::{Finding, Tree};

/// Code lines that a file may have.
const FILE_LINES: usize = 450;

/// Code lines that a function may have.
const FUNCTION_LINES: usize = 70;

/// Macros that mark unfinished work.
const UNFINISHED: [&str; 3] = ["todo", "unimplemented", "dbg"];

/// Words in a comment that mark unfinished work.
const MARKS: [&str; 3] = ["TODO", "FIXME", "XXX"];

/// How a statement or an item begins, for finding code in comments.
const CODE_STARTS: [&str; 16] = [
    "let ", "use ", "fn ", "pub ", "impl ", "struct ", "enum ", "mod ", "const ", "static ", "return ",
    "self.", "match ", "#[", "while ", "loop {",
];

/// A file has at most 450 lines of code.
pub(crate) fn file_size(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, lexed) in tree.rust() {
        let lines = lexed.code_lines(0..=lexed.code.len() - 1);
        if lines > FILE_LINES {
            let what = format!("{lines} lines of code, at most {FILE_LINES}: split it by concept");
            findings.push(file.finding(0, what));
        }
    }
    findings
}

/// A function has at most 70 lines of code.
pub(crate) fn function_size(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, lexed) in tree.rust() {
        for function in lexed.functions() {
            let lines = lexed.code_lines(function.lines.clone());
            if lines > FUNCTION_LINES {
                let name = &function.name;
                let what = format!("fn {name} has {lines} lines of code, at most {FUNCTION_LINES}: split it");
                findings.push(file.finding(*function.lines.start(), what));
            }
        }
    }
    findings
}

/// A file opens with `//!`; only inner attributes may stand before it.
pub(crate) fn header(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, _) in tree.rust() {
        let opening = file
            .text
            .lines()
            .map(str::trim)
            .find(|line| !line.is_empty() && !line.starts_with("#!["));
        let says = opening.and_then(|line| line.strip_prefix("//!")).unwrap_or("");
        if says.trim().is_empty() {
            findings.push(file.finding(0, "no `//!` header: say in one line what this file is"));
        }
    }
    findings
}

/// No unfinished work is left behind.
pub(crate) fn leftovers(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, lexed) in tree.rust() {
        for (number, line) in lexed.code.iter().enumerate() {
            for name in UNFINISHED {
                if line.contains(&format!("{name}!")) && has_word(line, name) {
                    findings.push(file.finding(number, format!("{name}! is unfinished work")));
                }
            }
        }
        for (number, comment) in lexed.comments.iter().enumerate() {
            for mark in MARKS.iter().filter(|mark| has_word(comment, mark)) {
                let what = format!("{mark} in a comment: do it, or write it into an issue");
                findings.push(file.finding(number, what));
            }
        }
    }
    findings
}

/// No code is kept in comments.
pub(crate) fn dead_code(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, lexed) in tree.rust() {
        for (number, comment) in lexed.comments.iter().enumerate() {
            if is_code(comment) {
                findings.push(file.finding(number, "code in a comment: delete it, git remembers"));
            }
        }
    }
    findings
}

fn is_code(comment: &str) -> bool {
    let Some(text) = comment.trim().strip_prefix("//") else {
        return false;
    };
    if text.starts_with(['/', '!']) {
        return false;
    }
    let text = text.trim();
    let ends = text.ends_with(';') || text.ends_with('{') || text.ends_with("},") || text.ends_with("]");
    let starts = CODE_STARTS.iter().any(|start| text.starts_with(start));
    let calls =
        text.ends_with(");") && text.contains('(') && !text[..text.find('(').unwrap_or(0)].contains(' ');
    let assigns = text.ends_with(';') && text.split_once(" = ").is_some_and(|(left, _)| is_place(left));
    (starts && ends) || calls || assigns || text == "}" || text == "};"
}

/// Whether the left of a ` = ` is a place and not prose.
fn is_place(left: &str) -> bool {
    !left.is_empty() && left.chars().all(|c| is_word(c) || ".[]*&".contains(c))
}

/// An ignored test says why.
pub(crate) fn ignored_tests(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, lexed) in tree.rust() {
        for (number, line) in lexed.code.iter().enumerate() {
            let squeezed: String = line.split_whitespace().collect();
            if squeezed.contains("#[ignore]") {
                findings.push(file.finding(number, "#[ignore] without a reason: #[ignore = \"why\"]"));
            }
        }
    }
    findings
}

/// No file names a folder of somebody's own machine.
pub(crate) fn private_paths(tree: &Tree) -> Vec<Finding> {
    // In pieces, so that this file does not hold what it looks for.
    let private = [
        ["/ho", "me/"],
        ["/ro", "ot/"],
        ["/Us", "ers/"],
        ["C:\\Us", "ers"],
        ["/wo", "rk/"],
    ]
    .map(|p| p.concat());
    let mut findings = Vec::new();
    for file in &tree.files {
        for (number, line) in file.text.lines().enumerate() {
            for path in private.iter().filter(|path| starts_a_path(line, path)) {
                findings.push(file.finding(number, format!("{path}… is a path of one machine")));
            }
        }
    }
    findings
}

/// Whether the text occurs and is not the middle of a longer path or address.
fn starts_a_path(line: &str, path: &str) -> bool {
    let before = |at: usize| line[..at].chars().next_back();
    line.match_indices(path)
        .any(|(at, _)| !before(at).is_some_and(|c| is_word(c) || "./-$}".contains(c)))
}
