//! The grammar of `select!`.
//!
//! ```text
//!   select  = ["biased;"] branch* [else]
//!   branch  = pattern "=" expression ["," "if" expression] "=>" handler
//!   handler = block [","]  |  expression ","        (the comma may be missing at the end)
//!   else    = "else" "=>" expression [","]
//! ```
//!
//! A handler in braces is passed on unparsed.

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::parse::{Parse, ParseStream};
use syn::{Error, Expr, Pat, Token, token};

/// Most branches of one `select!`: its mask is one word.
pub(super) const MAX_BRANCHES: usize = 64;

mod keyword {
    syn::custom_keyword!(biased);
}

/// The whole of `select! { … }`.
pub(super) struct Select {
    pub(super) biased: bool,
    pub(super) branches: Vec<Branch>,
    /// The handler for when every branch is disabled.
    pub(super) otherwise: Option<TokenStream>,
}

/// One branch.
pub(super) struct Branch {
    pub(super) pattern: Pat,
    pub(super) future: Expr,
    pub(super) precondition: Option<Expr>,
    pub(super) handler: TokenStream,
}

/// Takes a leading `biased;`.
pub(super) fn biased(input: ParseStream<'_>) -> syn::Result<bool> {
    let found = input.peek(keyword::biased) && input.peek2(Token![;]);
    if found {
        input.parse::<keyword::biased>()?;
        input.parse::<Token![;]>()?;
    }
    Ok(found)
}

impl Parse for Select {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut select = Select {
            biased: biased(input)?,
            branches: Vec::new(),
            otherwise: None,
        };
        while !input.is_empty() {
            if input.peek(Token![else]) {
                select.otherwise = Some(otherwise(input)?);
                break;
            }
            if select.branches.len() == MAX_BRANCHES {
                return Err(input.error(format!("`select!` takes up to {MAX_BRANCHES} branches")));
            }
            select.branches.push(input.parse()?);
        }
        if select.branches.is_empty() && select.otherwise.is_none() {
            let message = "`select!` needs at least one branch: `<pattern> = <future> => <handler>`";
            return Err(Error::new(Span::call_site(), message));
        }
        Ok(select)
    }
}

impl Parse for Branch {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let pattern = Pat::parse_multi_with_leading_vert(input)?;
        if !input.peek(Token![=]) || input.peek(Token![=>]) {
            let message = "expected `= <future>` after the pattern of a `select!` branch";
            return Err(here_or_after(input, &pattern, message));
        }
        input.parse::<Token![=]>()?;
        let future: Expr = input.parse()?;
        let precondition = if input.peek(Token![,]) && input.peek2(Token![if]) {
            input.parse::<Token![,]>()?;
            input.parse::<Token![if]>()?;
            Some(input.parse::<Expr>()?)
        } else {
            None
        };
        if !input.peek(Token![=>]) {
            let expected = match &precondition {
                Some(_) => "expected `=> <handler>` after the precondition of a `select!` branch",
                None => {
                    "expected `=> <handler>` or `, if <precondition>` after the future of a `select!` branch"
                }
            };
            return Err(here_or_after(
                input,
                precondition.as_ref().unwrap_or(&future),
                expected,
            ));
        }
        input.parse::<Token![=>]>()?;
        Ok(Branch {
            pattern,
            future,
            precondition,
            handler: handler(input)?,
        })
    }
}

/// An error at the next token, or at `before` if the input ends.
fn here_or_after(input: ParseStream<'_>, before: &impl ToTokens, message: &str) -> Error {
    if input.is_empty() {
        Error::new_spanned(before, message)
    } else {
        input.error(message)
    }
}

/// The handler and its comma.
fn handler(input: ParseStream<'_>) -> syn::Result<TokenStream> {
    if input.peek(token::Brace) {
        let block: TokenTree = input.parse()?;
        input.parse::<Option<Token![,]>>()?;
        return Ok(block.into());
    }
    let handler: Expr = input.parse()?;
    let is_block = matches!(&handler, Expr::Group(group) if ends_in_braces(&group.to_token_stream()));
    if !is_block && !input.is_empty() && !input.peek(Token![,]) {
        return Err(input.error("expected `,`: only after a handler in braces may it be left out"));
    }
    input.parse::<Option<Token![,]>>()?;
    Ok(handler.to_token_stream())
}

/// Whether these are the tokens of a block that a `macro_rules!` captured as `$b:block`.
fn ends_in_braces(tokens: &TokenStream) -> bool {
    let mut trees = tokens.clone().into_iter();
    match (trees.next(), trees.next()) {
        (Some(TokenTree::Group(group)), None) => match group.delimiter() {
            Delimiter::Brace => true,
            Delimiter::None => ends_in_braces(&group.stream()),
            _ => false,
        },
        _ => false,
    }
}

/// `else => handler`, which must be the end.
fn otherwise(input: ParseStream<'_>) -> syn::Result<TokenStream> {
    let token: Token![else] = input.parse()?;
    if input.peek(Token![,]) || input.peek(Token![if]) || !input.peek(Token![=>]) {
        return Err(Error::new_spanned(
            token,
            "the `else` branch is written `else => <handler>`",
        ));
    }
    input.parse::<Token![=>]>()?;
    let handler: Expr = input.parse()?;
    input.parse::<Option<Token![,]>>()?;
    if !input.is_empty() {
        return Err(Error::new_spanned(
            token,
            "`else` must be the last branch of a `select!`, and the only `else`",
        ));
    }
    Ok(handler.to_token_stream())
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::quote;

    fn parse(tokens: TokenStream) -> Result<Select, String> {
        syn::parse2(tokens).map_err(|error: Error| error.to_string())
    }

    #[test]
    fn sixty_four_branches_are_the_most() {
        let branches = |count: usize| {
            (0..count)
                .map(|n| quote!(_ = f(#n) => {}))
                .collect::<TokenStream>()
        };
        assert_eq!(
            parse(branches(MAX_BRANCHES)).map(|select| select.branches.len()),
            Ok(64)
        );
        assert_eq!(
            parse(branches(MAX_BRANCHES + 1)).err().as_deref(),
            Some("`select!` takes up to 64 branches")
        );
    }

    #[test]
    fn one_branch_is_the_least_and_may_be_else() {
        let error = parse(TokenStream::new()).err().expect("no branch is no select");
        assert!(
            error.starts_with("`select!` needs at least one branch"),
            "{error}"
        );
        assert!(parse(quote!(biased;)).is_err());
        assert!(parse(quote!(else => 1)).is_ok_and(|select| select.otherwise.is_some()));
    }

    #[test]
    fn biased_is_a_keyword_in_front_of_a_semicolon_only() {
        assert!(parse(quote!(biased; _ = f() => {})).is_ok_and(|select| select.biased));
        let binding = parse(quote!(biased = f() => biased));
        assert!(binding.is_ok_and(|select| !select.biased && select.branches.len() == 1));
    }

    #[test]
    fn commas_of_generic_arguments_do_not_end_anything() {
        let select = parse(quote! {
            a = f::<A, B>(x, y), if c::<D, E>() => g::<F, G>(a),
            Some(b) = h => b,
        });
        assert!(select.is_ok_and(|select| select.branches.len() == 2));
    }
}
