//! Questions about a path and changes to it. One hop to the blocking pool each, and std's function there.

use std::fs::{Metadata, Permissions};
use std::io;
use std::path::{Path, PathBuf};

use crate::io::blocking::run;

/// Returns the absolute path, with every symbolic link followed and no `.` or `..` in it.
///
/// # Errors
///
/// If there is nothing at `path`, or one of its parents is no directory.
///
/// ```no_run
/// # async fn example() -> std::io::Result<()> {
/// println!("{}", heist::fs::canonicalize("../data").await?.display());
/// # Ok(())
/// # }
/// ```
pub async fn canonicalize(path: impl AsRef<Path>) -> io::Result<PathBuf> {
    let path = path.as_ref().to_owned();
    run(move || std::fs::canonicalize(path)).await
}

/// Asks for the size, the kind, the permissions and the times of what `path` leads to, through symbolic links.
///
/// # Errors
///
/// If there is nothing, or the way to it may not be seen.
///
/// ```no_run
/// # async fn example() -> std::io::Result<()> {
/// println!("{} bytes", heist::fs::metadata("data.db").await?.len());
/// # Ok(())
/// # }
/// ```
pub async fn metadata(path: impl AsRef<Path>) -> io::Result<Metadata> {
    let path = path.as_ref().to_owned();
    run(move || std::fs::metadata(path)).await
}

/// Asks whether there is anything at `path`, through symbolic links: a link to nothing is `false`.
///
/// # Errors
///
/// If that cannot be known, for instance because a parent directory may not be searched.
///
/// ```no_run
/// # async fn example() -> std::io::Result<()> {
/// if heist::fs::try_exists("maintenance").await? {
///     println!("back soon");
/// }
/// # Ok(())
/// # }
/// ```
pub async fn try_exists(path: impl AsRef<Path>) -> io::Result<bool> {
    let path = path.as_ref().to_owned();
    run(move || path.try_exists()).await
}

/// Gives a file or directory another name, in place of what had that name before.
///
/// # Errors
///
/// If `from` does not exist, the two are on different file systems, or `to` is a directory that is not empty.
///
/// ```no_run
/// # async fn example() -> std::io::Result<()> {
/// heist::fs::rename("report.tmp", "report.txt").await
/// # }
/// ```
pub async fn rename(from: impl AsRef<Path>, to: impl AsRef<Path>) -> io::Result<()> {
    let (from, to) = (from.as_ref().to_owned(), to.as_ref().to_owned());
    run(move || std::fs::rename(from, to)).await
}

/// Changes the permissions of a file or directory.
///
/// # Errors
///
/// If there is nothing at `path`, or it belongs to somebody else.
///
/// ```no_run
/// # async fn example() -> std::io::Result<()> {
/// let mut permissions = heist::fs::metadata("ledger").await?.permissions();
/// permissions.set_readonly(true);
/// heist::fs::set_permissions("ledger", permissions).await
/// # }
/// ```
pub async fn set_permissions(path: impl AsRef<Path>, perm: Permissions) -> io::Result<()> {
    let path = path.as_ref().to_owned();
    run(move || std::fs::set_permissions(path, perm)).await
}

/// Removes a file or a symbolic link. Who has it open keeps it.
///
/// # Errors
///
/// If there is nothing at `path`, it is a directory, or its directory may not be changed.
///
/// ```no_run
/// # async fn example() -> std::io::Result<()> {
/// heist::fs::remove_file("server.pid").await
/// # }
/// ```
pub async fn remove_file(path: impl AsRef<Path>) -> io::Result<()> {
    let path = path.as_ref().to_owned();
    run(move || std::fs::remove_file(path)).await
}

/// Removes an empty directory.
///
/// # Errors
///
/// If there is none at `path`, or it is not empty.
///
/// ```no_run
/// # async fn example() -> std::io::Result<()> {
/// heist::fs::remove_dir("inbox").await
/// # }
/// ```
pub async fn remove_dir(path: impl AsRef<Path>) -> io::Result<()> {
    let path = path.as_ref().to_owned();
    run(move || std::fs::remove_dir(path)).await
}

/// Removes a directory and **everything in it**. Symbolic links are removed and not followed.
///
/// # Errors
///
/// If there is no directory at `path`, or something in it cannot be removed; part of it may be gone then.
///
/// ```no_run
/// # async fn example() -> std::io::Result<()> {
/// heist::fs::remove_dir_all("build").await
/// # }
/// ```
pub async fn remove_dir_all(path: impl AsRef<Path>) -> io::Result<()> {
    let path = path.as_ref().to_owned();
    run(move || std::fs::remove_dir_all(path)).await
}
