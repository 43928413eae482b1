//! Makes of a branch's pattern one that can be tried on `&output`.
//!
//! `select!` must know whether an output matches before it moves it out of the poll, so it matches a
//! reference first and the value later, with the user's own pattern. Under that reference,
//!
//! - `ref` and `mut` are gone: a binding there is never used and must not borrow or move;
//! - `&` is gone where the pattern behind it looks through references by itself. Kept there, it would try
//!   to move out, or be refused by the rules of edition 2024;
//! - a literal or a path at the very front gets a `&`, because a string or a constant does not look through;
//! - all else stays, so both patterns match the same values.

use syn::{Expr, Lit, Pat, PatReference, Token};

/// The pattern to match against `&output`.
pub(super) fn by_reference(mut pattern: Pat) -> Pat {
    clean(&mut pattern);
    refer(&mut pattern);
    pattern
}

/// Puts a `&` in front of what is compared by value and binds nothing.
fn refer(pattern: &mut Pat) {
    match pattern {
        Pat::Or(or) => or.cases.iter_mut().for_each(refer),
        Pat::Paren(paren) => refer(&mut paren.pat),
        Pat::Lit(_) | Pat::Path(_) => {
            let pat = Box::new(pattern.clone());
            let and_token = <Token![&]>::default();
            *pattern = Pat::Reference(PatReference {
                attrs: Vec::new(),
                and_token,
                mutability: None,
                pat,
            });
        }
        _ => {}
    }
}

fn clean(pattern: &mut Pat) {
    match pattern {
        Pat::Ident(ident) => {
            ident.by_ref = None;
            ident.mutability = None;
            if let Some((_, inner)) = &mut ident.subpat {
                clean(inner);
            }
        }
        Pat::Reference(reference) => {
            clean(&mut reference.pat);
            reference.mutability = None;
            if looks_through(&reference.pat) {
                *pattern = (*reference.pat).clone();
            }
        }
        Pat::Or(or) => or.cases.iter_mut().for_each(clean),
        Pat::Paren(paren) => clean(&mut paren.pat),
        Pat::Slice(slice) => slice.elems.iter_mut().for_each(clean),
        Pat::Struct(fields) => fields.fields.iter_mut().for_each(|field| clean(&mut field.pat)),
        Pat::Tuple(tuple) => tuple.elems.iter_mut().for_each(clean),
        Pat::TupleStruct(tuple) => tuple.elems.iter_mut().for_each(clean),
        Pat::Type(typed) => clean(&mut typed.pat),
        _ => {}
    }
}

/// Whether a reference matches this pattern exactly if what it points to does.
fn looks_through(pattern: &Pat) -> bool {
    match pattern {
        Pat::Wild(_) | Pat::Struct(_) | Pat::Tuple(_) | Pat::TupleStruct(_) | Pat::Slice(_) => true,
        // In lower case it is a binding; in upper case it may be a constant of a reference type.
        Pat::Ident(ident) => {
            ident.subpat.is_none()
                && !ident
                    .ident
                    .to_string()
                    .starts_with(|first: char| first.is_uppercase())
        }
        Pat::Lit(literal) => !matches!(literal.lit, Lit::Str(_) | Lit::ByteStr(_) | Lit::CStr(_)),
        Pat::Paren(paren) => looks_through(&paren.pat),
        _ => false,
    }
}

/// Whether an expression is the literal `true`, which `if` need not ask.
pub(super) fn is_true(expr: &Expr) -> bool {
    matches!(expr, Expr::Lit(literal) if matches!(&literal.lit, Lit::Bool(value) if value.value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::{ToTokens, quote};
    use syn::parse::Parser;

    fn cleaned(pattern: proc_macro2::TokenStream) -> String {
        let pattern = Pat::parse_multi_with_leading_vert
            .parse2(pattern)
            .expect("the test case is a pattern");
        by_reference(pattern).into_token_stream().to_string()
    }

    #[track_caller]
    fn check(pattern: proc_macro2::TokenStream, expected: proc_macro2::TokenStream) {
        assert_eq!(cleaned(pattern), expected.to_string());
    }

    #[test]
    fn modes_of_bindings_are_removed_at_every_depth() {
        check(quote!(mut a), quote!(a));
        check(quote!(Some(ref mut a)), quote!(Some(a)));
        check(
            quote!((mut a, [ref b, ..], S { c: mut d, .. })),
            quote!((a, [b, ..], S { c: d, .. })),
        );
        check(quote!(mut a @ Some(ref b)), quote!(a @ Some(b)));
        check(quote!(A(mut x) | B(mut x)), quote!(A(x) | B(x)));
        check(quote!((Some(mut x))), quote!((Some(x))));
    }

    #[test]
    fn references_stay_only_in_front_of_what_may_itself_be_a_reference() {
        check(quote!(Some(&x)), quote!(Some(x)));
        check(quote!(Some(&mut x)), quote!(Some(x)));
        check(quote!(&(a, 5)), quote!((a, 5)));
        check(quote!(Some(&7)), quote!(Some(7)));
        check(quote!(Some(&CONST)), quote!(Some(&CONST)));
        check(quote!(Some(&"text")), quote!(Some(&"text")));
    }

    #[test]
    fn what_is_compared_by_value_gets_a_reference_at_the_front_only() {
        check(quote!("text" | (A::B)), quote!(&"text" | (&A::B)));
        check(quote!(Some("text")), quote!(Some("text")));
        check(quote!(&A::B), quote!(&A::B));
        check(quote!(None), quote!(None));
    }
}
