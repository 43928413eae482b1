//! `select!`: the documentation, and the wrapper that passes `$crate` to the procedural macro.

/// Waits for several futures at once and runs the handler of the first that completes.
///
/// ```text
/// select! {
///     [biased;]
///     <pattern> = <future> [, if <precondition>] => <handler>,
///     ...
///     [else => <handler>]
/// }
/// ```
///
/// A handler in braces needs no comma behind it. There may be up to 64 branches. The value of `select!` is
/// that of the handler that ran, so all handlers have one type. It is used inside `async` functions and
/// blocks.
///
/// 1. The preconditions are evaluated. A branch whose precondition is false is *disabled*.
/// 2. All `<future>` expressions are evaluated, also those of disabled branches, and turned into futures by
///    [`IntoFuture`](std::future::IntoFuture).
/// 3. The futures of enabled branches are polled, on the current task.
/// 4. When one is ready and its output matches its `<pattern>`, **all** futures are dropped, the output is
///    bound, and the `<handler>` runs. If the output does not match, the branch is disabled, the output is
///    dropped, and the others go on.
/// 5. When all branches are disabled, the handler of `else` runs.
///
/// Since the futures are gone by then, a handler may use what they borrowed, even mutably. Handlers,
/// preconditions and expressions belong to the surrounding function: `?`, `break`, `continue`, `return` and
/// `.await` do there what they do outside. While a handler awaits, nothing else of this `select!` runs: the
/// other futures are dropped, or, if they were passed by reference, not polled.
///
/// All futures run on one task: they take turns but never run in parallel. Spawn them, and select on the
/// join handles, if they should.
///
/// # Fairness
///
/// Each time the futures are polled, a random one is first and the rest follow in order, so that a branch
/// that is always ready cannot keep a loop from the others. With `biased;` they are polled from top to
/// bottom. That costs no random number and can be relied upon, but an upper branch that is always ready then
/// starves the ones below: put what is rare and important, such as a shutdown signal, on top.
///
/// A task that has used up its cooperative budget is woken again and polls no branch until its next turn.
///
/// # Panics
///
/// If all branches are disabled and there is no `else`.
///
/// # Cancel safety
///
/// The futures of the branches that lose are dropped wherever they are. In a loop, that loses nothing if
/// dropping a future that is not ready and making a new one is as if it had never been polled. It is so
/// for `recv` of the channels, `accept` of the listeners, a single `read` or `write`, `Interval::tick` and
/// `Signal::recv`. It is not for `read_exact`, `read_to_end`, `read_line` and `write_all`, which forget how far
/// they were, and `lock`, `acquire` and `notified` lose their place in the queue. Each function's documentation has a
/// section with this name. What is not cancel safe can be kept across the loop: pin it outside and pass
/// `&mut future`.
///
/// Such a `&mut future` is not dropped when it loses, and not polled while a handler runs. If it holds a lock
/// or a permit that the handler waits for, the task waits for itself. Pass the future by value, spawn it, or
/// drop it before the handler waits.
///
/// # Examples
///
/// The first of two:
///
/// ```
/// # #[heist::main(flavor = "current_thread")]
/// # async fn main() {
/// async fn slow() -> u32 {
///     std::future::pending().await
/// }
///
/// let n = heist::select! {
///     n = slow() => n,
///     n = async { 7 } => n,
/// };
/// assert_eq!(n, 7);
/// # }
/// ```
///
/// Two sources until both have ended. An output that does not match disables its branch, and `else` runs
/// once all are disabled:
///
/// ```
/// # #[heist::main(flavor = "current_thread")]
/// # async fn main() {
/// let (mut odd, mut even) = ([1, 3].into_iter(), [2, 4].into_iter());
/// let mut all = Vec::new();
/// loop {
///     heist::select! {
///         Some(n) = async { odd.next() } => all.push(n),
///         Some(n) = async { even.next() } => all.push(n),
///         else => break,
///     }
/// }
/// all.sort();
/// assert_eq!(all, [1, 2, 3, 4]);
/// # }
/// ```
///
/// One future across many turns of a loop, with a precondition that keeps it from being polled after it is
/// done:
///
/// ```
/// # #[heist::main(flavor = "current_thread")]
/// # async fn main() {
/// let job = async { "done" };
/// heist::pin!(job);
/// let (mut result, mut ticks) = (None, 0);
/// while ticks < 3 || result.is_none() {
///     heist::select! {
///         output = &mut job, if result.is_none() => result = Some(output),
///         _ = async {}, if ticks < 3 => ticks += 1,
///     }
/// }
/// assert_eq!(result, Some("done"));
/// # }
/// ```
///
/// A precondition is looked at once, in front of everything else. Do not ask there whether the branch's own
/// future is done by now (`if !sleep.is_elapsed()`): it may become so between the question and the poll, and its
/// handler would not run.
///
/// In a fixed order:
///
/// ```
/// # #[heist::main(flavor = "current_thread")]
/// # async fn main() {
/// let first = heist::select! {
///     biased;
///     _ = async {} => "shutdown",
///     _ = async {} => "work",
/// };
/// assert_eq!(first, "shutdown");
/// # }
/// ```
#[cfg_attr(docsrs, doc(cfg(feature = "macros")))]
#[macro_export]
macro_rules! select {
    ($($branches:tt)*) => {
        $crate::macros::support::select_branches! { $crate $($branches)* }
    };
}
