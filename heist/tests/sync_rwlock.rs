//! RwLock: readers together, a writer alone, in the order of arrival; guards that are mapped and downgraded.

mod sync_kit;

use std::sync::Arc;
use std::thread;

use heist::sync::{
    OwnedRwLockMappedWriteGuard, OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock, RwLockMappedWriteGuard,
    RwLockReadGuard, RwLockWriteGuard,
};
use sync_kit::{Task, now, panic_message};

#[test]
fn readers_share_and_a_writer_does_not() {
    let lock = RwLock::new(1);
    let (first, second) = (now(lock.read()), now(lock.read()));
    assert_eq!(*first + *second, 2);
    assert!(lock.try_write().is_err());
    let mut writes = Task::pending(lock.write());
    drop(first);
    assert_eq!(writes.wakes(), 0);
    drop(second);
    assert_eq!(writes.wakes(), 1);
    let guard = writes.ready();
    assert!(lock.try_read().is_err());
    assert!(lock.try_write().is_err());
    drop(guard);
    assert!(lock.try_write().is_ok());
}

#[test]
fn a_waiting_writer_is_not_overtaken() {
    let lock = RwLock::new(0);
    let reads = now(lock.read());
    let mut writes = Task::pending(lock.write());
    let mut late = Task::pending(lock.read());
    assert!(lock.try_read().is_err());
    drop(reads);
    assert_eq!((writes.wakes(), late.wakes()), (1, 0));
    drop(writes.ready());
    assert_eq!(late.wakes(), 1);
    drop(late.ready());
}

#[test]
fn readers_behind_a_writer_go_together() {
    let lock = RwLock::new(0);
    let writes = now(lock.write());
    let mut readers: Vec<_> = (0..3).map(|_| Task::pending(lock.read())).collect();
    let mut last = Task::pending(lock.write());
    drop(writes);
    assert!(readers.iter().all(|reader| reader.wakes() == 1));
    assert_eq!(last.wakes(), 0);
    let guards: Vec<_> = readers.iter_mut().map(Task::ready).collect();
    drop(guards);
    drop(last.ready());
}

#[test]
fn a_wait_that_is_given_up_lets_the_next_go() {
    let lock = RwLock::new(0);
    let reads = now(lock.read());
    let writes = Task::pending(lock.write());
    let mut late = Task::pending(lock.read());
    drop(writes);
    assert_eq!(late.wakes(), 1);
    drop((late.ready(), reads));

    // Given up after it has got the lock, and before it has seen it.
    let writes = now(lock.write());
    let granted = Task::pending(lock.write());
    let mut next = Task::pending(lock.read());
    drop(writes);
    assert_eq!((granted.wakes(), next.wakes()), (1, 0));
    drop(granted);
    assert_eq!(next.wakes(), 1);
    drop(next.ready());
}

#[test]
fn max_readers_holds() {
    let lock = RwLock::with_max_readers(0, 2);
    let (first, second) = (now(lock.read()), now(lock.read()));
    let mut third = Task::pending(lock.read());
    assert!(lock.try_read().is_err());
    drop(first);
    drop((third.ready(), second));
    drop(now(lock.write()));
    let zero = panic_message(|| RwLock::with_max_readers(0, 0));
    assert!(zero.contains("may not be created with 0 readers"), "{zero}");
    let many = panic_message(|| RwLock::with_max_readers(0, u32::MAX));
    assert!(
        many.contains("may not be created with more than 536870911 readers"),
        "{many}"
    );
}

#[test]
fn a_downgraded_guard_lets_readers_in_and_no_writer() {
    let lock = RwLock::new(1);
    let mut writes = now(lock.write());
    let mut reader = Task::pending(lock.read());
    let mut writer = Task::pending(lock.write());
    *writes = 2;
    let mine = writes.downgrade();
    assert_eq!((reader.wakes(), writer.wakes()), (1, 0));
    let theirs = reader.ready();
    assert_eq!((*mine, *theirs), (2, 2));
    drop((mine, theirs));
    drop(writer.ready());

    let lock = Arc::new(RwLock::new(2));
    let mine = now(lock.clone().write_owned()).downgrade();
    assert_eq!(*mine, 2);
    assert!(Arc::ptr_eq(OwnedRwLockReadGuard::rwlock(&mine), &lock));
    assert!(lock.try_read().is_ok());
    assert!(lock.try_write().is_err());
}

#[test]
fn mapped_guards_hold_the_lock_to_their_end() {
    let lock = RwLock::new((1, vec![2, 3]));
    let part = RwLockReadGuard::map(now(lock.read()), |pair| &pair.1);
    let part = RwLockReadGuard::try_map(part, |list| list.get(9)).unwrap_err();
    let item = RwLockReadGuard::try_map(part, |list| list.get(1)).unwrap();
    assert_eq!(*item, 3);
    assert!(lock.try_write().is_err());
    drop(item);

    let part = RwLockWriteGuard::map(now(lock.write()), |pair| &mut pair.1);
    let part = RwLockMappedWriteGuard::try_map(part, |list| list.get_mut(9)).unwrap_err();
    let mut item = RwLockMappedWriteGuard::map(part, |list| &mut list[0]);
    *item = 7;
    assert!(lock.try_read().is_err());
    drop(item);

    let whole = now(lock.write());
    let whole = RwLockWriteGuard::try_map(whole, |pair| pair.1.get_mut(9)).unwrap_err();
    let whole = RwLockWriteGuard::try_downgrade_map(whole, |pair| pair.1.get(9)).unwrap_err();
    assert!(lock.try_read().is_err(), "still for writing");
    let item = RwLockWriteGuard::downgrade_map(whole, |pair| &pair.1[0]);
    assert_eq!((*item, lock.try_read().unwrap().1[0]), (7, 7));
    drop(item);

    drop(RwLockWriteGuard::into_mapped(now(lock.write())));
    assert_eq!(now(lock.write()).1, [7, 3]);
}

#[test]
fn owned_guards_do_the_same_and_know_their_lock() {
    let lock = Arc::new(RwLock::new((1, vec![2, 3])));
    let read = now(lock.clone().read_owned());
    let item = OwnedRwLockReadGuard::map(read, |pair| &pair.1[1]);
    assert_eq!(*item, 3);
    assert!(lock.clone().try_write_owned().is_err());
    drop(item);

    let whole = now(lock.clone().write_owned());
    assert!(Arc::ptr_eq(OwnedRwLockWriteGuard::rwlock(&whole), &lock));
    let whole = OwnedRwLockWriteGuard::try_map(whole, |pair| pair.1.get_mut(9)).unwrap_err();
    let part = OwnedRwLockWriteGuard::map(whole, |pair| &mut pair.1);
    let part = OwnedRwLockMappedWriteGuard::try_map(part, |list| list.get_mut(9)).unwrap_err();
    let mut item = OwnedRwLockMappedWriteGuard::map(part, |list| &mut list[0]);
    assert!(Arc::ptr_eq(OwnedRwLockMappedWriteGuard::rwlock(&item), &lock));
    *item = 5;
    assert!(lock.clone().try_read_owned().is_err());
    drop(item);

    let whole = lock.clone().try_write_owned().unwrap();
    let whole = OwnedRwLockWriteGuard::try_downgrade_map(whole, |pair| pair.1.get(9)).unwrap_err();
    let item = OwnedRwLockWriteGuard::downgrade_map(whole, |pair| &pair.1[0]);
    assert_eq!(*item, 5);
    assert!(lock.try_read().is_ok());
    drop(item);
    drop(OwnedRwLockWriteGuard::into_mapped(now(lock
        .clone()
        .write_owned())));
    assert_eq!(Arc::into_inner(lock).unwrap().into_inner(), (1, vec![5, 3]));
}

#[test]
fn a_panic_in_a_mapping_unlocks() {
    let lock = RwLock::new(1);
    panic_message(|| RwLockWriteGuard::map(now(lock.write()), |_| -> &mut i32 { panic!("no") }));
    panic_message(|| RwLockWriteGuard::downgrade_map(now(lock.write()), |_| -> &i32 { panic!("no") }));
    panic_message(|| RwLockReadGuard::map(now(lock.read()), |_| -> &i32 { panic!("no") }));
    assert!(lock.try_write().is_ok());
}

#[test]
fn it_is_as_sized_as_its_value_and_prints() {
    let lock: Arc<RwLock<[i32]>> = Arc::new(RwLock::new([1, 2]));
    assert_eq!(format!("{lock:?}"), "RwLock { data: [1, 2] }");
    let guard = now(lock.write());
    assert_eq!(format!("{lock:?}"), "RwLock { data: <locked> }");
    drop(guard);
    let mut lock = RwLock::<u8>::default();
    *lock.get_mut() += 1;
    assert_eq!(format!("{}", lock.try_read().unwrap()), "1");
    assert_eq!(RwLock::from(3).into_inner(), 3);
}

#[test]
fn threads_read_what_was_written_as_a_whole() {
    let lock = Arc::new(RwLock::new((0, 0)));
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let lock = lock.clone();
            thread::spawn(move || {
                for _ in 0..500 {
                    {
                        let mut pair = lock.blocking_write();
                        pair.0 += 1;
                        pair.1 += 1;
                    }
                    let pair = lock.blocking_read();
                    assert_eq!(pair.0, pair.1);
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(*lock.blocking_read(), (2000, 2000));
}

mod twin {
    //! Random sequences of locking, unlocking and giving up must agree with a queue and two counters.

    use std::collections::VecDeque;
    use std::future::Future;
    use std::pin::Pin;
    use std::sync::Arc;
    use std::task::Poll;

    use heist::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};
    use proptest::prelude::*;

    use super::sync_kit::Task;

    const MOST: usize = 3;

    enum Guard {
        Read { _held: OwnedRwLockReadGuard<()> },
        Write(OwnedRwLockWriteGuard<()>),
    }

    #[derive(Clone, Debug)]
    enum Op {
        Read,
        Write,
        Poll(usize),
        Cancel(usize),
        Unlock(usize),
        Downgrade(usize),
        TryRead,
        TryWrite,
    }

    fn op() -> impl Strategy<Value = Op> {
        prop_oneof![
            4 => Just(Op::Read),
            2 => Just(Op::Write),
            6 => (0..8usize).prop_map(Op::Poll),
            2 => (0..8usize).prop_map(Op::Cancel),
            6 => (0..8usize).prop_map(Op::Unlock),
            1 => (0..8usize).prop_map(Op::Downgrade),
            1 => Just(Op::TryRead),
            1 => Just(Op::TryWrite),
        ]
    }

    /// Who holds how many permits, who waits, who has been let in and does not know.
    #[derive(Default)]
    struct Twin {
        taken: usize,
        queue: VecDeque<(usize, usize)>,
        granted: Vec<(usize, usize)>,
    }

    impl Twin {
        fn ask(&mut self, id: usize, wanted: usize) {
            self.queue.push_back((id, wanted));
            self.settle();
        }

        fn settle(&mut self) {
            while let Some(&(id, wanted)) = self.queue.front().filter(|front| self.taken + front.1 <= MOST) {
                self.queue.pop_front();
                self.taken += wanted;
                self.granted.push((id, wanted));
            }
        }

        fn collect(&mut self, id: usize) -> bool {
            let at = self.granted.iter().position(|granted| granted.0 == id);
            at.map(|at| self.granted.remove(at)).is_some()
        }

        fn give_up(&mut self, id: usize) {
            self.queue.retain(|waiting| waiting.0 != id);
            if let Some(at) = self.granted.iter().position(|granted| granted.0 == id) {
                self.taken -= self.granted.remove(at).1;
            }
            self.settle();
        }

        fn unlock(&mut self, permits: usize) {
            self.taken -= permits;
            self.settle();
        }

        fn can(&self, wanted: usize) -> bool {
            self.queue.is_empty() && self.taken + wanted <= MOST
        }
    }

    type Locking = Pin<Box<dyn Future<Output = Guard>>>;

    fn locking(lock: Arc<RwLock<()>>, writes: bool) -> Locking {
        Box::pin(async move {
            if writes {
                Guard::Write(lock.write_owned().await)
            } else {
                Guard::Read {
                    _held: lock.read_owned().await,
                }
            }
        })
    }

    fn permits(guard: &Guard) -> usize {
        match guard {
            Guard::Read { .. } => 1,
            Guard::Write(_) => MOST,
        }
    }

    #[derive(Default)]
    struct State {
        twin: Twin,
        next: usize,
        waiting: Vec<(usize, Task<Locking>)>,
        held: Vec<Guard>,
    }

    impl State {
        fn poll(&mut self, at: usize) -> Result<(), TestCaseError> {
            let (id, task) = &mut self.waiting[at];
            let granted = self.twin.collect(*id);
            match task.poll() {
                Poll::Ready(guard) => {
                    prop_assert!(granted, "let in too early");
                    self.held.push(guard);
                    self.waiting.remove(at);
                }
                Poll::Pending => prop_assert!(!granted, "not let in"),
            }
            Ok(())
        }

        fn apply(&mut self, lock: &Arc<RwLock<()>>, op: Op) -> Result<(), TestCaseError> {
            let (waiting, held) = (self.waiting.len(), self.held.len());
            match op {
                Op::Read | Op::Write => {
                    let writes = matches!(op, Op::Write);
                    self.next += 1;
                    self.waiting
                        .push((self.next, Task::new(locking(lock.clone(), writes))));
                    self.twin.ask(self.next, if writes { MOST } else { 1 });
                    self.poll(waiting)?;
                }
                Op::Poll(n) if waiting > 0 => self.poll(n % waiting)?,
                Op::Cancel(n) if waiting > 0 => {
                    let (id, task) = self.waiting.remove(n % waiting);
                    drop(task);
                    self.twin.give_up(id);
                }
                Op::Unlock(n) if held > 0 => {
                    let guard = self.held.remove(n % held);
                    let permits = permits(&guard);
                    drop(guard);
                    self.twin.unlock(permits);
                }
                Op::Downgrade(n) if held > 0 => match self.held.remove(n % held) {
                    Guard::Write(guard) => {
                        self.held.push(Guard::Read {
                            _held: guard.downgrade(),
                        });
                        self.twin.unlock(MOST - 1);
                    }
                    read => self.held.push(read),
                },
                Op::TryRead => prop_assert_eq!(lock.try_read().is_ok(), self.twin.can(1)),
                Op::TryWrite => prop_assert_eq!(lock.try_write().is_ok(), self.twin.can(MOST)),
                _ => {}
            }
            for (id, task) in &self.waiting {
                let granted = self.twin.granted.iter().any(|granted| granted.0 == *id);
                prop_assert_eq!(task.wakes(), usize::from(granted), "wakes");
                prop_assert_eq!(task.wakers_kept(), usize::from(!granted), "wakers");
            }
            Ok(())
        }
    }

    proptest! {
        #[test]
        fn it_agrees_with_a_twin(ops in prop::collection::vec(op(), 1..60)) {
            let lock = Arc::new(RwLock::with_max_readers((), MOST as u32));
            let mut state = State::default();
            for op in ops {
                state.apply(&lock, op)?;
            }
        }
    }
}
