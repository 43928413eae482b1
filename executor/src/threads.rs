//! A set of threads that can be waited for with a limit.
//!
//! Invariants
//!
//! - T1: a thread counts as ended when its body has returned or panicked, before its `JoinHandle` is ready; the
//!   remaining wait for the handle is for the operating system's clean-up only.
//! - T2: what is left to the last thread is done once, after the body of each has ended. Model: loom-tests/tests/pool.rs,
//!   `what_is_left_to_the_last_worker_comes_after_its_tasks`.
//!
//! Deliberately absent: cancellation. Threads end by themselves.

use std::fmt;
use std::io;
use std::time::Duration;

use heist_primitive::sync::{Arc, Condvar, Mutex};
use heist_primitive::thread;

struct Running {
    state: Mutex<State>,
    ended: Condvar,
}

#[derive(Default)]
struct State {
    count: usize,
    /// What the last thread is to do.
    at_end: Option<AtEnd>,
}

type AtEnd = Box<dyn FnOnce() + Send>;

/// The threads.
pub(crate) struct Threads {
    running: Arc<Running>,
    handles: Mutex<Vec<thread::JoinHandle<()>>>,
}

/// Counts its thread out, also when the body panics.
struct Ended(Arc<Running>);

impl Drop for Ended {
    fn drop(&mut self) {
        let at_end = {
            let mut state = self.0.state.lock();
            state.count -= 1;
            if state.count == 0 {
                state.at_end.take()
            } else {
                None
            }
        };
        self.0.ended.notify_all();
        if let Some(at_end) = at_end {
            at_end();
        }
    }
}

/// The calling thread counts as one of them until this is dropped.
pub(crate) struct Member(#[allow(dead_code)] Ended);

impl Threads {
    pub(crate) fn new() -> Self {
        let running = Running {
            state: Mutex::new(State::default()),
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
        self.running.state.lock().count += 1;
        // Dropped with the closure if the thread cannot be made.
        let ended = Ended(self.running.clone());
        let handle = builder.spawn(move || {
            let _ended = ended;
            body();
        })?;
        self.handles.lock().push(handle);
        Ok(())
    }

    /// Counts the calling thread in, which is none of them. `None` if all have ended.
    pub(crate) fn join_in(&self) -> Option<Member> {
        let mut state = self.running.state.lock();
        if state.count == 0 {
            return None;
        }
        state.count += 1;
        Some(Member(Ended(self.running.clone())))
    }

    /// Leaves `at_end` to the last thread, or does it here if all have ended.
    pub(crate) fn at_end(&self, at_end: AtEnd) {
        let mut state = self.running.state.lock();
        if state.count > 0 {
            state.at_end = Some(at_end);
        } else {
            drop(state);
            at_end();
        }
    }

    /// Waits until all have ended, for `limit` at the most. True: all have.
    pub(crate) fn join(&self, limit: Option<Duration>) -> bool {
        let mut state = self.running.state.lock();
        match limit {
            None => self.running.ended.wait_while(&mut state, |state| state.count > 0),
            Some(limit) => {
                self.running
                    .ended
                    .wait_while_for(&mut state, |state| state.count > 0, limit);
                if state.count > 0 {
                    return false;
                }
            }
        }
        drop(state);
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
