//! [`DirBuilder`], [`create_dir`] and [`create_dir_all`]: making directories.

use std::io;
use std::path::Path;

use crate::io::blocking::run;

/// Makes a directory. Its parent must exist.
///
/// # Errors
///
/// If there is something at `path` already, or its parent does not exist or may not be changed.
///
/// ```no_run
/// # async fn example() -> std::io::Result<()> {
/// heist::fs::create_dir("inbox").await
/// # }
/// ```
pub async fn create_dir(path: impl AsRef<Path>) -> io::Result<()> {
    DirBuilder::new().create(path).await
}

/// Makes a directory and those of its parents that do not exist. One that exists already is no error.
///
/// # Errors
///
/// If one of them cannot be made; those before it have been.
///
/// ```no_run
/// # async fn example() -> std::io::Result<()> {
/// heist::fs::create_dir_all("cache/images/small").await
/// # }
/// ```
pub async fn create_dir_all(path: impl AsRef<Path>) -> io::Result<()> {
    DirBuilder::new().recursive(true).create(path).await
}

/// Says how directories are made.
///
/// ```no_run
/// # #[cfg(unix)]
/// # async fn example() -> std::io::Result<()> {
/// use heist::fs::DirBuilder;
///
/// DirBuilder::new().recursive(true).mode(0o700).create("secrets/keys").await
/// # }
/// ```
#[derive(Debug, Default)]
pub struct DirBuilder {
    recursive: bool,
    /// Of Unix; the system's default if `None`.
    mode: Option<u32>,
}

impl DirBuilder {
    /// The parent must exist, and everybody's permissions are the system's default.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets whether parents that do not exist are made too, and a directory that exists is no error.
    pub fn recursive(&mut self, recursive: bool) -> &mut Self {
        self.recursive = recursive;
        self
    }

    /// Makes the directory.
    ///
    /// # Errors
    ///
    /// As [`create_dir`], or as [`create_dir_all`] if it is to be recursive.
    pub async fn create(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let path = path.as_ref().to_owned();
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(self.recursive);
        if let Some(mode) = self.mode {
            set_mode(&mut builder, mode);
        }
        run(move || builder.create(path)).await
    }
}

#[cfg(unix)]
impl DirBuilder {
    /// Sets the mode bits of the directories that are made; the process's umask is taken from them.
    pub fn mode(&mut self, mode: u32) -> &mut Self {
        self.mode = Some(mode);
        self
    }
}

#[cfg(unix)]
fn set_mode(builder: &mut std::fs::DirBuilder, mode: u32) {
    std::os::unix::fs::DirBuilderExt::mode(builder, mode);
}

/// There are no mode bits, and nobody can have set them.
#[cfg(not(unix))]
fn set_mode(_: &mut std::fs::DirBuilder, _: u32) {}
