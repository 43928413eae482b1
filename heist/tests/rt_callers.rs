//! Misuse of runtime, task and sync is reported where it was done, not inside of heist.

mod rt_kit;

use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::mpsc as std_mpsc;
use std::sync::{Arc, Mutex as StdMutex};

use heist::runtime::{Builder, Handle, HistogramConfiguration, LocalOptions, LogHistogram, UnhandledPanic};
use heist::sync::{Mutex, RwLock, Semaphore, broadcast, mpsc, oneshot};
use heist::task::{self, LocalSet};

heist::task_local! {
    static NUMBER: u32;
}

/// The files of the panics that the hook has seen.
struct Places(std_mpsc::Receiver<String>);

impl Places {
    fn watch() -> Self {
        let (sender, places) = std_mpsc::channel();
        let sender = StdMutex::new(sender);
        set_hook(Box::new(move |info| {
            let file = info.location().map(|place| place.file().to_owned());
            let _ = sender.lock().unwrap().send(file.unwrap_or_default());
        }));
        Self(places)
    }

    fn check(&self, what: &str, misuse: impl FnOnce()) {
        let refused = catch_unwind(AssertUnwindSafe(misuse)).is_err();
        assert!(refused, "no panic: {what}");
        assert_eq!(self.0.try_iter().last().as_deref(), Some(file!()), "{what}");
    }
}

macro_rules! check {
    ($places:expr; $($misuse:expr;)*) => {$( $places.check(stringify!($misuse), || _ = $misuse); )*};
}

fn runtime(places: &Places) {
    let mut multi = Builder::new_multi_thread();
    let mut current = Builder::new_current_thread();
    check! { places;
        multi.worker_threads(0);
        multi.max_blocking_threads(0);
        multi.event_interval(0);
        multi.global_queue_interval(0);
        multi.max_io_events_per_tick(0);
        multi.max_io_events_per_busy_tick(0);
        multi.name("");
        multi.thread_name("\0");
        multi.unhandled_panic(UnhandledPanic::ShutdownRuntime);
        multi.build_local(LocalOptions::default());
        HistogramConfiguration::linear(std::time::Duration::ZERO, 1);
        HistogramConfiguration::linear(std::time::Duration::MAX, 0);
        LogHistogram::builder().max_error(0.0);
        LogHistogram::builder().max_error(1.0);
        LogHistogram::builder().precision_exact(11);
        LogHistogram::builder().max_value(std::time::Duration::ZERO);
        Handle::current();
    }
    let runtime = current.build().unwrap();
    let metrics = runtime.metrics();
    check! { places;
        metrics.worker_park_count(1);
        metrics.worker_poll_count(1);
        metrics.schedule_latency_histogram_bucket_count(1, 0);
        metrics.poll_time_histogram_bucket_count(1, 0);
    }
    let local = current.build_local(LocalOptions::default()).unwrap();
    runtime.block_on(async {
        check! { places;
            runtime.block_on(async {});
            Handle::current().block_on(async {});
            local.block_on(async {});
        }
    });
    let panicked = runtime
        .block_on(runtime.spawn(async { panic!("on purpose") }))
        .unwrap_err();
    let cancelled = {
        let task = runtime.spawn(std::future::pending::<()>());
        task.abort();
        runtime.block_on(task).unwrap_err()
    };
    assert!(panicked.is_panic());
    check! { places; cancelled.into_panic(); }
}

fn tasks(places: &Places) {
    check! { places;
        heist::spawn(async {});
        task::spawn_blocking(|| ());
        task::spawn_local(async {});
        task::Builder::new().spawn(async {});
        task::JoinSet::new().spawn(async {});
        task::JoinSet::new().spawn_blocking(|| ());
        task::JoinSet::new().spawn_local(async {});
        task::id();
        NUMBER.with(|number| *number);
        NUMBER.get();
    }
    let runtime = rt_kit::current_thread();
    let set = LocalSet::new();
    runtime.block_on(async {
        check! { places;
            task::block_in_place(|| ());
            set.block_on(&runtime, async {});
        }
    });
    NUMBER.sync_scope(1, || {
        check! { places; NUMBER.with(|_| NUMBER.sync_scope(2, || ())); }
    });
}

fn sync(places: &Places) {
    let most = Semaphore::MAX_PERMITS;
    let full = Arc::new(Semaphore::new(most));
    let (one, other) = (Arc::new(Semaphore::new(1)), Arc::new(Semaphore::new(1)));
    check! { places;
        mpsc::channel::<u8>(0);
        mpsc::channel::<u8>(most + 1);
        broadcast::channel::<u8>(0);
        broadcast::channel::<u8>(usize::MAX);
        broadcast::Sender::<u8>::new(0);
        RwLock::with_max_readers(0, 0);
        RwLock::with_max_readers(0, u32::MAX);
        Semaphore::new(most + 1);
        full.add_permits(1);
        full.add_permits(usize::MAX);
        one.try_acquire().unwrap().merge(other.try_acquire().unwrap());
        one.clone().try_acquire_owned().unwrap().merge(other.clone().try_acquire_owned().unwrap());
    }
    let runtime = rt_kit::current_thread();
    runtime.block_on(async {
        check! { places;
            Mutex::new(0).blocking_lock();
            Arc::new(Mutex::new(0)).blocking_lock_owned();
            RwLock::new(0).blocking_read();
            RwLock::new(0).blocking_write();
            oneshot::channel::<u8>().1.blocking_recv();
            mpsc::channel::<u8>(1).0.blocking_send(1);
            mpsc::channel::<u8>(1).1.blocking_recv();
            mpsc::channel::<u8>(1).1.blocking_recv_many(&mut Vec::new(), 1);
            mpsc::unbounded_channel::<u8>().1.blocking_recv();
            mpsc::unbounded_channel::<u8>().1.blocking_recv_many(&mut Vec::new(), 1);
            broadcast::channel::<u8>(1).1.blocking_recv();
        }
    });
    assert_eq!((one.available_permits(), other.available_permits()), (1, 1));
    assert_eq!(full.available_permits(), most);
}

/// One test, for the hook is the process's.
#[test]
fn misuse_is_reported_where_it_was_done() {
    let places = Places::watch();
    let checked = catch_unwind(AssertUnwindSafe(|| {
        runtime(&places);
        tasks(&places);
        sync(&places);
    }));
    drop(take_hook());
    if let Err(payload) = checked {
        panic!("{}", rt_kit::text(payload));
    }
}
