//! The primitives of an ordinary build.

/// Locks, reference counts and atomics.
pub mod sync {
    pub use parking_lot::{Condvar, Mutex, MutexGuard, RwLock, RwLockReadGuard};
    /// std's `Arc` in every build, for `std::task::Wake`.
    pub use std::sync::Arc as StdArc;
    pub use std::sync::{Arc, OnceLock};

    /// Atomic integers, pointers and fences.
    pub mod atomic {
        /// std's `AtomicU64` in every build: for counters and identifiers that order nothing.
        pub use std::sync::atomic::AtomicU64 as UnmodelledU64;
        pub use std::sync::atomic::{
            AtomicBool, AtomicPtr, AtomicU8, AtomicU16, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
        };

        /// A fence that comes after a read-modify-write of this thread, with no plain store between them. On x86, where that
        /// was a full barrier already, it holds back the compiler only.
        #[cfg(all(any(target_arch = "x86", target_arch = "x86_64"), not(miri)))]
        #[inline(always)]
        pub fn fence_after_rmw(order: Ordering) {
            std::sync::atomic::compiler_fence(order);
        }

        /// A fence that comes after a read-modify-write of this thread, with no plain store between them.
        #[cfg(not(all(any(target_arch = "x86", target_arch = "x86_64"), not(miri))))]
        #[inline(always)]
        pub fn fence_after_rmw(order: Ordering) {
            fence(order);
        }
    }
}

/// Interior mutability that a model checker can watch.
pub mod cell {
    /// `std::cell::UnsafeCell` with loom's access methods.
    #[derive(Debug, Default)]
    #[repr(transparent)]
    pub struct UnsafeCell<T: ?Sized>(std::cell::UnsafeCell<T>);

    impl<T> UnsafeCell<T> {
        /// Wraps `value`.
        pub const fn new(value: T) -> Self {
            Self(std::cell::UnsafeCell::new(value))
        }

        /// Unwraps the value.
        pub fn into_inner(self) -> T {
            self.0.into_inner()
        }
    }

    impl<T: ?Sized> UnsafeCell<T> {
        /// Calls `f` with a pointer that it may read through. What makes the read sound is the
        /// caller's affair, at the site of the dereference.
        #[inline(always)]
        pub fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
            f(self.0.get())
        }

        /// Calls `f` with a pointer that it may write through. What makes the write sound is the
        /// caller's affair, at the site of the dereference.
        #[inline(always)]
        pub fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
            f(self.0.get())
        }
    }
}

/// Threads.
pub mod thread {
    pub use std::thread::{
        AccessError, Builder, JoinHandle, LocalKey, Thread, ThreadId, available_parallelism, current,
        panicking, park, park_timeout, sleep, spawn, yield_now,
    };
}

/// Hints to the processor.
pub mod hint {
    pub use std::hint::spin_loop;
}
