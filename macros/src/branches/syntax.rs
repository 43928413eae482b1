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

use proc_macro2::{Delimiter, TokenStream, TokenTree};
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
            return Err(
                input.error("`select!` needs at least one branch: `<pattern> = <future> => <handler>`")
            );
        }
        Ok(select)
    }
}

impl Parse for Branch {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let pattern = Pat::parse_multi_with_leading_vert(input)?;
        if !input.peek(Token![=]) || input.peek(Token![=>]) {
            return Err(input.error("expected `= <future>` after the pattern of a `select!` branch"));
        }
        input.parse::<Token![=]>()?;
        let future = input.parse()?;
        let precondition = if input.peek(Token![,]) && input.peek2(Token![if]) {
            input.parse::<Token![,]>()?;
            input.parse::<Token![if]>()?;
            Some(input.parse()?)
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
            return Err(input.error(expected));
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
