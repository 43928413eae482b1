//! Which processor a thread runs on.
//!
//! Invariants
//!
//! - I1: `sched_getcpu` takes nothing, touches no memory of ours, and returns a number, or -1.
//!
//! Absent on purpose: any promise. The thread may be elsewhere by the time that the number is looked at.
#![allow(unsafe_code)]

pub(super) use system::current;

#[cfg(all(target_os = "linux", not(miri)))]
mod system {
    /// The processor of the calling thread, or some number if the system does not say.
    pub(in crate::runtime) fn current() -> u32 {
        // SAFETY: I1.
        let number = unsafe { libc::sched_getcpu() };
        u32::try_from(number).unwrap_or(0)
    }
}

#[cfg(not(all(target_os = "linux", not(miri))))]
mod system {
    /// Nobody says.
    pub(in crate::runtime) fn current() -> u32 {
        0
    }
}
