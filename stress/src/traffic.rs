//! The kinds of traffic. An actor is one of them with a generator of its own, runs as a task, and ends by itself.
//!
//! An actor returns `None` when it cannot go on because the runtime ends; then its own checks do not apply, those of the
//! books do. Its numbers of tasks and steps are small, so that rounds are short and have many kinds in them.

mod blocking;
mod channels;
mod files;
mod local;
mod locks;
mod mpsc;
mod sets;
mod sockets;
mod streams;
mod tasks;
mod timers;
mod wakes;

use std::future::Future;
use std::pin::Pin;

use crate::rng::Rng;
use crate::world::Ctx;

/// An actor under way.
pub(crate) type Act = Pin<Box<dyn Future<Output = Option<()>> + Send>>;

type Kind = (&'static str, fn(Ctx, Rng) -> Act);

macro_rules! kinds {
    ($($module:ident::$actor:ident,)*) => {
        /// All kinds.
        const KINDS: &[Kind] = &[$((
            concat!(stringify!($module), "::", stringify!($actor)),
            |ctx, rng| Box::pin($module::$actor(ctx, rng)),
        )),*];
    };
}

kinds! {
    tasks::tree,
    tasks::aborts,
    tasks::yields,
    tasks::handed_on,
    wakes::bells,
    wakes::ping_pong,
    wakes::crowd,
    mpsc::bounded,
    mpsc::unbounded,
    channels::oneshots,
    channels::watched,
    channels::broadcasts,
    locks::mutex,
    locks::rwlock,
    locks::semaphore,
    locks::notify,
    locks::barrier,
    locks::once,
    timers::sleeps,
    timers::timeouts,
    timers::resets,
    timers::intervals,
    sockets::tcp,
    sockets::datagrams,
    streams::unix_pair,
    streams::pipe,
    streams::duplex,
    blocking::closures,
    blocking::in_place,
    sets::join_set,
    local::local_set,
    files::written_and_read,
}

/// An actor of some kind, or of the one whose name has `only` in it.
pub(crate) fn actor(ctx: &Ctx, rng: &mut Rng, only: Option<&str>) -> (&'static str, Act) {
    let fitting: Vec<&Kind> = KINDS
        .iter()
        .filter(|(name, _)| only.is_none_or(|only| name.contains(only)))
        .collect();
    assert!(!fitting.is_empty(), "no kind of traffic has that name");
    let (name, start) = fitting[rng.index(fitting.len())];
    (name, start(ctx.clone(), rng.fork()))
}
