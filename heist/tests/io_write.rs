//! The writing methods, `BufWriter` and `BufStream`: short writes, waits, errors, and what giving up costs.

mod io_support;

use bytes::{Buf, Bytes};
use heist::io::{
    AsyncBufReadExt, AsyncReadExt, AsyncSeekExt, AsyncWriteExt, BufReader, BufStream, BufWriter, ErrorKind,
    SeekFrom, join,
};
use io_support::{Read, Reader, Write, Writer, drive, give_up_after, run};
use proptest::prelude::*;
use std::io::{Cursor, IoSlice};

#[test]
fn write_writes_once() {
    let mut writer = Writer::new([Write::Wait, Write::Take(3)]);
    let (n, polls) = drive(writer.write(b"hello"));
    assert_eq!((n.unwrap(), polls), (3, 2));
    assert_eq!(writer.written, b"hel");
}

#[test]
fn what_writes_all_of_something_tries_again_when_interrupted() {
    let script = || {
        [
            Write::Fail(ErrorKind::Interrupted),
            Write::Take(1),
            Write::Fail(ErrorKind::Interrupted),
        ]
    };
    let mut writer = Writer::new(script());
    run(writer.write_all(b"ab")).unwrap();
    assert_eq!((&*writer.written, writer.writes), (&b"ab"[..], 4));
    let mut writer = Writer::new(script());
    run(writer.write_all_buf(&mut &b"ab"[..])).unwrap();
    assert_eq!((&*writer.written, writer.writes), (&b"ab"[..], 4));
    let mut writer = Writer::new(script());
    run(writer.write_u16(0x6162)).unwrap();
    assert_eq!((&*writer.written, writer.writes), (&b"ab"[..], 4));
    // One write is one write.
    let error = run(Writer::new(script()).write(b"ab")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Interrupted);
}

#[test]
fn write_all_goes_on_after_short_writes() {
    let mut writer = Writer::new([Write::Take(1), Write::Wait, Write::Take(2)]);
    run(writer.write_all(b"hello")).unwrap();
    assert_eq!((&*writer.written, writer.writes), (&b"hello"[..], 4));
    run(writer.write_all(b"")).unwrap();
    assert_eq!(writer.writes, 4);
}

#[test]
fn a_writer_that_takes_no_more_is_an_error() {
    let zero = || Writer::new([Write::Take(1), Write::Take(0)]);
    assert_eq!(
        run(zero().write_all(b"ab")).unwrap_err().kind(),
        ErrorKind::WriteZero
    );
    assert_eq!(run(zero().write_u16(1)).unwrap_err().kind(), ErrorKind::WriteZero);
    let mut left = &b"ab"[..];
    assert_eq!(
        run(zero().write_all_buf(&mut left)).unwrap_err().kind(),
        ErrorKind::WriteZero
    );
    assert_eq!(left, b"b");
    let mut slot = [0u8; 1];
    let error = run(Cursor::new(&mut slot[..]).write_all(b"ab")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WriteZero);
    assert_eq!(slot, [b'a']);
}

#[test]
fn write_all_buf_given_up_goes_on_where_it_was() {
    for polls in 0..4 {
        let mut writer = Writer::new([
            Write::Take(1),
            Write::Wait,
            Write::Take(2),
            Write::Wait,
            Write::Wait,
        ]);
        let mut left = &b"hello"[..];
        give_up_after(polls, writer.write_all_buf(&mut left));
        run(writer.write_all_buf(&mut left)).unwrap();
        assert_eq!(writer.written, b"hello", "given up after {polls} polls");
    }
}

#[test]
fn write_buf_sends_the_chunks_together_if_the_writer_can() {
    let mut chunks = Bytes::from_static(b"head ").chain(Bytes::from_static(b"body"));
    let mut writer = Writer::vectored([Write::Take(6)]);
    assert_eq!(run(writer.write_buf(&mut chunks)).unwrap(), 6);
    assert_eq!((&*writer.written, &*writer.slices), (&b"head b"[..], &[2][..]));
    assert_eq!(run(writer.write_buf(&mut chunks)).unwrap(), 3);
    assert_eq!(run(writer.write_buf(&mut chunks)).unwrap(), 0);
    assert_eq!(writer.writes, 2);

    let mut chunks = Bytes::from_static(b"head ").chain(Bytes::from_static(b"body"));
    let mut writer = Writer::default();
    assert_eq!(run(writer.write_buf(&mut chunks)).unwrap(), 5);
    run(writer.write_all_buf(&mut chunks)).unwrap();
    assert_eq!((&*writer.written, writer.slices.len()), (&b"head body"[..], 0));
}

#[test]
fn a_writer_of_one_slice_takes_the_first_that_is_not_empty() {
    // The default of the trait, and not the writer's own.
    let mut writer = join(heist::io::empty(), OneSlice(Vec::new()));
    let slices = [IoSlice::new(b""), IoSlice::new(b"ab"), IoSlice::new(b"c")];
    assert_eq!(run(writer.write_vectored(&slices)).unwrap(), 2);
    assert_eq!(run(writer.write_vectored(&[])).unwrap(), 0);
    assert_eq!(writer.writer().0, b"ab");

    let mut vec = Vec::new();
    assert_eq!(run(vec.write_vectored(&slices)).unwrap(), 3);
    assert_eq!(vec, b"abc");
}

struct OneSlice(Vec<u8>);

impl heist::io::AsyncWrite for OneSlice {
    fn poll_write(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
        buf: &[u8],
    ) -> std::task::Poll<std::io::Result<usize>> {
        self.0.extend_from_slice(buf);
        std::task::Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn poll_shutdown(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        std::task::Poll::Ready(Ok(()))
    }
}

#[test]
fn numbers_go_out_in_both_orders_and_in_pieces() {
    let mut writer = Writer::new([Write::Take(1), Write::Wait, Write::Take(1)]);
    run(writer.write_u32(0x1234_5678)).unwrap();
    run(writer.write_u16_le(0x1234)).unwrap();
    run(writer.write_i8(-1)).unwrap();
    assert_eq!(writer.written, [0x12, 0x34, 0x56, 0x78, 0x34, 0x12, 0xff]);
    let mut vec = Vec::new();
    run(vec.write_f64_le(1.5)).unwrap();
    run(vec.write_i128(-7)).unwrap();
    assert_eq!(run((&vec[..]).read_f64_le()).unwrap(), 1.5);
    assert_eq!(run((&vec[8..]).read_i128()).unwrap(), -7);
}

#[test]
fn flush_and_shutdown_wait() {
    let mut writer = Writer {
        slow_finish: 2,
        ..Writer::default()
    };
    let (outcome, polls) = drive(writer.flush());
    outcome.unwrap();
    assert_eq!((polls, writer.flushes), (3, 1));
    writer.slow_finish = 1;
    assert!(give_up_after(1, writer.shutdown()).is_none());
    run(writer.shutdown()).unwrap();
    assert_eq!(writer.shutdowns, 1);
}

#[test]
fn a_buffered_writer_gathers_small_writes_and_lets_large_ones_past() {
    let mut writer = BufWriter::with_capacity(8, Writer::new([Write::Wait, Write::Take(2)]));
    run(writer.write_all(b"abc")).unwrap();
    run(writer.write_all(b"def")).unwrap();
    assert_eq!((writer.buffer(), writer.get_ref().writes), (&b"abcdef"[..], 0));
    // Does not fit: the buffer goes out, over a wait and a short write.
    run(writer.write_all(b"ghi")).unwrap();
    assert_eq!(
        (writer.buffer(), &*writer.get_ref().written),
        (&b"ghi"[..], &b"abcdef"[..])
    );
    run(writer.write_all(b"0123456789")).unwrap();
    assert_eq!(
        (writer.buffer(), &*writer.get_ref().written),
        (&b""[..], &b"abcdefghi0123456789"[..])
    );
    assert_eq!(writer.get_ref().flushes, 0);
    run(writer.write_all(b"x")).unwrap();
    run(writer.shutdown()).unwrap();
    let inner = writer.into_inner();
    assert_eq!((inner.flushes, inner.shutdowns), (0, 1));
    assert!(inner.written.ends_with(b"x"));
}

#[test]
fn a_failed_flush_keeps_what_was_not_taken_and_can_be_tried_again() {
    let script = [
        Write::Take(2),
        Write::Fail(ErrorKind::Other),
        Write::Fail(ErrorKind::Interrupted),
        Write::Take(0),
    ];
    let mut writer = BufWriter::new(Writer::new(script));
    run(writer.write_all(b"abcdef")).unwrap();
    assert_eq!(run(writer.flush()).unwrap_err().kind(), ErrorKind::Other);
    assert_eq!(writer.buffer(), b"cdef");
    assert_eq!(run(writer.flush()).unwrap_err().kind(), ErrorKind::WriteZero);
    run(writer.flush()).unwrap();
    assert_eq!(
        (&*writer.get_ref().written, writer.get_ref().flushes),
        (&b"abcdef"[..], 1)
    );
}

#[test]
fn a_flush_given_up_at_any_point_writes_nothing_twice() {
    for polls in 0..6 {
        let script = [
            Write::Take(1),
            Write::Wait,
            Write::Take(2),
            Write::Wait,
            Write::Take(1),
            Write::Wait,
        ];
        let mut writer = BufWriter::new(Writer {
            slow_finish: 1,
            ..Writer::new(script)
        });
        run(writer.write_all(b"abcdef")).unwrap();
        give_up_after(polls, writer.flush());
        run(writer.write_all(b"gh")).unwrap();
        run(writer.flush()).unwrap();
        assert_eq!(
            writer.get_ref().written,
            b"abcdefgh",
            "given up after {polls} polls"
        );
    }
}

#[test]
fn a_buffered_writer_seeks_after_its_buffer_went_out() {
    let mut writer = BufWriter::new(Cursor::new(Vec::new()));
    run(writer.write_all(b"hello world")).unwrap();
    assert_eq!(run(writer.seek(SeekFrom::Start(6))).unwrap(), 6);
    run(writer.write_all(b"W")).unwrap();
    assert_eq!(run(writer.stream_position()).unwrap(), 7);
    assert!(run(writer.seek(SeekFrom::Current(-8))).is_err());
    assert_eq!(writer.get_ref().get_ref(), b"hello World");
}

#[test]
fn a_buffered_stream_buffers_both_ways_and_can_be_made_of_either_order() {
    let stream = || join(Reader::pieces([&b"one\ntwo\n"[..]]), Writer::default());
    let mut buffered = BufStream::from(BufWriter::new(BufReader::with_capacity(16, stream())));
    let mut line = String::new();
    run(buffered.read_line(&mut line)).unwrap();
    run(buffered.write_all(b"reply")).unwrap();
    assert_eq!((&*line, buffered.get_ref().reader().polls), ("one\n", 2));
    assert!(buffered.get_ref().writer().written.is_empty());
    run(buffered.flush()).unwrap();
    assert_eq!(buffered.into_inner().into_inner().1.written, b"reply");

    let mut inner = BufReader::new(BufWriter::new(stream()));
    run(inner.read_line(&mut line)).unwrap();
    run(inner.get_mut().write_all(b"kept")).unwrap();
    let mut outer = BufStream::from(inner);
    run(outer.read_line(&mut line)).unwrap();
    run(outer.shutdown()).unwrap();
    assert_eq!(line, "one\none\ntwo\n");
    assert_eq!(outer.get_ref().writer().written, b"kept");
    let mut small = BufStream::with_capacity(1, 1, stream());
    assert_eq!(run(small.read_u8()).unwrap(), b'o');
}

#[test]
fn a_converted_writer_keeps_its_unsent_bytes() {
    let mut inner = BufReader::new(Reader::new([Read::Bytes(b"abc".to_vec())]));
    assert_eq!(run(inner.read_u8()).unwrap(), b'a');
    let mut writer = BufWriter::new(join(inner, Writer::new([Write::Take(1), Write::Wait])));
    run(writer.write_all(b"xyz")).unwrap();
    assert!(give_up_after(1, writer.flush()).is_none());
    run(writer.flush()).unwrap();
    assert_eq!(writer.get_ref().writer().written, b"xyz");
    assert_eq!(run(writer.read_u8()).unwrap(), b'b');
}

#[test]
fn an_empty_first_slice_is_not_the_end_for_a_writer_that_takes_one_at_a_time() {
    let mut writer = BufWriter::with_capacity(4, Writer::new(Vec::new()));
    let slices = [IoSlice::new(b""), IoSlice::new(b"abc"), IoSlice::new(b"d")];
    assert_eq!(run(writer.write_vectored(&slices)).unwrap(), 3);
    assert_eq!(writer.get_ref().written, b"abc");
}

fn write() -> impl Strategy<Value = Write> {
    prop_oneof![
        (1..20usize).prop_map(Write::Take),
        Just(Write::Wait),
        Just(Write::Fail(ErrorKind::Interrupted)),
    ]
}

proptest! {
    #[test]
    fn a_buffered_writer_passes_on_exactly_what_it_was_given(
        pieces in proptest::collection::vec(
            proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..12), 0..4), 0..10),
        script in proptest::collection::vec(write(), 0..30),
        capacity in 0..20usize,
        vectored in any::<bool>(),
    ) {
        let script: Vec<_> = script.into_iter().collect();
        let inner = Writer { vectored, ..Writer::new(script) };
        let mut writer = BufWriter::with_capacity(capacity, inner);
        let mut expected = Vec::new();
        for slices in pieces {
            let all = slices.concat();
            let slices: Vec<_> = slices.iter().map(|slice| IoSlice::new(slice)).collect();
            // An interrupted direct write is the caller's to repeat.
            let n = loop {
                match run(writer.write_vectored(&slices)) {
                    Err(e) if e.kind() == ErrorKind::Interrupted => {}
                    outcome => break outcome.unwrap(),
                }
            };
            prop_assert!(n <= all.len() && (n > 0 || all.is_empty()));
            expected.extend_from_slice(&all[..n]);
        }
        run(writer.flush()).unwrap();
        prop_assert_eq!(&writer.get_ref().written, &expected);
    }
}
