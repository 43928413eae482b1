//! [`OpenOptions`]: how a file is opened.

use std::io;
#[cfg(unix)]
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::File;
use crate::io::blocking::run;

/// Says how a file is opened: for what, and what if it exists or does not.
///
/// All are off at first; one of [`read`](Self::read), [`write`](Self::write) and [`append`](Self::append) must be on.
/// [`File::open`] and [`File::create`] have the two usual choices.
///
/// ```no_run
/// use heist::fs::OpenOptions;
/// use heist::io::AsyncWriteExt;
///
/// # async fn example() -> std::io::Result<()> {
/// let mut log = OpenOptions::new().append(true).create(true).open("server.log").await?;
/// log.write_all(b"started\n").await?;
/// log.flush().await
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct OpenOptions {
    inner: std::fs::OpenOptions,
    /// Whether something is asked for with which reading ahead of the caller does not go together.
    keep_pace: bool,
}

impl OpenOptions {
    /// Everything off.
    pub fn new() -> OpenOptions {
        OpenOptions {
            inner: std::fs::OpenOptions::new(),
            keep_pace: false,
        }
    }

    /// Sets whether the file can be read.
    pub fn read(&mut self, read: bool) -> &mut OpenOptions {
        self.inner.read(read);
        self
    }

    /// Sets whether the file can be written, from the start and over what is there.
    pub fn write(&mut self, write: bool) -> &mut OpenOptions {
        self.inner.write(write);
        self.keep_pace |= write;
        self
    }

    /// Sets whether every write goes to the end of the file, wherever that is by then.
    ///
    /// One write of ours is one write of the system up to [`File::max_buf_size`]; so lines that are written whole are
    /// not mixed with those of other processes.
    pub fn append(&mut self, append: bool) -> &mut OpenOptions {
        self.inner.append(append);
        self.keep_pace |= append;
        self
    }

    /// Sets whether the file is emptied. Needs [`write`](Self::write).
    pub fn truncate(&mut self, truncate: bool) -> &mut OpenOptions {
        self.inner.truncate(truncate);
        self
    }

    /// Sets whether a file that does not exist is created. Needs [`write`](Self::write) or [`append`](Self::append).
    pub fn create(&mut self, create: bool) -> &mut OpenOptions {
        self.inner.create(create);
        self
    }

    /// Sets whether the file must be created here, in one step: it is an error if it exists.
    /// [`create`](Self::create) and [`truncate`](Self::truncate) have no meaning then.
    pub fn create_new(&mut self, create_new: bool) -> &mut OpenOptions {
        self.inner.create_new(create_new);
        self
    }

    /// Opens the file.
    ///
    /// # Errors
    ///
    /// | kind | because |
    /// |---|---|
    /// | `NotFound` | there is no file and none was to be created, or a directory of the path does not exist |
    /// | `AlreadyExists` | [`create_new`](Self::create_new), and there is one |
    /// | `PermissionDenied` | that may not be done to it |
    /// | `InvalidInput` | the options contradict each other |
    /// | others | the operating system's other errors |
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the file may still be created or emptied; it is closed at once.
    pub async fn open(&self, path: impl AsRef<Path>) -> io::Result<File> {
        let path = path.as_ref().to_owned();
        let (options, keep_pace) = (self.inner.clone(), self.keep_pace);
        let opened = run(move || {
            let file = options.open(path)?;
            let ahead = !keep_pace && file.metadata().is_ok_and(|metadata| metadata.is_file());
            Ok((file, ahead))
        });
        let (file, ahead) = opened.await?;
        Ok(File::new(file, ahead))
    }
}

#[cfg(unix)]
impl OpenOptions {
    /// Sets the mode bits of a file that is created, from which the process's umask is taken; 0o666 unless set.
    pub fn mode(&mut self, mode: u32) -> &mut OpenOptions {
        self.inner.mode(mode);
        self
    }

    /// Sets further flags for `open(2)`, such as `O_NOFOLLOW`, in place of those that were set here before.
    pub fn custom_flags(&mut self, flags: i32) -> &mut OpenOptions {
        self.inner.custom_flags(flags);
        self.keep_pace |= flags != 0;
        self
    }
}

impl From<std::fs::OpenOptions> for OpenOptions {
    fn from(options: std::fs::OpenOptions) -> OpenOptions {
        OpenOptions {
            inner: options,
            keep_pace: true,
        }
    }
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self::new()
    }
}
