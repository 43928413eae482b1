//! Feature `hyper`: hyper's own client and server talk over heist's streams, executor and timer.

#![cfg(feature = "hyper")]

use heist::hyper::{Executor, Io, Timer};
use heist::io::{self, AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use heist::net::{TcpListener, TcpStream};
use heist::runtime::{Builder, Runtime};
use hyper::body::{Body, Bytes, Incoming};
use hyper::rt::{Executor as _, Read, ReadBufCursor, Timer as _, Write};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// A stream of one slice a write, whose reads note how much of what they are lent is initialised.
struct Filler(Vec<usize>);

impl io::AsyncRead for Filler {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut io::ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.0.push(buf.initialized().len());
        buf.put_slice(&[7; 3]);
        Poll::Ready(Ok(()))
    }
}

impl io::AsyncWrite for Filler {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[test]
fn a_read_goes_into_hypers_memory_as_it_is() {
    let mut memory = [std::mem::MaybeUninit::uninit(); 8];
    let mut buf = hyper::rt::ReadBuf::uninit(&mut memory);
    let mut io = Io::new(Filler(Vec::new()));
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..2 {
        assert!(Read::poll_read(Pin::new(&mut io), &mut cx, buf.unfilled()).is_ready());
    }
    assert_eq!(buf.filled(), [7; 6]);
    // Nothing was initialised for the reader: nobody has cleared the memory.
    assert_eq!(io.inner().0, [0, 0]);
}

/// Puts a longer buffer of its own in the place of hyper's.
struct Swapper;

impl io::AsyncRead for Swapper {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut io::ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        *buf = io::ReadBuf::new(Box::leak(vec![1; 64].into_boxed_slice()));
        buf.advance(64);
        Poll::Ready(Ok(()))
    }
}

#[test]
#[should_panic(expected = "ReadBuf it was lent")]
fn a_reader_that_cheats_is_caught_before_hyper_believes_it() {
    let mut memory = [std::mem::MaybeUninit::uninit(); 8];
    let mut buf = hyper::rt::ReadBuf::uninit(&mut memory);
    let mut cx = Context::from_waker(Waker::noop());
    let _ = Read::poll_read(Pin::new(&mut Io::new(Swapper)), &mut cx, buf.unfilled());
}

/// A stream of hyper's traits that sends back what it gets.
#[derive(Default)]
struct Loop {
    bytes: Vec<u8>,
    flushed: bool,
    shut: bool,
}

impl Read for Loop {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        mut buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let n = self.bytes.len().min(buf.remaining());
        buf.put_slice(&self.bytes.drain(..n).collect::<Vec<_>>());
        Poll::Ready(Ok(()))
    }
}

impl Write for Loop {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.bytes.extend_from_slice(buf);
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.flushed = true;
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.shut = true;
        Poll::Ready(Ok(()))
    }
}

#[test]
fn a_stream_of_hypers_is_one_of_heists() {
    runtime().block_on(async {
        let mut stream = Io::new(Loop::default());
        stream.write_all(b"one\ntwo").await.unwrap();
        let mut text = "> ".to_owned();
        BufReader::with_capacity(2, &mut stream)
            .read_line(&mut text)
            .await
            .unwrap();
        stream.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "> one\ntwo");
        assert!(!io::AsyncWrite::is_write_vectored(&stream));
        stream.flush().await.unwrap();
        stream.shutdown().await.unwrap();
        let inner = stream.into_inner();
        assert!(inner.flushed && inner.shut);
    });
}

#[test]
fn vectored_writes_are_reported_and_passed_on() {
    runtime().block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (mut server, _) = listener.accept().await.unwrap();
        assert!(Write::is_write_vectored(&client));
        assert!(!Write::is_write_vectored(&Io::new(Filler(Vec::new()))));
        let (reader, mut writer) = client.into_split();
        assert!(Write::is_write_vectored(&writer));
        let slices = [io_slice(b"head "), io_slice(b"body")];
        let n = poll_fn(|cx| Write::poll_write_vectored(Pin::new(&mut writer), cx, &slices))
            .await
            .unwrap();
        assert_eq!(n, 9);
        poll_fn(|cx| Write::poll_shutdown(Pin::new(&mut writer), cx))
            .await
            .unwrap();
        let mut text = String::new();
        server.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "head body");
        drop(reader);
    });
}

fn io_slice(bytes: &[u8]) -> std::io::IoSlice<'_> {
    std::io::IoSlice::new(bytes)
}

async fn echo(request: Request<Incoming>) -> hyper::Result<Response<String>> {
    let body = read_body(request.into_body()).await;
    Ok(Response::new(String::from_utf8(body).unwrap()))
}

async fn read_body(mut body: impl Body<Data = Bytes, Error = hyper::Error> + Unpin) -> Vec<u8> {
    let mut all = Vec::new();
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        if let Ok(data) = frame.unwrap().into_data() {
            all.extend_from_slice(&data);
        }
    }
    all
}

#[test]
fn http_1_runs_over_tcp_with_timer_and_keep_alive() {
    runtime().block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = heist::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            hyper::server::conn::http1::Builder::new()
                .timer(Timer::new())
                .header_read_timeout(Duration::from_secs(3600))
                .serve_connection(stream, service_fn(echo))
                .await
        });
        let stream = TcpStream::connect(address).await.unwrap();
        let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await.unwrap();
        let connection = heist::spawn(connection);
        for size in [0, 1, 100_000] {
            let body = "x".repeat(size);
            let response = sender
                .send_request(Request::post("/").body(body.clone()).unwrap())
                .await
                .unwrap();
            assert_eq!(read_body(response.into_body()).await, body.as_bytes());
            sender.ready().await.unwrap();
        }
        drop(sender);
        connection.await.unwrap().unwrap();
        server.await.unwrap().unwrap();
    });
}

#[test]
fn http_2_runs_over_a_pipe_with_the_executor() {
    runtime().block_on(async {
        let (client, server) = io::duplex(1000);
        let server = heist::spawn(
            hyper::server::conn::http2::Builder::new(Executor::new())
                .timer(Timer::new())
                .serve_connection(server, service_fn(echo)),
        );
        let handshake = hyper::client::conn::http2::handshake(Executor::new(), client);
        let (mut sender, connection) = handshake.await.unwrap();
        let connection = heist::spawn(connection);
        let body = "y".repeat(50_000);
        let response = sender
            .send_request(Request::post("/").body(body.clone()).unwrap())
            .await
            .unwrap();
        assert_eq!(read_body(response.into_body()).await, body.as_bytes());
        drop(sender);
        connection.await.unwrap().unwrap();
        server.await.unwrap().unwrap();
    });
}

#[test]
fn an_upgraded_connection_is_a_stream_again() {
    async fn upgrade(mut request: Request<Incoming>) -> hyper::Result<Response<String>> {
        heist::spawn(async move {
            let mut stream = Io::new(hyper::upgrade::on(&mut request).await.unwrap());
            let mut line = String::new();
            BufReader::new(&mut stream).read_line(&mut line).await.unwrap();
            stream.write_all(format!("got {line}").as_bytes()).await.unwrap();
            stream.shutdown().await.unwrap();
        });
        let response = Response::builder()
            .status(StatusCode::SWITCHING_PROTOCOLS)
            .header("upgrade", "lines");
        Ok(response.body(String::new()).unwrap())
    }
    runtime().block_on(async {
        let (client, server) = io::duplex(64);
        let server = hyper::server::conn::http1::Builder::new()
            .serve_connection(server, service_fn(upgrade))
            .with_upgrades();
        let server = heist::spawn(server);
        let (mut sender, connection) = hyper::client::conn::http1::handshake(client).await.unwrap();
        let connection = heist::spawn(connection.with_upgrades());
        let request = Request::get("/")
            .header("connection", "upgrade")
            .header("upgrade", "lines");
        let response = sender
            .send_request(request.body(String::new()).unwrap())
            .await
            .unwrap();
        assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
        let mut stream = Io::new(hyper::upgrade::on(response).await.unwrap());
        stream.write_all(b"hello\n").await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert_eq!(answer, "got hello\n");
        connection.await.unwrap().unwrap();
        server.await.unwrap().unwrap();
    });
}

#[test]
fn a_sleep_is_reset_in_place() {
    runtime().block_on(async {
        let timer = Timer::new();
        let mut sleep = timer.sleep(Duration::from_secs(1_000_000));
        let address = std::ptr::from_ref(&*sleep).cast::<()>();
        let mut cx = Context::from_waker(Waker::noop());
        assert!(sleep.as_mut().poll(&mut cx).is_pending());
        timer.reset(&mut sleep, timer.now());
        assert_eq!(std::ptr::from_ref(&*sleep).cast::<()>(), address);
        sleep.await;
        timer.sleep_until(timer.now()).await;
    });
}

/// Another runtime's sleep.
struct Foreign;

impl Future for Foreign {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }
}

impl hyper::rt::Sleep for Foreign {}

#[test]
fn a_foreign_sleep_is_replaced() {
    runtime().block_on(async {
        let timer = Timer::default();
        let mut sleep: Pin<Box<dyn hyper::rt::Sleep>> = Box::pin(Foreign);
        timer.reset(&mut sleep, timer.now());
        sleep.await;
    });
}

#[test]
fn the_executor_spawns() {
    let (mut a, mut b) = io::duplex(8);
    runtime().block_on(async {
        Executor::default()
            .clone()
            .execute(async move { a.write_all(b"done").await });
        let mut text = String::new();
        b.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "done");
    });
}
