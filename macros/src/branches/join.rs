//! `join!` and `try_join!`.
//!
//! Each future sits in a `MaybeDone`, so that it is polled until it is ready and its output waits there.
//!
//! Invariants
//!
//! - I1: a future that is ready is not polled again.
//! - I2: the outputs come in the order of the expressions, whatever the order of completion.
//! - I3: without `biased;`, each poll starts at the future after the one the last poll started at: a future
//!   that uses up the cooperative budget cannot keep the others from theirs.

use proc_macro2::{Literal, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Expr, Ident, Token};

use super::syntax::biased;
use super::{local, support, tree};

/// Which of the two macros is expanded.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `join!`: all outputs.
    Join,
    /// `try_join!`: all `Ok`s or the first `Err`.
    TryJoin,
}

pub(crate) fn expand(input: TokenStream, kind: Kind) -> TokenStream {
    let (support, input) = support(input);
    let parser = |input: syn::parse::ParseStream<'_>| {
        let biased = biased(input)?;
        Ok((biased, Punctuated::<Expr, Token![,]>::parse_terminated(input)?))
    };
    match parser.parse2(input) {
        Ok((biased, exprs)) => join(&support, kind, biased, &exprs.iter().collect::<Vec<_>>()),
        Err(error) => error.to_compile_error(),
    }
}

fn join(support: &TokenStream, kind: Kind, biased: bool, exprs: &[&Expr]) -> TokenStream {
    if exprs.is_empty() {
        return match kind {
            Kind::Join => quote!(async {}.await),
            Kind::TryJoin => quote!(async { #support::Result::Ok(()) }.await),
        };
    }
    let declared = tree::declare(support, exprs, &quote!(maybe_done));
    let (split, futures) = tree::split(support, exprs.len());
    let polls: Vec<TokenStream> = exprs
        .iter()
        .zip(&futures)
        .map(|(expr, future)| poll(support, kind, expr, future))
        .collect();
    let (next, cx, pending) = (local("next"), local("cx"), local("pending"));
    let count = Literal::u32_suffixed(exprs.len() as u32);
    let rotate = quote!(#support::rotate(&mut #next, #count));
    let rotates = !biased && exprs.len() > 1;
    let state = rotates.then(|| quote!(let mut #next: u32 = 0;));
    let visit = tree::visit(support, &polls, rotates.then_some(&rotate));
    let outputs = match kind {
        Kind::Join => quote!((#( #support::MaybeDone::take_output(#futures.as_mut()), )*)),
        Kind::TryJoin => {
            quote!(#support::Result::Ok((#( #support::MaybeDone::take_ok(#futures.as_mut()), )*)))
        }
    };
    quote! {{
        #declared
        #state
        #support::poll_fn(move |#cx| {
            #split
            let mut #pending = false;
            #visit
            if #pending {
                return #support::Poll::Pending;
            }
            // Not reached if an output has no values.
            #[allow(unreachable_code)]
            {
                #support::Poll::Ready(#outputs)
            }
        })
        .await
    }}
}

/// Polls one future; `try_join!` leaves with its error.
fn poll(support: &TokenStream, kind: Kind, expr: &Expr, future: &Ident) -> TokenStream {
    let (cx, pending, error) = (local("cx"), local("pending"), local("error"));
    let span = Span::mixed_site().located_at(expr.span());
    let failed = match kind {
        Kind::Join => None,
        Kind::TryJoin => {
            // An error type without values must not make the user's code look unreachable.
            let take = quote_spanned!(span=> #support::MaybeDone::take_err(#future.as_mut()));
            Some(quote! {
                if let #support::Option::Some(#error) = #take {
                    return #support::Poll::Ready(#error);
                }
            })
        }
    };
    quote! {
        if #support::MaybeDone::poll_done(#future.as_mut(), #cx) {
            #failed
        } else {
            #pending = true;
        }
    }
}
