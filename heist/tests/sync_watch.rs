//! watch: the latest value, who has seen it, and who is woken when.

mod sync_kit;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use heist::sync::watch::{self, Receiver, Sender};
use sync_kit::{Drops, Task, now, panic_message};

#[test]
fn a_change_wakes_each_receiver_once_and_is_seen_once() {
    let (sender, mut first) = watch::channel(1);
    let mut second = first.clone();
    {
        let mut waits = [Task::pending(first.changed()), Task::pending(second.changed())];
        sender.send(2).unwrap();
        sender.send(3).unwrap();
        for wait in &mut waits {
            assert_eq!(wait.wakes(), 1);
            wait.ready().unwrap();
        }
    }
    assert!(Task::new(first.changed()).poll().is_pending());
    assert_eq!((*first.borrow(), *second.borrow()), (3, 3));
}

#[test]
fn many_receivers_are_all_woken() {
    let (sender, receiver) = watch::channel(());
    let mut receivers: Vec<_> = (0..40).map(|_| receiver.clone()).collect();
    let waits: Vec<_> = receivers.iter_mut().map(|r| Task::pending(r.changed())).collect();
    sender.send(()).unwrap();
    assert!(waits.iter().all(|wait| wait.wakes() == 1));
}

#[test]
fn a_wait_that_is_given_up_has_seen_nothing() {
    let (sender, mut receiver) = watch::channel(1);
    let wait = Task::pending(receiver.changed());
    sender.send(2).unwrap();
    assert_eq!(wait.wakes(), 1);
    drop(wait);
    assert!(receiver.has_changed().unwrap());
    now(receiver.changed()).unwrap();

    let wait = Task::pending(receiver.changed());
    assert_eq!(wait.wakers_kept(), 1);
    drop(wait);
    sender.send(3).unwrap();
}

#[test]
fn a_wait_moves_to_another_task() {
    let (sender, mut receiver) = watch::channel(1);
    let mut wait = Task::pending(receiver.changed());
    assert!(wait.poll_elsewhere().is_pending());
    sender.send(2).unwrap();
    assert_eq!(wait.wakes(), 1);
}

#[test]
fn looks_say_what_is_new() {
    let (sender, mut receiver) = watch::channel(1);
    assert!(!sender.borrow().has_changed());
    assert!(!receiver.borrow().has_changed());
    sender.send(2).unwrap();
    assert!(receiver.borrow().has_changed());
    assert!(receiver.borrow_and_update().has_changed());
    assert!(!receiver.borrow_and_update().has_changed());
    receiver.mark_changed();
    assert!(receiver.has_changed().unwrap());
    assert!(
        receiver.clone().borrow().has_changed(),
        "a clone has seen what the original has"
    );
    assert!(!sender.subscribe().has_changed().unwrap());
    receiver.mark_unchanged();
    assert!(!receiver.has_changed().unwrap());
    assert!(Task::new(receiver.changed()).poll().is_pending());
}

#[test]
fn the_last_value_is_seen_after_the_senders_have_gone() {
    let (sender, mut receiver) = watch::channel(1);
    let other = sender.clone();
    assert_eq!(sender.sender_count(), 2);
    sender.send(2).unwrap();
    drop(sender);
    assert!(!receiver.is_closed());
    drop(other);
    assert!(receiver.is_closed());
    assert!(receiver.has_changed().is_err());
    now(receiver.changed()).unwrap();
    let error = now(receiver.changed()).unwrap_err();
    assert_eq!(error.to_string(), "channel closed");
    assert_eq!(*receiver.borrow(), 2);
    receiver.mark_changed();
    now(receiver.changed()).unwrap();
}

#[test]
fn the_close_wakes_who_waits() {
    let (sender, mut receiver) = watch::channel(1);
    let mut wait = Task::pending(receiver.changed());
    drop(sender);
    assert_eq!(wait.wakes(), 1);
    assert!(wait.ready().is_err());
}

#[test]
fn wait_for_begins_with_the_value_that_is_there() {
    let (sender, mut receiver) = watch::channel(1);
    {
        let value = now(receiver.wait_for(|n| *n == 1)).unwrap();
        assert_eq!((*value, value.has_changed()), (1, false));
    }
    let mut wait = Task::pending(receiver.wait_for(|n| *n > 2));
    sender.send(2).unwrap();
    assert_eq!(wait.wakes(), 1);
    assert!(wait.poll().is_pending());
    sender.send(3).unwrap();
    assert_eq!(*wait.ready().unwrap(), 3);
    drop(wait);
    assert!(!receiver.has_changed().unwrap());

    sender.send(4).unwrap();
    drop(sender);
    assert_eq!(*now(receiver.wait_for(|n| *n == 4)).unwrap(), 4);
    let mut looks = 0;
    let refuses = |_: &i32| {
        looks += 1;
        false
    };
    assert!(now(receiver.wait_for(refuses)).is_err());
    assert_eq!(looks, 1);
}

#[test]
fn a_panic_in_a_closure_leaves_the_channel_usable() {
    let (sender, mut receiver) = watch::channel(1);
    let message = panic_message(|| {
        sender.send_modify(|n| {
            *n = 5;
            panic!("halfway")
        });
    });
    assert_eq!(message, "halfway");
    assert!(!receiver.has_changed().unwrap());
    assert_eq!(*receiver.borrow(), 5);
    panic_message(|| now(receiver.wait_for(|_| panic!("no"))).map(drop));
    sender.send(6).unwrap();
    now(receiver.changed()).unwrap();
}

#[test]
fn senders_change_with_and_without_receivers() {
    let sender = Sender::new(vec![1]);
    assert!(sender.is_closed());
    let refused = sender.send(vec![]).unwrap_err();
    assert_eq!(
        format!("{refused:?} {refused}"),
        "SendError { .. } channel closed"
    );
    assert_eq!(*sender.borrow(), [1]);
    assert_eq!(sender.send_replace(vec![2]), [1]);
    sender.send_modify(|list| list.push(3));
    let receiver = sender.subscribe();
    assert!(!sender.send_if_modified(|_| false));
    assert!(!receiver.has_changed().unwrap());
    assert!(sender.send_if_modified(|list| list.pop().is_some()));
    assert!(receiver.has_changed().unwrap());
    assert_eq!(*receiver.borrow(), [2]);
    assert!(receiver.same_channel(&receiver.clone()));
    assert!(sender.same_channel(&sender.clone()));
    assert!(!sender.same_channel(&Sender::default()));
}

#[test]
fn closed_waits_for_the_last_receiver() {
    let (sender, first) = watch::channel(());
    let second = sender.subscribe();
    assert_eq!(sender.receiver_count(), 2);
    let gone = Task::pending(sender.closed());
    let mut wait = Task::pending(sender.closed());
    drop(gone);
    drop(first);
    assert_eq!(wait.wakes(), 0);
    drop(second);
    assert_eq!(wait.wakes(), 1);
    // One more, before the waiter looks.
    let third = sender.subscribe();
    assert!(wait.poll().is_pending());
    drop(third);
    wait.ready();
    now(sender.closed());
}

#[test]
fn a_replaced_value_is_dropped_outside_of_the_lock() {
    struct Looks(Option<Receiver<Looks>>, Arc<AtomicUsize>);
    impl Drop for Looks {
        fn drop(&mut self) {
            if let Some(receiver) = self.0.take() {
                self.1
                    .fetch_add(usize::from(receiver.borrow().0.is_none()), Ordering::SeqCst);
            }
        }
    }
    let looked = Arc::new(AtomicUsize::new(0));
    let (sender, receiver) = watch::channel(Looks(None, looked.clone()));
    assert!(sender.send(Looks(Some(receiver.clone()), looked.clone())).is_ok());
    assert!(sender.send(Looks(None, looked.clone())).is_ok());
    assert_eq!(looked.load(Ordering::SeqCst), 1);
}

#[test]
fn each_value_is_dropped_once() {
    let drops = Drops::default();
    let (sender, receiver) = watch::channel(drops.value());
    assert!(sender.send(drops.value()).is_ok());
    assert_eq!(drops.count(), 1);
    drop(receiver);
    drop(sender.send(drops.value()));
    assert_eq!(drops.count(), 2);
    drop(sender);
    assert_eq!(drops.count(), 3);
}

#[test]
fn threads_see_values_in_order_and_the_last_one() {
    const LAST: u32 = 2_000;
    let (sender, receiver) = watch::channel(0u32);
    let threads: Vec<_> = (0..3)
        .map(|_| {
            let mut receiver = receiver.clone();
            thread::spawn(move || {
                heist_executor::park::block_on(async {
                    let mut before = 0;
                    while receiver.changed().await.is_ok() {
                        let value = *receiver.borrow_and_update();
                        assert!(value >= before);
                        before = value;
                    }
                    before
                })
            })
        })
        .collect();
    for value in 1..=LAST {
        sender.send(value).unwrap();
    }
    drop((sender, receiver));
    for thread in threads {
        assert_eq!(thread.join().unwrap(), LAST);
    }
}

mod twin {
    //! Random sequences of every operation must agree with a number and a mark per receiver.

    use heist::sync::watch;
    use proptest::prelude::*;

    use super::sync_kit::Task;

    #[derive(Clone, Debug)]
    enum Op {
        Send(u8),
        Replace(u8),
        ModifyUnseen(u8),
        Subscribe,
        Clone(usize),
        Drop(usize),
        Borrow(usize),
        Update(usize),
        Changed(usize),
        WaitFor(usize, u8),
        MarkChanged(usize),
        MarkUnchanged(usize),
    }

    fn op() -> impl Strategy<Value = Op> {
        let which = || 0..8usize;
        prop_oneof![
            4 => any::<u8>().prop_map(Op::Send),
            2 => any::<u8>().prop_map(Op::Replace),
            1 => any::<u8>().prop_map(Op::ModifyUnseen),
            2 => Just(Op::Subscribe),
            2 => which().prop_map(Op::Clone),
            2 => which().prop_map(Op::Drop),
            3 => which().prop_map(Op::Borrow),
            3 => which().prop_map(Op::Update),
            4 => which().prop_map(Op::Changed),
            2 => (which(), any::<u8>()).prop_map(|(n, value)| Op::WaitFor(n, value)),
            1 => which().prop_map(Op::MarkChanged),
            1 => which().prop_map(Op::MarkUnchanged),
        ]
    }

    /// A receiver, and whether there is something it has not seen.
    type Watcher = (watch::Receiver<u8>, bool);

    struct State {
        sender: watch::Sender<u8>,
        value: u8,
        watchers: Vec<Watcher>,
    }

    impl State {
        fn publish(&mut self, value: u8) {
            self.value = value;
            self.watchers.iter_mut().for_each(|watcher| watcher.1 = true);
        }

        fn send(&mut self, op: Op) -> Result<(), TestCaseError> {
            match op {
                Op::Send(value) => {
                    prop_assert_eq!(self.sender.send(value).is_ok(), !self.watchers.is_empty());
                    if !self.watchers.is_empty() {
                        self.publish(value);
                    }
                }
                Op::Replace(value) => {
                    prop_assert_eq!(self.sender.send_replace(value), self.value);
                    self.publish(value);
                }
                Op::ModifyUnseen(value) => {
                    self.sender.send_if_modified(|old| {
                        *old = value;
                        false
                    });
                    self.value = value;
                }
                _ => self.watchers.push((self.sender.subscribe(), false)),
            }
            Ok(())
        }

        fn watch(&mut self, op: Op) -> Result<(), TestCaseError> {
            let count = self.watchers.len();
            let (Op::Clone(n)
            | Op::Drop(n)
            | Op::Borrow(n)
            | Op::Update(n)
            | Op::Changed(n)
            | Op::WaitFor(n, _)
            | Op::MarkChanged(n)
            | Op::MarkUnchanged(n)) = op
            else {
                return self.send(op);
            };
            if count == 0 {
                return Ok(());
            }
            let value = self.value;
            let (receiver, unseen) = &mut self.watchers[n % count];
            prop_assert_eq!(receiver.has_changed().unwrap(), *unseen);
            match op {
                Op::Clone(_) => {
                    let clone = (receiver.clone(), *unseen);
                    self.watchers.push(clone);
                }
                Op::Drop(_) => drop(self.watchers.remove(n % count)),
                Op::Borrow(_) => {
                    let seen = receiver.borrow();
                    prop_assert_eq!((*seen, seen.has_changed()), (value, *unseen));
                }
                Op::Update(_) => {
                    let seen = receiver.borrow_and_update();
                    prop_assert_eq!((*seen, seen.has_changed()), (value, *unseen));
                    *unseen = false;
                }
                Op::Changed(_) => {
                    prop_assert_eq!(Task::new(receiver.changed()).poll().is_ready(), *unseen);
                    *unseen = false;
                }
                Op::WaitFor(_, wanted) => {
                    let found = Task::new(receiver.wait_for(|found| *found >= wanted))
                        .poll()
                        .is_ready();
                    prop_assert_eq!(found, value >= wanted);
                    *unseen = false;
                }
                Op::MarkChanged(_) => {
                    receiver.mark_changed();
                    *unseen = true;
                }
                _ => {
                    receiver.mark_unchanged();
                    *unseen = false;
                }
            }
            Ok(())
        }
    }

    proptest! {
        #[test]
        fn it_agrees_with_a_twin(ops in prop::collection::vec(op(), 1..60)) {
            let sender = watch::Sender::new(0);
            let mut state = State { sender, value: 0, watchers: Vec::new() };
            for op in ops {
                state.watch(op)?;
                prop_assert_eq!(*state.sender.borrow(), state.value);
                prop_assert_eq!(state.sender.receiver_count(), state.watchers.len());
            }
        }
    }
}
