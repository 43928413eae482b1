//! The files that the house rules look at, read from disk or made up in memory by a self-test.

use crate::lexer::{Lexed, lex};
use std::fs;
use std::path::Path;

/// Folders that hold nothing of ours.
const SKIPPED: [&str; 3] = ["target", ".git", "node_modules"];

/// Endings of the files that are read.
const READ: [&str; 5] = ["rs", "toml", "md", "yml", "sh"];

/// Folders whose files are read whatever their ending.
const SCRIPTS: [&str; 2] = [".ci/", "ci/"];

/// The library crates: what users link, and so where the strictest rules hold.
pub(crate) const LIBRARY_SOURCES: [&str; 6] = [
    "primitive/src/",
    "executor/src/",
    "reactor/src/",
    "timer/src/",
    "macros/src/",
    "heist/src/",
];

/// One file.
pub(crate) struct Source {
    /// Relative to the workspace, with forward slashes.
    pub(crate) path: String,
    pub(crate) text: String,
    /// Present for Rust.
    pub(crate) lexed: Option<Lexed>,
}

/// All files.
pub(crate) struct Tree {
    pub(crate) files: Vec<Source>,
}

/// A rule that does not hold somewhere.
#[derive(Debug)]
pub(crate) struct Finding(pub String);

impl Source {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        let lexed = path.ends_with(".rs").then(|| lex(text));
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
            lexed,
        }
    }

    /// A finding in this file; lines count from 0 here and from 1 in print.
    pub(crate) fn finding(&self, line: usize, what: impl AsRef<str>) -> Finding {
        Finding(format!("{}:{}: {}", self.path, line + 1, what.as_ref()))
    }

    /// Whether this is source of a library crate.
    pub(crate) fn is_library(&self) -> bool {
        LIBRARY_SOURCES.iter().any(|folder| self.path.starts_with(folder))
    }
}

impl Tree {
    /// Reads the workspace around this crate.
    pub(crate) fn of_workspace() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let mut files = Vec::new();
        read(&root, "", &mut files);
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Self { files }
    }

    /// A tree of made-up files.
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        Self {
            files: files.iter().map(|(path, text)| Source::new(path, text)).collect(),
        }
    }

    /// The Rust files, each with its lexed text.
    pub(crate) fn rust(&self) -> impl Iterator<Item = (&Source, &Lexed)> {
        self.files
            .iter()
            .filter_map(|file| Some((file, file.lexed.as_ref()?)))
    }

    /// The text of one file; empty if there is none.
    pub(crate) fn text(&self, path: &str) -> &str {
        self.files
            .iter()
            .find(|file| file.path == path)
            .map_or("", |file| &file.text)
    }
}

fn read(folder: &Path, prefix: &str, files: &mut Vec<Source>) {
    let entries = fs::read_dir(folder).expect("a folder of the workspace is readable");
    for entry in entries {
        let entry = entry.expect("a folder of the workspace is readable");
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        let kind = entry.file_type().expect("a file has a type");
        if kind.is_dir() && !SKIPPED.contains(&name.as_str()) {
            read(&entry.path(), &format!("{path}/"), files);
        } else if kind.is_file() && is_read(&path) {
            let text = fs::read_to_string(entry.path()).expect("a source file is UTF-8");
            files.push(Source::new(&path, &text));
        }
    }
}

fn is_read(path: &str) -> bool {
    SCRIPTS.iter().any(|folder| path.starts_with(folder))
        || path
            .rsplit_once('.')
            .is_some_and(|(_, ending)| READ.contains(&ending))
}
