//! The expansions of `select!`, `join!` and `try_join!`: some futures polled by one task.
//!
//! All three hold their futures in a tree of `Pair`s made by pin-project-lite, and split the pinned
//! tree into one `Pin<&mut _>` for each future when polled. That is how they need neither unsafe code nor
//! `Unpin` nor an allocation.
//!
//! Invariants
//!
//! - I1: the input begins with the `$crate` of heist's wrapper macro; names of heist are taken from there.
//! - I2: names made here are hygienic (mixed site); the enum of `select!` cannot be and has a long name.
//! - I3: what fails to type-check because of a user's expression carries that expression's span.

pub(crate) mod join;
mod pattern;
pub(crate) mod select;
mod syntax;
mod tree;

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::quote;
use syn::Ident;

/// Takes `$crate` off the input and makes it the path of the support module.
fn support(input: TokenStream) -> (TokenStream, TokenStream) {
    let mut trees = input.into_iter();
    let krate: Option<TokenTree> = trees.next();
    (quote!(#krate::macros::support), trees.collect())
}

/// A local name, by I2.
fn local(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}

fn numbered(name: &str, index: usize) -> Ident {
    local(&format!("{name}{index}"))
}
