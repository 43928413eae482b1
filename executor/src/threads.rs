//! A set of threads that can be waited for with a limit.
//!
//! Invariants
//!
//! - T1: a thread counts as ended when its body has returned or panicked, before its `JoinHandle` is ready; the
//!   remaining wait for the handle is for the operating system's clean-up only.
//!
//! Deliberately absent: cancellation. Threads end by themselves.

use std::fmt;
use std::io;
use std::time::Duration;

use heist_primitive::sync::{Arc, Condvar, Mutex};
use heist_primitive::thread;

struct Running {
    count: Mutex<usize>,
    ended: Condvar,
}

/// The threads.
pub(crate) struct Threads {
    running: Arc<Running>,
    handles: Mutex<Vec<thread::JoinHandle<()>>>,
}

/// Counts its thread out, also when the body panics.
struct Ended(Arc<Running>);

impl Drop for Ended {
    fn drop(&mut self) {
        *self.0.count.lock() -= 1;
        self.0.ended.notify_all();
    }
}

impl Threads {
    pub(crate) fn new() -> Self {
        let running = Running {
            count: Mutex::new(0),
            ended: Condvar::new(),
        };
        Self {
            running: Arc::new(running),
            handles: Mutex::new(Vec::new()),
        }
    }

    /// Starts a thread.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub(crate) fn spawn(
        &self,
        builder: thread::Builder,
        body: impl FnOnce() + Send + 'static,
    ) -> io::Result<()> {
        *self.running.count.lock() += 1;
        // Dropped with the closure if the thread cannot be made.
        let ended = Ended(self.running.clone());
        let handle = builder.spawn(move || {
            let _ended = ended;
            body();
        })?;
        self.handles.lock().push(handle);
        Ok(())
    }

    /// Waits until all have ended, for `limit` at the most. True: all have.
    pub(crate) fn join(&self, limit: Option<Duration>) -> bool {
        let mut count = self.running.count.lock();
        match limit {
            None => self.running.ended.wait_while(&mut count, |count| *count > 0),
            Some(limit) => {
                self.running
                    .ended
                    .wait_while_for(&mut count, |count| *count > 0, limit);
                if *count > 0 {
                    return false;
                }
            }
        }
        drop(count);
        // All of them: who starts a thread is one of those counted, or the owner.
        let handles = std::mem::take(&mut *self.handles.lock());
        for handle in handles {
            // A panic was reported when it happened.
            let _ = handle.join();
        }
        true
    }
}

impl fmt::Debug for Threads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Threads")
            .field("handles", &self.handles.lock().len())
            .finish_non_exhaustive()
    }
}
