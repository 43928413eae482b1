//! The attributes `main` and `test`, with their documentation.

/// Runs an `async fn` on a runtime of its own.
///
/// The function becomes a plain one. Each call builds a runtime, runs the body on it by
/// [`Runtime::block_on`](crate::runtime::Runtime::block_on), and shuts the runtime down. It is meant for `main`, where
/// it is done once, but may be put on any function, also one with arguments. A library that is called often
/// keeps a [`Runtime`](crate::runtime::Runtime) instead.
///
/// The body runs on the calling thread, not on a worker. Spawn what should run on the workers.
///
/// # Arguments
///
/// | argument | meaning |
/// |---|---|
/// | `flavor = "multi_thread"` | a runtime with worker threads: the default |
/// | `flavor = "current_thread"` | a runtime in which everything runs on the calling thread |
/// | `worker_threads = 4` | how many workers; by default one for each CPU. Only with `multi_thread` |
/// | `start_paused = true` | the clock stands still at first. Only with `current_thread` and the feature `test-util` |
/// | `name = "text"` | the runtime's name |
/// | `crate = "path"` | where the expansion finds heist (see below) |
/// | `unhandled_panic = "shutdown_runtime"` | a task that panics ends the runtime and makes the function panic; without it, and with `"ignore"`, only who joins the task learns of it. Not with `multi_thread` |
///
/// For all else there is [`Builder`](crate::runtime::Builder).
///
/// # Panics
///
/// If the runtime cannot be built because the system gives it no thread or no descriptor.
///
/// # Examples
///
/// ```
/// #[heist::main]
/// async fn hello() {
///     println!("hello");
/// }
/// # fn main() { hello() }
/// ```
///
/// is the same as
///
/// ```
/// fn hello() {
///     heist::runtime::Builder::new_multi_thread()
///         .enable_all()
///         .build()
///         .expect("the runtime could not be built")
///         .block_on(async {
///             println!("hello");
///         })
/// }
/// # fn main() { hello() }
/// ```
///
/// With arguments, on a function that returns a `Result`:
///
/// ```
/// #[heist::main(flavor = "multi_thread", worker_threads = 2)]
/// async fn main() -> Result<(), std::num::ParseIntError> {
///     let n: u32 = "42".parse()?;
///     assert_eq!(n, 42);
///     Ok(())
/// }
/// ```
///
/// # How the expansion finds heist
///
/// By the path in front of `main`. Where `#[tokio::main]` resolves because of `use heist as tokio`,
/// `tokio::runtime::Builder` resolves too, so that is what the expansion says. So it works whatever
/// Cargo.toml or a `use` call heist:
///
/// ```
/// use heist as rt;
///
/// #[rt::main(flavor = "current_thread")]
/// async fn main() {}
/// ```
///
/// Where no path is written (`use heist::main; #[main]`) or the attribute was written by another macro, the
/// expansion says `::heist`. Two cases need `crate = "path"`: heist has another name in Cargo.toml
/// **and** the attribute has no path; or the path is that of a module which re-exports the attribute alone.
///
/// ```
/// mod prelude {
///     pub use heist::main;
/// }
///
/// #[prelude::main(flavor = "current_thread", crate = "heist")]
/// async fn main() {}
/// ```
#[cfg_attr(docsrs, doc(cfg(feature = "macros")))]
pub use heist_macros::main;

/// Makes an `async fn` a test that runs on a runtime of its own.
///
/// The function becomes a plain `#[test]`. By default its runtime is of the flavor `current_thread`. The
/// arguments are those of [`main`](macro@crate::main), and so is the way the expansion finds heist.
///
/// Attributes of other test libraries that make several tests of one function, or give it arguments, come
/// first; `#[heist::test]` takes the function that is left.
///
/// # Panics
///
/// If the runtime cannot be built because the system gives it no thread or no descriptor.
///
/// # Examples
///
/// ```
/// #[heist::test]
/// async fn adds() {
///     assert_eq!(async { 1 + 1 }.await, 2);
/// }
///
/// #[heist::test(flavor = "multi_thread", worker_threads = 2)]
/// async fn parses() -> Result<(), std::num::ParseIntError> {
///     let n: u32 = "42".parse()?;
///     assert_eq!(n, 42);
///     Ok(())
/// }
/// # fn main() {}
/// ```
#[cfg_attr(docsrs, doc(cfg(feature = "macros")))]
pub use heist_macros::test;
