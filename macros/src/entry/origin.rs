//! Finds out by which path the user calls heist, from the text of the attribute itself.
//!
//! `#[rt::main(flavor = "current_thread")]` tells that `rt` is heist in this very scope, whatever Cargo.toml
//! or a `use` call it. So `rt::runtime::Builder` resolves wherever `rt::main` did, by construction.
//!
//! ```text
//!   #[tokio::test]                    -> tokio
//!   #[::heist::main(worker_threads=2)]-> ::heist
//!   #[log::test(tokio::test)]         -> tokio      (another attribute that wrote ours: its arguments differ)
//!   #[test]                           -> none: the caller's fallback
//! ```
//!
//! Invariants
//!
//! - I1: a candidate is a path that ends in the attribute's own name and is followed by the arguments the
//!   attribute was given. Outer candidates come before inner ones.
//! - I2: a bare name, a `$crate` and a text that is not at hand give none.
//!
//! Not seen: an attribute of another crate with our name and our arguments that writes `#[heist::test]`
//! itself, and a module that re-exports the attribute alone. Both are told by `crate = "…"`.

use proc_macro2::{Delimiter, Spacing, Span, TokenStream, TokenTree};
use syn::Path;
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};

/// The path in front of `name` in the attribute that is being expanded with `args`.
pub(super) fn written_path(name: &str, args: &TokenStream) -> Option<Path> {
    from_text(&Span::call_site().source_text()?, name, args)
}

fn from_text(text: &str, name: &str, args: &TokenStream) -> Option<Path> {
    search(text.parse().ok()?, name, &args.to_string())
}

/// The first candidate in `tokens`, then in the groups of `tokens`.
fn search(tokens: TokenStream, name: &str, args: &str) -> Option<Path> {
    let trees: Vec<TokenTree> = tokens.into_iter().collect();
    let starts = (0..trees.len()).filter(|&at| starts_path(&trees, at));
    let found = starts
        .into_iter()
        .find_map(|at| candidate(&trees[at..], name, args));
    found.or_else(|| {
        trees.into_iter().find_map(|tree| match tree {
            TokenTree::Group(group) => search(group.stream(), name, args),
            _ => None,
        })
    })
}

/// Whether a path can begin at `at`: not in the middle of another one, nor behind a `$`.
fn starts_path(trees: &[TokenTree], at: usize) -> bool {
    let begins = match &trees[at] {
        TokenTree::Ident(_) => true,
        TokenTree::Punct(punct) => punct.as_char() == ':' && punct.spacing() == Spacing::Joint,
        _ => false,
    };
    let continues = match at.checked_sub(1).map(|before| &trees[before]) {
        Some(TokenTree::Punct(punct)) => matches!(punct.as_char(), ':' | '$'),
        Some(TokenTree::Ident(_)) => matches!(&trees[at], TokenTree::Punct(_)),
        _ => false,
    };
    begins && !continues
}

/// The path at the start of `trees` without its last segment, if it is ours by I1.
fn candidate(trees: &[TokenTree], name: &str, args: &str) -> Option<Path> {
    let parser = |input: ParseStream<'_>| {
        let path = input.call(Path::parse_mod_style)?;
        let rest: TokenStream = input.parse()?;
        Ok((path, rest))
    };
    let (mut path, rest) = parser.parse2(trees.iter().cloned().collect()).ok()?;
    let given = match rest.into_iter().next() {
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis => {
            group.stream().to_string()
        }
        _ => String::new(),
    };
    let last = path.segments.pop()?;
    if path.segments.is_empty() || last.ident.unraw() != name || given != args {
        return None;
    }
    path.segments.pop_punct();
    Some(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::ToTokens;

    fn found(text: &str, name: &str, args: &str) -> Option<String> {
        let args: TokenStream = args.parse().expect("arguments of a test case are tokens");
        let path = from_text(text, name, &args)?;
        Some(path.into_token_stream().to_string().replace(' ', ""))
    }

    #[test]
    fn the_path_in_front_of_the_name_is_taken() {
        assert_eq!(found("#[tokio::main]", "main", "").as_deref(), Some("tokio"));
        assert_eq!(found("#[tokio::main()]", "main", "").as_deref(), Some("tokio"));
        assert_eq!(found("tokio::main", "main", "").as_deref(), Some("tokio"));
        assert_eq!(
            found("#[ ::heist :: test ]", "test", "").as_deref(),
            Some("::heist")
        );
        assert_eq!(
            found("#[self::a::rt::test]", "test", "").as_deref(),
            Some("self::a::rt")
        );
        let args = "flavor = \"multi_thread\", worker_threads = 2";
        let text = format!("#[foo::rt::main({args})]");
        assert_eq!(found(&text, "main", args).as_deref(), Some("foo::rt"));
    }

    #[test]
    fn a_bare_or_unknown_name_gives_none() {
        assert_eq!(found("#[main]", "main", ""), None);
        assert_eq!(
            found("#[test(worker_threads = 2)]", "test", "worker_threads = 2"),
            None
        );
        assert_eq!(found("#[$crate::test]", "test", ""), None);
        assert_eq!(found("#[rt::start]", "main", ""), None);
        assert_eq!(found("", "main", ""), None);
        assert_eq!(found("#[", "main", ""), None);
    }

    #[test]
    fn an_attribute_that_wrote_ours_is_looked_through() {
        assert_eq!(
            found("#[log::test(tokio::test)]", "test", "").as_deref(),
            Some("tokio")
        );
        assert_eq!(
            found("#[cfg_attr(unix, a::b::main)]", "main", "").as_deref(),
            Some("a::b")
        );
        assert_eq!(found("#[log::test(flavor = \"x\")]", "test", ""), None);
    }
}
