//! `copy`, `copy_buf` and `copy_bidirectional`: what arrives, when it is flushed, and what stops them.

mod io_support;

use heist::io::{self, AsyncReadExt, AsyncWriteExt, BufWriter, ErrorKind, join};
use heist_executor::coop;
use io_support::{Pieces, Read, Reader, Wakes, Write, Writer, give_up_after, run};
use proptest::prelude::*;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll};

fn bytes(bytes: &[u8]) -> Read {
    Read::Bytes(bytes.to_vec())
}

#[test]
fn copy_moves_all_over_short_writes_and_waits_and_flushes_at_the_end() {
    let mut reader = Reader::pieces([&b"hello "[..], b"world"]);
    let mut writer = Writer::new([Write::Take(2), Write::Wait, Write::Fail(ErrorKind::Interrupted)]);
    assert_eq!(run(io::copy(&mut reader, &mut writer)).unwrap(), 11);
    assert_eq!(writer.written, b"hello world");
    assert_eq!(writer.shutdowns, 0);
    assert!(writer.flushes >= 1);
}

#[test]
fn copy_flushes_before_it_waits_for_the_reader() {
    let mut reader = Reader::new([bytes(b"ping"), Read::Wait, Read::Wait, bytes(b"pong")]);
    let mut writer = BufWriter::new(Writer::default());
    assert!(give_up_after(1, io::copy(&mut reader, &mut writer)).is_none());
    assert_eq!(writer.get_ref().written, b"ping");
    assert_eq!(writer.get_ref().flushes, 1);

    let mut reader = Pieces::new([bytes(b"ping"), Read::Wait, Read::Wait, bytes(b"pong")]);
    let mut writer = BufWriter::new(Writer::default());
    assert_eq!(run(io::copy_buf(&mut reader, &mut writer)).unwrap(), 8);
    // Once before the waits, not at each of them, and once at the end.
    assert_eq!(writer.get_ref().flushes, 2);
}

#[test]
fn copy_reads_on_while_the_writer_waits() {
    let pieces = [&b"ab"[..], b"cd", b"ef"].map(bytes);
    let mut reader = Reader::new(pieces);
    let mut writer = Writer::new([Write::Take(1), Write::Wait, Write::Wait]);
    assert_eq!(run(io::copy(&mut reader, &mut writer)).unwrap(), 6);
    assert_eq!(writer.written, b"abcdef");
    // a | wait | wait with cd | bcd, then ef: and no write for each piece.
    assert!(writer.writes <= 5, "{} writes", writer.writes);
}

#[test]
fn copy_tells_the_first_error() {
    let mut failing = Reader::new([bytes(b"ab"), Read::Fail(ErrorKind::ConnectionReset)]);
    let mut writer = Writer::default();
    let error = run(io::copy(&mut failing, &mut writer)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert_eq!(writer.written, b"ab");

    let mut closed = Writer::new([Write::Take(1), Write::Fail(ErrorKind::BrokenPipe)]);
    let error = run(io::copy(&mut &b"abc"[..], &mut closed)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BrokenPipe);

    let mut full = Writer::new([Write::Take(0)]);
    let error = run(io::copy(&mut &b"abc"[..], &mut full)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WriteZero);
    let mut full = Writer::new([Write::Take(0)]);
    let error = run(io::copy_buf(&mut &b"abc"[..], &mut full)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WriteZero);
}

#[test]
fn copy_buf_given_up_has_lost_nothing() {
    for polls in 0..6 {
        let mut reader = Pieces::new([bytes(b"abc"), Read::Wait, bytes(b"def"), Read::Wait]);
        let mut writer = Writer::new([Write::Take(1), Write::Wait, Write::Take(1), Write::Wait]);
        give_up_after(polls, io::copy_buf(&mut reader, &mut writer));
        run(io::copy_buf(&mut reader, &mut writer)).unwrap();
        assert_eq!(writer.written, b"abcdef", "given up after {polls} polls");
    }
}

/// Polls in a task's budget, as a worker does, and counts the polls; every one that ends must have woken.
fn polls_with_budget<F: Future>(future: F) -> usize {
    let mut future = pin!(future);
    let (wakes, waker) = Wakes::new();
    for polls in 1.. {
        let woken = wakes.count();
        match coop::budget(|| future.as_mut().poll(&mut Context::from_waker(&waker))) {
            Poll::Ready(_) => return polls,
            Poll::Pending => assert_eq!(wakes.count(), woken + 1, "refused and not woken"),
        }
    }
    unreachable!()
}

#[test]
fn copies_that_never_wait_let_others_run() {
    const CHUNK: usize = 8 * 1024;
    let content = vec![7u8; 1000 * CHUNK];
    // One unit a turn of the loop, so 128 chunks a poll.
    let polls = polls_with_budget(io::copy(&mut &content[..], &mut Vec::new()));
    assert!((7..=9).contains(&polls), "{polls} polls");

    let mut reader = Pieces::new((0..1000).map(|_| bytes(b"x")));
    let polls = polls_with_budget(io::copy_buf(&mut reader, &mut Vec::new()));
    assert!((7..=9).contains(&polls), "{polls} polls");

    // The reader never ends: what matters is that the poll does.
    let (mut reader, mut writer) = (io::repeat(1), io::sink());
    let mut endless = pin!(io::copy(&mut reader, &mut writer));
    let (wakes, waker) = Wakes::new();
    let outcome = coop::budget(|| endless.as_mut().poll(&mut Context::from_waker(&waker)));
    assert!(outcome.is_pending());
    assert_eq!(wakes.count(), 1);
}

#[test]
fn both_directions_end_each_on_its_own_and_shut_the_other_side_down() {
    let (mut client, mut front) = io::duplex(16);
    let (mut back, mut server) = io::duplex(16);
    let proxy = io::copy_bidirectional(&mut front, &mut back);
    let talk = async {
        client.write_all(b"request").await.unwrap();
        client.shutdown().await.unwrap();
        let (mut request, mut response) = (String::new(), String::new());
        // Ends although the other direction has not.
        server.read_to_string(&mut request).await.unwrap();
        let answer = async {
            server
                .write_all(b"a response longer than the pipe")
                .await
                .unwrap();
            server.shutdown().await.unwrap();
        };
        both(answer, client.read_to_string(&mut response))
            .await
            .1
            .unwrap();
        (request, response)
    };
    let (counts, (request, response)) = run(both(proxy, talk));
    assert_eq!(counts.unwrap(), (7, 31));
    assert_eq!(
        (&*request, &*response),
        ("request", "a response longer than the pipe")
    );
}

/// Polls both until both are done.
async fn both<A: Future, B: Future>(a: A, b: B) -> (A::Output, B::Output) {
    let (mut a, mut b) = (pin!(a), pin!(b));
    let (mut left, mut right) = (None, None);
    std::future::poll_fn(move |cx| {
        if left.is_none() {
            if let Poll::Ready(output) = a.as_mut().poll(cx) {
                left = Some(output);
            }
        }
        if right.is_none() {
            if let Poll::Ready(output) = b.as_mut().poll(cx) {
                right = Some(output);
            }
        }
        match (left.take(), right.take()) {
            (Some(a), Some(b)) => Poll::Ready((a, b)),
            (a, b) => {
                (left, right) = (a, b);
                Poll::Pending
            }
        }
    })
    .await
}

#[test]
fn an_error_in_one_direction_ends_both() {
    let stalled = || Reader::new([Read::Wait, Read::Wait, Read::Wait, bytes(b"late")]);
    let mut a = join(stalled(), Writer::default());
    let mut b = join(
        Reader::new([Read::Fail(ErrorKind::ConnectionReset)]),
        Writer::default(),
    );
    let error = run(io::copy_bidirectional(&mut a, &mut b)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert_eq!((a.writer().shutdowns, b.writer().shutdowns), (0, 0));
}

#[test]
fn a_slow_shutdown_is_waited_for() {
    let mut a = join(
        Reader::new([bytes(b"x")]),
        Writer {
            slow_finish: 4,
            ..Writer::default()
        },
    );
    let mut b = join(Reader::default(), Writer::default());
    assert_eq!(
        run(io::copy_bidirectional_with_sizes(&mut a, &mut b, 1, 1)).unwrap(),
        (1, 0)
    );
    assert_eq!((a.writer().shutdowns, b.writer().shutdowns), (1, 1));
    assert_eq!(b.writer().written, b"x");
}

#[test]
#[should_panic(expected = "must be greater than 0")]
fn a_copy_without_a_buffer_is_refused() {
    let (mut a, mut b) = io::duplex(1);
    let _ = run(io::copy_bidirectional_with_sizes(&mut a, &mut b, 1, 0));
}

fn read() -> impl Strategy<Value = Read> {
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 1..9000).prop_map(Read::Bytes),
        Just(Read::Wait),
        Just(Read::Fail(ErrorKind::Interrupted)),
    ]
}

fn write() -> impl Strategy<Value = Write> {
    prop_oneof![
        (1..9000usize).prop_map(Write::Take),
        Just(Write::Wait),
        Just(Write::Fail(ErrorKind::Interrupted)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases / 4))]
    #[test]
    fn what_goes_in_comes_out(
        reads in proptest::collection::vec(read(), 0..12),
        writes in proptest::collection::vec(write(), 0..24),
        slow_finish in 0..3usize,
    ) {
        let expected: Vec<u8> = reads
            .iter()
            .filter_map(|read| match read {
                Read::Bytes(bytes) => Some(&bytes[..]),
                _ => None,
            })
            .collect::<Vec<_>>()
            .concat();
        let writer = || Writer { slow_finish, ..Writer::new(writes.clone()) };

        let mut copied = writer();
        let n = run(io::copy(&mut Reader::new(reads.clone()), &mut copied)).unwrap();
        prop_assert_eq!((n, &copied.written), (expected.len() as u64, &expected));

        let mut copied = writer();
        let n = run(io::copy_buf(&mut Pieces::new(reads.clone()), &mut copied)).unwrap();
        prop_assert_eq!((n, &copied.written), (expected.len() as u64, &expected));
    }
}
