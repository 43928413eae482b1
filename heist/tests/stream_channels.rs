//! `heist::stream` around channels: what is polled when, which wakes come, and that taking a stream apart loses nothing.

use futures_core::Stream;
use heist::stream::errors::BroadcastStreamRecvError::Lagged;
use heist::stream::{BroadcastStream, ReceiverStream, UnboundedReceiverStream, WatchStream};
use heist::sync::{broadcast, mpsc, watch};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::Poll::{self, Pending, Ready};
use std::task::{Context, Wake, Waker};

/// A waker that counts.
#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wakes {
    fn count(&self) -> usize {
        self.0.load(Relaxed)
    }
}

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Relaxed);
    }
}

/// Polls once, with a waker that nobody hears.
fn poll<S: Stream + Unpin>(stream: &mut S) -> Poll<Option<S::Item>> {
    Pin::new(stream).poll_next(&mut Context::from_waker(Waker::noop()))
}

/// Polls once, and hears of it.
fn poll_as<S: Stream + Unpin>(wakes: &Arc<Wakes>, stream: &mut S) -> Poll<Option<S::Item>> {
    let waker = Waker::from(wakes.clone());
    Pin::new(stream).poll_next(&mut Context::from_waker(&waker))
}

#[test]
fn a_receiver_streams_and_says_how_much_is_left() {
    let (sender, receiver) = mpsc::channel(4);
    let mut stream = ReceiverStream::from(receiver);
    assert_eq!(stream.size_hint(), (0, None));
    let wakes = Arc::new(Wakes::default());
    assert_eq!(poll_as(&wakes, &mut stream), Pending);
    sender.try_send(1).unwrap();
    sender.try_send(2).unwrap();
    assert_eq!(wakes.count(), 1);
    assert_eq!(stream.size_hint(), (2, None));
    let permit = sender.try_reserve().unwrap();
    stream.close();
    assert_eq!(stream.size_hint(), (2, Some(3)), "the permit may still send");
    assert_eq!(poll(&mut stream), Ready(Some(1)));
    permit.send(3);
    let mut receiver = stream.into_inner();
    assert_eq!(receiver.try_recv(), Ok(2));
    let mut stream = ReceiverStream::new(receiver);
    assert_eq!(poll(&mut stream), Ready(Some(3)));
    assert_eq!(stream.size_hint(), (0, Some(0)));
    assert_eq!(poll(&mut stream), Ready(None));
    assert_eq!(stream.as_ref().max_capacity(), 4);
    assert!(stream.as_mut().is_closed());
}

#[test]
fn an_unbounded_receiver_streams_and_says_how_much_is_left() {
    let (sender, receiver) = mpsc::unbounded_channel();
    let mut stream = UnboundedReceiverStream::from(receiver);
    let wakes = Arc::new(Wakes::default());
    assert_eq!(poll_as(&wakes, &mut stream), Pending);
    sender.send(1).unwrap();
    sender.send(2).unwrap();
    assert_eq!(wakes.count(), 1);
    assert_eq!(stream.size_hint(), (2, None));
    stream.close();
    assert!(sender.send(3).is_err());
    assert_eq!(stream.size_hint(), (2, Some(2)));
    assert_eq!(poll(&mut stream), Ready(Some(1)));
    assert_eq!(stream.as_mut().try_recv(), Ok(2));
    assert_eq!(poll(&mut stream), Ready(None));
    assert!(stream.as_ref().is_empty());
}

#[test]
fn a_broadcast_stream_wakes_lags_and_ends() {
    let (sender, receiver) = broadcast::channel(2);
    let mut stream = BroadcastStream::from(receiver);
    assert_eq!(stream.size_hint(), (0, None));
    let (first, second) = (Arc::new(Wakes::default()), Arc::new(Wakes::default()));
    assert_eq!(poll_as(&first, &mut stream), Pending);
    assert_eq!(poll_as(&second, &mut stream), Pending);
    for n in 0..5 {
        sender.send(n).unwrap();
    }
    // The latest poller, once: it stays woken until it polls.
    assert_eq!((first.count(), second.count()), (0, 1));
    assert_eq!(stream.size_hint(), (1, None));
    assert_eq!(poll(&mut stream), Ready(Some(Err(Lagged(3)))));
    assert_eq!(poll(&mut stream), Ready(Some(Ok(3))));
    assert_eq!(poll(&mut stream), Ready(Some(Ok(4))));
    assert_eq!(poll_as(&first, &mut stream), Pending);
    drop(sender);
    assert_eq!(first.count(), 1);
    assert_eq!(poll(&mut stream), Ready(None));
    assert_eq!(poll(&mut stream), Ready(None));
    assert_eq!(Lagged(3).to_string(), "channel lagged by 3");
}

#[test]
fn a_broadcast_stream_that_goes_takes_its_waker_along() {
    let (sender, receiver) = broadcast::channel(4);
    let wakes = Arc::new(Wakes::default());
    let mut stream = BroadcastStream::new(receiver);
    assert_eq!(poll_as(&wakes, &mut stream), Pending);
    assert_eq!(Arc::strong_count(&wakes), 2);
    let mut receiver = stream.into_inner();
    assert_eq!(
        Arc::strong_count(&wakes),
        1,
        "its place among the waiters is left"
    );
    sender.send(1).unwrap();
    assert_eq!(wakes.count(), 0);
    assert_eq!(receiver.try_recv(), Ok(1));

    let mut stream = BroadcastStream::new(receiver);
    assert_eq!(poll_as(&wakes, &mut stream), Pending);
    assert!(stream.as_ref().is_empty());
    drop(stream);
    assert_eq!(Arc::strong_count(&wakes), 1);
    assert!(sender.send(2).is_err(), "nobody listens any more");
}

#[test]
fn many_broadcast_streams_are_all_woken() {
    let (sender, _receiver) = broadcast::channel(4);
    let wakes = Arc::new(Wakes::default());
    let mut streams: Vec<_> = (0..10)
        .map(|_| BroadcastStream::new(sender.subscribe()))
        .collect();
    for stream in &mut streams {
        assert_eq!(poll_as(&wakes, stream), Pending);
    }
    drop(streams.remove(3));
    sender.send('x').unwrap();
    assert_eq!(wakes.count(), 9);
    for stream in &mut streams {
        assert_eq!(poll(stream), Ready(Some(Ok('x'))));
        assert_eq!(poll(stream), Pending);
    }
}

#[test]
fn a_watch_stream_begins_with_the_value_and_passes_over_what_is_old() {
    let (sender, receiver) = watch::channel(0);
    let mut stream = WatchStream::from(receiver);
    assert_eq!(stream.size_hint(), (1, None));
    assert_eq!(poll(&mut stream), Ready(Some(0)));
    assert_eq!(stream.size_hint(), (0, None));
    let (first, second) = (Arc::new(Wakes::default()), Arc::new(Wakes::default()));
    assert_eq!(poll_as(&first, &mut stream), Pending);
    assert_eq!(poll_as(&second, &mut stream), Pending);
    sender.send(1).unwrap();
    sender.send(2).unwrap();
    assert_eq!((first.count(), second.count()), (0, 1));
    assert_eq!(poll(&mut stream), Ready(Some(2)));
    assert_eq!(poll_as(&first, &mut stream), Pending);
    sender.send(3).unwrap();
    drop(sender);
    assert_eq!(first.count(), 1);
    assert_eq!(
        poll(&mut stream),
        Ready(Some(3)),
        "the last value is seen after the close"
    );
    assert_eq!(poll(&mut stream), Ready(None));
    assert_eq!(poll(&mut stream), Ready(None));
}

#[test]
fn a_watch_stream_of_changes_waits_for_one() {
    let (sender, receiver) = watch::channel(0);
    let wakes = Arc::new(Wakes::default());
    let mut stream = WatchStream::from_changes(receiver.clone());
    assert_eq!(stream.size_hint(), (0, None));
    assert_eq!(poll_as(&wakes, &mut stream), Pending);
    assert_eq!(Arc::strong_count(&wakes), 2);
    let receiver_again = stream.into_inner();
    assert_eq!(
        Arc::strong_count(&wakes),
        1,
        "its place among the waiters is left"
    );
    sender.send(1).unwrap();
    assert_eq!(wakes.count(), 0);

    let mut stream = WatchStream::from_changes(receiver_again);
    assert_eq!(
        poll(&mut stream),
        Ready(Some(1)),
        "a change that was not seen is one"
    );
    assert_eq!(poll(&mut stream), Pending);
    assert!(!stream.as_ref().has_changed().unwrap());

    let mut other = WatchStream::from_changes(receiver);
    drop(sender);
    assert_eq!(poll(&mut other), Ready(Some(1)));
    assert_eq!(poll(&mut other), Ready(None));
}

#[test]
fn the_first_value_of_a_watch_stream_comes_after_the_close_too() {
    let (sender, receiver) = watch::channel("only");
    drop(sender);
    let mut stream = WatchStream::new(receiver);
    assert_eq!(poll(&mut stream), Ready(Some("only")));
    assert_eq!(poll(&mut stream), Ready(None));
}

#[test]
fn streams_may_be_moved_and_sent() {
    fn check<T: Send + Sync + Unpin>() {}
    struct NotUnpin(#[allow(dead_code, reason = "is there for its type")] std::marker::PhantomPinned);
    check::<ReceiverStream<NotUnpin>>();
    check::<UnboundedReceiverStream<NotUnpin>>();
    check::<BroadcastStream<NotUnpin>>();
    check::<WatchStream<NotUnpin>>();
}
