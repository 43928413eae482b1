//! `ReadBuf`: its marks against a naive twin, its panics, and readers that cheat.

mod io_support;

use bytes::BufMut;
use heist::io::{self, AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader, ReadBuf};
use io_support::{poll_once, run};
use proptest::prelude::*;
use std::mem::MaybeUninit;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

/// What can be done to a `ReadBuf` in safe code.
#[derive(Debug, Clone)]
enum Op {
    Put(Vec<u8>),
    Initialize(usize),
    SetFilled(usize),
    Advance(usize),
    Clear,
    BufMutPut(Vec<u8>),
    Take(usize),
    WriteUnfilled(u8),
}

fn op() -> impl Strategy<Value = Op> {
    let bytes = || proptest::collection::vec(any::<u8>(), 0..12);
    prop_oneof![
        bytes().prop_map(Op::Put),
        (0..24usize).prop_map(Op::Initialize),
        (0..24usize).prop_map(Op::SetFilled),
        (0..12usize).prop_map(Op::Advance),
        Just(Op::Clear),
        bytes().prop_map(Op::BufMutPut),
        (0..12usize).prop_map(Op::Take),
        any::<u8>().prop_map(Op::WriteUnfilled),
    ]
}

/// The twin: the bytes with a value, and how many of them are filled.
#[derive(Debug, Default)]
struct Twin {
    initialized: Vec<u8>,
    filled: usize,
}

impl Twin {
    fn write(&mut self, at: usize, bytes: &[u8]) {
        let end = at + bytes.len();
        self.initialized.resize(self.initialized.len().max(end), 0);
        self.initialized[at..end].copy_from_slice(bytes);
    }
}

proptest! {
    #[test]
    fn it_does_what_its_twin_does(ops in proptest::collection::vec(op(), 0..40)) {
        const CAPACITY: usize = 16;
        let mut memory = [MaybeUninit::uninit(); CAPACITY];
        let mut buf = ReadBuf::uninit(&mut memory);
        let mut twin = Twin::default();
        for op in ops {
            match op {
                Op::Put(bytes) if bytes.len() <= CAPACITY - twin.filled => {
                    buf.put_slice(&bytes);
                    twin.write(twin.filled, &bytes);
                    twin.filled += bytes.len();
                }
                Op::BufMutPut(bytes) if bytes.len() <= CAPACITY - twin.filled => {
                    BufMut::put_slice(&mut buf, &bytes);
                    twin.write(twin.filled, &bytes);
                    twin.filled += bytes.len();
                }
                Op::Initialize(n) if n <= CAPACITY - twin.filled => {
                    let end = twin.filled + n;
                    twin.initialized.resize(twin.initialized.len().max(end), 0);
                    let filled = twin.filled;
                    prop_assert_eq!(buf.initialize_unfilled_to(n), &twin.initialized[filled..end]);
                }
                Op::SetFilled(n) if n <= twin.initialized.len() => {
                    buf.set_filled(n);
                    twin.filled = n;
                }
                Op::Advance(n) if twin.filled + n <= twin.initialized.len() => {
                    buf.advance(n);
                    twin.filled += n;
                }
                Op::Clear => {
                    buf.clear();
                    twin.filled = 0;
                }
                Op::Take(n) => {
                    let part = buf.take(n);
                    prop_assert_eq!(part.capacity(), n.min(CAPACITY - twin.filled));
                    prop_assert!(part.initialized().is_empty());
                }
                Op::WriteUnfilled(byte) => {
                    buf.initialize_unfilled().fill(byte);
                    let rest = vec![byte; CAPACITY - twin.filled];
                    twin.write(twin.filled, &rest);
                }
                refused => {
                    let outcome = catch_unwind(AssertUnwindSafe(|| match refused {
                        Op::Put(bytes) => buf.put_slice(&bytes),
                        Op::BufMutPut(bytes) => BufMut::put_slice(&mut buf, &bytes),
                        Op::Initialize(n) => drop(buf.initialize_unfilled_to(n).len()),
                        Op::SetFilled(n) => buf.set_filled(n),
                        Op::Advance(n) => buf.advance(n),
                        other => panic!("{other:?} is never refused"),
                    }));
                    prop_assert!(outcome.is_err());
                }
            }
            prop_assert_eq!(buf.filled(), &twin.initialized[..twin.filled]);
            prop_assert_eq!(buf.initialized(), &twin.initialized[..]);
            prop_assert_eq!(buf.remaining(), CAPACITY - twin.filled);
            prop_assert_eq!(buf.capacity(), CAPACITY);
        }
    }
}

#[test]
fn an_initialised_buffer_stays_usable_by_its_owner() {
    let mut memory = *b"abcdef";
    let mut buf = ReadBuf::new(&mut memory);
    assert_eq!((buf.filled(), buf.initialized()), (&b""[..], &b"abcdef"[..]));
    buf.put_slice(b"12");
    buf.filled_mut()[0] = b'X';
    buf.initialized_mut()[5] = b'Z';
    assert_eq!(buf.filled(), b"X2");
    assert_eq!(memory, *b"X2cdeZ");
}

#[test]
fn the_filled_mark_stays_within_the_initialised_part() {
    let mut memory = [MaybeUninit::uninit(); 8];
    let mut buf = ReadBuf::uninit(&mut memory);
    buf.initialize_unfilled_to(3).fill(7);
    buf.advance(3);
    assert!(catch_unwind(AssertUnwindSafe(|| buf.advance(1))).is_err());
    assert!(catch_unwind(AssertUnwindSafe(|| buf.advance(usize::MAX))).is_err());
    assert_eq!(buf.filled(), [7, 7, 7]);
}

/// Puts a buffer of its own in the place of the one it was lent.
struct Swapper;

impl AsyncRead for Swapper {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let own = Box::leak(vec![b'!'; 4096].into_boxed_slice());
        *buf = ReadBuf::new(own);
        buf.advance(own_len(buf));
        Poll::Ready(Ok(()))
    }
}

fn own_len(buf: &ReadBuf<'_>) -> usize {
    buf.initialized().len()
}

/// Takes the filled mark back behind what others have read.
struct Rewinder;

impl AsyncRead for Rewinder {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        *buf = ReadBuf::new(&mut []);
        Poll::Ready(Ok(()))
    }
}

#[track_caller]
fn panics<T>(what: impl FnOnce() -> T) {
    let outcome = catch_unwind(AssertUnwindSafe(what));
    let message = *outcome
        .err()
        .expect("it must panic")
        .downcast::<&str>()
        .expect("a plain message");
    assert!(message.contains("ReadBuf it was lent"), "{message}");
}

#[test]
fn a_swapped_buffer_is_caught_wherever_memory_is_not_cleared() {
    panics(|| poll_once(Swapper.read_buf(&mut Vec::with_capacity(16))));
    panics(|| poll_once(Swapper.read_buf(&mut bytes::BytesMut::with_capacity(16))));
    panics(|| poll_once(Swapper.read_to_end(&mut Vec::new())));
    panics(|| poll_once(Swapper.read_to_end(&mut Vec::with_capacity(64))));
    panics(|| poll_once(Swapper.read_to_string(&mut String::new())));
    panics(|| poll_once(Swapper.take(9).read(&mut [0; 16])));
    panics(|| poll_once(BufReader::new(Swapper).fill_buf()).is_ready());
    panics(|| poll_once(io::copy(&mut Swapper, &mut io::sink())));
    panics(|| poll_once(Rewinder.read_buf(&mut Vec::with_capacity(16))));
    panics(|| poll_once(Rewinder.read_to_end(&mut Vec::with_capacity(64))));
}

/// Puts the memory it holds in the place of the buffer it was lent.
struct Neighbour(Option<&'static mut [u8]>);

impl AsyncRead for Neighbour {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        *buf = ReadBuf::new(self.0.take().unwrap());
        buf.advance(own_len(buf));
        Poll::Ready(Ok(()))
    }
}

#[test]
fn a_buffer_swapped_at_the_same_address_is_caught_by_its_length() {
    let memory = Box::leak(vec![7; 16].into_boxed_slice());
    // The full buffer's empty rest has the address of what comes behind it.
    let (front, behind) = memory.split_at_mut(8);
    let mut full = ReadBuf::new(front);
    full.advance(8);
    let mut reader = Neighbour(Some(behind)).take(8);
    let mut cx = Context::from_waker(std::task::Waker::noop());
    panics(|| Pin::new(&mut reader).poll_read(&mut cx, &mut full));
}

/// Asks for initialised memory, reads a byte into it, and notes how much was initialised before it asked.
struct Clearer {
    seen: Vec<usize>,
    left: usize,
    wait: bool,
}

impl AsyncRead for Clearer {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.seen.push(buf.initialized().len() - buf.filled().len());
        let memory = buf.initialize_unfilled();
        self.wait = !self.wait;
        if self.wait {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if self.left > 0 {
            self.left -= 1;
            memory[0] = b'x';
            buf.advance(1);
        }
        Poll::Ready(Ok(()))
    }
}

#[test]
fn a_byte_is_cleared_once_however_small_the_reads_are() {
    let mut reader = Clearer {
        seen: Vec::new(),
        left: 3,
        wait: false,
    };
    let mut vec = Vec::with_capacity(100);
    assert_eq!(run(reader.read_to_end(&mut vec)).unwrap(), 3);
    assert_eq!(vec, b"xxx");
    // Twice each: the first poll of a pair waits.
    assert_eq!(reader.seen, [0, 100, 99, 99, 98, 98, 97, 97]);

    let mut reader = BufReader::with_capacity(
        10,
        Clearer {
            seen: Vec::new(),
            left: 3,
            wait: false,
        },
    );
    for _ in 0..3 {
        assert_eq!(run(reader.read_u8()).unwrap(), b'x');
    }
    assert_eq!(reader.get_ref().seen, [10; 6]);

    let mut reader = Clearer {
        seen: Vec::new(),
        left: 3,
        wait: false,
    }
    .take(2);
    assert_eq!(run(reader.read_exact(&mut [0; 2])).unwrap(), 2);
    assert_eq!(reader.get_ref().seen, [2, 2, 1, 1]);
}

#[test]
fn debug_shows_marks_and_not_memory() {
    let mut memory = [MaybeUninit::uninit(); 8];
    let mut buf = ReadBuf::uninit(&mut memory);
    buf.put_slice(b"abc");
    assert_eq!(
        format!("{buf:?}"),
        "ReadBuf { filled: 3, initialized: 3, capacity: 8 }"
    );
}
