//! `heist::stream` around listeners, intervals, tasks, lines and signals.

use futures_core::Stream;
use futures_core::stream::FusedStream;
use futures_util::StreamExt;
use heist::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, duplex};
use heist::net::{TcpListener, TcpStream};
use heist::stream::{IntervalStream, JoinSetStream, LinesStream, SplitStream, TcpListenerStream};
use heist::task::JoinSet;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

fn runtime() -> heist::runtime::Runtime {
    heist::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

/// Polls once, with a waker that nobody hears.
fn poll<S: Stream + Unpin>(stream: &mut S) -> Poll<Option<S::Item>> {
    Pin::new(stream).poll_next(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn a_listener_streams_connections() {
    runtime().block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut stream = TcpListenerStream::from(listener);
        let address = stream.as_ref().local_addr().unwrap();
        assert!(poll(&mut stream).is_pending());
        let clients = heist::spawn(async move {
            for n in 0..3_u8 {
                let mut client = TcpStream::connect(address).await.unwrap();
                client.write_all(&[n]).await.unwrap();
            }
        });
        for n in 0..3 {
            let mut connection = stream.next().await.unwrap().unwrap();
            assert_eq!(connection.read_u8().await.unwrap(), n);
        }
        clients.await.unwrap();
        assert_eq!(stream.into_inner().local_addr().unwrap(), address);
    });
}

#[test]
fn lines_go_on_where_a_stream_stopped() {
    runtime().block_on(async {
        let (mut ours, theirs) = duplex(64);
        let mut stream = LinesStream::from(BufReader::new(theirs).lines());
        ours.write_all(b"one\ntw").await.unwrap();
        assert_eq!(stream.next().await.unwrap().unwrap(), "one");
        assert!(poll(&mut stream).is_pending());
        let mut lines = stream.into_inner();
        ours.write_all(b"o\nthree").await.unwrap();
        drop(ours);
        assert_eq!(lines.next_line().await.unwrap().unwrap(), "two");
        let mut stream = LinesStream::new(lines);
        // `Lines::get_ref` of what is pinned.
        let lines = Pin::new(&mut stream).as_pin_mut().get_mut();
        assert_eq!(lines.get_ref().buffer(), b"three");
        assert_eq!(stream.next().await.unwrap().unwrap(), "three");
        assert!(stream.next().await.is_none());
    });
}

#[test]
fn an_error_of_lines_is_an_item() {
    runtime().block_on(async {
        let mut stream = LinesStream::new((&b"fine\n\xff\nfine"[..]).lines());
        assert_eq!(stream.next().await.unwrap().unwrap(), "fine");
        let error = stream.next().await.unwrap().unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidData);
        assert_eq!(stream.next().await.unwrap().unwrap(), "fine");
        assert!(stream.next().await.is_none());
    });
}

#[test]
fn segments_stream() {
    runtime().block_on(async {
        let mut stream = SplitStream::new(AsyncBufReadExt::split(&b"a\0\0b"[..], 0));
        for segment in [&b"a"[..], b"", b"b"] {
            assert_eq!(stream.next().await.unwrap().unwrap(), segment);
        }
        assert!(stream.next().await.is_none());
    });
}

#[test]
fn tasks_stream_in_the_order_of_their_ends() {
    runtime().block_on(async {
        let mut tasks = JoinSet::new();
        let (sender, receiver) = heist::sync::oneshot::channel::<u8>();
        tasks.spawn(async { receiver.await.unwrap() });
        tasks.spawn(async { 1 });
        tasks.spawn(async { panic!("as it should") });
        let mut stream = JoinSetStream::from(tasks);
        assert_eq!(stream.size_hint(), (3, Some(3)));
        assert_eq!(stream.next().await.unwrap().unwrap(), 1);
        assert!(stream.next().await.unwrap().unwrap_err().is_panic());
        assert_eq!(stream.size_hint(), (1, Some(1)));
        sender.send(2).unwrap();
        assert_eq!(stream.next().await.unwrap().unwrap(), 2);
        assert!(stream.next().await.is_none());
        stream.as_mut().spawn(async { 3 });
        assert_eq!(stream.as_ref().len(), 1);
        assert_eq!(stream.next().await.unwrap().unwrap(), 3);
        assert!(stream.into_inner().is_empty());
    });
}

#[test]
fn an_interval_never_ends() {
    runtime().block_on(async {
        let period = Duration::from_millis(2);
        let mut stream = IntervalStream::from(heist::time::interval(period));
        assert_eq!(stream.size_hint(), (usize::MAX, None));
        let first = stream.next().await.unwrap();
        assert!(
            poll(&mut IntervalStream::new(heist::time::interval_at(
                first + Duration::from_secs(3_600),
                period
            )))
            .is_pending()
        );
        assert_eq!(stream.next().await.unwrap(), first + period);
        assert!(!stream.is_terminated());
        assert_eq!(stream.as_mut().period(), stream.as_ref().period());
        let mut interval = stream.into_inner();
        assert_eq!(interval.tick().await, first + 2 * period);
    });
}

#[cfg(all(unix, feature = "signal"))]
#[test]
fn a_signal_streams_its_arrivals() {
    use heist::signal::unix::{SignalKind, signal};
    use heist::stream::SignalStream;

    runtime().block_on(async {
        let mut stream = SignalStream::from(signal(SignalKind::user_defined2()).unwrap());
        assert!(poll(&mut stream).is_pending());
        for _ in 0..2 {
            let raised = std::process::Command::new("kill")
                .args(["-USR2", &std::process::id().to_string()])
                .status()
                .unwrap();
            assert!(raised.success());
            assert_eq!(stream.next().await, Some(()));
            assert!(poll(&mut stream).is_pending());
        }
    });
}
