//! `#[heist::main]` and `#[heist::test]`: an `async fn` becomes a plain one that builds a runtime for it.
//!
//! ```text
//!   #[heist::main]                      fn f(args) -> R {
//!   async fn f(args) -> R { body }  ->      let body = async { body };
//!                                           return heist::runtime::Builder::new_multi_thread()
//!                                               .enable_all().build().expect("…").block_on(body);
//!                                       }
//! ```
//!
//! Invariants
//!
//! - I1: the body's tokens are passed on untouched and unparsed, so every error in it keeps its place.
//! - I2: the generated call has the span of the body's last statement: that is where rustc then reports a
//!   wrong return type.
//! - I3: of `crate = "…"`, the path in front of the attribute's name, and the fallback, the first that is
//!   there names heist.

mod args;
mod function;
mod origin;

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Attribute, Error, Path, ReturnType, Type};

use self::args::{Args, Runtime, UnhandledPanic};
use self::function::Function;

/// What differs between the attributes that share this module.
#[derive(Clone, Copy)]
pub(crate) struct Flavor {
    /// The attribute's name as users write it.
    name: &'static str,
    /// The name of the crate where the attribute's path does not tell.
    fallback: &'static str,
    runtime: Runtime,
}

impl Flavor {
    pub(crate) const HEIST_MAIN: Flavor = Flavor {
        name: "main",
        fallback: "heist",
        runtime: Runtime::MultiThread,
    };
    pub(crate) const HEIST_TEST: Flavor = Flavor {
        name: "test",
        fallback: "heist",
        runtime: Runtime::CurrentThread,
    };
    pub(crate) const TOKIO_MAIN: Flavor = Flavor {
        fallback: "tokio",
        ..Flavor::HEIST_MAIN
    };
    pub(crate) const TOKIO_TEST: Flavor = Flavor {
        fallback: "tokio",
        ..Flavor::HEIST_TEST
    };

    /// The attribute with its crate, for messages.
    fn full_name(self) -> String {
        format!("{}::{}", self.fallback, self.name)
    }

    /// I3.
    fn krate(self, args: &Args, written: Option<Path>) -> TokenStream {
        match args.krate.as_ref().or(written.as_ref()) {
            Some(path) => path.to_token_stream(),
            None => {
                let name = syn::Ident::new(self.fallback, Span::call_site());
                quote!(::#name)
            }
        }
    }
}

pub(crate) fn main(args: TokenStream, item: TokenStream, flavor: Flavor) -> TokenStream {
    let function: Function = match syn::parse2(item.clone()) {
        Ok(function) => function,
        Err(error) => return beside(item, &error),
    };
    let refused = if function.sig.ident == "main" && !function.sig.inputs.is_empty() {
        Some(Error::new_spanned(
            &function.sig.inputs,
            "the function `main` takes no arguments",
        ))
    } else {
        None
    };
    entry(args, function, flavor, refused, main_body, &TokenStream::new())
}

pub(crate) fn test(args: TokenStream, item: TokenStream, flavor: Flavor) -> TokenStream {
    let function: Function = match syn::parse2(item.clone()) {
        Ok(function) => function,
        Err(error) => return beside(item, &error),
    };
    let second = function.attrs().find(|attribute| is_test(attribute)).map(|attribute| {
        let name = flavor.full_name();
        Error::new_spanned(
            attribute,
            format!("this is a second test attribute: `#[{name}]` makes the function a test by itself, remove one"),
        )
    });
    entry(
        args,
        function,
        flavor,
        second,
        test_body,
        &quote!(#[::core::prelude::v1::test]),
    )
}

/// Emits the function, and beside it the first error there is.
fn entry(
    tokens: TokenStream,
    function: Function,
    flavor: Flavor,
    refused: Option<Error>,
    body: fn(&Function) -> TokenStream,
    attribute: &TokenStream,
) -> TokenStream {
    let written = origin::written_path(flavor.name, &tokens);
    let parsed = match refused.or_else(|| function.refused(&flavor.full_name())) {
        Some(error) => Err(error),
        None => Args::parse(tokens, flavor.runtime, &flavor.full_name()),
    };
    match parsed {
        Ok(args) => {
            let krate = flavor.krate(&args, written);
            let call = call(&args, &krate, &function);
            function.into_tokens(attribute, &body, &call)
        }
        Err(error) => {
            let args = Args::default_of(flavor.runtime);
            let krate = flavor.krate(&args, written);
            let call = call(&args, &krate, &function);
            beside(function.into_tokens(attribute, &body, &call), &error)
        }
    }
}

fn beside(mut tokens: TokenStream, error: &Error) -> TokenStream {
    tokens.extend(error.to_compile_error());
    tokens
}

/// `{ return Builder::…(); }`, by I2 at the last statement's place.
fn call(args: &Args, krate: &TokenStream, function: &Function) -> TokenStream {
    let (start, end) = function.last_statement();
    let new = match args.runtime {
        Runtime::CurrentThread | Runtime::Local => quote_spanned!(start=> new_current_thread()),
        Runtime::MultiThread => quote_spanned!(start=> new_multi_thread()),
    };
    let threads = args
        .worker_threads
        .as_ref()
        .map(|n| quote_spanned!(start=> .worker_threads(#n)));
    let paused = args
        .start_paused
        .as_ref()
        .map(|paused| quote_spanned!(start=> .start_paused(#paused)));
    let name = args
        .name
        .as_ref()
        .map(|name| quote_spanned!(start=> .name(#name)));
    let on_panic = args.unhandled_panic.as_ref().map(|(behavior, _)| {
        let behavior = match behavior {
            UnhandledPanic::Ignore => quote_spanned!(start=> Ignore),
            UnhandledPanic::ShutdownRuntime => quote_spanned!(start=> ShutdownRuntime),
        };
        quote_spanned!(start=> .unhandled_panic(#krate::runtime::UnhandledPanic::#behavior))
    });
    let build = match args.runtime {
        Runtime::Local => quote_spanned!(start=> build_local(#krate::runtime::LocalOptions::default())),
        Runtime::CurrentThread | Runtime::MultiThread => quote_spanned!(start=> build()),
    };
    let body = body_name();
    // The explicit `return` keeps clippy from asking for a semicolon behind the call.
    let call = quote_spanned! {start=>
        return Builder::#new
            #threads #paused #name #on_panic
            .enable_all()
            .#build
            .expect("the runtime could not be built")
            .block_on(#body);
    };
    quote_spanned! {end=>
        #[allow(
            clippy::expect_used,
            clippy::diverging_sub_expression,
            clippy::needless_return,
            clippy::unwrap_in_result
        )]
        {
            use #krate::runtime::Builder;
            #call
        }
    }
}

/// I2 of the crate.
fn body_name() -> syn::Ident {
    syn::Ident::new("body", Span::mixed_site())
}

/// The future as it is, checked against the return type for a better message.
fn main_body(function: &Function) -> TokenStream {
    let body = body_name();
    let block = function.block();
    let check = match &function.sig.output {
        ReturnType::Type(_, ty) if names_no_type(ty) => TokenStream::new(),
        output => {
            let output = output_type(output);
            quote! {
                if false {
                    let _: &dyn ::core::future::Future<Output = #output> = &#body;
                }
            }
        }
    };
    quote! {
        let #body = async #block;
        let #body = { #check #body };
    }
}

/// The future behind a `dyn`, so that a crate's tests share one instance of `block_on`.
fn test_body(function: &Function) -> TokenStream {
    let body = body_name();
    match &function.sig.output {
        ReturnType::Type(_, ty) if names_no_type(ty) => main_body(function),
        output => {
            let output = output_type(output);
            let block = function.block();
            quote! {
                let #body = async #block;
                let #body: ::core::pin::Pin<&mut dyn ::core::future::Future<Output = #output>> =
                    ::core::pin::pin!(#body);
            }
        }
    }
}

fn output_type(output: &ReturnType) -> TokenStream {
    match output {
        ReturnType::Default => quote!(()),
        ReturnType::Type(_, ty) => quote!(#ty),
    }
}

/// Whether `ty` cannot be written as `Output = ty`: `!`, or an `impl Trait` somewhere inside.
fn names_no_type(ty: &Type) -> bool {
    fn has_impl(tokens: TokenStream) -> bool {
        tokens.into_iter().any(|tree| match tree {
            proc_macro2::TokenTree::Ident(ident) => ident == "impl",
            proc_macro2::TokenTree::Group(group) => has_impl(group.stream()),
            _ => false,
        })
    }
    matches!(ty, Type::Never(_)) || has_impl(ty.to_token_stream())
}

/// `#[test]` and its full paths.
fn is_test(attribute: &Attribute) -> bool {
    let path = attribute.path();
    let segments: Vec<String> = path
        .segments
        .iter()
        .map(|segment| segment.ident.to_string())
        .collect();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    match segments[..] {
        ["test"] => path.leading_colon.is_none(),
        ["core" | "std", "prelude", _, "test"] => true,
        _ => false,
    }
}
