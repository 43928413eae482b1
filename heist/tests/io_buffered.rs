//! Buffered reading: lines, segments and delimiters against std's, over random pieces and waits.

mod io_support;

use heist::io::{
    AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncSeek, AsyncSeekExt, BufReader, ErrorKind,
    ReadBuf, SeekFrom,
};
use io_support::{Pieces, Read, Reader, drive, give_up_after, poll_once, run};
use proptest::prelude::*;
use std::io::{self, BufRead, Cursor, Seek};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

fn bytes(bytes: &[u8]) -> Read {
    Read::Bytes(bytes.to_vec())
}

#[test]
fn small_reads_come_from_one_read_of_the_source() {
    let mut reader = BufReader::new(Reader::pieces([&b"abcdef"[..]]));
    assert_eq!(run(reader.read_u16()).unwrap(), 0x6162);
    assert_eq!(run(reader.read_u8()).unwrap(), b'c');
    assert_eq!((reader.buffer(), reader.get_ref().polls), (&b"def"[..], 2));
}

#[test]
fn a_read_as_large_as_the_buffer_goes_past_it_but_not_past_its_bytes() {
    let mut reader = BufReader::with_capacity(4, Reader::new([bytes(b"abcdefghij")]));
    assert_eq!(run(reader.read_u8()).unwrap(), b'a');
    let mut buf = [0; 8];
    assert_eq!(run(reader.read(&mut buf)).unwrap(), 3);
    assert_eq!(run(reader.read(&mut buf)).unwrap(), 6);
    assert_eq!((&buf[..6], reader.buffer()), (&b"efghij"[..], &b""[..]));
}

/// Counts bytes that it has not written, which is allowed where the buffer is initialised.
struct Counts(usize);

impl AsyncRead for Counts {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        buf.advance(self.0);
        Poll::Ready(Ok(()))
    }
}

#[test]
fn the_buffer_is_initialised_from_the_start() {
    let mut reader = BufReader::with_capacity(8, Counts(5));
    assert_eq!(run(reader.fill_buf()).unwrap(), [0; 5]);
}

#[test]
fn fill_buf_shows_and_consume_takes() {
    let mut reader = BufReader::new(Reader::pieces([&b"abc"[..], b"d"]));
    assert!(give_up_after(1, reader.fill_buf()).is_none());
    assert_eq!(run(reader.fill_buf()).unwrap(), b"abc");
    reader.consume(1);
    assert_eq!(run(reader.fill_buf()).unwrap(), b"bc");
    reader.consume(100);
    assert_eq!(run(reader.fill_buf()).unwrap(), b"d");
    reader.consume(1);
    assert_eq!(run(reader.fill_buf()).unwrap(), b"");
    let mut failing = BufReader::new(Reader::new([Read::Fail(ErrorKind::Other)]));
    assert_eq!(run(failing.fill_buf()).unwrap_err().kind(), ErrorKind::Other);
}

#[test]
fn lines_lose_their_ends_and_nothing_else() {
    let text = b"one\ntwo\r\n\nthree\r\r\nlast\r";
    let mut lines = BufReader::with_capacity(3, &text[..]).lines();
    let mut all = Vec::new();
    while let Some(line) = run(lines.next_line()).unwrap() {
        all.push(line);
    }
    assert_eq!(all, ["one", "two", "", "three\r", "last\r"]);
    assert_eq!(run(lines.next_line()).unwrap(), None);
}

#[test]
fn a_line_that_is_not_utf8_is_an_error_and_the_next_one_is_fine() {
    let mut lines = AsyncBufReadExt::lines(&b"a\n\xff\nb"[..]);
    assert_eq!(run(lines.next_line()).unwrap().unwrap(), "a");
    assert_eq!(run(lines.next_line()).unwrap_err().kind(), ErrorKind::InvalidData);
    assert_eq!(run(lines.next_line()).unwrap().unwrap(), "b");
}

#[test]
fn a_line_survives_an_error_and_an_interruption_in_its_middle() {
    let script = [
        bytes(b"he"),
        Read::Fail(ErrorKind::Interrupted),
        bytes(b"ll"),
        Read::Fail(ErrorKind::TimedOut),
        bytes(b"o\n"),
    ];
    let mut lines = Pieces::new(script).lines();
    assert_eq!(run(lines.next_line()).unwrap_err().kind(), ErrorKind::TimedOut);
    assert_eq!(run(lines.next_line()).unwrap().unwrap(), "hello");
}

#[test]
fn giving_up_lines_segments_and_read_until_loses_nothing() {
    let pieces = [&b"he"[..], b"l", b"lo\nwor", b"ld"];
    for polls in 0..5 {
        let mut lines = BufReader::new(Reader::pieces(pieces)).lines();
        let early = give_up_after(polls, lines.next_line()).map(|line| line.unwrap().unwrap());
        let first = early.unwrap_or_else(|| run(lines.next_line()).unwrap().unwrap());
        assert_eq!((&*first, polls), ("hello", polls));
        assert_eq!(run(lines.next_line()).unwrap().unwrap(), "world");

        let mut segments = BufReader::new(Reader::pieces(pieces)).split(b'\n');
        let early = give_up_after(polls, segments.next_segment()).map(|segment| segment.unwrap().unwrap());
        let first = early.unwrap_or_else(|| run(segments.next_segment()).unwrap().unwrap());
        assert_eq!(first, b"hello", "given up after {polls} polls");

        let mut reader = BufReader::new(Reader::pieces(pieces));
        let mut buf = Vec::new();
        if give_up_after(polls, reader.read_until(b'\n', &mut buf)).is_none() {
            run(reader.read_until(b'\n', &mut buf)).unwrap();
        }
        assert_eq!(buf, b"hello\n", "given up after {polls} polls");
    }
}

#[test]
fn read_until_counts_what_it_appends() {
    let mut reader = BufReader::new(Reader::pieces([&b"k"[..], b"ey=val", b"ue"]));
    let mut buf = b"> ".to_vec();
    let (n, polls) = drive(reader.read_until(b'=', &mut buf));
    assert_eq!((n.unwrap(), polls), (4, 3));
    assert_eq!(run(reader.read_until(b'=', &mut buf)).unwrap(), 5);
    assert_eq!(run(reader.read_until(b'=', &mut buf)).unwrap(), 0);
    assert_eq!(buf, b"> key=value");
}

#[test]
fn read_line_appends_and_gives_the_text_back_when_it_fails() {
    let mut line = "> ".to_owned();
    let mut reader = BufReader::new(Reader::pieces([&b"gr\xc3"[..], b"\xbc\xc3\x9f\xff\n", b"rest"]));
    assert_eq!(
        run(reader.read_line(&mut line)).unwrap_err().kind(),
        ErrorKind::InvalidData
    );
    assert_eq!(line, "> ");
    assert_eq!(run(reader.read_line(&mut line)).unwrap(), 4);
    assert_eq!(line, "> rest");

    // What came before an error of the stream stays, if it is text.
    let failing = |piece: &[u8]| Pieces::new([bytes(piece), Read::Fail(ErrorKind::TimedOut)]);
    assert_eq!(
        run(failing(b"ab").read_line(&mut line)).unwrap_err().kind(),
        ErrorKind::TimedOut
    );
    assert_eq!(line, "> restab");
    assert_eq!(
        run(failing(b"\xff").read_line(&mut line)).unwrap_err().kind(),
        ErrorKind::TimedOut
    );
    assert_eq!(line, "> restab");
}

#[test]
fn take_and_chain_are_buffered_readers_too() {
    let mut reader = (&b"one\ntwo\n"[..]).take(6);
    let mut line = String::new();
    run(reader.read_line(&mut line)).unwrap();
    run(reader.read_line(&mut line)).unwrap();
    assert_eq!((&*line, reader.limit()), ("one\ntw", 0));
    AsyncBufReadExt::consume(&mut reader, 100);
    assert_eq!((reader.limit(), *reader.get_ref()), (0, &b"o\n"[..]));

    let mut lines = (&b"one\nt"[..]).chain(&b"wo\n"[..]).lines();
    assert_eq!(run(lines.next_line()).unwrap().unwrap(), "one");
    assert_eq!(run(lines.next_line()).unwrap().unwrap(), "two");
    assert_eq!(lines.into_inner().into_inner(), (&b""[..], &b""[..]));
}

#[test]
#[should_panic(expected = "capacity must be greater than zero")]
fn a_buffer_of_nothing_is_refused() {
    BufReader::with_capacity(0, &b""[..]);
}

/// A source that seeks as a file does, one wait before each outcome, and refuses overlapping seeks.
struct SlowFile {
    file: Cursor<Vec<u8>>,
    target: Option<SeekFrom>,
    waited: bool,
}

impl AsyncRead for SlowFile {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        assert!(self.target.is_none(), "a read while a seek is underway");
        Pin::new(&mut self.file).poll_read(cx, buf)
    }
}

impl AsyncSeek for SlowFile {
    fn start_seek(mut self: Pin<&mut Self>, position: SeekFrom) -> io::Result<()> {
        assert!(self.target.is_none(), "a seek while another is underway");
        self.target = Some(position);
        Ok(())
    }

    fn poll_complete(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<u64>> {
        if self.target.is_some() && !self.waited {
            self.waited = true;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.waited = false;
        match self.target.take() {
            Some(target) => Poll::Ready(Seek::seek(&mut self.file, target)),
            None => Poll::Ready(Ok(self.file.position())),
        }
    }
}

fn slow(content: &[u8]) -> SlowFile {
    SlowFile {
        file: Cursor::new(content.to_vec()),
        target: None,
        waited: false,
    }
}

#[test]
fn a_seek_counts_from_what_was_read_and_not_from_what_is_buffered() {
    let mut reader = BufReader::with_capacity(4, slow(b"0123456789"));
    assert_eq!(run(reader.read_u8()).unwrap(), b'0');
    assert_eq!(reader.buffer(), b"123");
    assert_eq!(run(reader.seek(SeekFrom::Current(1))).unwrap(), 2);
    assert_eq!(run(reader.read_u8()).unwrap(), b'2');
    assert_eq!(run(reader.seek(SeekFrom::End(-1))).unwrap(), 9);
    assert_eq!(run(reader.read_u8()).unwrap(), b'9');
    assert_eq!(run(reader.rewind()).unwrap(), 0);
    assert_eq!(run(reader.read_u8()).unwrap(), b'0');
    assert_eq!(run(reader.stream_position()).unwrap(), 1);
}

#[test]
fn a_failed_seek_is_over() {
    let mut reader = BufReader::with_capacity(4, slow(b"0123456789"));
    assert_eq!(run(reader.read_u8()).unwrap(), b'0');
    // Too far for one step: back to our position first, and then it fails.
    assert!(run(reader.seek(SeekFrom::Current(i64::MIN))).is_err());
    assert_eq!(run(reader.seek(SeekFrom::Start(5))).unwrap(), 5);
    assert_eq!(run(reader.read_u8()).unwrap(), b'5');
}

#[test]
fn a_seek_given_up_is_finished_by_the_next_one() {
    for polls in 0..3 {
        let mut reader = BufReader::with_capacity(4, slow(b"0123456789"));
        assert_eq!(run(reader.read_u8()).unwrap(), b'0');
        give_up_after(polls, reader.seek(SeekFrom::Start(3)));
        assert_eq!(run(reader.seek(SeekFrom::Start(7))).unwrap(), 7);
        assert_eq!(
            run(reader.read_u8()).unwrap(),
            b'7',
            "given up after {polls} polls"
        );
    }
}

/// A reader whose `poll_fill_buf` is ready once and then would rather wait.
struct Fickle(bool);

impl AsyncRead for Fickle {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let available = ready!(self.poll_fill_buf(cx))?;
        buf.put_slice(available);
        Poll::Ready(Ok(()))
    }
}

impl AsyncBufRead for Fickle {
    fn poll_fill_buf(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        self.0 = !self.0;
        if self.0 {
            Poll::Ready(Ok(b"x"))
        } else {
            Poll::Pending
        }
    }

    fn consume(self: Pin<&mut Self>, _: usize) {}
}

#[test]
fn fill_buf_of_a_reader_that_breaks_its_word_does_not_make_bytes_up() {
    assert!(poll_once(Fickle(false).fill_buf()).is_pending());
}

/// Content in which the interesting bytes are frequent.
fn content() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(
        prop_oneof![Just(b'\n'), Just(b'\r'), Just(b','), b'a'..b'e'],
        0..200,
    )
}

/// The content cut into pieces of 1 to 9 bytes with waits between.
fn script(content: &[u8], cuts: &[(usize, bool)]) -> Vec<Read> {
    let mut script = Vec::new();
    let mut rest = content;
    for (length, wait) in cuts.iter().copied().cycle() {
        if rest.is_empty() {
            break;
        }
        if wait {
            script.push(Read::Wait);
        }
        let (piece, next) = rest.split_at(length.min(rest.len()));
        script.push(bytes(piece));
        rest = next;
    }
    script
}

fn cuts() -> impl Strategy<Value = Vec<(usize, bool)>> {
    proptest::collection::vec((1..10usize, any::<bool>()), 1..8)
}

proptest! {
    #[test]
    fn lines_are_stds_lines(content in content(), cuts in cuts(), capacity in 1..20usize) {
        let expected: Vec<String> = BufRead::lines(&content[..]).map(Result::unwrap).collect();
        let mut lines = BufReader::with_capacity(capacity, Reader::new(script(&content, &cuts))).lines();
        let mut found = Vec::new();
        while let Some(line) = run(lines.next_line()).unwrap() {
            found.push(line);
        }
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn segments_are_stds_segments(content in content(), cuts in cuts(), capacity in 1..20usize) {
        let expected: Vec<Vec<u8>> = BufRead::split(&content[..], b',').map(Result::unwrap).collect();
        let mut segments =
            BufReader::with_capacity(capacity, Reader::new(script(&content, &cuts))).split(b',');
        let mut found = Vec::new();
        while let Some(segment) = run(segments.next_segment()).unwrap() {
            found.push(segment);
        }
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn any_mix_of_reads_reads_the_content_in_order(
        content in content(),
        cuts in cuts(),
        capacity in 1..20usize,
        ops in proptest::collection::vec((0..4u8, 1..30usize), 0..30),
    ) {
        let mut twin = &content[..];
        let mut reader = BufReader::with_capacity(capacity, Reader::new(script(&content, &cuts)));
        for (op, n) in ops {
            match op {
                0 => {
                    let mut buf = vec![0; n];
                    let read = run(reader.read(&mut buf)).unwrap();
                    prop_assert!(read > 0 || twin.is_empty());
                    prop_assert_eq!(&buf[..read], &twin[..read]);
                    twin = &twin[read..];
                }
                1 => {
                    let (mut ours, mut stds) = (Vec::new(), Vec::new());
                    let read = run(reader.read_until(b'\n', &mut ours)).unwrap();
                    prop_assert_eq!(read, BufRead::read_until(&mut twin, b'\n', &mut stds).unwrap());
                    prop_assert_eq!(ours, stds);
                }
                2 => {
                    let shown = run(reader.fill_buf()).unwrap();
                    let take = n.min(shown.len());
                    prop_assert_eq!(&shown[..take], &twin[..take]);
                    prop_assert!(take > 0 || twin.is_empty());
                    reader.consume(take);
                    twin = &twin[take..];
                }
                _ => {
                    let mut buf = Vec::with_capacity(n);
                    let read = run(reader.read_buf(&mut buf)).unwrap();
                    prop_assert_eq!(&buf[..], &twin[..read]);
                    twin = &twin[read..];
                }
            }
        }
        let mut rest = Vec::new();
        run(reader.read_to_end(&mut rest)).unwrap();
        prop_assert_eq!(&rest[..], twin);
    }

    #[test]
    fn seeks_and_reads_are_those_of_a_cursor(
        content in content(),
        capacity in 1..20usize,
        ops in proptest::collection::vec((0..4u8, -40..60i64), 0..30),
    ) {
        let mut twin = Cursor::new(content.clone());
        let mut reader = BufReader::with_capacity(capacity, slow(&content));
        for (op, n) in ops {
            let target = match op {
                0 => SeekFrom::Start(n.unsigned_abs()),
                1 => SeekFrom::Current(n),
                2 => SeekFrom::End(n),
                _ => {
                    let ours = run(reader.read_u8()).ok();
                    let mut byte = [0];
                    let stds = (io::Read::read(&mut twin, &mut byte).unwrap() > 0).then_some(byte[0]);
                    prop_assert_eq!(ours, stds);
                    continue;
                }
            };
            let before = twin.position();
            match (run(reader.seek(target)), Seek::seek(&mut twin, target)) {
                (Ok(ours), Ok(stds)) => prop_assert_eq!(ours, stds),
                (Err(_), Err(_)) => {
                    // Where a failed seek leaves it is not promised.
                    run(reader.seek(SeekFrom::Start(before))).unwrap();
                }
                (ours, stds) => prop_assert!(false, "{ours:?} is not {stds:?}"),
            }
        }
    }
}
