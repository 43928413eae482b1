//! The books of one round: what was begun, and how it ended.
//!
//! ```text
//!   spawn ─► Tracked (future, Fate, Token) ─┬─ poll: Ready ──► Fate: output ────┐
//!                                           ├─ poll: panics ─► Fate: panicked ──┤ the future is dropped: one of three is counted
//!                                           └─ dropped ──────► Fate: cancelled ─┘
//!   JoinHandle, JoinSet ─► `Ledger::settle`: what the handle says is held against the Fate
//! ```
//!
//! Invariants
//!
//! - L1: a task ends once, by one of the three; `spawned` is their sum when the round is over.
//! - L2: it is polled by one thread at a time, and never after its end.
//! - L3: a task that nobody aborted is cancelled only while the runtime ends.
//! - L4: each Token is dropped: futures, outputs, messages, closures. A double drop makes their number negative.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, AtomicU64, Ordering};
use std::task::{Context, Poll};

use heist::task::JoinError;
use pin_project_lite::pin_project;

use crate::tally::{Event, count};

const RUNNING: u8 = 0;
const OUTPUT: u8 = 1;
const PANICKED: u8 = 2;
const CANCELLED: u8 = 3;

/// What a task panics with on purpose. All other panics end the program.
#[derive(Debug)]
pub(crate) struct Planned;

/// The books.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    spawned: AtomicU64,
    closures: AtomicU64,
    ended: [AtomicU64; 4],
    tokens: AtomicI64,
    ending: AtomicBool,
}

/// Something that must be dropped once.
#[derive(Debug)]
pub(crate) struct Token(Arc<Ledger>);

/// How one task ends.
#[derive(Debug, Default)]
pub(crate) struct Fate {
    end: AtomicU8,
    polled: AtomicBool,
    aborted: AtomicBool,
}

/// What a tracked task returns.
#[derive(Debug)]
pub(crate) struct Receipt<T> {
    value: T,
    fate: Arc<Fate>,
    _token: Token,
}

pin_project! {
    /// A future whose end goes into the books.
    pub(crate) struct Tracked<F> {
        #[pin]
        future: F,
        entry: Entry,
    }
}

/// Dropped after the future, since it is declared after it.
#[derive(Debug)]
struct Entry {
    fate: Arc<Fate>,
    token: Token,
}

impl Ledger {
    pub(crate) fn token(self: &Arc<Self>) -> Token {
        self.tokens.fetch_add(1, Ordering::Relaxed);
        Token(self.clone())
    }

    /// A future to be spawned, and where its end will be seen.
    pub(crate) fn track<F: Future>(self: &Arc<Self>, future: F) -> (Tracked<F>, Arc<Fate>) {
        let entry = self.enter();
        let fate = entry.fate.clone();
        (Tracked { future, entry }, fate)
    }

    /// The same for a closure.
    pub(crate) fn track_closure<T, F: FnOnce() -> T>(
        self: &Arc<Self>,
        closure: F,
    ) -> (impl FnOnce() -> Receipt<T> + use<T, F>, Arc<Fate>) {
        self.closures.fetch_add(1, Ordering::Relaxed);
        let entry = self.enter();
        let fate = entry.fate.clone();
        let tracked = move || {
            entry.begin_poll();
            let value = closure();
            entry.end_poll(true);
            entry.receipt(value)
        };
        (tracked, fate)
    }

    fn enter(self: &Arc<Self>) -> Entry {
        count(Event::tasks);
        self.spawned.fetch_add(1, Ordering::Relaxed);
        Entry {
            fate: Arc::default(),
            token: self.token(),
        }
    }

    /// From here on anything may be cancelled.
    pub(crate) fn begin_end(&self) {
        self.ending.store(true, Ordering::SeqCst);
    }

    pub(crate) fn is_ending(&self) -> bool {
        self.ending.load(Ordering::SeqCst)
    }

    /// What a handle says, held against what happened. `None` if the task was cancelled or panicked.
    pub(crate) fn settle<T>(&self, said: Result<Receipt<T>, JoinError>, fate: &Arc<Fate>) -> Option<T> {
        let end = fate.end.load(Ordering::Relaxed);
        match said {
            Ok(receipt) => {
                assert!(Arc::ptr_eq(&receipt.fate, fate), "the output of another task");
                assert_eq!(end, OUTPUT, "an output of a task that did not return");
                Some(receipt.value)
            }
            Err(error) if error.is_cancelled() => {
                assert!(end != OUTPUT && end != PANICKED, "cancelled after its end {end}");
                let aborted = fate.aborted.load(Ordering::SeqCst);
                assert!(aborted || self.is_ending(), "cancelled, and nobody asked for it");
                None
            }
            Err(error) => {
                assert_eq!(end, PANICKED, "a panic of a task that did not panic");
                assert!(error.into_panic().is::<Planned>(), "a panic that was not planned");
                None
            }
        }
    }

    pub(crate) fn live_tasks(&self) -> u64 {
        let ended: u64 = self.ended.iter().map(|ended| ended.load(Ordering::SeqCst)).sum();
        self.spawned.load(Ordering::SeqCst).saturating_sub(ended)
    }

    pub(crate) fn live_tokens(&self) -> i64 {
        self.tokens.load(Ordering::SeqCst)
    }

    fn spawned(&self) -> u64 {
        self.spawned.load(Ordering::SeqCst)
    }

    /// Those that are no closures.
    pub(crate) fn spawned_async(&self) -> u64 {
        self.spawned() - self.closures.load(Ordering::SeqCst)
    }

    /// L1 and L4, once all is over.
    pub(crate) fn check(&self) {
        let ended: u64 = self.ended.iter().map(|ended| ended.load(Ordering::SeqCst)).sum();
        assert_eq!(self.spawned(), ended, "tasks spawned, and tasks ended");
        assert_eq!(self.live_tokens(), 0, "futures, outputs and messages that live");
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        let before = self.0.tokens.fetch_sub(1, Ordering::SeqCst);
        assert!(before > 0, "something was dropped twice");
    }
}

impl<T> Receipt<T> {
    pub(crate) fn fate(&self) -> &Arc<Fate> {
        &self.fate
    }
}

impl Fate {
    /// To be called before the abort.
    pub(crate) fn expect_abort(&self) {
        self.aborted.store(true, Ordering::SeqCst);
    }
}

impl<F: Future> Future for Tracked<F> {
    type Output = Receipt<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        count(Event::polls);
        this.entry.begin_poll();
        let polled = this.future.poll(cx);
        this.entry.end_poll(polled.is_ready());
        polled.map(|value| this.entry.receipt(value))
    }
}

impl Entry {
    fn begin_poll(&self) {
        let (fate, relaxed) = (&self.fate, Ordering::Relaxed);
        assert!(
            !fate.polled.swap(true, relaxed),
            "polled by two threads at once, or after a panic"
        );
        assert_eq!(fate.end.load(relaxed), RUNNING, "polled after its end");
        // Stands if the poll panics.
        fate.end.store(PANICKED, relaxed);
    }

    fn end_poll(&self, is_ready: bool) {
        let end = if is_ready { OUTPUT } else { RUNNING };
        self.fate.end.store(end, Ordering::Relaxed);
        self.fate.polled.store(false, Ordering::Relaxed);
    }

    fn receipt<T>(&self, value: T) -> Receipt<T> {
        Receipt {
            value,
            fate: self.fate.clone(),
            _token: self.token.0.token(),
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let ended = self
            .fate
            .end
            .compare_exchange(RUNNING, CANCELLED, Ordering::Relaxed, Ordering::Relaxed);
        let end = ended.map_or_else(|end| end, |_| CANCELLED);
        count(match end {
            OUTPUT => Event::outputs,
            PANICKED => Event::panics,
            _ => Event::cancels,
        });
        self.token.0.ended[usize::from(end)].fetch_add(1, Ordering::SeqCst);
    }
}
