//! StreamReader, as asyncio documents it: what each call returns, what is in the errors, what stays in the stream, and what
//! a call that is given up leaves behind.

mod aio_kit;
mod sync_kit;

use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::task::{Context, Poll};

use aio_kit::runtime;
use heist::aio::{IncompleteReadError, LimitOverrunError, StreamError, StreamReader, StreamWriter};
use heist::io::{AsyncRead, AsyncWriteExt, DuplexStream, ReadBuf};
use sync_kit::{Task, now, panic_message};

/// A reader and the other end of its stream, without a reactor: every wait is polled by hand.
fn with_reader(test: impl FnOnce(StreamReader, DuplexStream)) {
    let runtime = runtime();
    let _inside = runtime.enter();
    let (here, there) = heist::io::duplex(1 << 20);
    test(StreamReader::new(here), there);
}

fn send(stream: &mut DuplexStream, bytes: impl AsRef<[u8]>) {
    now(stream.write_all(bytes.as_ref())).unwrap();
}

fn incomplete<T: std::fmt::Debug>(result: Result<T, StreamError>) -> IncompleteReadError {
    match result {
        Err(StreamError::IncompleteRead(error)) => error,
        other => panic!("expected an incomplete read, not {other:?}"),
    }
}

fn overrun<T: std::fmt::Debug>(result: Result<T, StreamError>) -> LimitOverrunError {
    match result {
        Err(StreamError::LimitOverrun(error)) => error,
        other => panic!("expected a limit overrun, not {other:?}"),
    }
}

#[test]
fn read_returns_as_soon_as_one_byte_is_there_and_n_at_most() {
    with_reader(|mut reader, mut peer| {
        let mut read = Task::pending(reader.read(3));
        send(&mut peer, "a");
        assert_eq!(read.wakes(), 1);
        assert_eq!(read.ready().unwrap(), b"a");
        drop(read);
        send(&mut peer, "bcdef");
        assert_eq!(now(reader.read(3)).unwrap(), b"bcd");
        assert_eq!(now(reader.read(9)).unwrap(), b"ef");
    });
}

#[test]
fn read_of_nothing_returns_at_once() {
    with_reader(|mut reader, _peer| assert_eq!(now(reader.read(0)).unwrap(), b""));
}

#[test]
fn at_the_end_read_returns_nothing_and_at_eof_is_true() {
    with_reader(|mut reader, mut peer| {
        send(&mut peer, "ab");
        drop(peer);
        assert_eq!(now(reader.read(1)).unwrap(), b"a");
        assert!(!reader.at_eof());
        assert_eq!(now(reader.read(9)).unwrap(), b"b");
        assert_eq!(now(reader.read(9)).unwrap(), b"");
        assert!(reader.at_eof());
        assert_eq!(now(reader.read(9)).unwrap(), b"");
    });
}

#[test]
fn at_eof_is_false_while_something_is_left_to_read() {
    with_reader(|mut reader, mut peer| {
        send(&mut peer, "left");
        drop(peer);
        let mut search = Task::new(reader.readuntil(b"t"));
        assert_eq!(search.ready().unwrap(), b"left");
        drop(search);
        assert!(!reader.at_eof(), "nobody has met the end yet");
        assert_eq!(now(reader.read_to_end()).unwrap(), b"");
        assert!(reader.at_eof());
    });
}

#[test]
fn read_to_end_waits_for_the_end_and_has_no_limit() {
    with_reader(|mut reader, mut peer| {
        reader.set_limit(10);
        let mut read = Task::pending(reader.read_to_end());
        send(&mut peer, vec![b'x'; 100_000]);
        assert!(read.poll().is_pending());
        drop(peer);
        assert_eq!(read.ready().unwrap(), vec![b'x'; 100_000]);
    });
}

#[test]
fn readexactly_waits_for_all_and_has_no_limit() {
    with_reader(|mut reader, mut peer| {
        reader.set_limit(10);
        send(&mut peer, [b'x'; 50_000]);
        let mut read = Task::pending(reader.readexactly(100_000));
        send(&mut peer, [b'y'; 50_001]);
        let bytes = read.ready().unwrap();
        assert_eq!((bytes.len(), bytes[49_999], bytes[50_000]), (100_000, b'x', b'y'));
        drop(read);
        assert_eq!(now(reader.read(9)).unwrap(), b"y");
        assert_eq!(now(reader.readexactly(0)).unwrap(), b"");
    });
}

#[test]
fn readexactly_at_the_end_gives_the_partial_data_in_the_error() {
    with_reader(|mut reader, mut peer| {
        send(&mut peer, "abc");
        drop(peer);
        let error = incomplete(now(reader.readexactly(5)));
        assert_eq!((&error.partial[..], error.expected), (&b"abc"[..], Some(5)));
        assert!(reader.at_eof(), "what is in the error is not in the stream");
        let error = io::Error::from(StreamError::IncompleteRead(error));
        assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
        assert_eq!(
            error.to_string(),
            "the stream ended after 3 of the 5 bytes that were asked for"
        );
        assert!(error.get_ref().unwrap().is::<IncompleteReadError>());
    });
}

#[test]
fn readline_keeps_the_newline_and_the_last_line_may_lack_it() {
    with_reader(|mut reader, mut peer| {
        send(&mut peer, "one\n\ntwo");
        assert_eq!(now(reader.readline()).unwrap(), b"one\n");
        assert_eq!(now(reader.readline()).unwrap(), b"\n");
        let mut last = Task::pending(reader.readline());
        drop(peer);
        assert_eq!(last.ready().unwrap(), b"two");
        drop(last);
        assert_eq!(now(reader.readline()).unwrap(), b"");
    });
}

#[test]
fn readline_beyond_the_limit_drops_the_line_if_its_end_is_there() {
    with_reader(|mut reader, mut peer| {
        reader.set_limit(4);
        send(&mut peer, "12345\n1234\n");
        let error = overrun(now(reader.readline()));
        assert!(error.found);
        assert_eq!(now(reader.readline()).unwrap(), b"1234\n");
    });
}

#[test]
fn readline_beyond_the_limit_drops_all_if_no_end_is_there() {
    with_reader(|mut reader, mut peer| {
        reader.set_limit(4);
        send(&mut peer, "123456");
        assert!(!overrun(now(reader.readline())).found);
        send(&mut peer, "7\n");
        assert_eq!(now(reader.readline()).unwrap(), b"7\n");
    });
}

#[test]
fn the_limit_is_64_kib_if_nothing_else_is_said() {
    with_reader(|mut reader, mut peer| {
        assert_eq!(reader.limit(), 64 * 1024);
        let line = |n: usize| [vec![b'x'; n], b"\n".to_vec()].concat();
        send(&mut peer, line(64 * 1024));
        assert_eq!(now(reader.readline()).unwrap().len(), 64 * 1024 + 1);
        send(&mut peer, line(64 * 1024 + 1));
        overrun(now(reader.readline()));
    });
}

#[test]
fn readuntil_finds_a_separator_that_comes_in_pieces() {
    with_reader(|mut reader, mut peer| {
        let mut read = Task::pending(reader.readuntil("--end--"));
        for piece in ["data-", "-en", "--end", "-"] {
            send(&mut peer, piece);
            assert!(read.poll().is_pending());
        }
        send(&mut peer, "-more");
        assert_eq!(read.ready().unwrap(), b"data--en--end--");
        drop(read);
        assert_eq!(now(reader.read(9)).unwrap(), b"more");
    });
}

#[test]
fn readuntil_at_the_end_gives_the_partial_data_and_resets_the_buffer() {
    with_reader(|mut reader, mut peer| {
        send(&mut peer, "some\r");
        drop(peer);
        let error = incomplete(now(reader.readuntil(b"\r\n")));
        assert_eq!((&error.partial[..], error.expected), (&b"some\r"[..], None));
        assert!(reader.at_eof());
    });
}

#[test]
fn a_separator_that_is_there_counts_even_at_the_end() {
    with_reader(|mut reader, mut peer| {
        send(&mut peer, "some\r\n");
        drop(peer);
        assert_eq!(now(reader.readuntil(b"\r\n")).unwrap(), b"some\r\n");
    });
}

#[test]
fn a_limit_overrun_leaves_the_data_in_the_stream() {
    with_reader(|mut reader, mut peer| {
        reader.set_limit(4);
        send(&mut peer, "12345\r\nnext\r\n");
        for _ in 0..2 {
            let error = overrun(now(reader.readuntil(b"\r\n")));
            assert_eq!((error.consumed, error.found), (5, true));
        }
        assert_eq!(now(reader.readexactly(5)).unwrap(), b"12345");
        assert_eq!(now(reader.readuntil(b"\r\n")).unwrap(), b"\r\n");
        assert_eq!(now(reader.readuntil(b"\r\n")).unwrap(), b"next\r\n");
    });
}

#[test]
fn consumed_never_counts_what_may_be_the_beginning_of_a_separator() {
    with_reader(|mut reader, mut peer| {
        reader.set_limit(4);
        send(&mut peer, "12345\r");
        let error = overrun(now(reader.readuntil(b"\r\n")));
        assert_eq!((error.consumed, error.found), (5, false));
        assert_eq!(now(reader.readexactly(error.consumed)).unwrap(), b"12345");
        send(&mut peer, "\n");
        assert_eq!(now(reader.readuntil(b"\r\n")).unwrap(), b"\r\n");
    });
}

#[test]
fn of_several_separators_the_shortest_answer_wins() {
    with_reader(|mut reader, mut peer| {
        let ends = [&b"\r\n"[..], b";", b"stop"];
        send(&mut peer, "a;b\r\ncstopd");
        assert_eq!(now(reader.readuntil(ends)).unwrap(), b"a;");
        assert_eq!(now(reader.readuntil(&ends[..])).unwrap(), b"b\r\n");
        assert_eq!(now(reader.readuntil(ends)).unwrap(), b"cstop");
        // One inside of the other: the one that ends first.
        send(&mut peer, "xyz");
        assert_eq!(now(reader.readuntil(["dxyz", "xy"])).unwrap(), b"dxy");
    });
}

#[test]
fn several_separators_that_come_in_pieces() {
    with_reader(|mut reader, mut peer| {
        let mut read = Task::pending(reader.readuntil(["longest", "#"]));
        send(&mut peer, "alonge");
        assert!(read.poll().is_pending());
        send(&mut peer, "st#");
        assert_eq!(read.ready().unwrap(), b"alongest");
    });
}

#[test]
fn of_separators_that_end_together_the_shortest_counts_against_the_limit() {
    with_reader(|mut reader, mut peer| {
        reader.set_limit(2);
        send(&mut peer, "ab\r\n");
        let error = overrun(now(reader.readuntil(["\r\n", "\n"])));
        assert_eq!((error.consumed, error.found), (3, true));
    });
}

#[test]
fn no_separator_and_an_empty_one_are_refused() {
    with_reader(|mut reader, _peer| {
        let none: &[&[u8]] = &[];
        assert!(panic_message(|| now(reader.readuntil(none))).contains("read_to_end"));
        assert!(panic_message(|| now(reader.readuntil(["a", ""]))).contains("one byte"));
        assert!(panic_message(|| reader.set_limit(0)).contains("1 at least"));
    });
}

#[test]
fn iteration_gives_the_lines_up_to_the_end() {
    with_reader(|mut reader, mut peer| {
        send(&mut peer, "one\ntw");
        let mut lines = reader.lines();
        assert_eq!(now(lines.next()).unwrap().unwrap(), b"one\n");
        Task::pending(lines.next()).drop_future();
        send(&mut peer, "o\nthree");
        drop(peer);
        assert_eq!(now(lines.next()).unwrap().unwrap(), b"two\n");
        assert_eq!(now(lines.next()).unwrap().unwrap(), b"three");
        assert!(now(lines.next()).is_none());
    });
}

#[test]
fn a_wait_that_is_given_up_leaves_what_it_received() {
    with_reader(|mut reader, mut peer| {
        send(&mut peer, "ab");
        Task::pending(reader.readexactly(3)).drop_future();
        send(&mut peer, "c");
        Task::pending(reader.readline()).drop_future();
        send(&mut peer, "d");
        Task::pending(reader.readuntil("\r\n")).drop_future();
        send(&mut peer, "e");
        Task::pending(reader.read_to_end()).drop_future();
        assert_eq!(now(reader.read(9)).unwrap(), b"abcde");
        Task::pending(reader.read(9)).drop_future();
        send(&mut peer, "f");
        assert_eq!(now(reader.read(9)).unwrap(), b"f");
    });
}

/// A stream that gives what it has and then fails, again and again in another way.
struct Failing(Vec<&'static [u8]>, Vec<ErrorKind>);

impl AsyncRead for Failing {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Some(bytes) = self.0.pop() {
            buf.put_slice(bytes);
            return Poll::Ready(Ok(()));
        }
        Poll::Ready(Err(self.1.pop().unwrap().into()))
    }
}

#[test]
fn after_an_error_each_read_fails_with_it() {
    let runtime = runtime();
    let _inside = runtime.enter();
    let mut reader = StreamReader::new(Failing(vec![b"ab"], vec![ErrorKind::TimedOut]));
    match now(reader.readexactly(3)) {
        Err(StreamError::Io(error)) => assert_eq!(error.kind(), ErrorKind::TimedOut),
        other => panic!("{other:?}"),
    }
    assert_eq!(
        now(reader.read(9)).unwrap(),
        b"ab",
        "what came before is not lost"
    );
    for _ in 0..2 {
        assert_eq!(now(reader.read(9)).unwrap_err().kind(), ErrorKind::TimedOut);
    }
}

#[test]
fn close_of_the_writer_ends_a_waiting_read() {
    let runtime = runtime();
    let _inside = runtime.enter();
    let (here, _there) = heist::io::duplex(64);
    let (mut reader, writer) = StreamWriter::pair(here);
    let mut read = Task::pending(reader.read(1));
    writer.close();
    assert!(read.wakes() > 0);
    assert_eq!(read.ready().unwrap(), b"");
    drop(read);
    assert!(reader.at_eof());
}
