//! [`File`]: an open file, read and written on the blocking pool.
//!
//! ```text
//!              ┌──────────── lock: one operation at a time ───────────┐
//!   &mut self ─┤  Blocking: reads, writes, seeks, set_len              ├──► Arc<std::fs::File> ◄── metadata, sync,
//!   &self ─────┤  (io/blocking.rs)                                     │                            set_permissions …
//!              └──────────────────────────────────────────────────────┘                            (a Lease each)
//! ```
//!
//! Invariants
//!
//! - I1: whoever uses the file on the pool holds the `Arc`: an operation in flight, or a [`Lease`]. A lease's `Arc` goes
//!   before `released` is notified, so that [`File::into_std`] finds itself the only owner when it looks again.
//! - I2: nothing is read ahead once somebody else may see the position of the descriptor, which is what `keep_pace`
//!   says: after [`File::try_clone`], and after the descriptor was shown.
//!
//! Ordering pairs: none of its own. `keep_pace` is read by the one who polls; a read ahead of somebody who has the
//! descriptor from another thread at the same moment was begun before.
//!
//! Deliberately absent: a position of its own (the operating system has one), and closing on the pool: a drop closes
//! the file on the spot, unless an operation is in flight.

mod stream;

use std::fmt;
use std::fs::{Metadata, Permissions};
use std::future::poll_fn;
use std::io;
use std::path::Path;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::SystemTime;

use heist_executor::coop;
use heist_primitive::sync::StdArc;
use heist_primitive::sync::atomic::{AtomicBool, Ordering};

use super::{FileTimes, OpenOptions};
use crate::io::blocking::{Blocking, MAX_BUF_SIZE, run};
use crate::sync::{Mutex, Notify};

/// An open file.
///
/// It is read with [`AsyncReadExt`](crate::io::AsyncReadExt), written with [`AsyncWriteExt`](crate::io::AsyncWriteExt)
/// and positioned with [`AsyncSeekExt`](crate::io::AsyncSeekExt), as far as the [`OpenOptions`] allow.
///
/// **Writes.** A write copies the bytes, starts to write them on the blocking pool, and returns. The next operation waits
/// for it, and the next write, flush, [`sync_all`](Self::sync_all) or [`sync_data`](Self::sync_data) returns its error
/// if it has failed. So **call [`flush`](crate::io::AsyncWriteExt::flush) before you drop the file**: dropping it does
/// not lose the write in flight, which goes on also while the runtime shuts down, but its error is lost, and the
/// file is closed only after it. A flush gives the bytes to the operating system, and `sync_all` has that put them
/// onto the disk.
///
/// **Reads.** A read takes up to [`max_buf_size`](Self::max_buf_size) bytes in one hop to the pool. Where small reads follow
/// each other on a regular file that was opened by its path and for reading only, the file is read ahead, in batches that
/// grow up to 256 KiB; what is then returned is as old as its batch. A seek drops what was read ahead, as do
/// [`try_clone`](Self::try_clone) and showing the descriptor, after which nothing is read ahead any more. Set a smaller
/// `max_buf_size` to limit it.
///
/// # Cancel safety
///
/// Dropping the future of a read loses nothing: what it brings is returned by the next read, and the position is
/// right for whatever comes next. A write has either not begun or is done entirely. A seek may or may not have happened;
/// if it fails, a seek that comes right after it returns its error.
///
/// # Examples
///
/// ```
/// use heist::fs::File;
/// use heist::io::{AsyncReadExt, AsyncWriteExt};
///
/// # fn main() -> std::io::Result<()> {
/// # heist::runtime::Runtime::new()?.block_on(async {
/// # let path = std::env::temp_dir().join(format!("heist-file-{}", std::process::id()));
/// let mut file = File::create(&path).await?;
/// file.write_all(b"hello, world!").await?;
/// file.flush().await?;
///
/// let mut text = String::new();
/// File::open(&path).await?.read_to_string(&mut text).await?;
/// assert_eq!(text, "hello, world!");
/// # heist::fs::remove_file(&path).await
/// # })
/// # }
/// ```
pub struct File {
    std: StdArc<std::fs::File>,
    io: Mutex<Blocking<std::fs::File>>,
    max_buf_size: usize,
    /// I2.
    keep_pace: AtomicBool,
    /// I1.
    released: StdArc<Notify>,
}

impl File {
    /// Opens a file for reading.
    ///
    /// # Errors
    ///
    /// If there is none at `path`, or it may not be read; see [`OpenOptions::open`].
    ///
    /// ```no_run
    /// use heist::io::AsyncReadExt;
    ///
    /// # async fn example() -> std::io::Result<()> {
    /// let mut magic = [0; 4];
    /// heist::fs::File::open("logo.png").await?.read_exact(&mut magic).await?;
    /// assert_eq!(&magic, b"\x89PNG");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn open(path: impl AsRef<Path>) -> io::Result<File> {
        Self::options().read(true).open(path).await
    }

    /// Opens a file for writing: creates it, or empties it if it exists.
    ///
    /// # Errors
    ///
    /// If it cannot be created or may not be written; see [`OpenOptions::open`].
    ///
    /// ```no_run
    /// use heist::io::AsyncWriteExt;
    ///
    /// # async fn example() -> std::io::Result<()> {
    /// let mut file = heist::fs::File::create("report.txt").await?;
    /// file.write_all(b"all is well\n").await?;
    /// file.flush().await
    /// # }
    /// ```
    pub async fn create(path: impl AsRef<Path>) -> io::Result<File> {
        let mut options = Self::options();
        options.write(true).create(true).truncate(true).open(path).await
    }

    /// Creates a file for reading and writing, and in one step makes sure that it did not exist.
    ///
    /// # Errors
    ///
    /// With [`AlreadyExists`](io::ErrorKind::AlreadyExists) if it does; see [`OpenOptions::open`].
    ///
    /// ```no_run
    /// # async fn example() -> std::io::Result<()> {
    /// let lock = heist::fs::File::create_new("server.lock").await?;
    /// # drop(lock);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn create_new<P: AsRef<Path>>(path: P) -> io::Result<File> {
        let mut options = Self::options();
        options.read(true).write(true).create_new(true).open(path).await
    }

    /// The same as [`OpenOptions::new`].
    #[must_use]
    pub fn options() -> OpenOptions {
        OpenOptions::new()
    }

    /// Takes over a file of std.
    ///
    /// Nothing is read ahead in it, for others may share its position.
    ///
    /// ```no_run
    /// # fn example() -> std::io::Result<()> {
    /// let file = heist::fs::File::from_std(std::fs::File::open("settings.toml")?);
    /// # drop(file);
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_std(std: std::fs::File) -> File {
        Self::new(std, false)
    }

    /// `ahead`: the file may be read further than the user asks for.
    pub(super) fn new(std: std::fs::File, ahead: bool) -> File {
        let std = StdArc::new(std);
        File {
            io: Mutex::new(Blocking::new(std.clone(), false)),
            std,
            max_buf_size: MAX_BUF_SIZE,
            keep_pace: AtomicBool::new(!ahead),
            released: StdArc::default(),
        }
    }

    /// Waits for the operation in flight and turns this into a file of std.
    ///
    /// Its position is behind what was returned here. If a write has failed and nobody was told, nobody will be: flush
    /// first.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped the file is dropped with it.
    ///
    /// ```no_run
    /// # async fn example() -> std::io::Result<()> {
    /// let file = heist::fs::File::open("input.txt").await?.into_std().await;
    /// let sorted = std::process::Command::new("sort").stdin(file).spawn()?;
    /// # drop(sorted);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn into_std(self) -> std::fs::File {
        let File {
            mut std,
            io,
            released,
            ..
        } = self;
        let mut io = io.into_inner();
        poll_fn(|cx| io.poll_idle(cx)).await;
        let _ = io.put_back();
        drop(io);
        loop {
            let mut notified = pin!(released.notified());
            notified.as_mut().enable();
            match StdArc::try_unwrap(std) {
                Ok(file) => return file,
                Err(leased) => std = leased,
            }
            notified.await;
        }
    }

    /// Turns this into a file of std, unless an operation is in flight.
    ///
    /// # Errors
    ///
    /// The file itself if one is: flush it and try again, or use [`into_std`](Self::into_std).
    ///
    /// ```no_run
    /// # async fn example() -> std::io::Result<()> {
    /// let file = heist::fs::File::open("input.txt").await?;
    /// let file = file.try_into_std().expect("nothing was started");
    /// # drop(file);
    /// # Ok(())
    /// # }
    /// ```
    #[allow(clippy::result_large_err, reason = "the signature is tokio's")]
    pub fn try_into_std(mut self) -> Result<std::fs::File, Self> {
        self.settle();
        let keep_pace = self.keep_pace.load(Ordering::Relaxed);
        let File {
            std,
            io,
            max_buf_size,
            released,
            ..
        } = self;
        // Two are here: `std`, and the one in `io`.
        if StdArc::strong_count(&std) == 2 {
            drop(io);
            return StdArc::try_unwrap(std).map_err(|std| File {
                io: Mutex::new(Blocking::new(std.clone(), false)),
                std,
                max_buf_size,
                keep_pace: AtomicBool::new(keep_pace),
                released,
            });
        }
        Err(File {
            std,
            io,
            max_buf_size,
            keep_pace: AtomicBool::new(keep_pace),
            released,
        })
    }

    /// Makes a second file with the same descriptor underneath: reading, writing and seeking in one moves the position of
    /// the other.
    ///
    /// From then on neither reads ahead.
    ///
    /// # Errors
    ///
    /// If there are too many open files.
    ///
    /// ```no_run
    /// # async fn example() -> std::io::Result<()> {
    /// let file = heist::fs::File::open("data.db").await?;
    /// let other = file.try_clone().await?;
    /// # drop(other);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn try_clone(&self) -> io::Result<File> {
        self.keep_pace.store(true, Ordering::Relaxed);
        let mut io = self.io.lock().await;
        poll_fn(|cx| io.poll_idle(cx)).await;
        // What cannot seek has no position to share.
        let _ = io.put_back();
        drop(io);
        let mut file = File::from_std(self.on_pool(|file| file.try_clone()).await?);
        file.max_buf_size = self.max_buf_size;
        Ok(file)
    }

    /// Waits until contents and metadata are on the disk.
    ///
    /// # Errors
    ///
    /// That of an earlier write nobody was told of, or if the disk fails.
    ///
    /// ```no_run
    /// use heist::io::AsyncWriteExt;
    ///
    /// # async fn example() -> std::io::Result<()> {
    /// let mut file = heist::fs::File::create("ledger").await?;
    /// file.write_all(b"paid\n").await?;
    /// file.sync_all().await
    /// # }
    /// ```
    pub async fn sync_all(&self) -> io::Result<()> {
        self.sync(|file| file.sync_all()).await
    }

    /// Like [`sync_all`](Self::sync_all), but of the metadata only what is needed to read the contents.
    ///
    /// # Errors
    ///
    /// As `sync_all`.
    pub async fn sync_data(&self) -> io::Result<()> {
        self.sync(|file| file.sync_data()).await
    }

    async fn sync(&self, sync: fn(&std::fs::File) -> io::Result<()>) -> io::Result<()> {
        let mut io = self.io.lock().await;
        poll_fn(|cx| io.poll_idle(cx)).await;
        io.take_error()?;
        self.on_pool(sync).await
    }

    /// Cuts the file to `size` bytes, or extends it with zeros. The position stays where it is.
    ///
    /// # Errors
    ///
    /// If the file is not open for writing, or there is no room.
    pub async fn set_len(&self, size: u64) -> io::Result<()> {
        let mut io = self.io.lock().await;
        poll_fn(|cx| io.poll_idle(cx)).await;
        io.put_back()?;
        io.start(move |file| file.set_len(size))?;
        poll_fn(|cx| io.poll_run(cx)).await
    }

    /// Asks for the size, the permissions and the times. Does not wait for a write in flight: flush first.
    ///
    /// # Errors
    ///
    /// Those of the operating system.
    pub async fn metadata(&self) -> io::Result<Metadata> {
        self.on_pool(|file| file.metadata()).await
    }

    /// Changes the permissions.
    ///
    /// # Errors
    ///
    /// If the file belongs to somebody else.
    pub async fn set_permissions(&self, perm: Permissions) -> io::Result<()> {
        self.on_pool(move |file| file.set_permissions(perm)).await
    }

    /// Changes the times, after the operation in flight, which changes them itself.
    ///
    /// # Errors
    ///
    /// If the file belongs to somebody else.
    pub async fn set_times(&self, times: FileTimes) -> io::Result<()> {
        let mut io = self.io.lock().await;
        poll_fn(|cx| io.poll_idle(cx)).await;
        self.on_pool(move |file| file.set_times(times.times)).await
    }

    /// Changes the time of the last change.
    ///
    /// # Errors
    ///
    /// As [`set_times`](Self::set_times).
    pub async fn set_modified(&self, time: SystemTime) -> io::Result<()> {
        self.set_times(FileTimes::new().set_modified(time)).await
    }

    /// Sets how many bytes one hop to the blocking pool reads or writes at the most; 2 MiB unless set.
    ///
    /// # Panics
    ///
    /// If `max_buf_size` is 0.
    #[track_caller]
    pub fn set_max_buf_size(&mut self, max_buf_size: usize) {
        assert!(
            max_buf_size > 0,
            "`max_buf_size` must be greater than 0: nothing could be read or written with an empty buffer"
        );
        self.max_buf_size = max_buf_size;
    }

    /// How many bytes one hop to the blocking pool reads or writes at the most.
    pub fn max_buf_size(&self) -> usize {
        self.max_buf_size
    }

    /// Runs `f` on the blocking pool, beside the operation in flight.
    async fn on_pool<R: Send + 'static>(
        &self,
        f: impl FnOnce(&std::fs::File) -> io::Result<R> + Send + 'static,
    ) -> io::Result<R> {
        let lease = Lease {
            file: self.std.clone(),
            _release: Release(self.released.clone()),
        };
        // By a method, or the closure would take the one field and leave the other here.
        run(move || f(lease.file())).await
    }

    /// Keeps the outcome of an operation that has ended, and puts back what was read ahead, if none is in flight.
    fn settle(&mut self) {
        settle(self.io.get_mut());
    }

    /// I2: somebody is about to see the descriptor.
    #[cfg(unix)]
    fn show(&self) {
        self.keep_pace.store(true, Ordering::Relaxed);
        if let Ok(mut io) = self.io.try_lock() {
            settle(&mut io);
        }
    }
}

fn settle(io: &mut Blocking<std::fs::File>) {
    // Polled in vain, it would forget the waker of who waits for it.
    if !io.is_settled() {
        return;
    }
    let mut cx = Context::from_waker(Waker::noop());
    if coop::unconstrained(|| io.poll_idle(&mut cx)).is_ready() {
        // What cannot seek keeps what it has read.
        let _ = io.put_back();
    }
}

/// A use of the file on the pool. Its fields are dropped in this order: I1.
struct Lease {
    file: StdArc<std::fs::File>,
    _release: Release,
}

impl Lease {
    fn file(&self) -> &std::fs::File {
        &self.file
    }
}

struct Release(StdArc<Notify>);

impl Drop for Release {
    fn drop(&mut self) {
        self.0.notify_waiters();
    }
}

impl From<std::fs::File> for File {
    fn from(std: std::fs::File) -> Self {
        Self::from_std(std)
    }
}

#[cfg(unix)]
impl From<std::os::fd::OwnedFd> for File {
    fn from(fd: std::os::fd::OwnedFd) -> Self {
        Self::from_std(fd.into())
    }
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("heist::fs::File").field("std", &self.std).finish()
    }
}

#[cfg(unix)]
mod sys {
    use super::File;
    use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

    /// What was read ahead is put back first, and nothing is read ahead any more: the position is where the user is,
    /// unless an operation is in flight.
    impl AsRawFd for File {
        fn as_raw_fd(&self) -> RawFd {
            self.show();
            self.std.as_raw_fd()
        }
    }

    /// As [`AsRawFd`].
    impl AsFd for File {
        fn as_fd(&self) -> BorrowedFd<'_> {
            self.show();
            self.std.as_fd()
        }
    }
}
