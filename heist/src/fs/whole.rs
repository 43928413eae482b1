//! Whole files in one go: [`read`], [`read_to_string`], [`write()`], [`copy`]. One hop to the blocking pool each.

use std::io;
use std::path::Path;

use crate::io::blocking::run;

/// Reads all bytes of a file.
///
/// # Errors
///
/// If the file cannot be opened or read.
///
/// ```no_run
/// # async fn example() -> std::io::Result<()> {
/// let image = heist::fs::read("logo.png").await?;
/// println!("{} bytes", image.len());
/// # Ok(())
/// # }
/// ```
pub async fn read(path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
    let path = path.as_ref().to_owned();
    run(move || std::fs::read(path)).await
}

/// Reads all of a file as UTF-8.
///
/// # Errors
///
/// If the file cannot be opened or read, and with [`InvalidData`](io::ErrorKind::InvalidData) if it is not UTF-8.
///
/// ```no_run
/// # async fn example() -> std::io::Result<()> {
/// let settings = heist::fs::read_to_string("settings.toml").await?;
/// println!("{settings}");
/// # Ok(())
/// # }
/// ```
pub async fn read_to_string(path: impl AsRef<Path>) -> io::Result<String> {
    let path = path.as_ref().to_owned();
    run(move || std::fs::read_to_string(path)).await
}

/// Makes `contents` all there is in a file, which is created if need be.
///
/// The contents are copied first, for they must outlive this future; what is too large for that is better written
/// through a [`File`](super::File).
///
/// # Errors
///
/// If the file cannot be opened or written; part of it may have been.
///
/// ```no_run
/// # async fn example() -> std::io::Result<()> {
/// heist::fs::write("greeting.txt", "hello").await
/// # }
/// ```
pub async fn write(path: impl AsRef<Path>, contents: impl AsRef<[u8]>) -> io::Result<()> {
    let path = path.as_ref().to_owned();
    let contents = contents.as_ref().to_vec();
    run(move || std::fs::write(path, contents)).await
}

/// Copies the contents and the permissions of one file over another, which is created if need be, and returns how many
/// bytes that was.
///
/// # Errors
///
/// If `from` is no file or cannot be read, or `to` cannot be written; part of it may have been.
///
/// ```no_run
/// # async fn example() -> std::io::Result<()> {
/// let bytes = heist::fs::copy("data.db", "data.db.bak").await?;
/// println!("{bytes} bytes are safe");
/// # Ok(())
/// # }
/// ```
pub async fn copy(from: impl AsRef<Path>, to: impl AsRef<Path>) -> Result<u64, io::Error> {
    let (from, to) = (from.as_ref().to_owned(), to.as_ref().to_owned());
    run(move || std::fs::copy(from, to)).await
}
