#![allow(unsafe_code)]
//! Linux: waits finer than epoll's millisecond, by a timerfd in the same poll.
//!
//! ```text
//!   timeout   0 or none      below 2 ms                     2 ms and more
//!   epoll     as it is       for ever                       whole ms, less 1, less the kernel's slack
//!   timerfd   untouched      armed with the timeout         untouched
//! ```
//!
//! epoll rounds up to milliseconds, and the kernel may add a thousandth of the timeout as slack. So a long
//! wait ends early, and the caller, who looks at the clock and turns again, spends the rest on the timerfd:
//! late by tens of microseconds. A busy server with only far timers never pays for the timerfd.
//!
//! Invariants
//!
//! - I1: the descriptor is a timerfd of our own, open until the `FineTimer` is dropped.
//! - I2: a relative timeout above zero is armed as at least one nanosecond, since zero would disarm.
//! - I3: the timer is never read: it is watched edge-triggered, and arming it again resets it. A timer left
//!   armed by a turn that ended for another reason costs at most one early return.

use mio::unix::SourceFd;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr;
use std::time::Duration;

/// Timeouts below this use the timerfd.
const FINE: Duration = Duration::from_millis(2);

/// What epoll may be late by: `timeout / SLACK_DIVISOR`, at most `MOST_SLACK_MS` (the kernel's own figures
/// are a thousandth and 100 ms).
const SLACK_DIVISOR: u64 = 512;
const MOST_SLACK_MS: u64 = 128;

/// A timerfd in the reactor's poll.
#[derive(Debug)]
pub(crate) struct FineTimer {
    fd: OwnedFd,
}

impl FineTimer {
    pub(crate) fn new(registry: &mio::Registry, token: mio::Token) -> io::Result<FineTimer> {
        // SAFETY: takes no pointer.
        let fd =
            unsafe { libc::timerfd_create(libc::CLOCK_MONOTONIC, libc::TFD_NONBLOCK | libc::TFD_CLOEXEC) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: I1: just created, and owned by nobody else.
        let fd = unsafe { OwnedFd::from_raw_fd(fd) };
        registry.register(&mut SourceFd(&fd.as_raw_fd()), token, mio::Interest::READABLE)?;
        Ok(FineTimer { fd })
    }

    /// How long the poll has to wait for `timeout`; the timerfd sees to the rest.
    pub(crate) fn start(&mut self, timeout: Option<Duration>) -> Option<Duration> {
        let timeout = timeout?;
        if timeout.is_zero() {
            return Some(timeout);
        }
        if timeout >= FINE {
            return Some(coarse(timeout));
        }
        // Should arming fail, epoll's own rounding up is late, but never early.
        self.arm(timeout).err().map(|_| timeout)
    }

    fn arm(&self, timeout: Duration) -> io::Result<()> {
        // Below FINE there are no whole seconds, and the nanoseconds fit any `c_long`. I2: not zero.
        let value = libc::timespec {
            tv_sec: 0,
            tv_nsec: timeout.subsec_nanos() as _,
        };
        let interval = libc::timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        let spec = libc::itimerspec {
            it_interval: interval,
            it_value: value,
        };
        // SAFETY: I1: the descriptor is open. `spec` outlives the call, and the old value may be null.
        let result = unsafe { libc::timerfd_settime(self.fd.as_raw_fd(), 0, &spec, ptr::null_mut()) };
        if result < 0 {
            Err(io::Error::last_os_error())
        } else {
            Ok(())
        }
    }
}

/// The whole milliseconds that epoll can wait without being late for a timeout of at least [`FINE`].
fn coarse(timeout: Duration) -> Duration {
    let ms = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX);
    Duration::from_millis(ms - 1 - (ms / SLACK_DIVISOR).min(MOST_SLACK_MS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_coarse_wait_leaves_room_for_rounding_and_slack() {
        let ms = Duration::from_millis;
        assert_eq!(coarse(ms(2)), ms(1));
        assert_eq!(coarse(Duration::from_micros(2_999)), ms(1));
        assert_eq!(coarse(ms(5_000)), ms(4_990));
        assert_eq!(coarse(ms(1_000_000)), ms(999_871));
        assert!(coarse(Duration::MAX) > Duration::from_secs(u64::from(u32::MAX)));
    }
}
