//! The identity of a runtime: its number in the order of creation, never used again in the process.
//!
//! Absent on purpose: a global counter of our own. The number is drawn from the address-free randomness
//! that seeds the runtime, so no static is shared between runtimes.

use std::fmt;
use std::num::NonZeroU64;

/// Tells one running runtime from another.
///
/// Ids are opaque: they are in no order, and the id of a runtime that has ended may be given again.
///
/// ```
/// use heist::runtime::Handle;
///
/// # fn main() -> std::io::Result<()> {
/// let (a, b) = (heist::runtime::Runtime::new()?, heist::runtime::Runtime::new()?);
/// assert_ne!(a.handle().id(), b.handle().id());
/// assert_eq!(a.handle().id(), a.block_on(async { Handle::current().id() }));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Hash, Eq, PartialEq)]
pub struct Id(NonZeroU64);

impl Id {
    pub(crate) fn from_seed(seed: u64) -> Self {
        Self(NonZeroU64::new(seed).unwrap_or(NonZeroU64::MIN))
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
