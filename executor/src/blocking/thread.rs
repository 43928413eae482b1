//! The life of one thread of the pool.
//!
//! ```text
//!   made ─► take a closure, call the next ─► [ hooks ─► run, take, run … ─► idle ─► come ─► run … ─► counted out ─► hooks ] ─► ended
//! ```
//!
//! Invariants (those with a B are in `mod.rs`)
//!
//! - T1: a thread takes its first closure, and calls the next one, before the hooks that users put around it: what these do
//!   holds up one closure only.
//! - T2: however a thread ends, it is counted out once, and its handle is there for `Pool::join`. If a hook panics, the first
//!   closure is cancelled, and with the last thread so is all that is queued (B1).

use heist_primitive::sync::Arc;

use super::shared::{Queued, Rest, Shared};
use crate::driver::Around;
use crate::multi_thread::run_closure;
use crate::park::Parker;

/// A thread, from its own point of view.
pub(super) struct PoolThread {
    shared: Arc<Shared>,
    number: u64,
    parker: Arc<Parker>,
    /// T1.
    first: Option<Queued>,
    counted_out: bool,
}

impl PoolThread {
    /// On the new thread, the first thing.
    pub(super) fn new(shared: Arc<Shared>, number: u64) -> Self {
        Self {
            shared,
            number,
            parker: Arc::new(Parker::new()),
            first: None,
            counted_out: false,
        }
    }

    /// All of it.
    pub(super) fn live(mut self, around: Option<Around>) {
        self.first = self.shared.pop();
        Shared::arrived(&self.shared);
        match around {
            Some(around) => around(&mut || self.work()),
            None => self.work(),
        }
    }

    /// Ends with the queue empty and the thread counted out in the same hold of the lock (B2).
    fn work(&mut self) {
        let mut next = self.first.take();
        let mut is_coming = false;
        loop {
            while let Some(queued) = next.take().or_else(|| self.shared.pop()) {
                if std::mem::take(&mut is_coming) {
                    Shared::arrived(&self.shared);
                }
                run_closure(queued.task, || self.shared.can_spare_a_thread());
            }
            is_coming = match self.shared.rest(self.number, &self.parker, is_coming) {
                Rest::Sleep => self.sleep(),
                Rest::Work => true,
                Rest::Leave => false,
            };
            if !is_coming {
                break;
            }
        }
        self.counted_out = true;
    }

    /// True: it is coming. False: it has been idle for so long that it was counted out.
    fn sleep(&self) -> bool {
        let keep_alive = self.shared.config.keep_alive;
        if self.parker.park_timeout(keep_alive) {
            return true;
        }
        match self.shared.rest_is_over(self.number) {
            Rest::Sleep => self.parker.park(),
            Rest::Work => {}
            Rest::Leave => return false,
        }
        true
    }
}

impl Drop for PoolThread {
    fn drop(&mut self) {
        if let Some(first) = self.first.take() {
            first.cancel();
        }
        if !self.counted_out {
            self.shared.count_out(false);
        }
        let around = {
            let mut state = self.shared.state.lock();
            if !state.closing {
                state.ended.clear();
            }
            let own = state.handles.remove(&self.number);
            state.ended.extend(own);
            self.shared.last_around(&mut state)
        };
        self.shared.ended.notify_all();
        drop(around);
    }
}
