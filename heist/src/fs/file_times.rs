//! [`FileTimes`]: when a file was last read and changed.

use std::time::SystemTime;

/// Times to be given to a file by [`File::set_times`](super::File::set_times). Those that are not set stay as they are.
///
/// ```no_run
/// use std::time::{Duration, SystemTime};
///
/// # async fn example(file: heist::fs::File) -> std::io::Result<()> {
/// let yesterday = SystemTime::now() - Duration::from_secs(86_400);
/// file.set_times(heist::fs::FileTimes::new().set_modified(yesterday)).await
/// # }
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "times change nothing until they are given to `File::set_times`"]
pub struct FileTimes {
    pub(super) times: std::fs::FileTimes,
}

impl FileTimes {
    /// No time set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets when the file was last read.
    pub fn set_accessed(mut self, t: SystemTime) -> Self {
        self.times = self.times.set_accessed(t);
        self
    }

    /// Sets when the file was last changed.
    pub fn set_modified(mut self, t: SystemTime) -> Self {
        self.times = self.times.set_modified(t);
        self
    }
}
