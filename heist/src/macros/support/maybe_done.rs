//! A future that keeps its output until all of a `join!` are ready.
//!
//! ```text
//!   Running ──poll_done──► Done ──take_output, take_ok, take_err──► Taken
//! ```
//!
//! Invariants
//!
//! - I1: the future is dropped when its output arrives, and never polled again.
//! - I2: an output is taken once. The expansions see to it; taking it twice panics.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

const TAKEN: &str = "the output of a joined future was taken twice";

pin_project! {
    /// A future, its output, or neither.
    #[project = Projected]
    #[project_replace = Replaced]
    #[derive(Debug)]
    pub enum MaybeDone<F: Future> {
        /// Not ready yet.
        Running {
            #[pin]
            future: F,
        },
        /// Ready.
        Done {
            output: F::Output,
        },
        /// Read.
        Taken,
    }
}

/// Makes the future of `value` one whose output waits.
#[inline]
pub fn maybe_done<F: IntoFuture>(value: F) -> MaybeDone<F::IntoFuture> {
    MaybeDone::Running {
        future: value.into_future(),
    }
}

impl<F: Future> MaybeDone<F> {
    /// Polls the future unless it is ready; tells whether it now is.
    #[inline]
    pub fn poll_done(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> bool {
        let Projected::Running { future } = self.as_mut().project() else {
            return true;
        };
        match future.poll(cx) {
            Poll::Pending => false,
            Poll::Ready(output) => {
                self.set(MaybeDone::Done { output });
                true
            }
        }
    }

    /// Moves the output out.
    #[inline]
    pub fn take_output(self: Pin<&mut Self>) -> F::Output {
        match self.project_replace(MaybeDone::Taken) {
            Replaced::Done { output } => output,
            Replaced::Running { .. } | Replaced::Taken => panic!("{TAKEN}"),
        }
    }
}

impl<T, E, F: Future<Output = Result<T, E>>> MaybeDone<F> {
    /// Moves an `Err` out; leaves an `Ok` where it is.
    ///
    /// The success type is left open, so that the caller may return the error as its own.
    #[inline]
    pub fn take_err<U>(mut self: Pin<&mut Self>) -> Option<Result<U, E>> {
        match self.as_mut().project() {
            Projected::Done { output: Err(_) } => self.take_output().err().map(Err),
            _ => None,
        }
    }

    /// Moves the value of an `Ok` out.
    #[inline]
    pub fn take_ok(self: Pin<&mut Self>) -> T {
        match self.take_output() {
            Ok(value) => value,
            Err(_) => panic!("{TAKEN}"),
        }
    }
}
