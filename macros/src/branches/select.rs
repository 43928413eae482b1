//! `select!`: the first branch whose output matches its pattern.
//!
//! ```text
//!   preconditions ──► expressions ──► poll in turn ──1─► Ready, matches ──► futures dropped ──► handler
//!   (false: bit set    (all of         ▲      │   ──2─► Ready, does not: bit set, go on
//!    in `disabled`)     them)          └──3───┘   ──4─► every bit set ──► else, or panic
//! ```
//!
//! Invariants
//!
//! - I1: a branch whose bit in `disabled` is set is not polled. A future that was ready has its bit set.
//! - I2: the futures live in a block that ends before the handler begins: a handler may borrow what they did.
//! - I3: handlers, preconditions and expressions are outside the closure and of every loop made here, so
//!   `?`, `break`, `continue` and `return` in them belong to the user's function.
//! - I4: a task without cooperative budget polls no branch, so that it cannot be the one leaf without a
//!   budget that is ready each time.
//! - I5: an output whose type nothing says, as of `poll_fn(|_| panic!())`, is given the type that the compiler
//!   falls back to for what diverges. It does so because the output meets an expression that diverges.

use proc_macro2::{Literal, Span, TokenStream};
use quote::{format_ident, quote};
use syn::{Ident, Lifetime};

use super::syntax::{Branch, Select};
use super::{local, numbered, pattern, support, tree};

pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let (support, input) = support(input);
    match syn::parse2::<Select>(input) {
        Ok(select) => Expansion::new(&support, &select).tokens(),
        Err(error) => error.to_compile_error(),
    }
}

struct Expansion<'a> {
    support: &'a TokenStream,
    select: &'a Select,
    /// The enum that carries the output of the branch that won, one variant each.
    output_type: Ident,
    variants: Vec<Ident>,
}

impl<'a> Expansion<'a> {
    fn new(support: &'a TokenStream, select: &'a Select) -> Self {
        let variants = (0..select.branches.len())
            .map(|index| format_ident!("Branch{index}"))
            .collect();
        let output_type = Ident::new("__HeistSelectOutput", Span::mixed_site());
        Expansion {
            support,
            select,
            output_type,
            variants,
        }
    }

    fn tokens(&self) -> TokenStream {
        let support = self.support;
        let otherwise = match &self.select.otherwise {
            Some(handler) => handler.clone(),
            None => quote!(#support::all_disabled()),
        };
        if self.select.branches.is_empty() {
            return otherwise;
        }
        let (output_type, variants) = (&self.output_type, &self.variants);
        let declared = self.output_declaration();
        let preconditions = self.preconditions();
        let futures: Vec<_> = self.select.branches.iter().map(|branch| &branch.future).collect();
        let futures = tree::declare(support, &futures, &quote!(IntoFuture::into_future));
        let poll = self.poll();
        let patterns = self.select.branches.iter().map(|branch| &branch.pattern);
        let handlers = self.select.branches.iter().map(|branch| &branch.handler);
        let output = local("output");
        quote! {{
            #declared
            #preconditions
            // Mutable for patterns with `ref mut`.
            #[allow(unused_mut)]
            let mut #output = {
                #futures
                #poll.await
            };
            match #output {
                #( #output_type::#variants(#patterns) => #handlers, )*
                #output_type::Disabled => #otherwise,
                #[allow(unreachable_patterns)]
                _ => ::core::unreachable!("a pattern matched by reference and not by value"),
            }
        }}
    }

    fn output_declaration(&self) -> TokenStream {
        let (output_type, variants) = (&self.output_type, &self.variants);
        let types: Vec<Ident> = (0..variants.len()).map(|index| numbered("T", index)).collect();
        quote! {
            #[allow(clippy::large_enum_variant)]
            enum #output_type<#( #types ),*> {
                #( #variants(#types), )*
                Disabled,
            }
        }
    }

    /// The mask, with the bits of the branches whose precondition is false.
    fn preconditions(&self) -> TokenStream {
        let mask = match self.select.branches.len() {
            0..=8 => quote!(u8),
            9..=16 => quote!(u16),
            17..=32 => quote!(u32),
            _ => quote!(u64),
        };
        let (disabled, enabled) = (local("disabled"), local("enabled"));
        let checks = self
            .select
            .branches
            .iter()
            .enumerate()
            .filter_map(|(index, branch)| {
                let condition = branch
                    .precondition
                    .as_ref()
                    .filter(|expr| !pattern::is_true(expr))?;
                let bit = bit(index);
                Some(quote! {
                    #[allow(unused_parens, unused_braces)]
                    let #enabled: bool = #condition;
                    if !#enabled {
                        #disabled |= #bit;
                    }
                })
            });
        quote! {
            let mut #disabled: #mask = 0;
            #( #checks )*
        }
    }

    /// The future that resolves to the output of the first branch that matches.
    fn poll(&self) -> TokenStream {
        let support = self.support;
        let (split, futures) = tree::split(support, self.select.branches.len());
        let polls: Vec<TokenStream> = (self.select.branches.iter().zip(&futures).enumerate())
            .map(|(index, (branch, future))| self.poll_branch(index, branch, future))
            .collect();
        let count = Literal::u32_suffixed(polls.len() as u32);
        let random = quote!(#support::thread_rng_n(#count));
        let visit = tree::visit(support, &polls, (!self.select.biased).then_some(&random));
        let output_type = &self.output_type;
        let (cx, pending) = (local("cx"), local("pending"));
        quote! {
            #support::poll_fn(move |#cx| {
                if #support::poll_budget_available(#cx).is_pending() {
                    return #support::Poll::Pending;
                }
                #split
                let mut #pending = false;
                #visit
                if #pending {
                    #support::Poll::Pending
                } else {
                    #support::Poll::Ready(#output_type::Disabled)
                }
            })
        }
    }

    fn poll_branch(&self, index: usize, branch: &Branch, future: &Ident) -> TokenStream {
        let support = self.support;
        let (output_type, variant) = (&self.output_type, &self.variants[index]);
        let (cx, pending, disabled) = (local("cx"), local("pending"), local("disabled"));
        let (output, matches) = (local("output"), local("matches"));
        let polled = Lifetime::new("'polled", Span::mixed_site());
        let bit = bit(index);
        let pattern = pattern::by_reference(branch.pattern.clone());
        quote! {
            if #disabled & #bit == 0 {
                #[allow(unreachable_code)]
                #polled: {
                    // I5: the arm that diverges has to be in the match that gives the output.
                    let #output = match #support::Future::poll(#future.as_mut(), #cx) {
                        #support::Poll::Ready(#output) => #output,
                        #support::Poll::Pending => {
                            #pending = true;
                            break #polled;
                        }
                    };
                    #disabled |= #bit;
                    #[allow(unused_variables, unused_mut, unreachable_patterns)]
                    let #matches = match &#output {
                        #pattern => true,
                        _ => false,
                    };
                    if #matches {
                        return #support::Poll::Ready(#output_type::#variant(#output));
                    }
                };
            }
        }
    }
}

/// The bit of a branch in the mask, of the mask's type by inference.
fn bit(index: usize) -> Literal {
    Literal::u64_unsuffixed(1 << index)
}
