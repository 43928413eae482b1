//! [`gather`]: futures as tasks, and their outputs in the order in which they were given.
//!
//! Deliberately absent: futures that borrow. Tasks run on their own; `join!` and `try_join!` take what is not `'static`.

use std::future::{Future, poll_fn};
use std::panic::resume_unwind;
use std::task::Poll;

use heist_executor::coop::unconstrained;

use super::watched::Watched;
use crate::aio::task::{CancelToken, Task, create_task};
use crate::task::JoinError;

/// Runs each of `futures` as a task and returns their values in the order in which they were given. `asyncio.gather`.
///
/// `futures` is a `Vec` or an array of futures, or a tuple of up to eight of different types. They return `Result`s with one type of
/// error. They start now, not when this is awaited.
///
/// ```
/// use heist::aio::gather;
///
/// # heist::runtime::Runtime::new().unwrap().block_on(async {
/// async fn parse(text: &str) -> Result<i32, std::num::ParseIntError> {
///     text.parse()
/// }
/// assert_eq!(gather(vec![parse("1"), parse("2")]).await, Ok(vec![1, 2]));
/// assert_eq!(gather((parse("1"), async { Ok(true) })).await, Ok((1, true)));
/// assert!(gather([parse("1"), parse("x")]).await.is_err());
/// # });
/// ```
///
/// # Errors
///
/// The first error, as soon as it is there. The other tasks run on then, and what they return is lost.
///
/// # Cancel safety
///
/// Dropping it before it has returned cancels all tasks that have not ended.
///
/// # Panics
///
/// Outside of a runtime. When it is awaited, with the panic of a task that panicked, and if a task has cancelled itself;
/// [`gather_return_exceptions`] returns these.
#[track_caller]
pub fn gather<G: TryGather>(futures: G) -> impl Future<Output = Result<G::Values, G::Error>> {
    futures.try_gather()
}

/// Runs each of `futures` as a task and returns what has become of them, in the order in which they were given:
/// `asyncio.gather(return_exceptions=True)`.
///
/// `futures` is a `Vec` or an array of futures, or a tuple of up to eight of different types. They start now, not when this is
/// awaited. A panic or a cancellation is an error in its place; what the futures return, `Result` or not, is passed
/// on.
///
/// ```
/// use heist::aio::gather_return_exceptions;
///
/// # heist::runtime::Runtime::new().unwrap().block_on(async {
/// let (one, two) = gather_return_exceptions((async { 1 }, async { "two" })).await;
/// assert_eq!((one.unwrap(), two.unwrap()), (1, "two"));
/// # });
/// ```
///
/// # Cancel safety
///
/// Dropping it before it has returned cancels all tasks that have not ended.
///
/// # Panics
///
/// Outside of a runtime.
#[track_caller]
pub fn gather_return_exceptions<G: Gather>(futures: G) -> impl Future<Output = G::Outcomes> {
    futures.gather()
}

/// What [`gather_return_exceptions`] takes: `Vec`s, arrays and tuples of futures.
pub trait Gather {
    /// What has become of each.
    type Outcomes;

    /// Starts them.
    #[doc(hidden)]
    fn gather(self) -> impl Future<Output = Self::Outcomes>;
}

/// What [`gather`] takes: `Vec`s, arrays and tuples of futures that return `Result`s.
pub trait TryGather {
    /// The value of each.
    type Values;

    /// The error of any.
    type Error;

    /// Starts them.
    #[doc(hidden)]
    fn try_gather(self) -> impl Future<Output = Result<Self::Values, Self::Error>>;
}

/// Cancels tasks when dropped.
struct CancelAll(Vec<CancelToken>);

impl CancelAll {
    fn let_go(mut self) {
        self.0.clear();
    }
}

impl Drop for CancelAll {
    fn drop(&mut self) {
        for token in &self.0 {
            token.cancel();
        }
    }
}

/// For the error of a task that has no place in the output.
fn raise(error: JoinError) -> ! {
    match error.try_into_panic() {
        Ok(payload) => resume_unwind(payload),
        Err(error) => panic!(
            "a task that `gather` waited for has no output: {error}; use `gather_return_exceptions` if its tasks may be \
             cancelled"
        ),
    }
}

fn start<F>(futures: impl IntoIterator<Item = F>) -> (CancelAll, Watched<F::Output>)
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let tasks: Vec<_> = futures.into_iter().map(create_task).collect();
    let cancel = CancelAll(tasks.iter().map(Task::cancel_token).collect());
    (cancel, Watched::new(tasks))
}

/// Waits for all and calls `take` with the place and the output of each; until that returns an error.
async fn collect<T, E>(
    cancel: CancelAll,
    mut watched: Watched<T>,
    mut take: impl FnMut(usize, Result<T, JoinError>) -> Result<(), E>,
) -> Result<(), E> {
    while let Some((place, mut task)) = poll_fn(|cx| watched.poll_next(cx)).await {
        let Some(output) = task.take_output() else {
            continue;
        };
        if let Err(error) = take(place, output) {
            cancel.let_go();
            return Err(error);
        }
    }
    Ok(())
}

impl<F> Gather for Vec<F>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    type Outcomes = Vec<Result<F::Output, JoinError>>;

    fn gather(self) -> impl Future<Output = Self::Outcomes> {
        let (cancel, watched) = start(self);
        async move {
            let mut outcomes: Vec<_> = (0..watched.left()).map(|_| None).collect();
            let collected: Result<(), std::convert::Infallible> =
                collect(cancel, watched, |place, output| {
                    outcomes[place] = Some(output);
                    Ok(())
                })
                .await;
            let Ok(()) = collected;
            outcomes.into_iter().flatten().collect()
        }
    }
}

impl<F, T, E> TryGather for Vec<F>
where
    F: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: Send + 'static,
{
    type Values = Vec<T>;
    type Error = E;

    fn try_gather(self) -> impl Future<Output = Result<Vec<T>, E>> {
        let (cancel, watched) = start(self);
        async move {
            let mut values: Vec<_> = (0..watched.left()).map(|_| None).collect();
            collect(cancel, watched, |place, output| {
                values[place] = Some(output.unwrap_or_else(|error| raise(error))?);
                Ok(())
            })
            .await?;
            Ok(values.into_iter().flatten().collect())
        }
    }
}

impl<F, const N: usize> Gather for [F; N]
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    type Outcomes = Vec<Result<F::Output, JoinError>>;

    fn gather(self) -> impl Future<Output = Self::Outcomes> {
        Vec::from(self).gather()
    }
}

impl<F, T, E, const N: usize> TryGather for [F; N]
where
    F: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: Send + 'static,
{
    type Values = Vec<T>;
    type Error = E;

    fn try_gather(self) -> impl Future<Output = Result<Vec<T>, E>> {
        Vec::from(self).try_gather()
    }
}

/// One task of a tuple, and its output once that is there.
struct One<T> {
    task: Task<T>,
    output: Option<Result<T, JoinError>>,
}

impl<T> One<T> {
    fn new(task: Task<T>) -> Self {
        Self { task, output: None }
    }

    /// Whether it ended just now.
    fn poll(&mut self, cx: &mut std::task::Context<'_>) -> bool {
        if self.output.is_none() && unconstrained(|| self.task.poll_done(cx)).is_ready() {
            self.output = self.task.take_output();
            return true;
        }
        false
    }

    fn is_done(&self) -> bool {
        self.output.is_some()
    }

    /// Only of one that is done.
    fn into_output(self) -> Result<T, JoinError> {
        let Some(output) = self.output else {
            unreachable!("`gather` returns when all tasks are done");
        };
        output
    }
}

impl<T, E> One<Result<T, E>> {
    /// The error that it ended with.
    fn take_error(&mut self) -> Option<E> {
        match self.output.take() {
            Some(Ok(Err(error))) => Some(error),
            Some(Err(error)) => raise(error),
            output => {
                self.output = output;
                None
            }
        }
    }

    /// Only of one that is done and has no error.
    fn into_value(self) -> T {
        match self.output {
            Some(Ok(Ok(value))) => value,
            _ => unreachable!("`gather` returns values when all tasks have them"),
        }
    }
}

macro_rules! tuples {
    ($(($($future:ident $value:ident $one:ident),+))+) => {$(
        impl<$($future),+> Gather for ($($future,)+)
        where
            $($future: Future + Send + 'static, $future::Output: Send + 'static,)+
        {
            type Outcomes = ($(Result<$future::Output, JoinError>,)+);

            fn gather(self) -> impl Future<Output = Self::Outcomes> {
                let ($($one,)+) = self;
                $(let mut $one = One::new(create_task($one));)+
                let cancel = CancelAll(vec![$($one.task.cancel_token()),+]);
                async move {
                    let _cancel = cancel;
                    poll_fn(|cx| {
                        $($one.poll(cx);)+
                        if $($one.is_done())&&+ { Poll::Ready(()) } else { Poll::Pending }
                    })
                    .await;
                    ($($one.into_output(),)+)
                }
            }
        }

        impl<$($future, $value,)+ Er> TryGather for ($($future,)+)
        where
            $($future: Future<Output = Result<$value, Er>> + Send + 'static, $value: Send + 'static,)+
            Er: Send + 'static,
        {
            type Values = ($($value,)+);
            type Error = Er;

            fn try_gather(self) -> impl Future<Output = Result<Self::Values, Er>> {
                let ($($one,)+) = self;
                $(let mut $one = One::new(create_task($one));)+
                let cancel = CancelAll(vec![$($one.task.cancel_token()),+]);
                async move {
                    let failed = poll_fn(|cx| {
                        $(if $one.poll(cx) {
                            if let Some(error) = $one.take_error() {
                                return Poll::Ready(Err(error));
                            }
                        })+
                        if $($one.is_done())&&+ { Poll::Ready(Ok(())) } else { Poll::Pending }
                    })
                    .await;
                    cancel.let_go();
                    failed?;
                    Ok(($($one.into_value(),)+))
                }
            }
        }
    )+};
}

tuples! {
    (A V1 a)
    (A V1 a, B V2 b)
    (A V1 a, B V2 b, C V3 c)
    (A V1 a, B V2 b, C V3 c, D V4 d)
    (A V1 a, B V2 b, C V3 c, D V4 d, E V5 e)
    (A V1 a, B V2 b, C V3 c, D V4 d, E V5 e, F V6 f)
    (A V1 a, B V2 b, C V3 c, D V4 d, E V5 e, F V6 f, G V7 g)
    (A V1 a, B V2 b, C V3 c, D V4 d, E V5 e, F V6 f, G V7 g, H V8 h)
}
