//! What all actors of a round share: the runtime, the books, errands for threads outside of it, and a board of wakers.

use std::collections::VecDeque;
use std::fmt::Debug;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::task::Waker;
use std::time::Duration;

use heist::runtime::{Handle, RuntimeFlavor};
use heist::task::JoinHandle;

use crate::ledger::{Fate, Ledger, Receipt, Token};
use crate::rng::Rng;
use crate::tally::{Event, count};

/// Something to be done by a thread that is none of the runtime's.
pub(crate) type Errand = Box<dyn FnOnce() + Send>;

/// How many wakers the board keeps: the oldest goes.
const BOARD: usize = 64;

/// What a round's actors share.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) handle: Handle,
    /// Whether the runtime ends in the middle, so that waiting for ever is no fault.
    pub(crate) is_cut_short: bool,
    errands: Mutex<VecDeque<Boxed>>,
    has_errands: Condvar,
    board: Mutex<VecDeque<Waker>>,
    is_over: AtomicBool,
}

struct Boxed(Errand);

/// A handle to a task in the books.
#[derive(Debug)]
pub(crate) struct Spawned<T> {
    join: JoinHandle<Receipt<T>>,
    fate: Arc<Fate>,
    ledger: Arc<Ledger>,
}

/// An actor's way to all that.
pub(crate) type Ctx = Arc<World>;

impl World {
    pub(crate) fn new(ledger: Arc<Ledger>, handle: Handle, is_cut_short: bool) -> Ctx {
        Arc::new(Self {
            ledger,
            handle,
            is_cut_short,
            errands: Mutex::default(),
            has_errands: Condvar::new(),
            board: Mutex::default(),
            is_over: AtomicBool::new(false),
        })
    }

    pub(crate) fn token(&self) -> Token {
        self.ledger.token()
    }

    pub(crate) fn has_workers(&self) -> bool {
        self.handle.runtime_flavor() == RuntimeFlavor::MultiThread
    }

    /// Spawns a task, from wherever this is called. Its location says what it is when a round stands still.
    #[track_caller]
    pub(crate) fn spawn<F>(&self, future: F) -> Spawned<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        let (tracked, fate) = self.ledger.track(future);
        self.handed(self.handle.spawn(tracked), fate)
    }

    /// A closure for the blocking pool, in the books as a task.
    pub(crate) fn spawn_blocking<T, F>(&self, closure: F) -> Spawned<T>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        count(Event::closures);
        let (tracked, fate) = self.ledger.track_closure(closure);
        self.handed(self.handle.spawn_blocking(tracked), fate)
    }

    fn handed<T>(&self, join: JoinHandle<Receipt<T>>, fate: Arc<Fate>) -> Spawned<T> {
        let ledger = self.ledger.clone();
        Spawned { join, fate, ledger }
    }

    /// What came of an operation that fails only while the runtime ends.
    #[track_caller]
    pub(crate) fn fine<T, E: Debug>(&self, result: Result<T, E>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(_) if self.ledger.is_ending() => None,
            Err(error) => panic!("failed in the middle of a round: {error:?}"),
        }
    }

    /// Leaves something to the threads outside.
    pub(crate) fn errand(&self, errand: impl FnOnce() + Send + 'static) {
        self.lock_errands().push_back(Boxed(Box::new(errand)));
        self.has_errands.notify_one();
    }

    /// Posts a waker that anybody may wake at any time.
    pub(crate) fn post(&self, waker: &Waker) {
        let gone = {
            let mut board = self.board.lock().expect("nobody panics here");
            board.push_back(waker.clone());
            (board.len() > BOARD).then(|| board.pop_front())
        };
        drop(gone);
    }

    /// Wakes somebody of the board, who may have ended long ago.
    pub(crate) fn wake_somebody(&self, rng: &mut Rng) {
        let found = {
            let mut board = self.board.lock().expect("nobody panics here");
            let at = rng.index(BOARD);
            if rng.percent(50) {
                board.remove(at)
            } else {
                board.get(at).cloned()
            }
        };
        if let Some(waker) = found {
            count(Event::stale);
            if rng.percent(50) {
                waker.wake()
            } else {
                waker.wake_by_ref()
            }
        }
    }

    /// The life of a thread outside: errands, and in between wakes of whoever is on the board.
    pub(crate) fn live_outside(&self, mut rng: Rng) {
        while !self.is_over.load(Ordering::SeqCst) {
            let next = self.lock_errands().pop_front();
            match next {
                Some(Boxed(errand)) => errand(),
                None if rng.percent(50) => self.wake_somebody(&mut rng),
                None => {
                    let errands = self.lock_errands();
                    let wait = Duration::from_micros(rng.range(10, 2_000));
                    drop(
                        self.has_errands
                            .wait_timeout(errands, wait)
                            .expect("nobody panics here"),
                    );
                }
            }
        }
    }

    /// Lets the threads outside end, and drops what nobody came to.
    pub(crate) fn close(&self) {
        self.is_over.store(true, Ordering::SeqCst);
        self.has_errands.notify_all();
    }

    /// Drops what is left: errands that nobody came to, and wakers.
    pub(crate) fn clear(&self) {
        let errands = std::mem::take(&mut *self.lock_errands());
        drop(errands);
        let board = std::mem::take(&mut *self.board.lock().expect("nobody panics here"));
        drop(board);
    }

    fn lock_errands(&self) -> std::sync::MutexGuard<'_, VecDeque<Boxed>> {
        self.errands.lock().expect("nobody panics here")
    }
}

impl<T> Spawned<T> {
    /// Waits for the end; `None` if it is not an output.
    pub(crate) async fn join(mut self) -> Option<T> {
        let said = (&mut self.join).await;
        self.ledger.settle(said, &self.fate)
    }

    /// Waits for the end without giving the handle up; to be called until it says that.
    pub(crate) async fn join_by_ref(&mut self) -> Option<T> {
        let said = (&mut self.join).await;
        self.ledger.settle(said, &self.fate)
    }

    pub(crate) fn abort(&self) {
        self.fate.expect_abort();
        self.join.abort();
    }

    /// Aborts by a handle that outlives this one.
    pub(crate) fn abort_later(&self) -> impl FnOnce() + Send + use<T> {
        let handle = self.join.abort_handle();
        self.fate.expect_abort();
        move || handle.abort()
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.join.is_finished()
    }
}

impl Debug for Boxed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an errand")
    }
}
