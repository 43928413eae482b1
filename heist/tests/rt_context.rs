//! The current runtime of a thread: found, missing, nested, and while the thread ends.

mod rt_kit;

use std::cell::RefCell;
use std::sync::mpsc;
use std::time::Duration;

use heist::runtime::{Builder, Handle, RuntimeFlavor, TryCurrentError};
use rt_kit::{both_flavours, panic_of};

/// Says that there is no runtime, and what to do.
#[track_caller]
fn assert_says_how_to_enter(said: &str) {
    assert!(said.contains("no heist runtime on this thread"), "{said}");
    assert!(
        said.contains("Runtime::block_on") && said.contains("Handle::enter"),
        "{said}"
    );
}

#[test]
fn outside_of_a_runtime_says_what_is_missing() {
    assert_says_how_to_enter(&panic_of(Handle::current));
    assert_says_how_to_enter(&panic_of(|| heist::spawn(async {})));
    assert_says_how_to_enter(&panic_of(|| heist::task::spawn_blocking(|| ())));
    assert_says_how_to_enter(&panic_of(|| heist::task::Builder::new().spawn(async {})));
    assert_says_how_to_enter(&panic_of(|| heist::time::sleep(Duration::from_secs(1))));
    let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    socket.set_nonblocking(true).unwrap();
    assert_says_how_to_enter(&panic_of(|| heist::net::TcpListener::from_std(socket)));
    let error: TryCurrentError = Handle::try_current().unwrap_err();
    assert!(error.is_missing_context() && !error.is_thread_local_destroyed());
    assert_says_how_to_enter(&error.to_string());
}

#[test]
fn the_panic_names_the_callers_line() {
    let (send, receive) = mpsc::channel();
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let _ = send.send(info.location().map(|location| location.file().to_owned()));
    }));
    let thread = std::thread::spawn(|| heist::spawn(async {}));
    assert!(thread.join().is_err());
    std::panic::set_hook(before);
    let files: Vec<_> = receive.try_iter().flatten().collect();
    assert!(
        files.iter().any(|file| file.ends_with("rt_context.rs")),
        "{files:?}"
    );
}

#[test]
fn what_is_not_enabled_is_named_with_its_remedy() {
    for mut builder in [Builder::new_current_thread(), Builder::new_multi_thread()] {
        let runtime = builder.build().unwrap();
        let said = panic_of(|| runtime.block_on(heist::net::TcpListener::bind("127.0.0.1:0")));
        assert!(
            said.contains("enable_io") && said.contains("enable_all"),
            "{said}"
        );
        let said = panic_of(|| runtime.block_on(async { heist::time::sleep(Duration::ZERO).await }));
        assert!(
            said.contains("enable_time") && said.contains("enable_all"),
            "{said}"
        );
    }
}

#[test]
fn time_alone_and_io_alone_work() {
    for new in [Builder::new_current_thread, Builder::new_multi_thread] {
        let time = new().enable_time().build().unwrap();
        time.block_on(async {
            heist::spawn(heist::time::sleep(Duration::from_millis(1)))
                .await
                .unwrap();
        });
        let io = new().enable_io().build().unwrap();
        io.block_on(async {
            let listener = heist::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let client = heist::spawn(heist::net::TcpStream::connect(address));
            listener.accept().await.unwrap();
            client.await.unwrap().unwrap();
        });
    }
}

both_flavours! {
    fn enter_makes_current_and_restores(runtime) {
        let other = rt_kit::multi_thread();
        let current = || Handle::try_current().ok().map(|handle| handle.id());
        let (a, b) = (Some(runtime.handle().id()), Some(other.handle().id()));
        assert_ne!(a, b);
        {
            let _a = runtime.enter();
            assert_eq!(current(), a);
            {
                let _b = other.handle().enter();
                assert_eq!(current(), b);
                let _a = runtime.enter();
                assert_eq!(current(), a);
            }
            assert_eq!(current(), a);
        }
        assert_eq!(current(), None);
    }

    fn guards_dropped_out_of_order_panic_and_change_nothing(runtime) {
        let other = rt_kit::current_thread();
        let first = runtime.enter();
        let second = other.enter();
        let said = panic_of(|| drop(first));
        assert!(said.contains("reverse order"), "{said}");
        assert_eq!(Handle::current().id(), other.handle().id());
        drop(second);
        assert_eq!(Handle::current().id(), runtime.handle().id());
    }

    fn a_guard_leaked_in_block_on_does_not_stay(runtime) {
        let other = rt_kit::current_thread();
        runtime.block_on(async { std::mem::forget(other.enter()) });
        assert!(Handle::try_current().is_err());
    }

    fn a_handle_works_on_any_thread(runtime) {
        let handle = runtime.handle().clone();
        let expected = match handle.runtime_flavor() {
            RuntimeFlavor::CurrentThread => RuntimeFlavor::CurrentThread,
            _ => RuntimeFlavor::MultiThread,
        };
        let thread = std::thread::spawn(move || {
            let _guard = handle.enter();
            (heist::spawn(async { Handle::current().runtime_flavor() }), Handle::current().id())
        });
        let (task, id) = thread.join().unwrap();
        assert_eq!(id, runtime.handle().id());
        assert_eq!(runtime.block_on(task).unwrap(), expected);
    }
}

/// The guard's borrow does not last until its drop, as that of a type with a `Drop` of its own would.
#[test]
fn a_runtime_can_be_shut_down_while_it_is_entered() {
    let runtime = rt_kit::current_thread();
    let id = runtime.handle().id();
    let _guard = runtime.enter();
    runtime.shutdown_background();
    assert_eq!(Handle::current().id(), id);
    let late = heist::spawn(async {});
    let outcome = rt_kit::current_thread().block_on(late);
    assert!(outcome.is_err_and(|error| error.is_cancelled()));
}

struct AskAtTheEnd(mpsc::Sender<bool>);

impl Drop for AskAtTheEnd {
    fn drop(&mut self) {
        self.0.send(Handle::try_current().is_err()).unwrap();
    }
}

thread_local! {
    static EARLY: RefCell<Option<AskAtTheEnd>> = const { RefCell::new(None) };
    static LATE: RefCell<Option<AskAtTheEnd>> = const { RefCell::new(None) };
}

#[test]
fn destructors_of_thread_locals_get_an_error_not_an_abort() {
    let runtime = rt_kit::multi_thread();
    let (send, receive) = mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // Registered before heist's thread-local and after it, so that one of them outlives it.
            EARLY.with(|slot| *slot.borrow_mut() = Some(AskAtTheEnd(send.clone())));
            runtime.block_on(async {});
            LATE.with(|slot| *slot.borrow_mut() = Some(AskAtTheEnd(send.clone())));
        });
    });
    assert_eq!((receive.recv(), receive.recv()), (Ok(true), Ok(true)));
}
