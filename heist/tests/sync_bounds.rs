//! What may pass between threads, and what a panic may leave behind: as the compiler sees it.
//!
//! The shapes of value: `Both` is `Send + Sync`, `Moves` only `Send`, `Stays` neither.

use std::cell::Cell;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::rc::Rc;

use heist::sync::{
    Barrier, BarrierWaitResult, MappedMutexGuard, OnceCell, OwnedRwLockMappedWriteGuard,
    OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock, RwLockMappedWriteGuard, RwLockReadGuard,
    RwLockWriteGuard, SetOnce, broadcast, watch,
};

type Both = u8;
type Moves = Cell<u8>;
type Stays = Rc<u8>;

/// Whether a type has an automatic trait: an inherent constant goes before the trait's.
macro_rules! has {
    ($type:ty: $bound:ident) => {{
        #[allow(dead_code)]
        struct Probe<T: ?Sized>(std::marker::PhantomData<T>);
        #[allow(dead_code)]
        trait Otherwise {
            const HAS: bool = false;
        }
        impl<T: ?Sized> Otherwise for Probe<T> {}
        #[allow(dead_code)]
        impl<T: ?Sized + $bound> Probe<T> {
            const HAS: bool = true;
        }
        <Probe<$type>>::HAS
    }};
}

macro_rules! check {
    ($($type:ty: $send:literal $sync:literal $unpin:literal;)*) => {$(
        assert_eq!(
            (has!($type: Send), has!($type: Sync), has!($type: Unpin)),
            ($send, $sync, $unpin),
            "Send, Sync, Unpin of {}", stringify!($type)
        );
    )*};
}

#[test]
fn locks_and_guards() {
    check! {
        RwLock<Both>: true true true;
        RwLock<Moves>: true false true;
        RwLock<Stays>: false false true;
        RwLockReadGuard<'_, Both>: true true true;
        RwLockReadGuard<'_, Moves>: false false true;
        RwLockReadGuard<'_, Stays>: false false true;
        RwLockWriteGuard<'_, Both>: true true true;
        RwLockWriteGuard<'_, Moves>: false false true;
        RwLockWriteGuard<'_, Stays>: false false true;
        RwLockMappedWriteGuard<'_, Both>: true true true;
        RwLockMappedWriteGuard<'_, Moves>: false false true;
        RwLockMappedWriteGuard<'_, Stays>: false false true;
        OwnedRwLockReadGuard<Both, Both>: true true true;
        OwnedRwLockReadGuard<Moves, Both>: false false true;
        OwnedRwLockReadGuard<Both, Moves>: false false true;
        OwnedRwLockWriteGuard<Both>: true true true;
        OwnedRwLockWriteGuard<Moves>: false false true;
        OwnedRwLockMappedWriteGuard<Both, Both>: true true true;
        OwnedRwLockMappedWriteGuard<Moves, Both>: false false true;
        MappedMutexGuard<'_, Moves>: true false true;
    }
}

#[test]
fn cells_and_barriers() {
    check! {
        OnceCell<Both>: true true true;
        OnceCell<Moves>: true false true;
        OnceCell<Stays>: false false true;
        SetOnce<Both>: true true true;
        SetOnce<Moves>: true false true;
        SetOnce<Stays>: false false true;
        Barrier: true true true;
        BarrierWaitResult: true true true;
    }
}

#[test]
fn channels() {
    check! {
        broadcast::Sender<Both>: true true true;
        broadcast::Sender<Moves>: true true true;
        broadcast::Sender<Stays>: false false true;
        broadcast::WeakSender<Moves>: true true true;
        broadcast::Receiver<Moves>: true true true;
        broadcast::Receiver<Stays>: false false true;
        watch::Sender<Both>: true true true;
        watch::Sender<Moves>: false false true;
        watch::Receiver<Both>: true true true;
        watch::Receiver<Moves>: false false true;
        watch::Receiver<Stays>: false false true;
        watch::Ref<'_, Both>: false true true;
        watch::Ref<'_, Moves>: false false true;
    }
}

#[test]
fn futures() {
    fn check<F: Send + Sync>(_: F) {}
    let lock = std::sync::Arc::new(RwLock::new(0));
    check(lock.read());
    check(lock.write());
    check(lock.clone().read_owned());
    check(lock.clone().write_owned());
    let (sender, mut receiver) = watch::channel(0);
    check(receiver.changed());
    check(receiver.wait_for(|value| *value > 0));
    check(sender.closed());
    let (sender, mut receiver) = broadcast::channel::<Moves>(1);
    check(receiver.recv());
    check(sender.closed());
    check(Barrier::new(1).wait());
    check(SetOnce::<u8>::new().wait());
    check(OnceCell::new().get_or_init(|| std::future::ready(1)));
}

#[test]
fn what_a_panic_may_leave_behind() {
    fn check<T: UnwindSafe + RefUnwindSafe>() {}
    fn moves<T: UnwindSafe>() {}
    check::<watch::Sender<Cell<u8>>>();
    check::<watch::Receiver<Cell<u8>>>();
    check::<broadcast::Sender<Cell<u8>>>();
    check::<broadcast::WeakSender<Cell<u8>>>();
    check::<broadcast::Receiver<Cell<u8>>>();
    check::<Barrier>();
    moves::<RwLock<u8>>();
    moves::<OnceCell<u8>>();
    moves::<SetOnce<u8>>();
}
