//! A function item, parsed only as far as the attributes need: the body stays a token stream.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::parse::{Parse, ParseStream};
use syn::{AttrStyle, Attribute, Error, Signature, Visibility, braced};

/// The parsed item.
pub(super) struct Function {
    outer: Vec<Attribute>,
    visibility: Visibility,
    pub(super) sig: Signature,
    brace: syn::token::Brace,
    inner: Vec<Attribute>,
    body: TokenStream,
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let outer = input.call(Attribute::parse_outer)?;
        let visibility = input.parse()?;
        let sig = input.parse()?;
        let content;
        let brace = braced!(content in input);
        let inner = content.call(Attribute::parse_inner)?;
        let body = content.parse()?;
        Ok(Function {
            outer,
            visibility,
            sig,
            brace,
            inner,
            body,
        })
    }
}

impl Function {
    pub(super) fn attrs(&self) -> impl Iterator<Item = &Attribute> {
        self.outer.iter().chain(&self.inner)
    }

    /// Why this function cannot be wrapped, if so.
    pub(super) fn refused(&self, macro_name: &str) -> Option<Error> {
        let sig = &self.sig;
        if let Some(token) = &sig.constness {
            let message = format!("a `const fn` cannot start a runtime: remove `const` or `#[{macro_name}]`");
            Some(Error::new_spanned(token, message))
        } else if !sig.safety.to_token_stream().is_empty() {
            let message =
                format!("`#[{macro_name}]` takes no `unsafe fn`: put an unsafe block into the body");
            Some(Error::new_spanned(&sig.safety, message))
        } else if sig.asyncness.is_none() {
            Some(Error::new_spanned(
                sig.fn_token,
                "the keyword `async` is missing in front of this `fn`",
            ))
        } else {
            None
        }
    }

    /// The body as a block.
    pub(super) fn block(&self) -> TokenStream {
        let mut tokens = TokenStream::new();
        self.brace
            .surround(&mut tokens, |tokens| self.body.to_tokens(tokens));
        tokens
    }

    /// The first and the last span of the body's last statement; the attribute's place for an empty body.
    pub(super) fn last_statement(&self) -> (Span, Span) {
        let (mut first, mut last, mut ended) = (None, None, true);
        for tree in self.body.clone() {
            let semicolon = matches!(&tree, TokenTree::Punct(punct) if punct.as_char() == ';');
            if ended && !semicolon {
                first = Some(tree.span());
            }
            ended = semicolon;
            last = Some(tree.span());
        }
        let first = first.unwrap_or_else(Span::call_site);
        (first, last.unwrap_or(first))
    }

    /// The plain function: `attribute` on top, then `body` and `call` as its statements.
    pub(super) fn into_tokens(
        mut self,
        attribute: &TokenStream,
        body: &dyn Fn(&Function) -> TokenStream,
        call: &TokenStream,
    ) -> TokenStream {
        let statements = body(&self);
        self.sig.asyncness = None;
        let mut tokens = TokenStream::new();
        for outer in &self.outer {
            outer.to_tokens(&mut tokens);
        }
        for inner in &mut self.inner {
            inner.style = AttrStyle::Outer;
            inner.to_tokens(&mut tokens);
        }
        attribute.to_tokens(&mut tokens);
        self.visibility.to_tokens(&mut tokens);
        self.sig.to_tokens(&mut tokens);
        self.brace.surround(&mut tokens, |tokens| {
            statements.to_tokens(tokens);
            call.to_tokens(tokens);
        });
        tokens
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Why the function in `text` is refused.
    fn refused(text: &str) -> Option<String> {
        let function: Function = syn::parse_str(text).expect("the test case is a function");
        function.refused("heist::main").map(|error| error.to_string())
    }

    #[test]
    fn what_cannot_be_wrapped_is_refused_in_words() {
        assert_eq!(
            refused("pub async fn f<T>(&self, t: T) -> T where T: Copy { t }"),
            None
        );
        let cases = [
            ("fn f() {}", "`async` is missing"),
            ("const fn f() {}", "a `const fn` cannot start a runtime"),
            ("const async fn f() {}", "a `const fn` cannot start a runtime"),
            ("async unsafe fn f() {}", "takes no `unsafe fn`"),
            ("unsafe extern \"C\" fn f() {}", "takes no `unsafe fn`"),
        ];
        for (text, expected) in cases {
            let message = refused(text).expect("the test case must be refused");
            assert!(message.contains(expected), "{text}: {message}");
        }
    }

    #[test]
    fn the_body_stays_as_it_is_and_attributes_move_to_the_front() {
        let text = "#[a] fn f() { #![b] not valid; rust \"at all\" }";
        let function: Function = syn::parse_str(text).expect("only the outside is parsed");
        let tokens = function.into_tokens(&TokenStream::new(), &Function::block, &TokenStream::new());
        assert_eq!(
            tokens.to_string(),
            "# [a] # [b] fn f () { { not valid ; rust \"at all\" } }"
        );
    }
}
