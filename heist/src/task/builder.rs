//! The task builder: a spawn with a name.
//!
//! Absent on purpose: limits on a task's size or number.

use std::future::Future;
use std::io;
use std::panic::Location;

use heist_executor::task::{JoinHandle, Meta};

use super::LocalSet;
use crate::runtime::local::spawn as spawn_here;
use crate::runtime::{Handle, context};

/// Spawns tasks with a name, which panics and reports carry.
///
/// ```
/// # heist::runtime::Runtime::new().unwrap().block_on(async {
/// # async fn serve() {}
/// let task = heist::task::Builder::new().name("server").spawn(serve()).unwrap();
/// task.await.unwrap();
/// # });
/// ```
#[derive(Default, Debug)]
pub struct Builder<'a> {
    name: Option<&'a str>,
}

impl<'a> Builder<'a> {
    /// A builder without a name.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the name of the task.
    pub fn name(&self, name: &'a str) -> Self {
        Self { name: Some(name) }
    }

    /// Spawns a task onto the current runtime, as [`spawn`](super::spawn) does.
    ///
    /// # Errors
    ///
    /// None today; the type leaves room for limits.
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    #[track_caller]
    pub fn spawn<F>(self, future: F) -> io::Result<JoinHandle<F::Output>>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        Ok(context::current().spawn_as(future, self.meta()))
    }

    /// Spawns a task onto the runtime of `handle`.
    ///
    /// # Errors
    ///
    /// None today; the type leaves room for limits.
    #[track_caller]
    pub fn spawn_on<F>(self, future: F, handle: &Handle) -> io::Result<JoinHandle<F::Output>>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        Ok(handle.spawn_as(future, self.meta()))
    }

    /// Spawns a task onto the current [`LocalSet`], as [`spawn_local`](super::spawn_local) does.
    ///
    /// # Errors
    ///
    /// None today; the type leaves room for limits.
    ///
    /// # Panics
    ///
    /// Outside of a `LocalSet`.
    #[track_caller]
    pub fn spawn_local<F>(self, future: F) -> io::Result<JoinHandle<F::Output>>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        Ok(spawn_here(future, self.meta()))
    }

    /// Spawns a task onto `local_set`.
    ///
    /// # Errors
    ///
    /// None today; the type leaves room for limits.
    #[track_caller]
    pub fn spawn_local_on<F>(self, future: F, local_set: &LocalSet) -> io::Result<JoinHandle<F::Output>>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        Ok(local_set.spawn_as(future, self.meta()))
    }

    /// Runs `f` on the blocking pool of the current runtime, as [`spawn_blocking`](super::spawn_blocking) does.
    ///
    /// # Errors
    ///
    /// None today; the type leaves room for limits.
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    #[track_caller]
    pub fn spawn_blocking<F, R>(self, f: F) -> io::Result<JoinHandle<R>>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        Ok(context::current().spawn_blocking_as(f, self.meta()))
    }

    /// Runs `f` on the blocking pool of the runtime of `handle`.
    ///
    /// # Errors
    ///
    /// None today; the type leaves room for limits.
    #[track_caller]
    pub fn spawn_blocking_on<F, R>(self, f: F, handle: &Handle) -> io::Result<JoinHandle<R>>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        Ok(handle.spawn_blocking_as(f, self.meta()))
    }

    #[track_caller]
    fn meta(&self) -> Meta {
        Meta {
            name: self.name.map(Box::from),
            location: Location::caller(),
        }
    }
}
