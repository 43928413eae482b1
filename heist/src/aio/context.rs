//! [`ContextVar`] and [`Context`]: values that a task inherits from the one who made it.
//!
//! ```text
//!   ContextVar::get / set ──► HERE (of this thread): the context in use, and of which task it is
//!                               ▲ swapped in and out around each poll by InContext, around a call by Context::run
//!   create_task ── copies it ───┘
//! ```
//!
//! Invariants
//!
//! - I1: a context's values are never changed in place: `set` makes a new list. So a copy costs one reference count, and
//!   nothing that is done in the copy is seen in the original.
//! - I2: `HERE` says for which task its context is in use. Code that runs for another one, or for a task that was not
//!   made in [`aio`](super), does not see it: contexts don't leak from task to task over the thread that they share.
//! - I3: `HERE` is not borrowed while values are cloned or dropped.
//!
//! Deliberately absent: a lookup that is faster than going through the list. Contexts have few variables.

use std::any::Any;
use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{self, Poll};

use heist_primitive::sync::StdArc as Arc;
use heist_primitive::sync::atomic::{Ordering, UnmodelledU64};
use pin_project_lite::pin_project;

use crate::task::{Id, try_id};

type Value = Arc<dyn Any + Send + Sync>;

/// Where each [`ContextVar`] takes its number from.
static NEXT_NUMBER: UnmodelledU64 = UnmodelledU64::new(1);

/// The context in use on a thread, and of which task it is.
struct Here {
    context: Context,
    of: Option<Id>,
}

heist_primitive::thread_local! {
    static HERE: RefCell<Here> = const { RefCell::new(Here { context: Context::new(), of: None }) };
}

/// Calls `f`, which runs nobody else's code, with the context in use here; `None` where there is none (I2).
fn with_here<R>(f: impl FnOnce(&mut Context) -> R) -> Option<R> {
    let id = try_id();
    HERE.try_with(|here| {
        let mut here = here.borrow_mut();
        (here.of == id).then(|| f(&mut here.context))
    })
    .ok()
    .flatten()
}

/// A variable with a value for each [`Context`]: `contextvars.ContextVar`.
///
/// Tasks made by [`create_task`](super::create_task) begin with a copy of their maker's values. What they set then, they and
/// those whom they make see, and nobody else.
///
/// ```
/// use heist::aio::{ContextVar, create_task};
///
/// static USER: ContextVar<&str> = ContextVar::new("user");
///
/// # heist::runtime::Runtime::new().unwrap().block_on(async {
/// USER.set("ada");
/// let task = create_task(async {
///     let inherited = USER.get();
///     USER.set("bob");
///     inherited
/// });
/// assert_eq!(task.await.unwrap(), Some("ada"));
/// assert_eq!(USER.get(), Some("ada"));
/// # });
/// ```
pub struct ContextVar<T> {
    name: &'static str,
    /// 0 until the variable is first used.
    number: UnmodelledU64,
    default: Option<T>,
}

impl<T> ContextVar<T> {
    /// A variable without a value where none is set. To be put into a `static`.
    pub const fn new(name: &'static str) -> Self {
        Self {
            name,
            number: UnmodelledU64::new(0),
            default: None,
        }
    }

    /// A variable that has the value `default` where none is set.
    ///
    /// ```
    /// use heist::aio::ContextVar;
    ///
    /// static RETRIES: ContextVar<u32> = ContextVar::with_default("retries", 3);
    /// assert_eq!(RETRIES.get(), Some(3));
    /// ```
    pub const fn with_default(name: &'static str, default: T) -> Self {
        Self {
            name,
            number: UnmodelledU64::new(0),
            default: Some(default),
        }
    }

    /// The name that it was made with, for logs.
    pub fn name(&self) -> &'static str {
        self.name
    }

    fn number(&self) -> u64 {
        match self.number.load(Ordering::Relaxed) {
            0 => {
                let new = NEXT_NUMBER.fetch_add(1, Ordering::Relaxed);
                let set = self
                    .number
                    .compare_exchange(0, new, Ordering::Relaxed, Ordering::Relaxed);
                set.map_or_else(|others| others, |_| new)
            }
            number => number,
        }
    }
}

impl<T: Clone + Send + Sync + 'static> ContextVar<T> {
    /// A clone of the value in the current context; the default if none is set there; `None` without either.
    pub fn get(&self) -> Option<T> {
        let number = self.number();
        let found = with_here(|context| context.find(number)).flatten();
        value_of(found.as_ref()).or_else(|| self.default.clone())
    }

    /// As [`get`](Self::get), with `default` in place of the variable's own.
    pub fn get_or(&self, default: T) -> T {
        let number = self.number();
        let found = with_here(|context| context.find(number)).flatten();
        value_of(found.as_ref()).unwrap_or(default)
    }

    /// Sets the value in the current context, until the end of the task or of [`Context::run`]. The token brings back what
    /// was there before, through [`reset`](Self::reset).
    ///
    /// # Panics
    ///
    /// In a task that was not made by [`create_task`](super::create_task) and so has no context: make it so, or wrap its
    /// future in [`Context::scope`].
    #[track_caller]
    pub fn set(&self, value: T) -> ContextToken<T> {
        let before = self.put(Some(Arc::new(value)));
        ContextToken {
            number: self.number(),
            before,
            value: PhantomData,
        }
    }

    /// Brings back the value from before the [`set`](Self::set) that returned `token`, or that there was none.
    ///
    /// # Panics
    ///
    /// If `token` is of another variable, and where [`set`](Self::set) does.
    #[track_caller]
    pub fn reset(&self, token: ContextToken<T>) {
        assert!(
            token.number == self.number(),
            "`ContextVar::reset` was given the token of another variable than {:?}: reset each variable with its own",
            self.name
        );
        self.put(token.before);
    }

    #[track_caller]
    fn put(&self, value: Option<Value>) -> Option<Value> {
        let number = self.number();
        // What was there is dropped after the borrow (I3).
        let Some((before, old)) = with_here(|context| context.put(number, self.name, value)) else {
            panic!(
                "the context variable {:?} was set in a task that has no context: make the task by \
                 `heist::aio::create_task`, or wrap its future in `Context::scope`",
                self.name
            );
        };
        drop(old);
        before
    }
}

fn value_of<T: Clone + 'static>(value: Option<&Value>) -> Option<T> {
    value?.downcast_ref::<T>().cloned()
}

impl<T> fmt::Debug for ContextVar<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContextVar")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// What a variable was before a [`ContextVar::set`]. Dropping it keeps what was set.
pub struct ContextToken<T> {
    number: u64,
    before: Option<Value>,
    value: PhantomData<fn() -> T>,
}

impl<T: Clone + 'static> ContextToken<T> {
    /// A clone of the value from before, if one was set.
    pub fn old_value(&self) -> Option<T> {
        value_of(self.before.as_ref())
    }
}

impl<T> fmt::Debug for ContextToken<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContextToken").finish_non_exhaustive()
    }
}

#[derive(Clone)]
struct Set {
    number: u64,
    name: &'static str,
    value: Value,
}

/// The values of all [`ContextVar`]s in one place: `contextvars.Context`. Cloning it copies it, at the cost of a
/// reference count.
///
/// ```
/// use heist::aio::{ContextVar, copy_context};
///
/// static DEPTH: ContextVar<u32> = ContextVar::with_default("depth", 0);
///
/// let mut context = copy_context();
/// context.run(|| DEPTH.set(1));
/// assert_eq!(context.get(&DEPTH), Some(1));
/// assert_eq!(DEPTH.get(), Some(0));
/// ```
#[derive(Clone, Default)]
pub struct Context {
    set: Option<Arc<Vec<Set>>>,
}

/// A copy of the current context: that of the task, or of the thread outside of tasks. Empty in a task that was not made
/// by [`create_task`](super::create_task).
pub fn copy_context() -> Context {
    with_here(|context| context.clone()).unwrap_or_default()
}

impl Context {
    /// A context in which nothing is set.
    pub const fn new() -> Self {
        Self { set: None }
    }

    /// Calls `f` in this context. What `f` sets is in this context afterwards, and nowhere else.
    pub fn run<R>(&mut self, f: impl FnOnce() -> R) -> R {
        self.enter(f)
    }

    /// Wraps `future` so that it runs in this context.
    ///
    /// ```
    /// use heist::aio::{Context, ContextVar};
    ///
    /// static USER: ContextVar<&str> = ContextVar::new("user");
    ///
    /// # heist::runtime::Runtime::new().unwrap().block_on(async {
    /// let task = heist::spawn(Context::new().scope(async {
    ///     USER.set("ada");
    ///     USER.get()
    /// }));
    /// assert_eq!(task.await.unwrap(), Some("ada"));
    /// # });
    /// ```
    pub fn scope<F: Future>(self, future: F) -> InContext<F> {
        InContext {
            context: self,
            future: Some(future),
        }
    }

    /// A clone of the value that `var` has in this context; the variable's default if it has none.
    pub fn get<T: Clone + Send + Sync + 'static>(&self, var: &ContextVar<T>) -> Option<T> {
        value_of(self.find(var.number()).as_ref()).or_else(|| var.default.clone())
    }

    /// How many variables are set.
    pub fn len(&self) -> usize {
        self.set.as_ref().map_or(0, |set| set.len())
    }

    /// Whether no variable is set.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn find(&self, number: u64) -> Option<Value> {
        let mut set = self.set.as_ref()?.iter();
        Some(set.find(|set| set.number == number)?.value.clone())
    }

    /// Returns the value from before, and the list from before, for the caller to drop.
    fn put(
        &mut self,
        number: u64,
        name: &'static str,
        value: Option<Value>,
    ) -> (Option<Value>, Option<Arc<Vec<Set>>>) {
        let before = self.find(number);
        let others = self.set.iter().flat_map(|set| set.iter());
        let mut list: Vec<Set> = others.filter(|set| set.number != number).cloned().collect();
        list.extend(value.map(|value| Set { number, name, value }));
        (before, self.set.replace(Arc::new(list)))
    }

    /// Calls `f` with this context as the one in use for the running task, and takes back what it has become.
    pub(super) fn enter<R>(&mut self, f: impl FnOnce() -> R) -> R {
        struct SwapBack<'a> {
            context: &'a mut Context,
            of: Option<Id>,
        }
        impl SwapBack<'_> {
            fn swap(&mut self) {
                let _ = HERE.try_with(|here| {
                    let mut here = here.borrow_mut();
                    std::mem::swap(&mut here.context, self.context);
                    std::mem::swap(&mut here.of, &mut self.of);
                });
            }
        }
        impl Drop for SwapBack<'_> {
            fn drop(&mut self) {
                self.swap();
            }
        }
        let mut entered = SwapBack {
            context: self,
            of: try_id(),
        };
        entered.swap();
        f()
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.set.iter().flat_map(|set| set.iter()).map(|set| set.name);
        f.debug_set().entries(names).finish()
    }
}

pin_project! {
    /// A future that runs in a [`Context`]; made by [`Context::scope`].
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct InContext<F> {
        context: Context,
        #[pin]
        future: Option<F>,
    }

    impl<F> PinnedDrop for InContext<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            this.context.enter(|| this.future.set(None));
        }
    }
}

impl<F: Future> Future for InContext<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        this.context.enter(|| {
            let Some(future) = this.future.as_mut().as_pin_mut() else {
                panic!("`InContext` polled after it has returned its output");
            };
            let polled = future.poll(cx);
            if polled.is_ready() {
                this.future.set(None);
            }
            polled
        })
    }
}

impl<F> fmt::Debug for InContext<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InContext")
            .field("context", &self.context)
            .finish_non_exhaustive()
    }
}
