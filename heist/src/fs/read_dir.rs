//! [`read_dir`], [`ReadDir`] and [`DirEntry`]: what is in a directory.
//!
//! ```text
//!                next_entry, none left here, more there
//!     Idle ────────────────────────────────────────────► Reading
//!   (a batch) ◄───────────────────────────────────────── (on the pool) ──► Lost
//!                          a batch came                        the pool dropped it
//! ```
//!
//! A batch is the first time 32 entries and then twice as many each time, up to 1,024: a short listing allocates
//! little, a long one pays for few hops.
//!
//! Invariants
//!
//! - I1: an error of the directory ends its batch, and is returned after the entries before it.
//! - I2: a batch that is shorter than asked for and has no error is the last.
//!
//! Deliberately absent: an order of the entries, and `.` and `..`.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs::{FileType, Metadata};
use std::future::poll_fn;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use heist_executor::blocking::AtClose;
use heist_executor::coop;
use heist_executor::task::JoinHandle;
use heist_primitive::sync::StdArc;

use crate::io::blocking::{lost, run, spawn};

/// Entries of the first batch, and of the largest.
const FIRST: usize = 32;
const LARGEST: usize = 1024;

/// Lists what is in a directory, in no particular order.
///
/// # Errors
///
/// If there is no directory at `path`, or it may not be read.
///
/// # Examples
///
/// ```no_run
/// # async fn example() -> std::io::Result<()> {
/// let mut entries = heist::fs::read_dir("inbox").await?;
/// while let Some(entry) = entries.next_entry().await? {
///     println!("{}", entry.path().display());
/// }
/// # Ok(())
/// # }
/// ```
pub async fn read_dir(path: impl AsRef<Path>) -> io::Result<ReadDir> {
    let path = path.as_ref().to_owned();
    let batch = run(move || Ok(next_batch(std::fs::read_dir(path)?, VecDeque::new(), FIRST))).await?;
    Ok(ReadDir {
        state: State::Idle(batch),
    })
}

/// The entries of a directory; made by [`read_dir`].
///
/// They are read in batches, so an entry may be gone by the time it is returned here.
#[derive(Debug)]
#[must_use = "a listing does nothing until `next_entry` is called"]
pub struct ReadDir {
    state: State,
}

#[derive(Debug)]
enum State {
    Idle(Batch),
    Reading(JoinHandle<Batch>),
    Lost,
}

#[derive(Debug)]
struct Batch {
    entries: VecDeque<io::Result<DirEntry>>,
    /// `None` at the end.
    directory: Option<std::fs::ReadDir>,
    /// How many the next one is asked for.
    next: usize,
}

/// Reads up to `size` entries into `entries`, which is empty.
fn next_batch(
    mut directory: std::fs::ReadDir,
    mut entries: VecDeque<io::Result<DirEntry>>,
    size: usize,
) -> Batch {
    entries.reserve(size);
    let mut ends = false;
    while entries.len() < size {
        let Some(entry) = directory.next() else {
            ends = true;
            break;
        };
        let failed = entry.is_err();
        entries.push_back(entry.map(DirEntry::new));
        if failed {
            break;
        }
    }
    Batch {
        entries,
        directory: (!ends).then_some(directory),
        next: (size * 2).min(LARGEST),
    }
}

impl ReadDir {
    /// Returns the next entry, `None` at the end.
    ///
    /// # Errors
    ///
    /// If the directory cannot be read on, and from then on always if the runtime has shut down meanwhile.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost if the future is dropped: the next call returns the entry.
    pub async fn next_entry(&mut self) -> io::Result<Option<DirEntry>> {
        poll_fn(|cx| self.poll_next_entry(cx)).await
    }

    /// Polls for the next entry: `Ready(Ok(None))` at the end. On `Pending` the task of `cx` will be woken.
    ///
    /// # Errors
    ///
    /// As [`next_entry`](Self::next_entry).
    pub fn poll_next_entry(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Option<DirEntry>>> {
        loop {
            match &mut self.state {
                State::Idle(batch) => {
                    if !batch.entries.is_empty() {
                        ready!(coop::poll_proceed(cx)).made_progress();
                        return Poll::Ready(batch.entries.pop_front().transpose());
                    }
                    let Some(directory) = batch.directory.take() else {
                        return Poll::Ready(Ok(None));
                    };
                    let (entries, size) = (std::mem::take(&mut batch.entries), batch.next);
                    self.state = State::Lost;
                    let reading = spawn(AtClose::Cancel, move || next_batch(directory, entries, size))?;
                    self.state = State::Reading(reading);
                }
                State::Reading(handle) => {
                    let done = ready!(Pin::new(handle).poll(cx));
                    self.state = State::Lost;
                    self.state = State::Idle(done.map_err(lost)?);
                }
                State::Lost => {
                    let what = "the runtime shut down while this directory was being read";
                    return Poll::Ready(Err(io::Error::other(what)));
                }
            }
        }
    }
}

/// One entry of a directory; made by [`ReadDir::next_entry`].
#[derive(Debug)]
pub struct DirEntry {
    entry: StdArc<std::fs::DirEntry>,
    /// Where the directory itself says it.
    file_type: Option<FileType>,
}

impl DirEntry {
    /// On the blocking pool: on some file systems the kind is asked for.
    fn new(entry: std::fs::DirEntry) -> Self {
        Self {
            file_type: entry.file_type().ok(),
            entry: StdArc::new(entry),
        }
    }

    /// The path: the one given to [`read_dir`], and the entry's name.
    pub fn path(&self) -> PathBuf {
        self.entry.path()
    }

    /// The name without the path.
    pub fn file_name(&self) -> OsString {
        self.entry.file_name()
    }

    /// Asks for size, permissions and times. Symbolic links are not followed.
    ///
    /// # Errors
    ///
    /// If the entry is gone, or may not be seen.
    pub async fn metadata(&self) -> io::Result<Metadata> {
        let entry = self.entry.clone();
        run(move || entry.metadata()).await
    }

    /// Whether it is a file, a directory or something else. Symbolic links are not followed. Known from the listing, as
    /// a rule, without asking again.
    ///
    /// # Errors
    ///
    /// If it must be asked for, and the entry is gone or may not be seen.
    pub async fn file_type(&self) -> io::Result<FileType> {
        if let Some(file_type) = self.file_type {
            return Ok(file_type);
        }
        let entry = self.entry.clone();
        run(move || entry.file_type()).await
    }

    /// The number of the inode, as the listing has it.
    #[cfg(unix)]
    pub fn ino(&self) -> u64 {
        std::os::unix::fs::DirEntryExt::ino(&*self.entry)
    }
}
