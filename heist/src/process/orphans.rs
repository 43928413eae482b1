//! Children that nobody waits for any more, and who collects their statuses, so that none stays a zombie.
//!
//! ```text
//!   Running dropped ──► adopt ──► children ◄── reap ◄── SIGCHLD, on the thread heist-signal
//!                    │               └──► try_wait of each; those that have exited go
//!                    └── no handler to be had ──► a thread each, which waits
//! ```
//!
//! Invariants
//!
//! - I1: whoever reaps arms the listener first and asks the children afterwards, under the lock. So an exit that
//!   the question does not see sends a signal that comes after the arming, and `reap` runs again.
//! - I2: while there are children, the listener is armed or a `reap` is running. If there is no handler to be had, for
//!   the lack of descriptors, each child gets a thread, which needs none; if that is refused too, the next adoption
//!   tries both again.
//! - I3: only the children here are asked, each by its own number.
//!
//! Lock order: `state`, then the registry's. The registry wakes with no lock held.
//!
//! Absent on purpose: a runtime. The signal thread lives as long as the process, so a child is reaped when all
//! runtimes are gone, too.

use crate::signal::registry::Listener;
use heist_primitive::sync::{Mutex, StdArc};
use heist_primitive::thread;
use std::mem;
use std::process::Child;
use std::sync::OnceLock;
use std::task::{Context, Wake, Waker};

static ORPHANS: OnceLock<StdArc<Orphans>> = OnceLock::new();

#[derive(Default)]
struct Orphans {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    children: Vec<Child>,
    /// From the first orphan on.
    listener: Option<Listener>,
}

/// Collects the status of `child` some time after its exit.
pub(super) fn adopt(child: Child) {
    let orphans = ORPHANS.get_or_init(StdArc::default);
    orphans.state.lock().children.push(child);
    orphans.reap();
}

impl Orphans {
    /// Lets those go that have exited.
    fn reap(self: &StdArc<Self>) {
        let waker = Waker::from(StdArc::clone(self));
        let mut state = self.state.lock();
        while !state.children.is_empty() {
            // I1.
            let heard = state.arm(&waker);
            // An error says that somebody else has collected the status.
            state
                .children
                .retain_mut(|child| matches!(child.try_wait(), Ok(None)));
            if !heard {
                break;
            }
        }
        if state.listener.is_none() {
            let unheard = mem::take(&mut state.children);
            state.children = unheard.into_iter().filter_map(wait_apart).collect();
        }
    }
}

/// Waits for a child on a thread of its own. Gives it back if there is none.
fn wait_apart(child: Child) -> Option<Child> {
    let waited = StdArc::new(Mutex::new(Some(child)));
    let waiting = waited.clone();
    let thread = thread::Builder::new().name("heist-reaper".to_owned());
    let started = thread.spawn(move || {
        let child = waiting.lock().take();
        // An error says that somebody else has collected the status.
        child.map(|mut child| child.wait())
    });
    match started {
        Ok(_) => None,
        Err(_) => waited.lock().take(),
    }
}

impl State {
    /// Whether a signal has come since the last time; if not, `waker` is woken by the next one.
    fn arm(&mut self, waker: &Waker) -> bool {
        if self.listener.is_none() {
            self.listener = Listener::new(libc::SIGCHLD).ok();
        }
        let listener = self.listener.as_mut();
        listener.is_some_and(|listener| listener.poll(&mut Context::from_waker(waker)).is_ready())
    }
}

impl Wake for Orphans {
    fn wake(self: StdArc<Self>) {
        self.reap();
    }
}
