//! The address of a Unix-domain socket.
//!
//! Absent on purpose: public constructors. Make one with the standard library and convert it.

use std::fmt;
use std::io;
use std::os::unix::net;
use std::path::Path;

/// The address of a Unix-domain socket: a path, an abstract name (Linux), or none.
///
/// It converts to and from [`std::os::unix::net::SocketAddr`].
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// use heist::net::unix::SocketAddr;
/// use std::path::Path;
///
/// let address = SocketAddr::from(std::os::unix::net::SocketAddr::from_pathname("/run/door")?);
/// assert_eq!(address.as_pathname(), Some(Path::new("/run/door")));
/// assert!(!address.is_unnamed());
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct SocketAddr(net::SocketAddr);

impl SocketAddr {
    /// The address that `path` means: on Linux, one that starts with a zero byte is an abstract name.
    pub(super) fn of_path(path: &Path) -> io::Result<SocketAddr> {
        let address = match abstract_name::of_path(path) {
            Some(address) => address?,
            None => net::SocketAddr::from_pathname(path)?,
        };
        Ok(SocketAddr(address))
    }

    pub(super) fn as_std(&self) -> &net::SocketAddr {
        &self.0
    }

    /// Whether the socket has no address: it was never bound, or is one of a pair.
    pub fn is_unnamed(&self) -> bool {
        self.0.is_unnamed()
    }

    /// The path, if the address is one.
    pub fn as_pathname(&self) -> Option<&Path> {
        self.0.as_pathname()
    }

    /// The name without its leading zero byte, if the address is in Linux's abstract namespace.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub fn as_abstract_name(&self) -> Option<&[u8]> {
        #[cfg(target_os = "android")]
        use std::os::android::net::SocketAddrExt;
        #[cfg(target_os = "linux")]
        use std::os::linux::net::SocketAddrExt;

        self.0.as_abstract_name()
    }
}

impl fmt::Debug for SocketAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<net::SocketAddr> for SocketAddr {
    fn from(address: net::SocketAddr) -> SocketAddr {
        SocketAddr(address)
    }
}

impl From<SocketAddr> for net::SocketAddr {
    fn from(address: SocketAddr) -> net::SocketAddr {
        address.0
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod abstract_name {
    use std::io;
    #[cfg(target_os = "android")]
    use std::os::android::net::SocketAddrExt;
    #[cfg(target_os = "linux")]
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::net::SocketAddr;
    use std::path::Path;

    /// The abstract address, if `path` starts with a zero byte.
    pub(super) fn of_path(path: &Path) -> Option<io::Result<SocketAddr>> {
        let name = path.as_os_str().as_bytes().strip_prefix(b"\0")?;
        Some(SocketAddr::from_abstract_name(name))
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod abstract_name {
    use std::io;
    use std::os::unix::net::SocketAddr;
    use std::path::Path;

    /// This system has no abstract names.
    pub(super) fn of_path(_: &Path) -> Option<io::Result<SocketAddr>> {
        None
    }
}
