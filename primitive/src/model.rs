//! The same primitives under loom. What loom lacks is named where it is replaced.

/// Locks, reference counts and atomics.
pub mod sync {
    use std::ops::{Deref, DerefMut};
    use std::time::Duration;

    pub use loom::sync::{Arc, RwLockReadGuard, RwLockWriteGuard};
    /// std's `Arc` in every build, for `std::task::Wake`. loom does not see its counts.
    pub use std::sync::Arc as StdArc;

    /// Atomic integers, pointers and fences.
    pub mod atomic {
        pub use loom::sync::atomic::{
            AtomicBool, AtomicPtr, AtomicU8, AtomicU16, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
        };

        /// A fence, whatever came before.
        pub fn fence_after_rmw(order: Ordering) {
            fence(order);
        }
        /// std's `AtomicU64` in every build: for counters and identifiers that order nothing.
        pub use std::sync::atomic::AtomicU64 as UnmodelledU64;
    }

    /// loom's mutex with parking_lot's signature.
    #[derive(Debug, Default)]
    pub struct Mutex<T>(loom::sync::Mutex<T>);

    impl<T> Mutex<T> {
        /// Wraps `value`.
        pub fn new(value: T) -> Self {
            Self(loom::sync::Mutex::new(value))
        }

        /// Locks.
        pub fn lock(&self) -> MutexGuard<'_, T> {
            MutexGuard {
                mutex: self,
                held: Some(self.0.lock().unwrap_or_else(|e| e.into_inner())),
            }
        }

        /// Locks if free.
        pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
            self.0.try_lock().ok().map(|guard| MutexGuard {
                mutex: self,
                held: Some(guard),
            })
        }

        /// Unwraps the value.
        pub fn into_inner(self) -> T {
            self.0.into_inner().unwrap_or_else(|e| e.into_inner())
        }

        /// The value, through an exclusive borrow.
        pub fn get_mut(&mut self) -> &mut T {
            self.0.get_mut().unwrap_or_else(|e| e.into_inner())
        }
    }

    /// The guard of [`Mutex`]; empty only while a [`Condvar`] waits with it.
    #[derive(Debug)]
    pub struct MutexGuard<'a, T> {
        mutex: &'a Mutex<T>,
        held: Option<loom::sync::MutexGuard<'a, T>>,
    }

    impl<T> Deref for MutexGuard<'_, T> {
        type Target = T;
        fn deref(&self) -> &T {
            self.held.as_ref().expect("the guard is held")
        }
    }

    impl<T> DerefMut for MutexGuard<'_, T> {
        fn deref_mut(&mut self) -> &mut T {
            self.held.as_mut().expect("the guard is held")
        }
    }

    /// std's `OnceLock` behind a flag of loom's, which shows its order; for what one thread sets.
    #[derive(Debug)]
    pub struct OnceLock<T> {
        value: std::sync::OnceLock<T>,
        is_set: atomic::AtomicBool,
    }

    impl<T> Default for OnceLock<T> {
        fn default() -> Self {
            Self {
                value: std::sync::OnceLock::new(),
                is_set: atomic::AtomicBool::new(false),
            }
        }
    }

    impl<T> OnceLock<T> {
        /// The value, if it was set.
        pub fn get(&self) -> Option<&T> {
            self.is_set
                .load(atomic::Ordering::Acquire)
                .then(|| self.value.get())?
        }

        /// Sets it, once.
        ///
        /// # Errors
        ///
        /// `value`, if it was set before.
        pub fn set(&self, value: T) -> Result<(), T> {
            self.value.set(value)?;
            self.is_set.store(true, atomic::Ordering::Release);
            Ok(())
        }
    }

    /// loom's reader-writer lock with parking_lot's signature.
    #[derive(Debug, Default)]
    pub struct RwLock<T>(loom::sync::RwLock<T>);

    impl<T> RwLock<T> {
        /// Wraps `value`.
        pub fn new(value: T) -> Self {
            Self(loom::sync::RwLock::new(value))
        }

        /// Locks for reading.
        pub fn read(&self) -> RwLockReadGuard<'_, T> {
            self.0.read().unwrap_or_else(|e| e.into_inner())
        }

        /// Locks for writing.
        pub fn write(&self) -> RwLockWriteGuard<'_, T> {
            self.0.write().unwrap_or_else(|e| e.into_inner())
        }
    }

    /// loom's condition variable with parking_lot's signature. loom has no time: a wait with a limit of zero lets the
    /// others go on and is over, one of a nanosecond opens the lock for a moment and is over, any longer limit never is.
    #[derive(Debug, Default)]
    pub struct Condvar(loom::sync::Condvar);

    /// Whether a timed wait timed out.
    #[derive(Debug, Clone, Copy)]
    pub struct WaitTimeoutResult(bool);

    impl WaitTimeoutResult {
        /// True after a wait with a limit of at most a nanosecond.
        pub fn timed_out(self) -> bool {
            self.0
        }
    }

    impl Condvar {
        /// A condition variable nobody waits on.
        pub fn new() -> Self {
            Self(loom::sync::Condvar::new())
        }

        /// Waits for a notification.
        pub fn wait<T>(&self, guard: &mut MutexGuard<'_, T>) {
            let held = guard.held.take().expect("the guard is held");
            guard.held = Some(self.0.wait(held).unwrap_or_else(|e| e.into_inner()));
        }

        /// Waits for a notification, not at all or without limit.
        pub fn wait_for<T>(&self, guard: &mut MutexGuard<'_, T>, limit: Duration) -> WaitTimeoutResult {
            let is_over = limit <= Duration::from_nanos(1);
            if is_over {
                let mutex = guard.mutex;
                guard.held = None;
                if limit.is_zero() {
                    loom::thread::yield_now();
                }
                *guard = mutex.lock();
            } else {
                self.wait(guard);
            }
            WaitTimeoutResult(is_over)
        }

        /// Waits while `condition` holds.
        pub fn wait_while<T>(
            &self,
            guard: &mut MutexGuard<'_, T>,
            mut condition: impl FnMut(&mut T) -> bool,
        ) {
            while condition(guard) {
                self.wait(guard);
            }
        }

        /// Waits while `condition` holds; the time limit does not exist under loom.
        pub fn wait_while_for<T>(
            &self,
            guard: &mut MutexGuard<'_, T>,
            condition: impl FnMut(&mut T) -> bool,
            _limit: Duration,
        ) -> WaitTimeoutResult {
            self.wait_while(guard, condition);
            WaitTimeoutResult(false)
        }

        /// Wakes one waiter.
        pub fn notify_one(&self) {
            self.0.notify_one();
        }

        /// Wakes all waiters.
        pub fn notify_all(&self) {
            self.0.notify_all();
        }
    }
}

/// loom's cell, which reports racing accesses.
pub mod cell {
    pub use loom::cell::UnsafeCell;
}

/// loom's threads. `park_timeout` and `sleep` only yield to the model.
pub mod thread {
    pub use loom::thread::{
        AccessError, JoinHandle, LocalKey, Thread, ThreadId, current, park, spawn, yield_now,
    };
    use std::io;
    pub use std::thread::{available_parallelism, panicking};
    use std::time::Duration;

    /// The name of a thread that the system refuses, as loom itself never does.
    pub const REFUSED: &str = "refused";

    /// loom's builder of threads, and [`REFUSED`].
    #[derive(Debug, Default)]
    pub struct Builder {
        name: Option<String>,
    }

    impl Builder {
        /// A thread without a name.
        pub fn new() -> Self {
            Self::default()
        }

        /// Names the thread.
        pub fn name(self, name: String) -> Self {
            Self { name: Some(name) }
        }

        /// Does nothing: loom has one size of stack.
        pub fn stack_size(self, _bytes: usize) -> Self {
            self
        }

        /// Starts the thread, unless it is to be refused.
        pub fn spawn<F, T>(self, f: F) -> io::Result<JoinHandle<T>>
        where
            F: FnOnce() -> T + Send + 'static,
            T: Send + 'static,
        {
            if self.name.as_deref() == Some(REFUSED) {
                return Err(io::Error::new(io::ErrorKind::WouldBlock, "refused by the model"));
            }
            let builder = loom::thread::Builder::new();
            match self.name {
                Some(name) => builder.name(name),
                None => builder,
            }
            .spawn(f)
        }
    }

    /// Parks; the time limit does not exist under loom.
    pub fn park_timeout(_limit: Duration) {
        park();
    }

    /// Lets another modelled thread run.
    pub fn sleep(_duration: Duration) {
        yield_now();
    }
}

/// Hints to the processor, which to loom are chances to switch threads.
pub mod hint {
    pub use loom::hint::spin_loop;
}
