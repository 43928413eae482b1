//! `#[heist::main]` and `#[heist::test]`: what they expand to, against a runtime that only writes down its calls.
//!
//! The attribute takes heist from the path in front of its own name. So `#[recorder::main]`, with heist's
//! attribute re-exported beside a `runtime` module of the test's, expands to calls on that one.

#![cfg(feature = "macros")]
#![deny(unused)]

mod macros_kit;

/// Stands in for heist.
mod recorder {
    pub(crate) use heist::{main, test};

    pub(crate) mod runtime {
        use std::cell::RefCell;

        thread_local! {
            static CALLS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
        }

        /// The calls on this thread since the last time.
        pub(crate) fn calls() -> String {
            CALLS.take().join(" ")
        }

        pub(crate) struct Builder;

        #[derive(Debug)]
        pub(crate) enum UnhandledPanic {
            Ignore,
            ShutdownRuntime,
        }

        impl Builder {
            fn call(self, text: impl Into<String>) -> Self {
                CALLS.with_borrow_mut(|calls| calls.push(text.into()));
                self
            }

            pub(crate) fn new_multi_thread() -> Self {
                Builder.call("multi_thread")
            }

            pub(crate) fn new_current_thread() -> Self {
                Builder.call("current_thread")
            }

            pub(crate) fn worker_threads(self, n: usize) -> Self {
                self.call(format!("worker_threads={n}"))
            }

            pub(crate) fn start_paused(self, paused: bool) -> Self {
                self.call(format!("start_paused={paused}"))
            }

            pub(crate) fn name(self, name: &str) -> Self {
                self.call(format!("name={name}"))
            }

            pub(crate) fn unhandled_panic(self, behavior: UnhandledPanic) -> Self {
                self.call(format!("unhandled_panic={behavior:?}"))
            }

            pub(crate) fn enable_all(self) -> Self {
                self.call("enable_all")
            }

            pub(crate) fn build(self) -> Result<Runtime, std::io::Error> {
                self.call("build");
                Ok(Runtime)
            }
        }

        pub(crate) struct Runtime;

        impl Runtime {
            pub(crate) fn block_on<F: Future>(&self, future: F) -> F::Output {
                Builder.call("block_on");
                crate::macros_kit::finish(future)
            }
        }
    }
}

use recorder::runtime::calls;

#[recorder::main]
async fn plain() {
    macros_kit::step().await;
}

#[recorder::main(flavor = "current_thread")]
async fn current_thread() -> u32 {
    7
}

#[recorder::main(worker_threads = 3, name = "three")]
async fn three_threads() -> u32 {
    8
}

#[recorder::main(flavor = "current_thread", start_paused = true, unhandled_panic = "ignore")]
async fn paused() {}

#[recorder::main(flavor = "current_thread", unhandled_panic = "shutdown_runtime")]
async fn falls_with_its_tasks() {}

#[test]
fn arguments_become_calls_on_the_builder() {
    plain();
    assert_eq!(calls(), "multi_thread enable_all build block_on");
    assert_eq!(current_thread(), 7);
    assert_eq!(calls(), "current_thread enable_all build block_on");
    assert_eq!(three_threads(), 8);
    assert_eq!(
        calls(),
        "multi_thread worker_threads=3 name=three enable_all build block_on"
    );
    paused();
    assert_eq!(
        calls(),
        "current_thread start_paused=true unhandled_panic=Ignore enable_all build block_on"
    );
    falls_with_its_tasks();
    assert_eq!(
        calls(),
        "current_thread unhandled_panic=ShutdownRuntime enable_all build block_on"
    );
}

#[recorder::test]
async fn a_test_has_one_thread_by_default() {
    assert_eq!(calls(), "current_thread enable_all build block_on");
}

#[recorder::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_test_may_have_more() -> Result<(), String> {
    assert_eq!(calls(), "multi_thread worker_threads=2 enable_all build block_on");
    Ok(())
}

#[recorder::test]
#[should_panic(expected = "on purpose")]
async fn attributes_of_the_function_stay() {
    #![allow(clippy::panic)]
    panic!("on purpose");
}

mod signatures {
    use super::recorder;

    #[recorder::main]
    pub(super) async fn reference<'a>(text: &'a str, _other: &str) -> &'a str {
        text
    }

    #[recorder::main]
    pub(super) async fn generic<T, const N: usize>(mut value: T, replacement: T) -> [T; N]
    where
        T: Clone + PartialEq,
    {
        if value != replacement {
            value = replacement;
        }
        std::array::from_fn(|_| value.clone())
    }

    #[recorder::main]
    pub(super) async fn implements() -> impl Iterator<Item = u32> {
        0..3
    }

    #[recorder::main]
    pub(super) async fn option_of_impl() -> Option<impl Fn() -> u32> {
        Some(|| 4)
    }

    #[recorder::main]
    pub(super) async fn question(text: &str) -> Result<u32, Box<dyn std::error::Error>> {
        let n: u32 = text.parse()?;
        if n == 0 {
            return Err("zero".into());
        }
        Ok(n)
    }

    #[recorder::main]
    pub(super) async fn never() -> ! {
        panic!("never returns");
    }

    pub(super) struct Counter(pub(super) u32);

    impl Counter {
        #[recorder::main]
        pub(super) async fn add(&mut self, n: u32) -> &mut Self {
            self.0 += n;
            self
        }
    }

    pub(super) trait Named {
        fn name(self) -> String;
    }

    impl Named for u32 {
        #[recorder::main]
        async fn name(self) -> String {
            self.to_string()
        }
    }

    #[recorder::main]
    pub(super) async fn body(body: u32) -> u32 {
        body
    }

    #[rustfmt::skip]
    #[recorder::main]
    pub(super) async fn on_one_line() -> u32 { 1 + 1 }
}

#[test]
fn signatures_of_every_kind() {
    use signatures::*;
    assert_eq!(reference("text", "other"), "text");
    assert_eq!(generic::<_, 2>('a', 'b'), ['b', 'b']);
    assert_eq!(implements().sum::<u32>(), 3);
    assert_eq!(option_of_impl().map(|f| f()), Some(4));
    assert_eq!(question("5").unwrap(), 5);
    assert_eq!(question("0").unwrap_err().to_string(), "zero");
    assert_eq!(
        question("x").unwrap_err().to_string(),
        "invalid digit found in string"
    );
    assert!(std::panic::catch_unwind(|| never()).is_err());
    assert_eq!(Counter(1).add(2).0, 3);
    assert_eq!(6.name(), "6");
    assert_eq!(body(9), 9);
    assert_eq!(on_one_line(), 2);
}

mod paths {
    pub(super) mod deep {
        pub(crate) use super::super::recorder as renamed;
    }

    #[deep::renamed::main]
    pub(super) async fn relative() {}

    #[self::deep::renamed::main()]
    pub(super) async fn from_self() {}

    #[crate::recorder::main(flavor = "current_thread")]
    pub(super) async fn from_crate() {}

    #[super::recorder  ::  /* a comment */ main(
        flavor = "current_thread",
    )]
    pub(super) async fn spread_out() {}

    #[cfg_attr(all(), deep::renamed::main)]
    pub(super) async fn behind_cfg() {}

    use super::recorder::main;

    #[main(crate = "deep::renamed")]
    pub(super) async fn told() {}

    macro_rules! entry {
        ($($function:tt)*) => {
            #[deep::renamed::main]
            $($function)*
        };
    }

    entry! {
        pub(super) async fn from_a_macro() {}
    }

    mod prelude {
        pub(super) use heist::main;
    }

    #[prelude::main(crate = "deep::renamed")]
    pub(super) async fn from_a_prelude() {}
}

#[test]
fn the_path_in_front_of_the_attribute_names_the_crate() {
    let functions = [
        paths::relative,
        paths::from_self,
        paths::from_crate,
        paths::spread_out,
        paths::behind_cfg,
        paths::told,
        paths::from_a_macro,
        paths::from_a_prelude,
    ];
    for (index, function) in functions.into_iter().enumerate() {
        function();
        let calls = calls();
        assert!(calls.ends_with("enable_all build block_on"), "{index}: {calls:?}");
    }
}
