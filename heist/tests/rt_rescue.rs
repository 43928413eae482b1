//! What is woken does not wait behind a worker that is stuck while another worker has nothing to do.

use std::sync::mpsc;
use std::time::Duration;

use heist::runtime::{Builder, Runtime};

/// Far beyond the millisecond that it takes, far below what the hang would be.
const HANG: Duration = Duration::from_secs(20);

fn runtimes() -> Vec<(&'static str, Runtime)> {
    let builder = || {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(2);
        builder
    };
    vec![
        ("loan", builder().enable_all().build().unwrap()),
        (
            "no loan",
            builder().enable_all().reactor_loan(false).build().unwrap(),
        ),
        ("no drivers", builder().build().unwrap()),
    ]
}

/// The stuck task is the only one that knows of the other: without the rescue this waits until `HANG`.
#[test]
fn a_task_in_the_next_slot_of_a_stuck_worker_runs_elsewhere() {
    for (name, runtime) in runtimes() {
        for round in 0..20 {
            let stuck = runtime.spawn(async move {
                let (done, is_done) = mpsc::channel();
                heist::spawn(async move { done.send(()) });
                is_done.recv_timeout(HANG)
            });
            let result = runtime.block_on(stuck).unwrap();
            assert!(
                result.is_ok(),
                "{name}, round {round}: nobody ran the task behind the stuck one"
            );
        }
    }
}

#[test]
fn a_socket_is_served_while_a_worker_is_stuck() {
    use heist::io::{AsyncReadExt, AsyncWriteExt};

    for (name, runtime) in runtimes().into_iter().take(2) {
        runtime.block_on(async {
            let listener = heist::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let mut client = heist::net::TcpStream::connect(listener.local_addr().unwrap())
                .await
                .unwrap();
            let (mut server, _) = listener.accept().await.unwrap();
            let echo = heist::spawn(async move {
                let mut byte = [0];
                while server.read_exact(&mut byte).await.is_ok() {
                    server.write_all(&byte).await.unwrap();
                }
            });
            let (release, released) = mpsc::channel::<()>();
            let (at_work, came) = mpsc::channel();
            let stuck = heist::spawn(async move {
                at_work.send(()).unwrap();
                released.recv_timeout(HANG)
            });
            came.recv().unwrap();
            for n in 0..100 {
                client.write_all(&[n]).await.unwrap();
                let mut byte = [0];
                client.read_exact(&mut byte).await.unwrap();
                assert_eq!(byte, [n], "{name}");
            }
            release.send(()).unwrap();
            assert!(
                stuck.await.unwrap().is_ok(),
                "{name}: the echo waited for the stuck task"
            );
            drop(client);
            echo.await.unwrap();
        });
    }
}
