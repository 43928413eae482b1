//! The house rules, as a test: whatever breaks one fails the build, with the file, the line and the remedy.
//!
//! ```text
//!   tree.rs ──► lexer.rs ──► text_rules.rs     sizes, headers, leftovers
//!   (files)     (code and    path_rules.rs     std sync, clock, loom cfg, who meets whom
//!                comments)   crate_rules.rs    crate edges, dependencies, unsafe list, the map
//! ```
//!
//! Each rule has samples below that it must reject, so a rule that stopped looking fails here too, and
//! samples that no rule may reject. docs/ARCHITECTURE.md says what the rules are for.
//!
//! Absent on purpose: what rustfmt, clippy and rustc's own lints check already.

#[path = "tidy/crate_rules.rs"]
mod crate_rules;
#[path = "tidy/lexer.rs"]
mod lexer;
#[path = "tidy/path_rules.rs"]
mod path_rules;
#[path = "tidy/samples.rs"]
mod samples;
#[path = "tidy/text_rules.rs"]
mod text_rules;
#[path = "tidy/tree.rs"]
mod tree;

use tree::{Finding, Tree};

/// A rule: its name, and what finds the places where it does not hold.
type Rule = (&'static str, fn(&Tree) -> Vec<Finding>);

const RULES: [Rule; 18] = [
    ("file_size", text_rules::file_size),
    ("function_size", text_rules::function_size),
    ("header", text_rules::header),
    ("leftovers", text_rules::leftovers),
    ("dead_code", text_rules::dead_code),
    ("ignored_tests", text_rules::ignored_tests),
    ("private_paths", text_rules::private_paths),
    ("std_sync", path_rules::std_sync),
    ("clock", path_rules::clock),
    ("loom_cfg", path_rules::loom_cfg),
    ("crate_meeting", path_rules::crate_meeting),
    ("crate_edges", crate_rules::crate_edges),
    ("dependency_reasons", crate_rules::dependency_reasons),
    ("map_names_crates", crate_rules::map_names_crates),
    ("applications_know_tokio", crate_rules::applications_know_tokio),
    ("unsafe_list", crate_rules::unsafe_list),
    ("forbids_unsafe", crate_rules::forbids_unsafe),
    ("models_exist", crate_rules::models_exist),
];

#[test]
fn the_tree_is_tidy() {
    let tree = Tree::of_workspace();
    assert!(
        tree.rust().count() > 10,
        "the tidy test found too few files to be looking at the workspace"
    );
    let mut report = String::new();
    for (name, rule) in RULES {
        for Finding(finding) in rule(&tree) {
            report.push_str(&format!("\n  [{name}] {finding}"));
        }
    }
    assert!(report.is_empty(), "{report}\n");
}

#[test]
fn every_rule_rejects_its_bad_samples() {
    for (name, rule) in RULES {
        let mut samples = samples::bad()
            .into_iter()
            .filter(|sample| sample.rule == name)
            .peekable();
        assert!(samples.peek().is_some(), "{name} has no bad sample");
        for sample in samples {
            let found = rule(&Tree::of(&sample.files()));
            assert!(!found.is_empty(), "{name} does not reject:\n{:?}", sample.files());
        }
    }
}

#[test]
fn no_rule_rejects_the_good_samples() {
    for files in samples::good() {
        for (name, rule) in RULES {
            let found = rule(&Tree::of(&files));
            assert!(found.is_empty(), "{name} rejects {files:?}: {found:?}");
        }
    }
}

#[test]
fn the_lexer_tells_code_from_comments_and_literals() {
    let text = "let a = \"fn // no\"; // fn yes\nlet b = r#\"\"unsafe\"#; let c = '\"'; /* x /* y */\n z */ fn d<'a>() {}";
    let lexed = lexer::lex(text);
    assert_eq!(lexed.code[0], "let a = \"________\"; ");
    assert_eq!(lexed.comments[0], "// fn yes");
    assert_eq!(lexed.code[1], "let b = r#\"_______\"#; let c = '_'; ");
    assert_eq!(lexed.comments[1], "/* x /* y */");
    assert_eq!(lexed.code[2], " fn d<'a>() {}");
    assert_eq!(lexed.functions().len(), 1);
}
