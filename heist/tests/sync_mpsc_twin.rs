//! The channel against a naive twin: random sequences of operations must agree on every result, on the room, on the
//! length and on who is woken.

mod sync_kit;

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use heist::sync::mpsc::{self, OwnedPermit, error::TryRecvError};
use proptest::prelude::*;
use sync_kit::Task;

#[derive(Clone, Debug)]
enum Op {
    TrySend,
    Reserve,
    PollReserve(usize),
    CancelReserve(usize),
    SendPermit(usize),
    DropPermit(usize),
    TryRecv,
    PollRecv,
    RecvMany(usize),
    Close,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => Just(Op::TrySend),
        6 => Just(Op::Reserve),
        4 => (0..6usize).prop_map(Op::PollReserve),
        2 => (0..6usize).prop_map(Op::CancelReserve),
        6 => (0..6usize).prop_map(Op::SendPermit),
        2 => (0..6usize).prop_map(Op::DropPermit),
        3 => Just(Op::TryRecv),
        3 => Just(Op::PollRecv),
        3 => (1..5usize).prop_map(Op::RecvMany),
        1 => Just(Op::Close),
    ]
}

/// The end of a channel as `recv` sees it.
#[derive(Debug, PartialEq)]
enum Next {
    Values(Vec<u32>),
    End,
    Nothing,
}

struct Twin {
    bound: usize,
    room: usize,
    closed: bool,
    values: VecDeque<u32>,
    waits: VecDeque<usize>,
    woken: Vec<usize>,
    refused: Vec<usize>,
}

impl Twin {
    fn give_room(&mut self, n: usize) {
        for _ in 0..n {
            match self.waits.pop_front() {
                Some(id) => self.woken.push(id),
                None => self.room += 1,
            }
        }
    }

    fn reserve(&mut self, id: usize) -> Poll<bool> {
        if self.closed {
            Poll::Ready(false)
        } else if self.room > 0 {
            self.room -= 1;
            Poll::Ready(true)
        } else {
            self.waits.push_back(id);
            Poll::Pending
        }
    }

    fn poll_reserve(&mut self, id: usize) -> Poll<bool> {
        if remove(&mut self.refused, id) {
            return Poll::Ready(false);
        }
        if !remove(&mut self.woken, id) {
            return Poll::Pending;
        }
        if self.closed {
            self.give_room(1);
        }
        Poll::Ready(!self.closed)
    }

    fn cancel(&mut self, id: usize) {
        self.waits.retain(|wait| *wait != id);
        remove(&mut self.refused, id);
        if remove(&mut self.woken, id) {
            self.give_room(1);
        }
    }

    fn next(&mut self, most: usize) -> Next {
        let taken: Vec<_> = self.values.drain(..most.min(self.values.len())).collect();
        self.give_room(taken.len());
        match taken.is_empty() {
            false => Next::Values(taken),
            true if self.closed && self.room == self.bound => Next::End,
            true => Next::Nothing,
        }
    }

    fn close(&mut self) {
        self.closed = true;
        self.refused.extend(self.waits.drain(..));
    }
}

fn remove(ids: &mut Vec<usize>, id: usize) -> bool {
    let at = ids.iter().position(|other| *other == id);
    at.map(|at| ids.remove(at)).is_some()
}

type Reserve = Pin<Box<dyn Future<Output = Option<OwnedPermit<u32>>>>>;

struct Pair {
    tx: mpsc::Sender<u32>,
    rx: mpsc::Receiver<u32>,
    twin: Twin,
    reserves: Vec<(usize, Task<Reserve>)>,
    permits: Vec<OwnedPermit<u32>>,
    made: u32,
}

impl Pair {
    fn new(bound: usize) -> Self {
        let (tx, rx) = mpsc::channel(bound);
        let twin = Twin {
            bound,
            room: bound,
            closed: false,
            values: VecDeque::new(),
            waits: VecDeque::new(),
            woken: Vec::new(),
            refused: Vec::new(),
        };
        Self {
            tx,
            rx,
            twin,
            reserves: Vec::new(),
            permits: Vec::new(),
            made: 0,
        }
    }

    fn value(&mut self) -> u32 {
        self.made += 1;
        self.made
    }

    fn send_side(&mut self, op: &Op) {
        match *op {
            Op::TrySend => {
                let value = self.value();
                let room = !self.twin.closed && self.twin.room > 0;
                assert_eq!(self.tx.try_send(value).is_ok(), room);
                if room {
                    self.twin.room -= 1;
                    self.twin.values.push_back(value);
                }
            }
            Op::Reserve => {
                let (id, tx) = (self.value() as usize, self.tx.clone());
                let future: Reserve = Box::pin(async move { tx.reserve_owned().await.ok() });
                let expected = self.twin.reserve(id);
                self.settle(id, Task::new(future), expected);
            }
            Op::PollReserve(at) if at < self.reserves.len() => {
                let (id, task) = self.reserves.remove(at);
                let expected = self.twin.poll_reserve(id);
                self.settle(id, task, expected);
            }
            Op::CancelReserve(at) if at < self.reserves.len() => {
                let (id, task) = self.reserves.remove(at);
                drop(task);
                self.twin.cancel(id);
            }
            Op::SendPermit(at) if at < self.permits.len() => {
                let value = self.value();
                drop(self.permits.remove(at).send(value));
                self.twin.values.push_back(value);
            }
            Op::DropPermit(at) if at < self.permits.len() => {
                drop(self.permits.remove(at));
                self.twin.give_room(1);
            }
            _ => {}
        }
    }

    fn settle(&mut self, id: usize, mut task: Task<Reserve>, expected: Poll<bool>) {
        match task.poll() {
            Poll::Ready(permit) => {
                assert_eq!(expected, Poll::Ready(permit.is_some()));
                self.permits.extend(permit);
            }
            Poll::Pending => {
                assert!(expected.is_pending());
                self.reserves.push((id, task));
            }
        }
    }

    fn receive_side(&mut self, op: &Op) {
        let mut cx = Context::from_waker(Waker::noop());
        let (got, most) = match *op {
            Op::TryRecv => match self.rx.try_recv() {
                Ok(value) => (Next::Values(vec![value]), 1),
                Err(TryRecvError::Disconnected) => (Next::End, 1),
                Err(TryRecvError::Empty) => (Next::Nothing, 1),
            },
            Op::PollRecv => match self.rx.poll_recv(&mut cx) {
                Poll::Ready(Some(value)) => (Next::Values(vec![value]), 1),
                Poll::Ready(None) => (Next::End, 1),
                Poll::Pending => (Next::Nothing, 1),
            },
            Op::RecvMany(most) => {
                let mut values = Vec::new();
                match self.rx.poll_recv_many(&mut cx, &mut values, most) {
                    Poll::Ready(0) => (Next::End, most),
                    Poll::Ready(_) => (Next::Values(values), most),
                    Poll::Pending => (Next::Nothing, most),
                }
            }
            _ => return,
        };
        assert_eq!(got, self.twin.next(most));
    }

    fn step(&mut self, op: &Op) {
        self.send_side(op);
        self.receive_side(op);
        if matches!(op, Op::Close) {
            self.rx.close();
            self.twin.close();
        }
        assert_eq!(
            (self.tx.capacity(), self.rx.len()),
            (self.twin.room, self.twin.values.len())
        );
        for (id, task) in &self.reserves {
            let woken = self.twin.woken.contains(id) || self.twin.refused.contains(id);
            assert_eq!(task.wakes(), usize::from(woken), "reservation {id}");
            assert_eq!(task.wakers_kept(), usize::from(!woken), "reservation {id}");
        }
    }
}

proptest! {
    #[test]
    fn agrees_with_the_twin(bound in 1..4usize, ops in prop::collection::vec(op(), 0..150)) {
        let mut pair = Pair::new(bound);
        ops.iter().for_each(|op| pair.step(op));
    }

    #[test]
    fn an_unbounded_channel_is_a_queue(ops in prop::collection::vec(0..10u32, 0..400)) {
        let (tx, mut rx) = mpsc::unbounded_channel();
        let mut twin = VecDeque::new();
        for (value, op) in ops.into_iter().enumerate() {
            match op {
                0..6 => {
                    tx.send(value).unwrap();
                    twin.push_back(value);
                }
                6..9 => assert_eq!(rx.try_recv().ok(), twin.pop_front()),
                _ => {
                    let mut values = Vec::new();
                    let _ = rx.poll_recv_many(&mut Context::from_waker(Waker::noop()), &mut values, 40);
                    assert!(values.into_iter().eq(twin.drain(..twin.len().min(40))));
                }
            }
            assert_eq!(rx.len(), twin.len());
        }
    }
}
