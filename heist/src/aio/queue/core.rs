//! What all queues share: the two semaphores, the store, and the count of unfinished work. See mod.rs.
//!
//! Deliberately absent: an order, which is the store's.

use std::mem;

use heist_primitive::sync::Mutex;

use super::error::{QueueEmpty, QueueFull, QueueShutDown, TaskDoneError, TryGetError, TryPutError};
use super::store::Store;
use crate::sync::{Notify, Semaphore, TryAcquireError};

pub(super) struct Core<S> {
    locked: Mutex<Locked<S>>,
    /// A permit for each item (I1).
    items: Semaphore,
    /// A permit for each free place; none if there is no limit.
    space: Option<Semaphore>,
    maxsize: usize,
    /// Notified after `rounds` has changed.
    finished: Notify,
}

struct Locked<S> {
    store: S,
    shut_down: bool,
    unfinished: usize,
    /// How often `unfinished` has come down to 0.
    rounds: u64,
}

impl<S> Locked<S> {
    /// Takes `count` off the unfinished. Whether it was the last.
    fn finish(&mut self, count: usize) -> Result<bool, TaskDoneError> {
        let left = self.unfinished.checked_sub(count).ok_or(TaskDoneError(()))?;
        let last = left == 0 && self.unfinished > 0;
        self.unfinished = left;
        self.rounds += u64::from(last);
        Ok(last)
    }
}

impl<S: Store> Core<S> {
    #[track_caller]
    pub(super) fn new(maxsize: usize) -> Self {
        Self {
            locked: Mutex::new(Locked {
                store: S::default(),
                shut_down: false,
                unfinished: 0,
                rounds: 0,
            }),
            items: Semaphore::new(0),
            space: (maxsize > 0).then(|| Semaphore::new(maxsize)),
            maxsize,
            finished: Notify::new(),
        }
    }

    pub(super) async fn put(&self, item: S::Item) -> Result<(), QueueShutDown<S::Item>> {
        if let Some(space) = &self.space {
            match space.acquire().await {
                Ok(permit) => permit.forget(),
                Err(_) => return Err(QueueShutDown(item)),
            }
        }
        self.push(item)
    }

    pub(super) fn put_nowait(&self, item: S::Item) -> Result<(), TryPutError<S::Item>> {
        if let Some(space) = &self.space {
            match space.try_acquire() {
                Ok(permit) => permit.forget(),
                Err(TryAcquireError::NoPermits) => return Err(TryPutError::Full(QueueFull(item))),
                Err(TryAcquireError::Closed) => return Err(TryPutError::ShutDown(QueueShutDown(item))),
            }
        }
        self.push(item).map_err(TryPutError::ShutDown)
    }

    /// Into the store, for who has a permit of `space`.
    fn push(&self, item: S::Item) -> Result<(), QueueShutDown<S::Item>> {
        {
            let mut locked = self.locked.lock();
            if locked.shut_down {
                drop(locked);
                return Err(QueueShutDown(item));
            }
            locked.store.push(item);
            locked.unfinished += 1;
        }
        self.items.add_permits(1);
        Ok(())
    }

    pub(super) async fn get(&self) -> Result<S::Item, QueueShutDown> {
        // An error says that the queue is shut down: what is left then needs no permit.
        if let Ok(permit) = self.items.acquire().await {
            permit.forget();
        }
        self.pop().ok_or(QueueShutDown(()))
    }

    pub(super) fn get_nowait(&self) -> Result<S::Item, TryGetError> {
        match self.items.try_acquire() {
            Ok(permit) => permit.forget(),
            Err(TryAcquireError::NoPermits) => return Err(TryGetError::Empty(QueueEmpty)),
            Err(TryAcquireError::Closed) => {}
        }
        self.pop().ok_or(TryGetError::ShutDown(QueueShutDown(())))
    }

    /// From the store, for who has a permit of `items` or knows that the queue is shut down.
    fn pop(&self) -> Option<S::Item> {
        let item = self.locked.lock().store.pop()?;
        if let Some(space) = &self.space {
            space.add_permits(1);
        }
        Some(item)
    }

    pub(super) fn task_done(&self) -> Result<(), TaskDoneError> {
        let last = self.locked.lock().finish(1)?;
        if last {
            self.finished.notify_waiters();
        }
        Ok(())
    }

    pub(super) async fn join(&self) {
        let begun = {
            let locked = self.locked.lock();
            if locked.unfinished == 0 {
                return;
            }
            locked.rounds
        };
        loop {
            let finished = self.finished.notified();
            if self.locked.lock().rounds != begun {
                return;
            }
            finished.await;
        }
    }

    pub(super) fn shutdown(&self, immediate: bool) {
        let mut dropped = S::default();
        let last = {
            let mut locked = self.locked.lock();
            locked.shut_down = true;
            if immediate {
                mem::swap(&mut locked.store, &mut dropped);
            }
            // As many as were in the store cannot be more than are unfinished, unless task_done ran ahead of get.
            let count = dropped.len().min(locked.unfinished);
            locked.finish(count).unwrap_or(false)
        };
        self.items.close();
        if let Some(space) = &self.space {
            space.close();
        }
        if last {
            self.finished.notify_waiters();
        }
    }

    pub(super) fn len(&self) -> usize {
        self.locked.lock().store.len()
    }

    pub(super) fn maxsize(&self) -> usize {
        self.maxsize
    }
}
