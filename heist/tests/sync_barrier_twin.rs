//! The barrier against a naive twin: random sequences of arrivals and of waits given up must agree on who leads, on who
//! crosses, and on who is woken.

mod sync_kit;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use heist::sync::Barrier;
use proptest::prelude::*;
use sync_kit::Task;

/// Whether it leads.
type Wait = Pin<Box<dyn Future<Output = bool>>>;

#[derive(Clone, Debug)]
enum Op {
    Arrive,
    /// A wait whose future is dropped before its first poll, and so has not arrived.
    Forgo,
    Poll {
        at: usize,
        elsewhere: bool,
    },
    Cancel(usize),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => Just(Op::Arrive),
        1 => Just(Op::Forgo),
        4 => (0..5usize, any::<bool>()).prop_map(|(at, elsewhere)| Op::Poll { at, elsewhere }),
        2 => (0..5usize).prop_map(Op::Cancel),
    ]
}

struct Pair {
    barrier: Arc<Barrier>,
    n: usize,
    /// Of this round.
    arrived: usize,
    round: usize,
    /// With the round that they wait for.
    waits: Vec<(usize, Task<Wait>)>,
}

impl Pair {
    fn step(&mut self, op: &Op) {
        match *op {
            Op::Arrive => {
                let barrier = self.barrier.clone();
                let mut task = Task::<Wait>::new(Box::pin(async move { barrier.wait().await.is_leader() }));
                self.arrived += 1;
                let leads = self.arrived >= self.n;
                let expected = if leads { Poll::Ready(true) } else { Poll::Pending };
                assert_eq!(task.poll(), expected);
                if leads {
                    self.arrived = 0;
                    self.round += 1;
                } else {
                    self.waits.push((self.round, task));
                }
            }
            Op::Forgo => drop(self.barrier.wait()),
            Op::Poll { at, elsewhere } if at < self.waits.len() => {
                let (round, mut task) = self.waits.remove(at);
                let polled = if elsewhere {
                    task.poll_elsewhere()
                } else {
                    task.poll()
                };
                if round == self.round {
                    assert_eq!(polled, Poll::Pending);
                    self.waits.push((round, task));
                } else {
                    assert_eq!(polled, Poll::Ready(false));
                }
            }
            // It has arrived all the same.
            Op::Cancel(at) if at < self.waits.len() => drop(self.waits.remove(at)),
            _ => {}
        }
        for (round, task) in &self.waits {
            let crosses = *round != self.round;
            assert_eq!(task.wakes(), usize::from(crosses));
            assert_eq!(task.wakers_kept(), usize::from(!crosses));
        }
    }
}

proptest! {
    #[test]
    fn agrees_with_the_twin(n in 0..5usize, ops in prop::collection::vec(op(), 0..60)) {
        let barrier = Arc::new(Barrier::new(n));
        let mut pair = Pair { barrier, n, arrived: 0, round: 0, waits: Vec::new() };
        ops.iter().for_each(|op| pair.step(op));
    }
}
