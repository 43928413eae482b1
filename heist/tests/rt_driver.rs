//! The driver: timers and I/O move while workers are stuck, an idle runtime sleeps, and a panicking waker
//! harms nobody else.

mod rt_kit;

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, mpsc};
use std::task::{Context, Waker};
use std::time::Duration;

use heist::io::{AsyncReadExt, AsyncWriteExt};
use heist::net::{TcpListener, TcpStream};
use rt_kit::{Count, Event, PanicWake, both_flavours, proc_self, wait_until, workers};

both_flavours! {
    fn a_task_waits_for_a_timer_a_socket_another_task_and_a_closure(runtime) {
        let sum = runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let client = heist::spawn(async move {
                let mut stream = TcpStream::connect(address).await.unwrap();
                heist::time::sleep(Duration::from_millis(1)).await;
                stream.write_all(&[1, 2, 3]).await.unwrap();
            });
            let server = heist::spawn(async move {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut bytes = Vec::new();
                stream.read_to_end(&mut bytes).await.unwrap();
                heist::task::spawn_blocking(move || bytes.into_iter().map(u32::from).sum::<u32>()).await.unwrap()
            });
            client.await.unwrap();
            server.await.unwrap()
        });
        assert_eq!(sum, 6);
    }

    fn a_panicking_waker_does_not_keep_others_of_its_batch_asleep(runtime) {
        let (panics, event) = (Count::default(), Event::default());
        let deadline = heist::time::Instant::now() + Duration::from_millis(5);
        let waker = Waker::from(Arc::new(PanicWake(panics.clone())));
        let _guard = runtime.enter();
        // Same deadline, so the same batch: sleeps with a panicking waker before, between and after tasks.
        let mut sleeps = Vec::new();
        let mut tasks = Vec::new();
        for _ in 0..10 {
            let mut sleep = Box::pin(heist::time::sleep_until(deadline));
            assert!(sleep.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
            sleeps.push(sleep);
            tasks.push(heist::spawn(heist::time::sleep_until(deadline)));
        }
        runtime.block_on(async {
            for task in tasks {
                task.await.unwrap();
            }
            while panics.get() < 10 {
                heist::time::sleep(Duration::from_millis(1)).await;
            }
            // And the driver goes on.
            heist::time::sleep(Duration::from_millis(1)).await;
            event.raise();
        });
        assert_eq!(panics.get(), 10);
    }

    fn an_earlier_deadline_interrupts_a_long_wait(runtime) {
        runtime.block_on(async {
            let far = heist::spawn(heist::time::sleep(Duration::from_secs(100_000)));
            heist::task::yield_now().await;
            heist::time::sleep(Duration::from_millis(1)).await;
            heist::spawn(heist::time::sleep(Duration::from_millis(1))).await.unwrap();
            far.abort();
            assert!(far.await.unwrap_err().is_cancelled());
        });
    }

    fn a_deadline_beyond_all_time_is_waited_for(runtime) {
        let _guard = runtime.enter();
        let mut sleep = pin!(heist::time::sleep(Duration::MAX));
        assert!(sleep.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        runtime.block_on(heist::time::sleep(Duration::from_millis(1)));
    }
}

#[test]
fn timers_and_sockets_move_while_a_worker_is_stuck() {
    let runtime = workers(2);
    let (release, hold) = mpsc::channel::<()>();
    let (started, wait) = mpsc::channel();
    let stuck = runtime.spawn(async move {
        started.send(()).unwrap();
        hold.recv().unwrap();
    });
    wait.recv().unwrap();
    // All of it on the one worker that is left.
    let rest = runtime.spawn(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let client = heist::spawn(async move {
            heist::time::sleep(Duration::from_millis(1)).await;
            TcpStream::connect(address).await.unwrap()
        });
        let accepted = listener.accept().await.unwrap();
        drop((client.await.unwrap(), accepted));
    });
    runtime.block_on(rest).unwrap();
    release.send(()).unwrap();
    runtime.block_on(stuck).unwrap();
}

#[test]
fn timers_wake_plain_threads_while_all_workers_are_stuck() {
    let runtime = workers(1);
    let (release, hold) = mpsc::channel::<()>();
    let (started, wait) = mpsc::channel();
    let stuck = runtime.spawn(async move {
        started.send(()).unwrap();
        hold.recv().unwrap();
    });
    wait.recv().unwrap();
    runtime.block_on(heist_sleep(1));
    release.send(()).unwrap();
    runtime.block_on(stuck).unwrap();
}

async fn heist_sleep(ms: u64) {
    heist::time::sleep(Duration::from_millis(ms)).await;
}

#[test]
fn an_idle_runtime_does_not_wake_up() {
    let output = rt_kit::child("child_is_idle", "", &[]);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// How often the threads called `heist-…` were switched to, in total.
fn switches() -> u64 {
    let mut sum = 0;
    for id in proc_self("task") {
        let Ok(status) = std::fs::read_to_string(format!("/proc/self/task/{id}/status")) else {
            continue;
        };
        if !status.starts_with("Name:\theist-") {
            continue;
        }
        for line in status.lines().filter(|line| line.contains("ctxt_switches")) {
            sum += line.split_whitespace().last().unwrap().parse::<u64>().unwrap();
        }
    }
    sum
}

#[test]
#[ignore = "run by an_idle_runtime_does_not_wake_up"]
fn child_is_idle() {
    let runtime = workers(2);
    let open = runtime.block_on(async {
        for hours in 1..100 {
            heist::spawn(heist::time::sleep(Duration::from_secs(3_600 * hours)));
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (mut server, _) = listener.accept().await.unwrap();
        heist::spawn(async move { server.read(&mut [0]).await });
        (listener, client)
    });
    // Until everything has come to rest.
    let mut before = switches();
    wait_until("no thread runs any more", || {
        std::thread::sleep(Duration::from_millis(50));
        let now = switches();
        std::mem::replace(&mut before, now) == now
    });
    let before = switches();
    assert!(before > 0);
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(switches(), before, "an idle runtime woke up");
    drop(open);
}
