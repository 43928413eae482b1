//! `join!` and `try_join!`: the documentation, and the wrappers that pass `$crate` to the procedural macros.

/// Waits for all of several futures and gives their outputs as a tuple, in the order they are written.
///
/// ```text
/// join!([biased;] <future>, <future>, ...)
/// ```
///
/// The expressions are evaluated in order and turned into futures by
/// [`IntoFuture`](std::future::IntoFuture). They run on the current task: they take turns but never run in
/// parallel. Spawn them, and join their handles, if they should. The futures are kept in place, without an
/// allocation, and each is dropped as soon as it is ready. It is used inside `async` functions and blocks. For
/// a number of futures that is not known when the program is written, use a `JoinSet`.
///
/// # Fairness
///
/// Each time the task is polled, another future is first: one that uses up the whole cooperative budget
/// cannot keep the others from making progress. With `biased;` they are polled in the order they are written.
///
/// # Cancel safety
///
/// If the surrounding future is dropped, all the joined futures are dropped with it, with the outputs of
/// those that were ready.
///
/// # Examples
///
/// ```
/// # #[heist::main(flavor = "current_thread")]
/// # async fn main() {
/// async fn name() -> &'static str {
///     "heist"
/// }
///
/// async fn year() -> u32 {
///     2026
/// }
///
/// let (name, year) = heist::join!(name(), year());
/// assert_eq!((name, year), ("heist", 2026));
/// # }
/// ```
///
/// In a fixed order:
///
/// ```
/// # #[heist::main(flavor = "current_thread")]
/// # async fn main() {
/// let log = std::cell::RefCell::new(Vec::new());
/// heist::join!(
///     biased;
///     async { log.borrow_mut().push("first") },
///     async { log.borrow_mut().push("second") },
/// );
/// assert_eq!(log.into_inner(), ["first", "second"]);
/// # }
/// ```
#[cfg_attr(docsrs, doc(cfg(feature = "macros")))]
#[macro_export]
macro_rules! join {
    ($($futures:tt)*) => {
        $crate::macros::support::join_branches! { $crate $($futures)* }
    };
}

/// Waits until all of several futures are `Ok`, or for the first `Err`.
///
/// ```text
/// try_join!([biased;] <future>, <future>, ...)
/// ```
///
/// As [`join!`](crate::join), but each future's output is a `Result`, all with the same error type. If all are
/// `Ok`, the result is `Ok` with a tuple of the values, in the order they are written. At the first `Err`, that
/// is the result, and the other futures are dropped wherever they are.
///
/// A spawned task goes on when its handle is dropped: `try_join!` over join handles stops waiting for the
/// others, not the others.
///
/// # Errors
///
/// The error of the future that failed first.
///
/// # Cancel safety
///
/// If the surrounding future is dropped, all the joined futures are dropped with it.
///
/// # Examples
///
/// ```
/// # #[heist::main(flavor = "current_thread")]
/// # async fn main() {
/// async fn parse(text: &str) -> Result<u32, std::num::ParseIntError> {
///     text.parse()
/// }
///
/// assert_eq!(heist::try_join!(parse("1"), parse("2")), Ok((1, 2)));
/// assert!(heist::try_join!(parse("1"), parse("two")).is_err());
/// # }
/// ```
#[cfg_attr(docsrs, doc(cfg(feature = "macros")))]
#[macro_export]
macro_rules! try_join {
    ($($futures:tt)*) => {
        $crate::macros::support::try_join_branches! { $crate $($futures)* }
    };
}
