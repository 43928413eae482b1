//! A crate that re-exports heist, as frameworks do. Built by `macros_names.rs`.

pub use heist as rt;
/// The attribute without the crate.
pub use heist::main as start;

/// All of it, one level down.
pub mod deep {
    pub use heist::*;
}

/// A macro of this crate's that uses heist's.
#[macro_export]
macro_rules! first {
    ($a:expr, $b:expr) => {
        $crate::rt::select! { biased; a = $a => a, b = $b => b }
    };
}
