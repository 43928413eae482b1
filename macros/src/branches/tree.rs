//! The futures of one expansion, from the user's expressions to one pinned reference each.
//!
//! ```text
//!   let init0 = <e0>; let init1 = <e1>; let init2 = <e2>;   evaluated in order, temporaries live on
//!   let mut tree = pin!(Pair::new(Pair::new(f(init0), f(init1)), f(init2)));
//!   poll_fn(move |cx| {
//!       let (part0, part2) = Pair::split(tree.as_mut());
//!       let (part0, part1) = Pair::split(part0);
//!       let mut future0 = part0; ...
//! ```
//!
//! Invariants
//!
//! - I1: each expression is the initializer of a `let`, so that `&mut temporary()` lives as long as the future.
//! - I2: the tree is dropped from left to right, at the end of the block that declares it.
//! - I3: the types nest no deeper than the logarithm of the number of futures.

use proc_macro2::{Literal, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Expr, Ident};

use super::{local, numbered};

/// The statements in front of the closure: the expressions, each wrapped by `wrap`, in a pinned tree.
pub(super) fn declare(support: &TokenStream, exprs: &[&Expr], wrap: &TokenStream) -> TokenStream {
    let inits: Vec<Ident> = (0..exprs.len()).map(|index| numbered("init", index)).collect();
    let wrapped: Vec<TokenStream> = exprs
        .iter()
        .zip(&inits)
        .map(|(expr, init)| quote_spanned!(Span::mixed_site().located_at(expr.span())=> #support::#wrap(#init)))
        .collect();
    let nested = nest(support, &wrapped);
    let tree = local("tree");
    quote! {
        #( #[allow(unused_parens, unused_braces)] let #inits = #exprs; )*
        let mut #tree = #support::pin!(#nested);
    }
}

/// The expression that builds a tree of `leaves`.
fn nest(support: &TokenStream, leaves: &[TokenStream]) -> TokenStream {
    match leaves {
        [leaf] => leaf.clone(),
        leaves => {
            let (left, right) = leaves.split_at(middle(leaves.len()));
            let (left, right) = (nest(support, left), nest(support, right));
            quote!(#support::Pair::new(#left, #right))
        }
    }
}

/// How many of `count` leaves are on the left.
fn middle(count: usize) -> usize {
    count.div_ceil(2)
}

/// The statements at the start of the closure: a `Pin<&mut _>` for each future, and their names.
pub(super) fn split(support: &TokenStream, count: usize) -> (TokenStream, Vec<Ident>) {
    let (tree, first) = (local("tree"), numbered("part", 0));
    let mut tokens = quote!(let #first = #tree.as_mut(););
    split_range(support, 0, count, &mut tokens);
    let names: Vec<Ident> = (0..count).map(|index| numbered("future", index)).collect();
    let parts = (0..count).map(|index| numbered("part", index));
    tokens.extend(quote! {
        #( #[allow(unused_mut)] let mut #names = #parts; )*
    });
    (tokens, names)
}

/// Splits the part that holds the leaves from `start` to `start + count`, and is named after the first.
fn split_range(support: &TokenStream, start: usize, count: usize, tokens: &mut TokenStream) {
    if count > 1 {
        let middle = middle(count);
        let (left, right) = (numbered("part", start), numbered("part", start + middle));
        tokens.extend(quote!(let (#left, #right) = #support::Pair::split(#left);));
        split_range(support, start, middle, tokens);
        split_range(support, start + middle, count - middle, tokens);
    }
}

/// Runs each of `polls` once: top to bottom, or beginning at the index that `start` gives and around.
pub(super) fn visit(
    support: &TokenStream,
    polls: &[TokenStream],
    start: Option<&TokenStream>,
) -> TokenStream {
    let Some(start) = start.filter(|_| polls.len() > 1) else {
        return quote!(#( #polls )*);
    };
    let count = Literal::u32_suffixed(polls.len() as u32);
    let indices = (0..polls.len() as u32).map(Literal::u32_suffixed);
    let (first, step) = (local("first"), local("step"));
    quote! {
        let #first: u32 = #start;
        for #step in 0..#count {
            match #support::around(#first, #step, #count) {
                #( #indices => { #polls } )*
                _ => {}
            }
        }
    }
}
