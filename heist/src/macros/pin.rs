//! `pin!`: pins values to the stack under the name they have.

/// Pins one or more values to the stack.
///
/// A future that is awaited by reference, or used by more than one `select!`, must be pinned first: an
/// `async fn`'s future is not `Unpin`. `pin!` shadows a variable by a pinned reference to it, so that
/// the value cannot be moved any more. [`Box::pin`] does the same on the heap; [`std::pin::pin!`] is an
/// expression.
///
/// With identifiers, it pins variables that are there:
///
/// ```
/// async fn answer() -> u32 {
///     42
/// }
///
/// # #[heist::main(flavor = "current_thread")]
/// # async fn main() {
/// let future = answer();
/// heist::pin!(future);
/// assert_eq!((&mut future).await, 42);
/// # }
/// ```
///
/// With `let` statements, it declares them as well:
///
/// ```
/// use std::future::ready;
///
/// # #[heist::main(flavor = "current_thread")]
/// # async fn main() {
/// heist::pin! {
///     let first = async { 1 };
///     let second = ready(2);
/// }
/// heist::select! {
///     n = &mut first => assert_eq!(n, 1),
///     n = &mut second => assert_eq!(n, 2),
/// }
/// # }
/// ```
#[macro_export]
macro_rules! pin {
    ($($name:ident),* $(,)?) => {
        $(
            #[allow(unused_mut)]
            let mut $name = $crate::macros::support::pin!($name);
        )*
    };
    ($(let $name:ident = $value:expr;)*) => {
        $(
            #[allow(unused_mut)]
            let mut $name = $crate::macros::support::pin!($value);
        )*
    };
}
