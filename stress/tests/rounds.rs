//! A few rounds of the stress program with a seed of its own: whether it runs, and what it says. Long runs: ci/stress.

use std::process::{Command, Output};

fn stress(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_heist-stress"))
        .args(arguments)
        .output()
        .expect("the program starts")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr[..]].concat()).into_owned()
}

#[test]
fn some_rounds_hold() {
    let output = stress(&["--seed", "1", "--rounds", "40", "--stall", "100"]);
    let said = said(&output);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("seed 1\n") && said.contains("40 rounds"), "{said}");
}

#[test]
fn one_round_is_run_again_and_again() {
    let output = stress(&[
        "--seed",
        "1",
        "--round",
        "3",
        "--rounds",
        "5",
        "--workers",
        "2",
        "--stall",
        "100",
    ]);
    let said = said(&output);
    assert!(output.status.success() && said.contains("5 rounds"), "{said}");
}

#[test]
fn a_mistake_is_told_with_the_usage() {
    let output = stress(&["--sed", "1"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("--seed"));
}
