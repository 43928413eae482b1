//! What the expansions of heist's macros name. No part of the API, however public.
//!
//! Invariants
//!
//! - I1: everything an expansion names is here or in `core`, so that one path, `$crate::macros::support`,
//!   reaches it under every name that a user gives to heist.
//! - I2: no unsafe code: `Pair` and `MaybeDone` are pinned through pin-project-lite.

#[cfg(feature = "macros")]
mod maybe_done;
#[cfg(feature = "macros")]
mod pair;
mod random;

pub use crate::task::TaskLocalCell;
pub use heist_primitive::thread_local;
pub use std::pin::pin;

pub use self::random::thread_rng_n;
pub(crate) use self::random::{mix, replace_state};
#[cfg(feature = "macros")]
pub use self::{
    fair::{all_disabled, around, poll_budget_available, rotate},
    maybe_done::{MaybeDone, maybe_done},
    pair::Pair,
};
#[cfg(feature = "macros")]
pub use heist_macros::{join_branches, select_branches, try_join_branches};
#[cfg(feature = "macros")]
pub use std::{
    future::{Future, IntoFuture, poll_fn},
    option::Option,
    result::Result,
    task::Poll,
};

#[cfg(feature = "macros")]
mod fair;
