//! Files and directories.
//!
//! | to do | use |
//! |---|---|
//! | read or write a file in one go | [`read`], [`read_to_string`], [`write()`], [`copy`] |
//! | read or write it piece by piece | [`File`] with [`AsyncReadExt`](crate::io::AsyncReadExt) and [`AsyncWriteExt`](crate::io::AsyncWriteExt) |
//! | say how a file is opened | [`OpenOptions`] |
//! | make, list and remove directories | [`create_dir_all`], [`DirBuilder`], [`read_dir`], [`remove_dir_all`] |
//! | ask about a path, or change it | [`metadata`], [`try_exists`], [`set_permissions`], [`rename`], [`hard_link`] … |
//!
//! An operating system has no readiness for files: a read of one just takes its time. So all of this runs on
//! the runtime's blocking pool, like [`spawn_blocking`](crate::task::spawn_blocking), at the price of a hop there and
//! back, some 10 µs. What does much in one hop is cheap: the functions for whole files, and large reads and
//! writes. [`File`] helps with batches of its own.
//!
//! FIFOs and devices can be opened as files too, but a read that waits for such occupies a thread of the pool, and the
//! drop of the runtime waits for it.
//!
//! # Errors, panics and cancel safety of all of it
//!
//! The functions return std's errors, and one that says so if the runtime shuts down before the operation has begun.
//! Called outside of a runtime they panic, when they are first polled.
//!
//! An operation whose future is dropped has either not begun and never will, or it goes on to its end in the background;
//! which of the two cannot be known.
//!
//! # Examples
//!
//! ```
//! use heist::fs;
//!
//! # fn main() -> std::io::Result<()> {
//! # heist::runtime::Runtime::new()?.block_on(async {
//! let folder = std::env::temp_dir().join(format!("heist-example-{}", std::process::id()));
//! fs::create_dir_all(folder.join("drafts")).await?;
//! fs::write(folder.join("drafts/letter.txt"), "Dear reader").await?;
//! fs::rename(folder.join("drafts/letter.txt"), folder.join("letter.txt")).await?;
//! assert_eq!(fs::read_to_string(folder.join("letter.txt")).await?, "Dear reader");
//!
//! let mut entries = fs::read_dir(&folder).await?;
//! while let Some(entry) = entries.next_entry().await? {
//!     println!("{:?}: {} bytes", entry.file_name(), entry.metadata().await?.len());
//! }
//! fs::remove_dir_all(&folder).await
//! # })
//! # }
//! ```
//!
//! Absent on purpose: anything but the blocking pool, such as io_uring, and what only Windows has.

mod dir_builder;
mod file;
mod file_times;
mod links;
mod open_options;
mod paths;
mod read_dir;
mod whole;

pub use dir_builder::{DirBuilder, create_dir, create_dir_all};
pub use file::File;
pub use file_times::FileTimes;
#[cfg(unix)]
pub use links::symlink;
pub use links::{hard_link, read_link, symlink_metadata};
pub use open_options::OpenOptions;
pub use paths::{
    canonicalize, metadata, remove_dir, remove_dir_all, remove_file, rename, set_permissions, try_exists,
};
pub use read_dir::{DirEntry, ReadDir, read_dir};
pub use whole::{copy, read, read_to_string, write};
