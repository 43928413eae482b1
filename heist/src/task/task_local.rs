//! Task-local values: set for a future, seen by everything that runs inside of its polls.
//!
//! ```text
//!   TaskLocalFuture { slot: Some(value) } ──poll: swap──► thread-local cell ──after the poll: swap back──► slot
//! ```
//!
//! Invariants
//!
//! - I1: while a scope's future is polled or dropped its value is in the thread-local cell and what was there before is
//!   in the scope's slot; at all other times it is the other way round, also after a panic.
//! - I2: the cell is not borrowed while foreign code runs, except in [`LocalKey::with`] and `try_with`; a scope that is
//!   entered in there panics and changes nothing.
//!
//! Absent on purpose: inheritance. A task that is spawned in a scope does not see its value.

use std::cell::RefCell;
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::marker::PhantomPinned;
use std::pin::Pin;
use std::task::{Context, Poll};

use heist_primitive::thread;

/// Declares task-local keys, each a `static` of type [`LocalKey`](crate::task::LocalKey).
///
/// ```
/// heist::task_local! {
///     /// Whose request this is.
///     pub static USER: String;
///     static DEPTH: u32;
/// }
///
/// # heist::runtime::Runtime::new().unwrap().block_on(async {
/// let greeting = USER.scope("ada".to_owned(), async { USER.with(|user| format!("hello, {user}")) });
/// assert_eq!(greeting.await, "hello, ada");
/// assert_eq!(DEPTH.sync_scope(1, || DEPTH.get() + 1), 2);
/// # });
/// ```
#[macro_export]
macro_rules! task_local {
    () => {};
    ($(#[$attr:meta])* $vis:vis static $name:ident: $t:ty; $($rest:tt)*) => {
        $crate::task_local!($(#[$attr])* $vis static $name: $t);
        $crate::task_local!($($rest)*);
    };
    ($(#[$attr:meta])* $vis:vis static $name:ident: $t:ty) => {
        $(#[$attr])*
        $vis static $name: $crate::task::LocalKey<$t> = {
            $crate::macros::support::thread_local! {
                static CELL: $crate::macros::support::TaskLocalCell<$t> =
                    const { $crate::macros::support::TaskLocalCell::new(::core::option::Option::None) };
            }
            $crate::task::LocalKey::__new(&CELL)
        };
    };
}

/// Where the value is while its scope runs.
pub type TaskLocalCell<T> = RefCell<Option<T>>;

/// The key of a task-local value; made by [`task_local!`](crate::task_local).
///
/// The value is there while a future wrapped by [`scope`](Self::scope) is polled, on whatever thread that is, and in
/// [`sync_scope`](Self::sync_scope).
///
/// ```
/// heist::task_local! {
///     static NUMBER: u32;
/// }
///
/// # heist::runtime::Runtime::new().unwrap().block_on(async {
/// NUMBER.scope(1, async {
///     assert_eq!(NUMBER.get(), 1);
///     NUMBER.scope(2, async { assert_eq!(NUMBER.get(), 2) }).await;
///     assert_eq!(NUMBER.get(), 1);
/// }).await;
/// assert!(NUMBER.try_get().is_err());
/// # });
/// ```
pub struct LocalKey<T: 'static> {
    cell: &'static thread::LocalKey<TaskLocalCell<T>>,
}

/// Why a scope could not be entered.
enum Refused {
    Borrowed,
    Destroyed,
}

impl Refused {
    #[track_caller]
    fn panic(&self) -> ! {
        match self {
            Self::Borrowed => panic!(
                "a scope of a task-local value was entered or left inside of `LocalKey::with` or `try_with` of the same \
                 key: clone what you need out of the value and end the closure first"
            ),
            Self::Destroyed => panic!(
                "a scope of a task-local value was entered while the thread-locals of this thread are destroyed: don't \
                 poll its future in the destructor of a thread-local"
            ),
        }
    }
}

impl<T: 'static> LocalKey<T> {
    /// For `task_local!` only.
    #[doc(hidden)]
    pub const fn __new(cell: &'static thread::LocalKey<TaskLocalCell<T>>) -> Self {
        Self { cell }
    }

    /// Wraps `f` so that the key has `value` while it is polled or dropped.
    ///
    /// # Panics
    ///
    /// The returned future panics when it is polled inside of [`with`](Self::with) or [`try_with`](Self::try_with) of
    /// the same key.
    pub fn scope<F>(&'static self, value: T, f: F) -> TaskLocalFuture<T, F>
    where
        F: Future,
    {
        TaskLocalFuture {
            key: self,
            slot: Some(value),
            future: Some(f),
            _pinned: PhantomPinned,
        }
    }

    /// Calls `f` with the key set to `value`.
    ///
    /// # Panics
    ///
    /// Inside of [`with`](Self::with) or [`try_with`](Self::try_with) of the same key.
    #[track_caller]
    pub fn sync_scope<F, R>(&'static self, value: T, f: F) -> R
    where
        F: FnOnce() -> R,
    {
        let mut slot = Some(value);
        match self.enter(&mut slot, f) {
            Ok(result) => result,
            Err(refused) => refused.panic(),
        }
    }

    /// I1: swaps, calls `f`, swaps back.
    fn enter<R>(&'static self, slot: &mut Option<T>, f: impl FnOnce() -> R) -> Result<R, Refused> {
        struct SwapBack<'a, T: 'static> {
            key: &'static LocalKey<T>,
            slot: &'a mut Option<T>,
        }
        impl<T: 'static> Drop for SwapBack<'_, T> {
            fn drop(&mut self) {
                // Fails only if the thread ends meanwhile, or a `with` is being unwound by this very drop.
                let _ = self.key.swap(self.slot);
            }
        }
        self.swap(slot)?;
        let _back = SwapBack { key: self, slot };
        Ok(f())
    }

    fn swap(&'static self, slot: &mut Option<T>) -> Result<(), Refused> {
        let swapped = self.cell.try_with(|cell| match cell.try_borrow_mut() {
            Ok(mut value) => {
                std::mem::swap(slot, &mut value);
                true
            }
            Err(_) => false,
        });
        match swapped {
            Ok(true) => Ok(()),
            Ok(false) => Err(Refused::Borrowed),
            Err(_) => Err(Refused::Destroyed),
        }
    }

    /// Calls `f` with the value.
    ///
    /// # Panics
    ///
    /// Outside of a scope of this key: [`try_with`](Self::try_with) returns an error instead.
    #[track_caller]
    pub fn with<F, R>(&'static self, f: F) -> R
    where
        F: FnOnce(&T) -> R,
    {
        match self.try_with(f) {
            Ok(result) => result,
            Err(_) => panic!(
                "a task-local value was read where none is set: wrap the future in `LocalKey::scope`, or use `try_with`"
            ),
        }
    }

    /// Calls `f` with the value.
    ///
    /// # Errors
    ///
    /// Outside of a scope of this key, and while the thread-locals of this thread are destroyed.
    pub fn try_with<F, R>(&'static self, f: F) -> Result<R, AccessError>
    where
        F: FnOnce(&T) -> R,
    {
        self.cell
            .try_with(|cell| cell.borrow().as_ref().map(f))
            .ok()
            .flatten()
            .ok_or(AccessError { _private: () })
    }
}

impl<T: Clone + 'static> LocalKey<T> {
    /// A clone of the value.
    ///
    /// # Panics
    ///
    /// Outside of a scope of this key: [`try_get`](Self::try_get) returns an error instead.
    #[track_caller]
    pub fn get(&'static self) -> T {
        self.with(T::clone)
    }

    /// A clone of the value.
    ///
    /// # Errors
    ///
    /// Outside of a scope of this key, and while the thread-locals of this thread are destroyed.
    pub fn try_get(&'static self) -> Result<T, AccessError> {
        self.try_with(T::clone)
    }
}

impl<T: 'static> fmt::Debug for LocalKey<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("LocalKey { .. }")
    }
}

pin_project_lite::pin_project! {
    /// A future in whose polls a task-local value is set; made by [`LocalKey::scope`].
    pub struct TaskLocalFuture<T, F>
    where
        T: 'static,
    {
        key: &'static LocalKey<T>,
        slot: Option<T>,
        #[pin]
        future: Option<F>,
        #[pin]
        _pinned: PhantomPinned,
    }

    impl<T: 'static, F> PinnedDrop for TaskLocalFuture<T, F> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            let mut future = this.future;
            if future.is_some() {
                // If it is refused the future is dropped after this, without the value.
                let _ = this.key.enter(this.slot, || future.set(None));
            }
        }
    }
}

impl<T: 'static, F> TaskLocalFuture<T, F> {
    /// Takes the value out. Polling the future after that, it finds none.
    ///
    /// ```
    /// heist::task_local! {
    ///     static NUMBER: u32;
    /// }
    ///
    /// # heist::runtime::Runtime::new().unwrap().block_on(async {
    /// let mut scope = Box::pin(NUMBER.scope(7, async {}));
    /// scope.as_mut().await;
    /// assert_eq!(scope.as_mut().take_value(), Some(7));
    /// assert_eq!(scope.as_mut().take_value(), None);
    /// # });
    /// ```
    pub fn take_value(self: Pin<&mut Self>) -> Option<T> {
        self.project().slot.take()
    }
}

impl<T: 'static, F: Future> Future for TaskLocalFuture<T, F> {
    type Output = F::Output;

    #[track_caller]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let mut slot = this.future;
        let polled = this.key.enter(this.slot, || {
            let polled = slot.as_mut().as_pin_mut()?.poll(cx);
            if polled.is_ready() {
                // Inside of its scope.
                slot.set(None);
            }
            Some(polled)
        });
        match polled {
            Ok(Some(polled)) => polled,
            Ok(None) => panic!("`TaskLocalFuture` polled after it has returned its output"),
            Err(refused) => refused.panic(),
        }
    }
}

impl<T: fmt::Debug + 'static, F> fmt::Debug for TaskLocalFuture<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("TaskLocalFuture");
        match &self.slot {
            Some(value) => debug.field("value", value),
            None => debug.field("value", &format_args!("<missing>")),
        };
        debug.finish_non_exhaustive()
    }
}

/// There is no value: this is outside of a scope of the key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct AccessError {
    _private: (),
}

impl fmt::Debug for AccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessError").finish()
    }
}

impl fmt::Display for AccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no task-local value is set here")
    }
}

impl Error for AccessError {}
