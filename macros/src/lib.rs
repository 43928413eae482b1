//! The procedural macros of heist. Internal to heist, no semver: use them through the `heist` crate.
//!
//! | macro | module | what it does |
//! |---|---|---|
//! | `main`, `test` | `entry` | wrap an `async fn` into a runtime |
//! | `tokio_main`, `tokio_test` | `entry` | the same for a package that stands in for tokio under its name |
//! | `select_branches` | `branches::select` | behind `heist::select!` |
//! | `join_branches`, `try_join_branches` | `branches::join` | behind `heist::join!` and `heist::try_join!` |
//!
//! Invariants
//!
//! - I1: no dependency reads a Cargo.toml. The expansion names heist by the path the user wrote
//!   (`entry::origin`) or by the `$crate` that a `macro_rules!` wrapper of heist passes in front.
//! - I2: every local name of an expansion has a mixed-site span, so it can neither see nor shadow a name of
//!   the user's.
//! - I3: no expansion contains unsafe code: pinning is `std::pin::pin!` and a projection made by
//!   pin-project-lite in `heist::macros::support`.
//! - I4: on an error the item is still emitted, beside the error, so that an editor keeps its completions.
//!
//! Absent on purpose: any knowledge of the runtime beyond the names of `Builder`'s methods.

#![forbid(unsafe_code)]

mod branches;
mod entry;

use proc_macro::TokenStream;

use crate::entry::Flavor;

/// Marks an `async fn` to be run on a runtime of its own. Documented at `heist::main`.
#[proc_macro_attribute]
pub fn main(args: TokenStream, item: TokenStream) -> TokenStream {
    entry::main(args.into(), item.into(), Flavor::HEIST_MAIN).into()
}

/// Marks an `async fn` as a test that is run on a runtime of its own. Documented at `heist::test`.
#[proc_macro_attribute]
pub fn test(args: TokenStream, item: TokenStream) -> TokenStream {
    entry::test(args.into(), item.into(), Flavor::HEIST_TEST).into()
}

/// `main` whose crate is `::tokio` where the attribute's own path does not tell.
#[doc(hidden)]
#[proc_macro_attribute]
pub fn tokio_main(args: TokenStream, item: TokenStream) -> TokenStream {
    entry::main(args.into(), item.into(), Flavor::TOKIO_MAIN).into()
}

/// `test` whose crate is `::tokio` where the attribute's own path does not tell.
#[doc(hidden)]
#[proc_macro_attribute]
pub fn tokio_test(args: TokenStream, item: TokenStream) -> TokenStream {
    entry::test(args.into(), item.into(), Flavor::TOKIO_TEST).into()
}

/// What `heist::select!` expands to: `$crate` and then the branches.
#[doc(hidden)]
#[proc_macro]
pub fn select_branches(input: TokenStream) -> TokenStream {
    branches::select::expand(input.into()).into()
}

/// What `heist::join!` expands to: `$crate` and then the futures.
#[doc(hidden)]
#[proc_macro]
pub fn join_branches(input: TokenStream) -> TokenStream {
    branches::join::expand(input.into(), branches::join::Kind::Join).into()
}

/// What `heist::try_join!` expands to: `$crate` and then the futures.
#[doc(hidden)]
#[proc_macro]
pub fn try_join_branches(input: TokenStream) -> TokenStream {
    branches::join::expand(input.into(), branches::join::Kind::TryJoin).into()
}
