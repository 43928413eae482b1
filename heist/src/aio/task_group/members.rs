//! The tasks of a group: who lives, what went wrong, and whether more may come.
//!
//! ```text
//!   enter ──► live: number, token ──── Member dropped ──► ending (its cell) ──► gone
//!                      │ fail, close: each token is cancelled
//! ```
//!
//! Invariants
//!
//! - M1: a task is live from before it is spawned until its future is gone: `Member` is in it and is dropped last.
//! - M2: after `close` nobody comes in, and each who is live is cancelled: by `close`, or by `attach` if the token came after.
//! - M3: no task is cancelled and nobody is woken under the lock.
//!
//! Ordering pairs: the lock, alone.

use std::collections::HashMap;

use heist_primitive::sync::{Mutex, StdArc as Arc};

use super::error::TaskFailure;
use crate::aio::task::{CancelToken, Task};
use crate::sync::Notify;
use crate::task::AbortHandle;

struct State<E> {
    closed: bool,
    next: u64,
    /// `None`: not spawned yet.
    live: HashMap<u64, Option<(CancelToken, AbortHandle)>>,
    /// Their futures are gone, their outputs on the way; or they came too late.
    ending: Vec<AbortHandle>,
    failures: Vec<TaskFailure<E>>,
}

/// See the module.
pub(super) struct Members<E> {
    state: Mutex<State<E>>,
    /// Nobody is live any more, or the group was closed.
    pub(super) changed: Notify,
}

/// One task's place among the members.
pub(super) struct Member<E> {
    members: Arc<Members<E>>,
    number: u64,
}

impl<E> Members<E> {
    pub(super) fn new() -> Self {
        Self {
            state: Mutex::new(State {
                closed: false,
                next: 0,
                live: HashMap::new(),
                ending: Vec::new(),
                failures: Vec::new(),
            }),
            changed: Notify::new(),
        }
    }

    /// A place for a task that is going to be spawned; `None` if the group is closed.
    pub(super) fn enter(self: &Arc<Self>) -> Option<Member<E>> {
        let mut state = self.state.lock();
        if state.closed {
            return None;
        }
        let number = state.next;
        state.next += 1;
        state.live.insert(number, None);
        Some(Member {
            members: self.clone(),
            number,
        })
    }

    /// The task with the place `number` is spawned.
    pub(super) fn attach<T>(&self, number: u64, task: &Task<T>) {
        let token = task.cancel_token();
        let closed = {
            let mut state = self.state.lock();
            match state.live.get_mut(&number) {
                Some(live) => *live = Some((token.clone(), task.abort_handle())),
                None => state.ends(task.abort_handle()),
            }
            state.closed
        };
        if closed {
            token.cancel();
        }
    }

    /// `task`, which is cancelled, stands for one that came too late: it is waited for with those that are ending.
    pub(super) fn refused<T>(&self, task: &Task<T>) {
        self.state.lock().ends(task.abort_handle());
    }

    /// M2.
    pub(super) fn close(&self) {
        let live: Vec<CancelToken> = {
            let mut state = self.state.lock();
            if state.closed {
                return;
            }
            state.closed = true;
            let tokens = state.live.values().flatten();
            tokens.map(|(token, _)| token.clone()).collect()
        };
        self.changed.notify_waiters();
        for token in live {
            token.cancel();
        }
    }

    pub(super) fn fail(&self, failure: TaskFailure<E>) {
        self.state.lock().failures.push(failure);
        self.close();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.state.lock().closed
    }

    pub(super) fn live(&self) -> usize {
        self.state.lock().live.len()
    }

    /// Closes the group if nobody is live.
    pub(super) fn close_if_empty(&self) -> bool {
        let mut state = self.state.lock();
        let empty = state.live.is_empty();
        state.closed |= empty;
        empty
    }

    /// Whether a task whose future is gone has not told its handle yet.
    pub(super) fn is_ending(&self) -> bool {
        let mut state = self.state.lock();
        state.ending.retain(|task| !task.is_finished());
        !state.ending.is_empty()
    }

    pub(super) fn take_failures(&self) -> Vec<TaskFailure<E>> {
        std::mem::take(&mut self.state.lock().failures)
    }
}

impl<E> State<E> {
    fn ends(&mut self, task: AbortHandle) {
        self.ending.retain(|task| !task.is_finished());
        self.ending.push(task);
    }
}

impl<E> Member<E> {
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    pub(super) fn members(&self) -> &Members<E> {
        &self.members
    }
}

impl<E> Drop for Member<E> {
    fn drop(&mut self) {
        let (empty, token) = {
            let mut state = self.members.state.lock();
            let live = state.live.remove(&self.number).flatten();
            let token = live.map(|(token, task)| {
                state.ends(task);
                token
            });
            (state.live.is_empty(), token)
        };
        drop(token);
        if empty {
            self.members.changed.notify_waiters();
        }
    }
}
