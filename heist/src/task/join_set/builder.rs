//! `JoinSet::build_task`: a spawn into a set with a name.

use std::fmt;
use std::future::Future;
use std::io;

use super::JoinSet;
use crate::runtime::Handle;
use crate::task::{self, AbortHandle, LocalSet};

/// Spawns tasks with a name into a [`JoinSet`]; made by [`JoinSet::build_task`].
#[must_use = "builders do nothing unless used to spawn a task"]
pub struct Builder<'a, T> {
    set: &'a mut JoinSet<T>,
    builder: task::Builder<'a>,
}

impl<'a, T: 'static> Builder<'a, T> {
    pub(super) fn new(set: &'a mut JoinSet<T>) -> Self {
        Self {
            set,
            builder: task::Builder::new(),
        }
    }

    /// Sets the name of the task.
    pub fn name(self, name: &'a str) -> Self {
        Self {
            builder: self.builder.name(name),
            ..self
        }
    }

    /// Spawns as [`JoinSet::spawn`] does.
    ///
    /// # Errors
    ///
    /// None today; the type leaves room for limits.
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    #[track_caller]
    pub fn spawn<F>(self, future: F) -> io::Result<AbortHandle>
    where
        F: Future<Output = T> + Send + 'static,
        T: Send,
    {
        Ok(self.set.insert(self.builder.spawn(future)?))
    }

    /// Spawns as [`JoinSet::spawn_on`] does.
    ///
    /// # Errors
    ///
    /// None today; the type leaves room for limits.
    #[track_caller]
    pub fn spawn_on<F>(self, future: F, handle: &Handle) -> io::Result<AbortHandle>
    where
        F: Future<Output = T> + Send + 'static,
        T: Send,
    {
        Ok(self.set.insert(self.builder.spawn_on(future, handle)?))
    }

    /// Runs `f` as [`JoinSet::spawn_blocking`] does.
    ///
    /// # Errors
    ///
    /// None today; the type leaves room for limits.
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    #[track_caller]
    pub fn spawn_blocking<F>(self, f: F) -> io::Result<AbortHandle>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send,
    {
        Ok(self.set.insert(self.builder.spawn_blocking(f)?))
    }

    /// Runs `f` as [`JoinSet::spawn_blocking_on`] does.
    ///
    /// # Errors
    ///
    /// None today; the type leaves room for limits.
    #[track_caller]
    pub fn spawn_blocking_on<F>(self, f: F, handle: &Handle) -> io::Result<AbortHandle>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send,
    {
        Ok(self.set.insert(self.builder.spawn_blocking_on(f, handle)?))
    }

    /// Spawns as [`JoinSet::spawn_local`] does.
    ///
    /// # Errors
    ///
    /// None today; the type leaves room for limits.
    ///
    /// # Panics
    ///
    /// Outside of a [`LocalSet`].
    #[track_caller]
    pub fn spawn_local<F>(self, future: F) -> io::Result<AbortHandle>
    where
        F: Future<Output = T> + 'static,
    {
        Ok(self.set.insert(self.builder.spawn_local(future)?))
    }

    /// Spawns as [`JoinSet::spawn_local_on`] does.
    ///
    /// # Errors
    ///
    /// None today; the type leaves room for limits.
    #[track_caller]
    pub fn spawn_local_on<F>(self, future: F, local_set: &LocalSet) -> io::Result<AbortHandle>
    where
        F: Future<Output = T> + 'static,
    {
        Ok(self.set.insert(self.builder.spawn_local_on(future, local_set)?))
    }
}

impl<T> fmt::Debug for Builder<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("join_set::Builder")
            .field("set", &self.set)
            .field("builder", &self.builder)
            .finish()
    }
}
