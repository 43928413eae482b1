//! Links, hard and symbolic. One hop to the blocking pool each, and std's function there.

use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};

use crate::io::blocking::run;

/// Makes `link` a second name of the file `original`.
///
/// # Errors
///
/// If `original` does not exist or is a directory, `link` exists, or the two are on different file systems.
///
/// ```no_run
/// # async fn example() -> std::io::Result<()> {
/// heist::fs::hard_link("today.log", "2026-11-22.log").await
/// # }
/// ```
pub async fn hard_link(original: impl AsRef<Path>, link: impl AsRef<Path>) -> io::Result<()> {
    let (original, link) = (original.as_ref().to_owned(), link.as_ref().to_owned());
    run(move || std::fs::hard_link(original, link)).await
}

/// Makes `link` a symbolic link to `original`, which need not exist.
///
/// # Errors
///
/// If `link` exists, or its directory may not be changed.
///
/// ```no_run
/// # async fn example() -> std::io::Result<()> {
/// heist::fs::symlink("releases/42", "current").await
/// # }
/// ```
#[cfg(unix)]
pub async fn symlink(original: impl AsRef<Path>, link: impl AsRef<Path>) -> io::Result<()> {
    let (original, link) = (original.as_ref().to_owned(), link.as_ref().to_owned());
    run(move || std::os::unix::fs::symlink(original, link)).await
}

/// Returns what a symbolic link points to, as it is written there.
///
/// # Errors
///
/// If there is no symbolic link at `path`.
///
/// ```no_run
/// # async fn example() -> std::io::Result<()> {
/// println!("running {}", heist::fs::read_link("current").await?.display());
/// # Ok(())
/// # }
/// ```
pub async fn read_link(path: impl AsRef<Path>) -> io::Result<PathBuf> {
    let path = path.as_ref().to_owned();
    run(move || std::fs::read_link(path)).await
}

/// Like [`metadata`](super::metadata), but of a symbolic link itself and not of what it leads to.
///
/// # Errors
///
/// If there is nothing at `path`, or the way to it may not be seen.
///
/// ```no_run
/// # async fn example() -> std::io::Result<()> {
/// assert!(heist::fs::symlink_metadata("current").await?.is_symlink());
/// # Ok(())
/// # }
/// ```
pub async fn symlink_metadata(path: impl AsRef<Path>) -> io::Result<Metadata> {
    let path = path.as_ref().to_owned();
    run(move || std::fs::symlink_metadata(path)).await
}
