//! The credentials of a Unix-domain stream's peer.
//!
//! Absent on purpose: supplementary groups, which not every system tells.

use super::{gid_t, pid_t, uid_t};

/// Who is at the other end of a [`UnixStream`](crate::net::UnixStream): the process as it was when it connected,
/// called `listen`, or made the pair.
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// # heist::runtime::Runtime::new()?.block_on(async {
/// let (left, right) = heist::net::UnixStream::pair()?;
/// let peer = left.peer_cred()?;
/// assert_eq!(peer, right.peer_cred()?);
/// # #[cfg(target_os = "linux")]
/// assert_eq!(peer.pid(), Some(std::process::id() as i32));
/// # Ok(()) })
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct UCred {
    pub(super) pid: Option<pid_t>,
    pub(super) uid: uid_t,
    pub(super) gid: gid_t,
}

impl UCred {
    /// The effective user of the peer.
    pub fn uid(&self) -> uid_t {
        self.uid
    }

    /// The effective group of the peer.
    pub fn gid(&self) -> gid_t {
        self.gid
    }

    /// The process of the peer, where the system tells it: on Linux, Android, OpenBSD and Apple's systems.
    ///
    /// By the time you look, that process may be gone and its number another's.
    pub fn pid(&self) -> Option<pid_t> {
        self.pid
    }
}
