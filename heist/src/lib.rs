//! placeholder documentation
pub mod io;
pub mod net;
pub mod runtime;
#[cfg(feature = "signal")]
pub mod signal;
pub mod sync;
pub mod task;
pub mod time;

#[macro_use]
#[doc(hidden)]
pub mod macros;
#[cfg(feature = "macros")]
pub use macros::{main, test};

#[cfg(feature = "hyper")]
pub mod hyper;
