//! `Body`: the future that is spawned for a task: the user's, in its context, with its token at hand and its end noted.
//!
//! Invariants
//!
//! - I1: the user's future is polled and dropped in the task's context, with the task as the current one.
//! - I2: the end is noted after the future is gone, once: by the poll that was ready, or by the drop, which knows a
//!   panic from a cancellation by the poll that did not return.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::task::{self, Poll};

use heist_primitive::sync::StdArc as Arc;
use pin_project_lite::pin_project;

use super::TaskEnd;
use super::shared::Shared;
use crate::aio::context::Context;
use crate::task::{Id, try_id};

heist_primitive::thread_local! {
    /// The task whose future is being polled or dropped, under which id.
    static CURRENT: RefCell<Option<(Id, Arc<Shared>)>> = const { RefCell::new(None) };
}

/// The running task, if it is one of ours.
pub(super) fn current() -> Option<Arc<Shared>> {
    let id = try_id()?;
    CURRENT
        .try_with(|current| {
            let current = current.borrow();
            let (of, shared) = current.as_ref()?;
            (*of == id).then(|| shared.clone())
        })
        .ok()
        .flatten()
}

/// Brings back the task from before.
struct Entered(Option<(Id, Arc<Shared>)>);

fn enter(shared: &Arc<Shared>) -> Entered {
    let new = try_id().map(|id| (id, shared.clone()));
    Entered(CURRENT.try_with(|current| current.replace(new)).unwrap_or(None))
}

impl Drop for Entered {
    fn drop(&mut self) {
        let before = self.0.take();
        let left = CURRENT.try_with(|current| current.replace(before));
        drop(left);
    }
}

pin_project! {
    pub(super) struct Body<F> {
        #[pin]
        future: Option<F>,
        context: Context,
        shared: Arc<Shared>,
        in_poll: bool,
    }

    impl<F> PinnedDrop for Body<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let end = if *this.in_poll { TaskEnd::Panicked } else { TaskEnd::Cancelled };
            // Notes the end also if the future's drop panics.
            let noted = Noted { shared: this.shared.clone(), end };
            if this.future.is_some() {
                let _entered = enter(this.shared);
                this.context.enter(|| this.future.set(None));
            }
            drop(noted);
        }
    }
}

struct Noted {
    shared: Arc<Shared>,
    end: TaskEnd,
}

impl Drop for Noted {
    fn drop(&mut self) {
        self.shared.set_end(self.end);
    }
}

impl<F> Body<F> {
    pub(super) fn new(future: F, context: Context, shared: Arc<Shared>) -> Self {
        Self {
            future: Some(future),
            context,
            shared,
            in_poll: false,
        }
    }
}

impl<F: Future> Future for Body<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        *this.in_poll = true;
        let polled = {
            let _entered = enter(this.shared);
            this.context.enter(|| {
                let Some(future) = this.future.as_mut().as_pin_mut() else {
                    panic!("the future of a task was polled after it has returned its output");
                };
                let polled = future.poll(cx);
                if polled.is_ready() {
                    this.future.set(None);
                }
                polled
            })
        };
        *this.in_poll = false;
        if polled.is_ready() {
            this.shared.set_end(TaskEnd::Finished);
        }
        polled
    }
}
