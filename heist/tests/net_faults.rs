//! What goes wrong on a network, and the result that the documentation of `TcpStream` and `TcpListener` promises.

mod rt_kit;

use heist::io::{AsyncReadExt, AsyncWriteExt, Interest, copy_bidirectional};
use heist::net::{TcpListener, TcpStream};
use rt_kit::both_flavours;
use std::future::poll_fn;
use std::io::{ErrorKind, IoSlice};
use std::pin::pin;
use std::task::Poll;

/// Both ends of a connection.
async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (server, _) = listener.accept().await.unwrap();
    (client, server)
}

/// Closes a connection by a reset.
fn reset(stream: TcpStream) {
    stream.set_zero_linger().unwrap();
    drop(stream);
}

both_flavours! {
    fn a_reset_ends_a_write_that_waits_and_then_all_is_over(runtime) {
        runtime.block_on(async {
            let (client, mut server) = pair().await;
            let more_than_fits = vec![7; 64 << 20];
            {
                let mut writing = pin!(server.write_all(&more_than_fits));
                poll_fn(|cx| {
                    assert!(writing.as_mut().poll(cx).is_pending(), "64 MiB fit into the buffers");
                    Poll::Ready(())
                })
                .await;
                reset(client);
                assert_eq!(writing.await.unwrap_err().kind(), ErrorKind::ConnectionReset);
            }
            assert_eq!(server.read(&mut [0; 1]).await.unwrap(), 0);
            assert_eq!(server.write(b"!").await.unwrap_err().kind(), ErrorKind::BrokenPipe);
            assert!(server.ready(Interest::READABLE).await.unwrap().is_read_closed());
            assert!(server.ready(Interest::WRITABLE).await.unwrap().is_write_closed());
        });
    }

    fn a_reset_is_told_once_after_what_has_arrived(runtime) {
        runtime.block_on(async {
            let (mut client, mut server) = pair().await;
            client.write_all(b"last").await.unwrap();
            server.readable().await.unwrap();
            reset(client);
            let mut last = Vec::new();
            assert_eq!(server.read_to_end(&mut last).await.unwrap_err().kind(), ErrorKind::ConnectionReset);
            // Not every system keeps what was not read.
            if cfg!(target_os = "linux") {
                assert_eq!(last, b"last");
            }
            assert_eq!(server.read(&mut [0; 1]).await.unwrap(), 0);
        });
    }

    fn a_proxy_passes_a_half_close_on_and_the_answer_back(runtime) {
        runtime.block_on(async {
            let (mut client, mut front) = pair().await;
            let (mut back, mut server) = pair().await;
            let proxy = heist::spawn(async move { copy_bidirectional(&mut front, &mut back).await });
            client.write_all(b"question").await.unwrap();
            client.shutdown().await.unwrap();
            let mut question = Vec::new();
            server.read_to_end(&mut question).await.unwrap();
            assert_eq!(question, b"question");
            // The client's end is known here, and the other direction works for as long as it takes.
            assert_eq!(server.read(&mut [0; 1]).await.unwrap(), 0);
            server.write_all(b"an answer").await.unwrap();
            server.shutdown().await.unwrap();
            let mut answer = Vec::new();
            client.read_to_end(&mut answer).await.unwrap();
            assert_eq!(answer, b"an answer");
            assert_eq!(proxy.await.unwrap().unwrap(), (8, 9));
        });
    }

    fn shutting_down_twice_is_no_error(runtime) {
        runtime.block_on(async {
            let (mut client, mut server) = pair().await;
            client.shutdown().await.unwrap();
            client.shutdown().await.unwrap();
            assert_eq!(client.write(b"!").await.unwrap_err().kind(), ErrorKind::BrokenPipe);
            reset(server);
            assert_eq!(client.read(&mut [0; 1]).await.unwrap_err().kind(), ErrorKind::ConnectionReset);
            client.shutdown().await.unwrap();
            (client, server) = pair().await;
            drop(client);
            server.shutdown().await.unwrap();
        });
    }

    fn an_empty_read_takes_nothing_and_an_empty_write_sends_nothing(runtime) {
        runtime.block_on(async {
            let (mut client, mut server) = pair().await;
            assert_eq!(client.write(&[]).await.unwrap(), 0);
            assert_eq!(client.write_vectored(&[]).await.unwrap(), 0);
            assert_eq!(client.write_vectored(&[IoSlice::new(&[])]).await.unwrap(), 0);
            client.write_all(&[]).await.unwrap();
            assert_eq!(client.try_write(&[]).unwrap(), 0);
            // None of it was an event for the peer, and an empty read waits for one.
            assert_eq!(server.try_read(&mut [0; 1]).unwrap_err().kind(), ErrorKind::WouldBlock);
            {
                let mut nothing = [];
                let mut read = pin!(server.read(&mut nothing));
                poll_fn(|cx| {
                    assert!(read.as_mut().poll(cx).is_pending());
                    Poll::Ready(())
                })
                .await;
                client.write_all(b"ab").await.unwrap();
                assert_eq!(read.await.unwrap(), 0);
            }
            assert_eq!(server.peek(&mut []).await.unwrap(), 0);
            let mut full = Vec::new();
            assert_eq!((&mut server).take(0).read_to_end(&mut full).await.unwrap(), 0);
            assert_eq!(server.read_exact(&mut []).await.unwrap(), 0);
            let mut both = [0; 2];
            server.read_exact(&mut both).await.unwrap();
            assert_eq!(&both, b"ab");
            // At the end it is as little a sign.
            drop(client);
            assert_eq!(server.read(&mut []).await.unwrap(), 0);
            assert_eq!(server.read(&mut both).await.unwrap(), 0);
        });
    }

    fn a_dropped_listener_resets_its_queue_and_refuses_the_rest(runtime) {
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let mut accepted = TcpStream::connect(address).await.unwrap();
            let (mut server, _) = listener.accept().await.unwrap();
            let mut queued = Vec::new();
            for _ in 0..10 {
                let mut client = TcpStream::connect(address).await.unwrap();
                client.write_all(b"hello?").await.unwrap();
                queued.push(client);
            }
            drop(listener);
            for mut client in queued {
                let error = client.read(&mut [0; 1]).await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::ConnectionReset);
            }
            let refused = TcpStream::connect(address).await.unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
            // Who was accepted before is not touched.
            server.write_all(b"still here").await.unwrap();
            let mut greeting = [0; 10];
            accepted.read_exact(&mut greeting).await.unwrap();
            assert_eq!(&greeting, b"still here");
        });
    }
}

/// On a paused clock the clients' and the server's seconds are exact.
#[cfg(feature = "test-util")]
mod slow_loris {
    use super::*;
    use heist::io::{AsyncBufReadExt, BufReader};
    use heist::time::{Duration, Instant, sleep, timeout};

    const PATIENCE: Duration = Duration::from_secs(5);

    /// Reads a head of several lines within its patience, and says how the client fared.
    async fn serve(stream: TcpStream) -> &'static str {
        let mut stream = BufReader::new(stream);
        let head = async {
            let mut line = String::new();
            while line != "\n" {
                line.clear();
                if stream.read_line(&mut line).await.unwrap() == 0 {
                    return false;
                }
            }
            true
        };
        match timeout(PATIENCE, head).await {
            Ok(true) => {
                stream.write_all(b"ok").await.unwrap();
                "served"
            }
            Ok(false) => "gone",
            Err(_) => "too slow",
        }
    }

    #[test]
    fn a_timeout_around_the_request_ends_it_and_others_do_not_wait() {
        let runtime = heist::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let start = Instant::now();
            // Each of its bytes comes well within the limit, and so does each line: only the whole never ends.
            let loris = heist::spawn(async move {
                let (mut read, mut write) = TcpStream::connect(address).await.unwrap().into_split();
                let drip = heist::spawn(async move {
                    while write.write_all(b"x\n").await.is_ok() {
                        sleep(Duration::from_secs(1)).await;
                    }
                });
                let end = read.read(&mut [0; 1]).await;
                drip.await.unwrap();
                (end.is_err() || end.is_ok_and(|n| n == 0), start.elapsed())
            });
            let (slow, _) = listener.accept().await.unwrap();
            let slow = heist::spawn(serve(slow));
            for _ in 0..3 {
                let mut client = TcpStream::connect(address).await.unwrap();
                let served = heist::spawn(serve(listener.accept().await.unwrap().0));
                let before = Instant::now();
                client.write_all(b"GET /\n\n").await.unwrap();
                let mut answer = Vec::new();
                client.read_to_end(&mut answer).await.unwrap();
                assert_eq!((&answer[..], before.elapsed()), (&b"ok"[..], Duration::ZERO));
                assert_eq!(served.await.unwrap(), "served");
                sleep(Duration::from_millis(1100)).await;
            }
            assert_eq!(slow.await.unwrap(), "too slow");
            assert_eq!(start.elapsed(), PATIENCE);
            let (ended, after) = loris.await.unwrap();
            assert!(ended, "the connection is still open");
            assert!(after <= PATIENCE + Duration::from_secs(2), "{after:?}");
        });
    }
}
