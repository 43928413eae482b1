//! The arguments of `#[heist::main(…)]` and `#[heist::test(…)]`.
//!
//! Invariants
//!
//! - I1: each argument is a `name = literal`, given at most once; an error's span is the offending argument.
//! - I2: what is accepted can be written down as calls on `runtime::Builder`: combinations the builder
//!   would ignore are refused here.

use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Error, Expr, ExprLit, Lit, LitBool, LitInt, LitStr, Meta, MetaNameValue, Path, Token};

const NAMES: &str = "`flavor`, `worker_threads`, `start_paused`, `crate`, `unhandled_panic` and `name`";

/// Which kind of runtime is built.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Runtime {
    CurrentThread,
    MultiThread,
    /// A current-thread one whose tasks need not be `Send`.
    Local,
}

/// What the runtime does when a task panics.
#[derive(Clone, Copy)]
pub(super) enum UnhandledPanic {
    Ignore,
    ShutdownRuntime,
}

/// Arguments that passed the checks.
pub(super) struct Args {
    pub(super) runtime: Runtime,
    pub(super) worker_threads: Option<LitInt>,
    pub(super) start_paused: Option<LitBool>,
    pub(super) name: Option<LitStr>,
    pub(super) unhandled_panic: Option<(UnhandledPanic, LitStr)>,
    pub(super) krate: Option<Path>,
}

impl Args {
    /// What is used when nothing is said.
    pub(super) fn default_of(runtime: Runtime) -> Args {
        Args {
            runtime,
            worker_threads: None,
            start_paused: None,
            name: None,
            unhandled_panic: None,
            krate: None,
        }
    }

    /// Parses the text between the parentheses of `#[macro_name(…)]`.
    pub(super) fn parse(
        tokens: proc_macro2::TokenStream,
        default: Runtime,
        macro_name: &str,
    ) -> syn::Result<Args> {
        let metas = Punctuated::<Meta, Token![,]>::parse_terminated.parse2(tokens)?;
        let mut args = Args::default_of(default);
        let mut seen: Vec<String> = Vec::new();
        for meta in metas {
            let MetaNameValue { path, value, .. } = name_value(meta, macro_name)?;
            let name = argument_name(&path)?;
            if seen.contains(&name) {
                return Err(Error::new(path.span(), format!("`{name}` is given twice")));
            }
            let Expr::Lit(ExprLit { lit, .. }) = value else {
                return Err(Error::new_spanned(
                    value,
                    format!("the value of `{name}` must be a literal"),
                ));
            };
            args.set(&name, &path, lit)?;
            seen.push(name);
        }
        args.check(macro_name)?;
        Ok(args)
    }

    fn set(&mut self, name: &str, path: &Path, lit: Lit) -> syn::Result<()> {
        match name {
            "flavor" => self.runtime = flavor(&string(name, lit)?)?,
            "worker_threads" => self.worker_threads = Some(threads(lit)?),
            "start_paused" => match lit {
                Lit::Bool(lit) => self.start_paused = Some(lit),
                lit => {
                    return Err(Error::new_spanned(
                        lit,
                        "the value of `start_paused` must be true or false",
                    ));
                }
            },
            "name" => self.name = Some(string(name, lit)?),
            "crate" => self.krate = Some(krate(&string(name, lit)?)?),
            "unhandled_panic" => {
                let lit = string(name, lit)?;
                self.unhandled_panic = Some((unhandled_panic(&lit)?, lit));
            }
            "core_threads" => {
                return Err(Error::new_spanned(
                    path,
                    "`core_threads` is now called `worker_threads`",
                ));
            }
            _ => return Err(unknown(path, name)),
        }
        Ok(())
    }

    /// I2.
    fn check(&self, macro_name: &str) -> syn::Result<()> {
        if let (Runtime::MultiThread, Some((_, lit))) = (self.runtime, &self.unhandled_panic) {
            return Err(Error::new_spanned(
                lit,
                format!(
                    "`unhandled_panic` needs the flavor `current_thread`: \
                     use `#[{macro_name}(flavor = \"current_thread\")]`"
                ),
            ));
        }
        match (self.runtime, &self.worker_threads, &self.start_paused) {
            (Runtime::CurrentThread | Runtime::Local, Some(lit), _) => Err(Error::new_spanned(
                lit,
                format!(
                    "`worker_threads` needs the flavor `multi_thread`: \
                     use `#[{macro_name}(flavor = \"multi_thread\")]`"
                ),
            )),
            (Runtime::MultiThread, _, Some(lit)) => Err(Error::new_spanned(
                lit,
                format!(
                    "`start_paused` needs the flavor `current_thread`: \
                     use `#[{macro_name}(flavor = \"current_thread\")]`"
                ),
            )),
            _ => Ok(()),
        }
    }
}

/// A `name = value`; anything else is answered with what was probably meant.
fn name_value(meta: Meta, macro_name: &str) -> syn::Result<MetaNameValue> {
    let path = match meta {
        Meta::NameValue(pair) => return Ok(pair),
        Meta::Path(path) => path,
        other => {
            return Err(Error::new_spanned(
                other,
                format!("expected `name = value`, one of {NAMES}"),
            ));
        }
    };
    let name = argument_name(&path)?;
    let message = match name.as_str() {
        "multi_thread" | "threaded_scheduler" => {
            format!("to choose the flavor, write `#[{macro_name}(flavor = \"multi_thread\")]`")
        }
        "current_thread" | "basic_scheduler" | "single_threaded" => {
            format!("to choose the flavor, write `#[{macro_name}(flavor = \"current_thread\")]`")
        }
        "flavor" | "worker_threads" | "start_paused" | "crate" | "unhandled_panic" | "name" => {
            format!("`{name}` needs a value: `{name} = …`")
        }
        _ => return Err(unknown(&path, &name)),
    };
    Err(Error::new_spanned(path, message))
}

fn argument_name(path: &Path) -> syn::Result<String> {
    let ident = path.get_ident().map(ToString::to_string);
    ident.ok_or_else(|| Error::new_spanned(path, format!("expected one of {NAMES}")))
}

fn unknown(path: &Path, name: &str) -> Error {
    Error::new_spanned(path, format!("unknown argument `{name}`: there are {NAMES}"))
}

fn string(name: &str, lit: Lit) -> syn::Result<LitStr> {
    match lit {
        Lit::Str(lit) => Ok(lit),
        lit => Err(Error::new_spanned(
            lit,
            format!("the value of `{name}` must be a string"),
        )),
    }
}

fn threads(lit: Lit) -> syn::Result<LitInt> {
    let Lit::Int(lit) = lit else {
        return Err(Error::new_spanned(
            lit,
            "the value of `worker_threads` must be an integer",
        ));
    };
    match lit.base10_parse::<usize>()? {
        0 => Err(Error::new_spanned(lit, "`worker_threads` must be at least 1")),
        _ => Ok(lit),
    }
}

fn krate(lit: &LitStr) -> syn::Result<Path> {
    let not_a_path = |_| {
        Error::new_spanned(
            lit,
            format!("the value of `crate` must be a path, not \"{}\"", lit.value()),
        )
    };
    lit.parse_with(Path::parse_mod_style).map_err(not_a_path)
}

fn flavor(lit: &LitStr) -> syn::Result<Runtime> {
    let message = match lit.value().as_str() {
        "multi_thread" => return Ok(Runtime::MultiThread),
        "current_thread" => return Ok(Runtime::CurrentThread),
        "local" => return Ok(Runtime::Local),
        "single_thread" | "basic_scheduler" => "this flavor is called `current_thread`".to_string(),
        "threaded_scheduler" => "this flavor is called `multi_thread`".to_string(),
        other => format!("unknown flavor `{other}`: there are `multi_thread`, `current_thread` and `local`"),
    };
    Err(Error::new_spanned(lit, message))
}

fn unhandled_panic(lit: &LitStr) -> syn::Result<UnhandledPanic> {
    match lit.value().as_str() {
        "ignore" => Ok(UnhandledPanic::Ignore),
        "shutdown_runtime" => Ok(UnhandledPanic::ShutdownRuntime),
        other => Err(Error::new_spanned(
            lit,
            format!("unknown behaviour `{other}`: there are `ignore` and `shutdown_runtime`"),
        )),
    }
}
