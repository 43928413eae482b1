//! Compile errors of the macros: only those whose words are heist's, so that a new rustc does not change them.
//!
//! `TRYBUILD=overwrite cargo test --test macros_ui` writes the expected output anew.

#![cfg(feature = "macros")]

#[test]
fn errors_say_what_to_do_and_point_there() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/ui/*.rs");
}
