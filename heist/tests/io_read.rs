//! The reading methods: short reads, waits at every point, errors, ends, and what giving up leaves behind.

mod io_support;

use bytes::{BufMut, BytesMut};
use heist::io::{AsyncReadExt, ErrorKind};
use io_support::{Read, Reader, drive, give_up_after, poll_once, run};
use proptest::prelude::*;
use std::io::Cursor;

fn bytes(bytes: &[u8]) -> Read {
    Read::Bytes(bytes.to_vec())
}

#[test]
fn read_returns_what_there_is_and_waits_for_the_first_byte_only() {
    let mut reader = Reader::new([Read::Wait, Read::Wait, bytes(b"hello")]);
    let mut buf = [0; 3];
    let (n, polls) = drive(reader.read(&mut buf));
    assert_eq!((n.unwrap(), polls), (3, 3));
    assert_eq!(&buf, b"hel");
    assert_eq!(run(reader.read(&mut buf)).unwrap(), 2);
    assert_eq!(&buf[..2], b"lo");
    assert_eq!(run(reader.read(&mut buf)).unwrap(), 0);
}

#[test]
fn read_given_up_has_read_nothing() {
    let mut reader = Reader::new([Read::Wait, bytes(b"hello")]);
    assert!(give_up_after(1, reader.read(&mut [0; 8])).is_none());
    let mut buf = [0; 8];
    assert_eq!(run(reader.read(&mut buf)).unwrap(), 5);
}

#[test]
fn read_buf_goes_behind_the_end_and_asks_a_full_buffer_nothing() {
    let mut reader = Reader::new([Read::Wait, bytes(b"hello"), bytes(b"!")]);
    let mut vec = b">".to_vec();
    assert_eq!(run(reader.read_buf(&mut vec)).unwrap(), 5);
    assert_eq!(vec, b">hello");

    let mut bytes_mut = BytesMut::new();
    assert_eq!(run(reader.read_buf(&mut bytes_mut)).unwrap(), 1);
    assert_eq!(&bytes_mut[..], b"!");

    let polls = reader.polls;
    let mut room = [0; 4];
    let mut full = (&mut room[..]).limit(0);
    assert_eq!(run(reader.read_buf(&mut full)).unwrap(), 0);
    assert_eq!(reader.polls, polls);
}

#[test]
fn read_buf_stays_in_the_limits_of_its_buffer() {
    let mut reader = Reader::new([bytes(b"hello")]);
    let mut vec = Vec::with_capacity(64);
    let mut limited = (&mut vec).limit(3);
    assert_eq!(run(reader.read_buf(&mut limited)).unwrap(), 3);
    assert_eq!(run(reader.read_buf(&mut limited)).unwrap(), 0);
    assert_eq!(vec, b"hel");
}

#[test]
fn read_exact_gathers_and_tells_an_early_end() {
    let mut reader = Reader::pieces([&b"he"[..], b"l", b"lo w"]);
    let mut buf = [0; 5];
    let (n, polls) = drive(reader.read_exact(&mut buf));
    assert_eq!((n.unwrap(), polls), (5, 4));
    assert_eq!(&buf, b"hello");
    let error = run(reader.read_exact(&mut buf)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    assert_eq!(&buf[..2], b" w");
    let polls = reader.polls;
    assert_eq!(run(reader.read_exact(&mut [])).unwrap(), 0);
    assert_eq!(reader.polls, polls);
}

#[test]
fn an_error_comes_through() {
    let failing = || Reader::new([bytes(b"a"), Read::Wait, Read::Fail(ErrorKind::ConnectionReset)]);
    let kind = |outcome: std::io::Result<usize>| outcome.unwrap_err().kind();
    assert_eq!(
        kind(run(failing().read_exact(&mut [0; 2]))),
        ErrorKind::ConnectionReset
    );
    let mut vec = Vec::new();
    assert_eq!(
        kind(run(failing().read_to_end(&mut vec))),
        ErrorKind::ConnectionReset
    );
    assert_eq!(vec, b"a");
    let mut text = "kept".to_owned();
    assert_eq!(
        kind(run(failing().read_to_string(&mut text))),
        ErrorKind::ConnectionReset
    );
    assert_eq!(text, "kept");
    assert_eq!(
        run(failing().read_u16()).unwrap_err().kind(),
        ErrorKind::ConnectionReset
    );
}

#[test]
fn read_to_end_tries_again_when_interrupted() {
    let script = [
        Read::Fail(ErrorKind::Interrupted),
        bytes(b"a"),
        Read::Fail(ErrorKind::Interrupted),
    ];
    let mut vec = Vec::new();
    assert_eq!(run(Reader::new(script).read_to_end(&mut vec)).unwrap(), 1);
    assert_eq!(vec, b"a");
}

#[test]
fn what_reads_a_fixed_size_tries_again_when_interrupted() {
    let script = || {
        [
            Read::Fail(ErrorKind::Interrupted),
            bytes(b"a"),
            Read::Fail(ErrorKind::Interrupted),
            bytes(b"b"),
        ]
    };
    let mut both = [0; 2];
    assert_eq!(run(Reader::new(script()).read_exact(&mut both)).unwrap(), 2);
    assert_eq!(&both, b"ab");
    assert_eq!(run(Reader::new(script()).read_u16()).unwrap(), 0x6162);
    // One read is one read.
    let error = run(Reader::new(script()).read(&mut both)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Interrupted);
}

#[test]
fn read_to_end_does_not_grow_a_vector_that_fits_exactly() {
    let mut vec = Vec::with_capacity(1000);
    let mut reader = Reader::new([bytes(&[7; 1000])]);
    assert_eq!(run(reader.read_to_end(&mut vec)).unwrap(), 1000);
    assert_eq!(vec.capacity(), 1000);
    assert_eq!(reader.polls, 2);

    let mut reader = Reader::new([bytes(&[7; 1001])]);
    vec.clear();
    assert_eq!(run(reader.read_to_end(&mut vec)).unwrap(), 1001);
    assert_eq!(vec, [7; 1001]);
}

#[test]
fn read_to_end_given_up_leaves_all_bytes_in_the_vector() {
    let pieces = [&b"one "[..], b"two ", b"three"];
    for polls in 0..4 {
        let mut reader = Reader::pieces(pieces);
        let mut vec = Vec::new();
        assert!(give_up_after(polls, reader.read_to_end(&mut vec)).is_none());
        run(reader.read_to_end(&mut vec)).unwrap();
        assert_eq!(vec, b"one two three", "given up after {polls} polls");
    }
}

#[test]
fn read_to_string_checks_at_the_end_and_keeps_what_was_there() {
    let mut text = "so: ".to_owned();
    // The two bytes of the letter come in two reads.
    let mut reader = Reader::pieces([&b"gr\xc3"[..], b"\xbc\xc3\x9fe"]);
    assert_eq!(run(reader.read_to_string(&mut text)).unwrap(), 7);
    assert_eq!(text, "so: grüße");

    let mut reader = Reader::pieces([&b"ok \xff"[..]]);
    let error = run(reader.read_to_string(&mut text)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidData);
    assert_eq!(text, "so: grüße");
}

#[test]
fn numbers_come_in_both_orders_and_in_pieces() {
    let mut reader = Reader::pieces([&[0x12][..], &[0x34, 0x56], &[0x78, 0xff]]);
    assert_eq!(run(reader.read_u32()).unwrap(), 0x1234_5678);
    assert_eq!(run(reader.read_i8()).unwrap(), -1);
    assert_eq!(run((&[0x34u8, 0x12][..]).read_u16_le()).unwrap(), 0x1234);
    assert_eq!(run((&1.5f64.to_be_bytes()[..]).read_f64()).unwrap(), 1.5);
    assert_eq!(run((&(-7i128).to_le_bytes()[..]).read_i128_le()).unwrap(), -7);
    let error = run((&[1u8, 2, 3][..]).read_f32_le()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    assert_eq!(
        run((&[][..] as &[u8]).read_u8()).unwrap_err().kind(),
        ErrorKind::UnexpectedEof
    );
}

#[test]
fn take_ends_at_its_limit_without_asking_the_reader() {
    let mut reader = Reader::pieces([&b"hello world"[..]]).take(5);
    let mut text = String::new();
    assert_eq!(run(reader.read_to_string(&mut text)).unwrap(), 5);
    assert_eq!(text, "hello");
    assert_eq!((reader.limit(), reader.get_ref().polls), (0, 2));
    reader.set_limit(100);
    assert_eq!(run(reader.read_to_string(&mut text)).unwrap(), 6);
    assert_eq!((reader.limit(), &*text), (94, "hello world"));
    assert_eq!(run(reader.into_inner().read(&mut [0; 8])).unwrap(), 0);
}

#[test]
fn chain_goes_on_where_the_first_ends_and_an_empty_buffer_is_no_end() {
    let mut reader = Reader::pieces([&b"one "[..]]).chain(Reader::pieces([&b"two"[..]]));
    assert_eq!(run(reader.read(&mut [0; 1])).unwrap(), 1);
    assert_eq!(run(reader.read(&mut [])).unwrap(), 0);
    let mut text = String::new();
    assert_eq!(run(reader.read_to_string(&mut text)).unwrap(), 6);
    assert_eq!(text, "ne two");
    let (first, second) = reader.into_inner();
    assert!(first.script.is_empty() && second.script.is_empty());
}

#[test]
fn readers_are_readers_behind_references_boxes_and_pins() {
    let mut slice: &[u8] = b"abcdef";
    assert_eq!(run((&mut slice).read_u8()).unwrap(), b'a');
    let mut boxed: Box<dyn heist::io::AsyncRead + Unpin> = Box::new(slice);
    assert_eq!(run(boxed.read_u8()).unwrap(), b'b');
    let mut pinned = std::pin::Pin::new(&mut boxed);
    assert_eq!(run(pinned.read_u8()).unwrap(), b'c');
    let mut cursor = Cursor::new(b"xyz".to_vec());
    cursor.set_position(2);
    assert_eq!(run(cursor.read_u8()).unwrap(), b'z');
    cursor.set_position(100);
    assert_eq!(run(cursor.read(&mut [0; 4])).unwrap(), 0);
    assert_eq!(cursor.position(), 100);
}

#[test]
fn in_memory_readers_are_ready_at_once() {
    assert!(poll_once((&b"abc"[..]).read(&mut [0; 2])).is_ready());
}

proptest! {
    #[test]
    fn read_to_end_reads_all_whatever_the_pieces_and_the_capacity(
        pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..700), 0..8),
        waits in proptest::collection::vec(any::<bool>(), 8),
        capacity in 0..2000usize,
    ) {
        let script = pieces.iter().zip(waits).flat_map(|(piece, wait)| {
            wait.then_some(Read::Wait).into_iter().chain([bytes(piece)])
        });
        let mut vec = Vec::with_capacity(capacity);
        let n = run(Reader::new(script).read_to_end(&mut vec)).unwrap();
        prop_assert_eq!(n, vec.len());
        prop_assert_eq!(vec, pieces.concat());
    }
}
