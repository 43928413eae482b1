//! broadcast: every value to every receiver, lagging, closing, and when a value is cloned, moved and dropped.

mod sync_kit;

use std::cell::Cell;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::Context;
use std::thread;

use heist::sync::broadcast::error::{RecvError, TryRecvError};
use heist::sync::broadcast::{self, Sender};
use sync_kit::{OnWake, Task, now, panic_message};

#[test]
fn every_receiver_gets_every_value_in_order() {
    let (sender, mut first) = broadcast::channel(4);
    let mut second = sender.subscribe();
    assert_eq!(sender.send(1).unwrap(), 2);
    let mut third = sender.subscribe();
    assert_eq!(sender.send(2).unwrap(), 3);
    assert_eq!((first.try_recv(), first.try_recv()), (Ok(1), Ok(2)));
    assert_eq!((now(second.recv()), now(second.recv())), (Ok(1), Ok(2)));
    assert_eq!(third.try_recv(), Ok(2));
    for receiver in [&mut first, &mut second, &mut third] {
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    }
}

#[test]
fn a_send_wakes_each_waiter_once() {
    let (sender, mut first) = broadcast::channel(4);
    let mut second = sender.subscribe();
    let mut waits = [Task::pending(first.recv()), Task::pending(second.recv())];
    sender.send(1).unwrap();
    sender.send(2).unwrap();
    for wait in &mut waits {
        assert_eq!(wait.wakes(), 1);
        assert_eq!(wait.ready(), Ok(1));
    }
}

#[test]
fn a_wait_that_is_given_up_loses_no_value_and_keeps_no_waker() {
    let (sender, mut receiver) = broadcast::channel(4);
    let mut wait = Task::pending(receiver.recv());
    assert_eq!(wait.wakers_kept(), 1);
    assert!(wait.poll_elsewhere().is_pending());
    assert_eq!(wait.wakers_kept(), 1);
    drop(wait);
    let wait = Task::pending(receiver.recv());
    sender.send(1).unwrap();
    assert_eq!(wait.wakes(), 1);
    drop(wait);
    assert_eq!(receiver.try_recv(), Ok(1));
}

#[test]
fn a_slow_receiver_is_told_what_it_missed() {
    let (sender, mut receiver) = broadcast::channel(3);
    for n in 0..10 {
        sender.send(n).unwrap();
    }
    assert_eq!(receiver.len(), 10);
    assert_eq!(sender.len(), 4, "rounded up to a power of two");
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Lagged(6)));
    assert_eq!(now(receiver.recv()), Ok(6));
    for n in 10..14 {
        sender.send(n).unwrap();
    }
    assert_eq!(now(receiver.recv()), Err(RecvError::Lagged(3)));
    assert_eq!(receiver.len(), 4);
    drop(sender);
    assert_eq!(
        (0..4).map(|_| receiver.try_recv().unwrap()).collect::<Vec<_>>(),
        [10, 11, 12, 13]
    );
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
}

#[test]
fn the_close_comes_after_the_values_and_wakes() {
    let (sender, mut first) = broadcast::channel(4);
    let other = sender.clone();
    let mut second = sender.subscribe();
    sender.send(1).unwrap();
    assert_eq!(second.try_recv(), Ok(1));
    let mut wait = Task::pending(second.recv());
    drop(sender);
    assert!(!first.is_closed());
    assert_eq!(wait.wakes(), 0);
    drop(other);
    assert_eq!(wait.wakes(), 1);
    assert_eq!(wait.ready(), Err(RecvError::Closed));
    assert!(first.is_closed());
    assert_eq!(now(first.recv()), Ok(1));
    assert_eq!(now(first.recv()), Err(RecvError::Closed));
}

#[test]
fn without_receivers_the_value_comes_back() {
    let sender = Sender::new(4);
    assert_eq!(sender.send(1).unwrap_err().0, 1);
    let mut receiver = sender.subscribe();
    assert_eq!(sender.send(2).unwrap(), 1);
    assert_eq!(receiver.try_recv(), Ok(2));
    drop(receiver);
    assert_eq!(sender.send(3).unwrap_err().to_string(), "channel closed");
    assert_eq!(sender.subscribe().try_recv(), Err(TryRecvError::Empty));
}

#[test]
fn who_hears_that_the_last_receiver_has_gone_finds_the_channel_empty() {
    let (sender, receiver) = broadcast::channel(2);
    sender.send(1).unwrap();
    let seen = Arc::new(AtomicUsize::new(9));
    let (asks, tells) = (sender.clone(), seen.clone());
    let waker = Arc::new(OnWake(move || tells.store(asks.len(), Ordering::SeqCst))).into();
    let mut closed = std::pin::pin!(sender.closed());
    assert!(
        closed
            .as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
    );
    drop(receiver);
    assert_eq!(seen.load(Ordering::SeqCst), 0);
}

#[test]
fn closed_waits_for_the_last_receiver() {
    let (sender, first) = broadcast::channel::<u8>(4);
    let second = first.resubscribe();
    let mut wait = Task::pending(sender.closed());
    drop(first);
    assert_eq!((wait.wakes(), sender.receiver_count()), (0, 1));
    drop(second);
    assert_eq!(wait.wakes(), 1);
    wait.ready();
}

#[test]
fn weak_senders_do_not_keep_the_channel_open() {
    let (sender, mut receiver) = broadcast::channel(4);
    let weak = sender.downgrade();
    let other = weak.clone();
    assert_eq!((sender.strong_count(), sender.weak_count()), (1, 2));
    let strong = weak.upgrade().unwrap();
    assert!(strong.same_channel(&sender));
    assert_eq!(receiver.sender_strong_count(), 2);
    drop((sender, other));
    strong.send(1).unwrap();
    drop(strong);
    assert!(weak.upgrade().is_none());
    assert_eq!((weak.strong_count(), weak.weak_count()), (0, 1));
    assert_eq!(receiver.sender_weak_count(), 1);
    assert_eq!(now(receiver.recv()), Ok(1));
    assert_eq!(now(receiver.recv()), Err(RecvError::Closed));
}

#[test]
fn lengths_follow_the_slowest() {
    let (sender, mut first) = broadcast::channel(4);
    let mut second = first.resubscribe();
    assert!(sender.is_empty() && first.is_empty());
    sender.send(1).unwrap();
    sender.send(2).unwrap();
    first.try_recv().unwrap();
    first.try_recv().unwrap();
    assert_eq!((sender.len(), first.len(), second.len()), (2, 0, 2));
    second.try_recv().unwrap();
    assert_eq!(sender.len(), 1);
    drop(second);
    assert!(sender.is_empty());
    assert!(first.same_channel(&sender.subscribe()));
}

#[test]
fn a_capacity_that_makes_no_sense_is_refused() {
    let zero = panic_message(|| broadcast::channel::<u8>(0));
    assert!(zero.contains("capacity cannot be zero"), "{zero}");
    let huge = panic_message(|| Sender::<u8>::new(usize::MAX));
    assert!(huge.contains("exceeded `usize::MAX / 2`"), "{huge}");
}

/// Counts its clones and drops.
#[derive(Default)]
struct Tracked(Arc<(AtomicUsize, AtomicUsize)>);

impl Tracked {
    fn counts(&self) -> (usize, usize) {
        (self.0.0.load(Ordering::SeqCst), self.0.1.load(Ordering::SeqCst))
    }

    fn value(&self) -> Self {
        Self(self.0.clone())
    }
}

impl Clone for Tracked {
    fn clone(&self) -> Self {
        self.0.0.fetch_add(1, Ordering::SeqCst);
        self.value()
    }
}

impl Drop for Tracked {
    fn drop(&mut self) {
        self.0.1.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn the_last_reader_ends_the_value() {
    let tracked = Tracked::default();
    let (sender, mut first) = broadcast::channel(4);
    let mut second = sender.subscribe();
    assert!(sender.send(tracked.value()).is_ok());
    drop(first.try_recv());
    assert_eq!(tracked.counts(), (1, 1));
    drop(second.try_recv());
    assert_eq!(tracked.counts(), (2, 3), "its own clone and the original");
}

#[test]
fn a_value_nobody_will_read_is_dropped_at_once() {
    let tracked = Tracked::default();
    let (sender, first) = broadcast::channel(2);
    let second = sender.subscribe();
    for _ in 0..3 {
        assert!(sender.send(tracked.value()).is_ok());
    }
    assert_eq!(tracked.counts(), (0, 1), "forgotten");
    drop(first);
    assert_eq!(tracked.counts(), (0, 1));
    drop(second);
    assert_eq!(tracked.counts(), (0, 3), "both receivers have gone");
    drop(sender);
    assert_eq!(tracked.counts(), (0, 3));
}

#[test]
fn a_clone_that_panics_takes_nothing_from_the_others() {
    #[derive(Debug)]
    struct Fragile(Arc<AtomicBool>);
    impl Clone for Fragile {
        fn clone(&self) -> Self {
            assert!(!self.0.load(Ordering::SeqCst), "breaks");
            Self(self.0.clone())
        }
    }
    let breaks = Arc::new(AtomicBool::new(true));
    let (sender, mut first) = broadcast::channel(2);
    let mut second = sender.subscribe();
    let mut third = sender.subscribe();
    sender.send(Fragile(breaks.clone())).unwrap();
    panic_message(|| first.try_recv());
    breaks.store(false, Ordering::SeqCst);
    assert!(second.try_recv().is_ok());
    assert!(third.try_recv().is_ok());
    assert_eq!(Arc::strong_count(&breaks), 1);
}

#[test]
fn values_that_threads_may_not_share_are_cloned_by_one_at_a_time() {
    /// `Send` and not `Sync`: its clone works on the original, and knows how often that was done.
    struct Alone {
        clones: Cell<usize>,
        busy: Arc<AtomicBool>,
    }
    impl Clone for Alone {
        fn clone(&self) -> Self {
            assert!(!self.busy.swap(true, Ordering::SeqCst), "two clones at a time");
            self.clones.set(self.clones.get() + 1);
            thread::yield_now();
            self.busy.store(false, Ordering::SeqCst);
            Self {
                clones: self.clones.clone(),
                busy: self.busy.clone(),
            }
        }
    }
    const READERS: usize = 4;
    let (sender, mut keeps) = broadcast::channel(64);
    let threads: Vec<_> = (0..READERS)
        .map(|_| {
            let mut receiver = sender.subscribe();
            thread::spawn(move || while receiver.blocking_recv().is_ok() {})
        })
        .collect();
    for _ in 0..50 {
        let value = Alone {
            clones: Cell::new(0),
            busy: Arc::default(),
        };
        assert!(sender.send(value).is_ok());
    }
    drop(sender);
    for thread in threads {
        thread.join().unwrap();
    }
    // The last one to read clones an original that all the others have cloned.
    let originals = std::iter::from_fn(|| keeps.try_recv().ok());
    assert!(originals.map(|value| value.clones.get()).eq([READERS + 1; 50]));
}

#[test]
fn threads_receive_or_account_for_every_value() {
    const SENT: u64 = 3_000;
    let (sender, receiver) = broadcast::channel(16);
    let threads: Vec<_> = (0..3)
        .map(|_| {
            let mut receiver = receiver.resubscribe();
            thread::spawn(move || {
                let mut next = 0;
                loop {
                    match receiver.blocking_recv() {
                        Ok(value) => {
                            assert_eq!(value, next);
                            next += 1;
                        }
                        Err(RecvError::Lagged(missed)) => next += missed,
                        Err(RecvError::Closed) => return next,
                    }
                }
            })
        })
        .collect();
    for value in 0..SENT {
        sender.send(value).unwrap();
    }
    drop(sender);
    for thread in threads {
        assert_eq!(thread.join().unwrap(), SENT);
    }
}

mod twin {
    //! Random sequences of every operation must agree with a list of all values and a position per receiver.

    use heist::sync::broadcast::error::{RecvError, TryRecvError};
    use heist::sync::broadcast::{Receiver, Sender};
    use proptest::prelude::*;

    use super::sync_kit::Task;

    #[derive(Clone, Debug)]
    enum Op {
        Send,
        Subscribe,
        Resubscribe(usize),
        Drop(usize),
        TryRecv(usize),
        Recv(usize),
        Lengths(usize),
        Close,
    }

    fn op() -> impl Strategy<Value = Op> {
        let which = || 0..8usize;
        prop_oneof![
            10 => Just(Op::Send),
            2 => Just(Op::Subscribe),
            1 => which().prop_map(Op::Resubscribe),
            1 => which().prop_map(Op::Drop),
            8 => which().prop_map(Op::TryRecv),
            4 => which().prop_map(Op::Recv),
            2 => which().prop_map(Op::Lengths),
            1 => Just(Op::Close),
        ]
    }

    struct State {
        sender: Option<Sender<u64>>,
        capacity: u64,
        /// How many were sent: the values are 0, 1, 2…
        sent: u64,
        /// Each with the value it is to get next.
        receivers: Vec<(Receiver<u64>, u64)>,
    }

    impl State {
        /// What a receiver at `next` gets.
        fn receive(&self, next: &mut u64) -> Result<u64, TryRecvError> {
            if *next == self.sent {
                return Err(match self.sender {
                    Some(_) => TryRecvError::Empty,
                    None => TryRecvError::Closed,
                });
            }
            let missed = self.sent.saturating_sub(self.capacity).saturating_sub(*next);
            if missed > 0 {
                *next += missed;
                return Err(TryRecvError::Lagged(missed));
            }
            *next += 1;
            Ok(*next - 1)
        }

        fn apply(&mut self, op: Op) -> Result<(), TestCaseError> {
            let count = self.receivers.len();
            match (op, &self.sender) {
                (Op::Send, Some(sender)) => {
                    let heard = sender.send(self.sent).ok();
                    prop_assert_eq!(heard, (count > 0).then_some(count));
                    self.sent += u64::from(count > 0);
                }
                (Op::Subscribe, Some(sender)) => self.receivers.push((sender.subscribe(), self.sent)),
                (Op::Close, _) => self.sender = None,
                (Op::Resubscribe(n), _) if count > 0 => {
                    let receiver = self.receivers[n % count].0.resubscribe();
                    self.receivers.push((receiver, self.sent));
                }
                (Op::Drop(n), _) if count > 0 => drop(self.receivers.remove(n % count)),
                (Op::TryRecv(n), _) if count > 0 => {
                    let mut next = self.receivers[n % count].1;
                    let expected = self.receive(&mut next);
                    prop_assert_eq!(self.receivers[n % count].0.try_recv(), expected);
                    self.receivers[n % count].1 = next;
                }
                (Op::Recv(n), _) if count > 0 => {
                    let mut next = self.receivers[n % count].1;
                    let expected = self.receive(&mut next);
                    let got = match Task::new(self.receivers[n % count].0.recv()).poll() {
                        std::task::Poll::Pending => Err(TryRecvError::Empty),
                        std::task::Poll::Ready(Err(RecvError::Closed)) => Err(TryRecvError::Closed),
                        std::task::Poll::Ready(Err(RecvError::Lagged(n))) => Err(TryRecvError::Lagged(n)),
                        std::task::Poll::Ready(Ok(value)) => Ok(value),
                    };
                    prop_assert_eq!(got, expected);
                    self.receivers[n % count].1 = next;
                }
                (Op::Lengths(n), sender) if count > 0 => {
                    let (receiver, next) = &self.receivers[n % count];
                    prop_assert_eq!(receiver.len() as u64, self.sent - next);
                    let slowest = self.receivers.iter().map(|receiver| receiver.1).min();
                    let unread = (self.sent - slowest.unwrap_or(self.sent)).min(self.capacity);
                    if let Some(sender) = sender {
                        prop_assert_eq!(sender.len() as u64, unread);
                        prop_assert_eq!(sender.is_empty(), unread == 0);
                    }
                }
                _ => {}
            }
            Ok(())
        }
    }

    proptest! {
        #[test]
        fn it_agrees_with_a_twin(capacity in 1..9usize, ops in prop::collection::vec(op(), 1..80)) {
            let mut state = State {
                sender: Some(Sender::new(capacity)),
                capacity: capacity.next_power_of_two() as u64,
                sent: 0,
                receivers: Vec::new(),
            };
            for op in ops {
                state.apply(op)?;
            }
        }
    }
}
