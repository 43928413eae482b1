//! The macros in a crate where nothing is called heist: renamed in its Cargo.toml, and re-exported by another crate.
//!
//! The two crates, `names/user.rs` and `names/facade.rs`, are built and tested by cargo in the target directory.

#![cfg(feature = "macros")]

use std::fs;
use std::path::Path;
use std::process::Command;

const HERE: &str = env!("CARGO_MANIFEST_DIR");

/// Writes a package with the source file of its name; `dependencies` may say `HEIST`.
fn write_package(folder: &Path, name: &str, dependencies: &str) {
    let source = fs::read_to_string(format!("{HERE}/tests/names/{name}.rs")).unwrap();
    let heist = format!("path = {HERE:?}, default-features = false, features = [\"macros\"]");
    let dependencies = dependencies.replace("HEIST", &heist);
    let manifest = format!(
        "[package]\nname = {name:?}\nversion = \"0.0.0\"\nedition = \"2024\"\n[lib]\ndoctest = false\n\
         [dependencies]\n{dependencies}\n[workspace]\n"
    );
    fs::create_dir_all(folder.join("src")).unwrap();
    fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    fs::write(folder.join("src/lib.rs"), source).unwrap();
}

#[test]
fn the_macros_need_no_crate_called_heist() {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("names");
    let (facade, user) = (root.join("facade"), root.join("user"));
    write_package(&facade, "facade", "heist = { HEIST }");
    let dependencies = "runtime = { package = \"heist\", HEIST }\nfacade = { path = \"../facade\" }";
    write_package(&user, "user", dependencies);
    // The versions that are at hand.
    fs::copy(format!("{HERE}/../Cargo.lock"), user.join("Cargo.lock")).unwrap();
    let tested = Command::new(env!("CARGO"))
        .args(["test", "--offline", "--quiet", "--manifest-path"])
        .arg(user.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(root.join("target"))
        .output()
        .unwrap();
    let (said, failed) = (
        String::from_utf8_lossy(&tested.stdout),
        String::from_utf8_lossy(&tested.stderr),
    );
    assert!(tested.status.success(), "{said}\n{failed}");
    assert!(said.contains("test result: ok. 9 passed"), "{said}");
}
