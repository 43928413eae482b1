//! The oneshot channel against a naive twin: random sequences of every operation of both ends must agree on each result,
//! on who is woken, on which wakers are kept and on what becomes of the value.

mod sync_kit;

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use heist::sync::oneshot::{self, Receiver, Sender, error::TryRecvError};
use proptest::prelude::*;
use sync_kit::{Counted, Drops, Task, Wakes};

#[derive(Clone, Debug)]
enum Op {
    Send,
    DropSender,
    PollClosed { elsewhere: bool },
    Poll { elsewhere: bool },
    TryRecv,
    Close,
    DropReceiver,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        2 => Just(Op::Send),
        1 => Just(Op::DropSender),
        3 => any::<bool>().prop_map(|elsewhere| Op::PollClosed { elsewhere }),
        4 => any::<bool>().prop_map(|elsewhere| Op::Poll { elsewhere }),
        2 => Just(Op::TryRecv),
        1 => Just(Op::Close),
        1 => Just(Op::DropReceiver),
    ]
}

/// One end's side of a wait: whether its waker is kept, and how often that was woken.
#[derive(Default)]
struct Wait {
    kept: bool,
    wakes: usize,
}

impl Wait {
    fn begin(&mut self, elsewhere: bool) {
        if elsewhere {
            self.wakes = 0;
        }
        self.kept = true;
    }

    fn end(&mut self) {
        self.wakes += usize::from(std::mem::take(&mut self.kept));
    }
}

#[derive(Default)]
struct Twin {
    value: bool,
    sender_gone: bool,
    /// By the receiver, or with it.
    closed: bool,
    done: bool,
    receiver: Wait,
    sender: Wait,
}

impl Twin {
    fn send(&mut self) -> bool {
        self.sender_gone = true;
        self.sender.kept = false;
        if self.closed {
            return false;
        }
        self.value = true;
        self.receiver.end();
        true
    }

    fn drop_sender(&mut self) {
        self.sender_gone = true;
        self.sender.kept = false;
        self.receiver.end();
    }

    fn close(&mut self) {
        self.closed = true;
        self.receiver.kept = false;
        if !self.sender_gone {
            self.sender.end();
        }
    }

    /// The value, or that there will be none, or neither yet.
    fn receive(&mut self) -> Poll<bool> {
        let end = self.value || self.sender_gone || self.closed || self.done;
        if !end {
            return Poll::Pending;
        }
        self.done = true;
        self.receiver.kept = false;
        Poll::Ready(std::mem::take(&mut self.value))
    }
}

struct Pair {
    sender: Option<Sender<Counted>>,
    receiver: Option<Task<Receiver<Counted>>>,
    /// Of `poll_closed`.
    sender_wakes: Arc<Wakes>,
    receiver_polled: bool,
    drops: Drops,
    made: usize,
    twin: Twin,
}

impl Pair {
    fn new() -> Self {
        let (sender, receiver) = oneshot::channel();
        Self {
            sender: Some(sender),
            receiver: Some(Task::new(receiver)),
            sender_wakes: Arc::default(),
            receiver_polled: false,
            drops: Drops::default(),
            made: 0,
            twin: Twin::default(),
        }
    }

    fn sender_side(&mut self, op: &Op) {
        match op {
            Op::Send => {
                let Some(sender) = self.sender.take() else { return };
                self.made += 1;
                assert_eq!(sender.send(self.drops.value()).is_ok(), self.twin.send());
            }
            Op::DropSender if self.sender.is_some() => {
                self.sender = None;
                self.twin.drop_sender();
            }
            Op::PollClosed { elsewhere } => {
                let Some(sender) = &mut self.sender else { return };
                if *elsewhere {
                    self.sender_wakes = Arc::default();
                    self.twin.sender.wakes = 0;
                }
                let waker = Waker::from(self.sender_wakes.clone());
                let polled = sender.poll_closed(&mut Context::from_waker(&waker));
                assert_eq!(polled.is_ready(), self.twin.closed);
                if polled.is_pending() {
                    self.twin.sender.begin(*elsewhere);
                }
            }
            _ => {}
        }
    }

    fn receiver_side(&mut self, op: &Op) {
        let Some(receiver) = &mut self.receiver else {
            return;
        };
        match op {
            // Polled again after its end, it panics.
            Op::Poll { elsewhere } if !self.twin.done => {
                let elsewhere = *elsewhere && self.receiver_polled;
                self.receiver_polled = true;
                let polled = if elsewhere {
                    self.twin.receiver.wakes = 0;
                    receiver.poll_elsewhere()
                } else {
                    receiver.poll()
                };
                let polled = polled.map(|got| got.is_ok());
                assert_eq!(polled, self.twin.receive());
                if polled.is_pending() {
                    self.twin.receiver.begin(elsewhere);
                }
            }
            Op::TryRecv => {
                let got = match receiver.future().try_recv() {
                    Ok(_) => Poll::Ready(true),
                    Err(TryRecvError::Closed) => Poll::Ready(false),
                    Err(TryRecvError::Empty) => Poll::Pending,
                };
                assert_eq!(got, self.twin.receive());
            }
            Op::Close => {
                receiver.future().close();
                self.twin.close();
            }
            Op::DropReceiver => {
                self.receiver = None;
                self.twin.value = false;
                self.twin.close();
            }
            _ => {}
        }
    }

    fn step(&mut self, op: &Op) {
        self.sender_side(op);
        self.receiver_side(op);
        if let Some(sender) = &self.sender {
            assert_eq!(sender.is_closed(), self.twin.closed);
        }
        assert_eq!(self.sender_wakes.count(), self.twin.sender.wakes);
        assert_eq!(self.sender_wakes.kept(), usize::from(self.twin.sender.kept));
        if let Some(receiver) = &mut self.receiver {
            assert_eq!(receiver.wakes(), self.twin.receiver.wakes);
            assert_eq!(receiver.wakers_kept(), usize::from(self.twin.receiver.kept));
            assert_eq!(receiver.future().is_empty(), !self.twin.value);
            assert_eq!(receiver.future().is_terminated(), self.twin.done);
        }
        assert_eq!(self.drops.count(), self.made - usize::from(self.twin.value));
    }
}

proptest! {
    #[test]
    fn agrees_with_the_twin(ops in prop::collection::vec(op(), 0..12)) {
        let mut pair = Pair::new();
        ops.iter().for_each(|op| pair.step(op));
        let (drops, made) = (pair.drops.clone(), pair.made);
        drop(pair);
        assert_eq!(drops.count(), made);
    }
}
