//! Random stacks of the reading adaptors against the bytes that they stand for, and `copy_bidirectional` against two
//! copies; over readers and writers that are short, wait, are interrupted and fail.
//!
//! A reader that fails has lost nothing: whatever an operation had got by then it has handed out, and asked again it goes on.

mod io_support;

use heist::io::{
    self, AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader, BufStream, ErrorKind,
};
use io_support::{Read, Reader, Write, Writer, run};
use proptest::prelude::*;

/// What a reader is made of.
#[derive(Clone, Debug)]
enum Stack {
    Script(Vec<Read>),
    Memory(Vec<u8>),
    Take(Box<Stack>, u64),
    Chain(Box<Stack>, Box<Stack>),
    Buffered(Box<Stack>, usize),
    Half(Box<Stack>),
}

impl Stack {
    fn build(&self) -> Box<dyn AsyncRead + Unpin> {
        match self {
            Stack::Script(script) => Box::new(Reader::new(script.clone())),
            Stack::Memory(bytes) => Box::new(std::io::Cursor::new(bytes.clone())),
            Stack::Take(inner, limit) => Box::new(inner.build().take(*limit)),
            Stack::Chain(first, second) => Box::new(first.build().chain(second.build())),
            Stack::Buffered(inner, capacity) => Box::new(BufReader::with_capacity(*capacity, inner.build())),
            Stack::Half(inner) => Box::new(io::split(io::join(inner.build(), io::sink())).0),
        }
    }

    /// The bytes it stands for.
    fn bytes(&self) -> Vec<u8> {
        match self {
            Stack::Script(script) => script
                .iter()
                .flat_map(|read| match read {
                    Read::Bytes(bytes) => &bytes[..],
                    _ => &[],
                })
                .copied()
                .collect(),
            Stack::Memory(bytes) => bytes.clone(),
            Stack::Take(inner, limit) => {
                let mut bytes = inner.bytes();
                bytes.truncate(*limit as usize);
                bytes
            }
            Stack::Chain(first, second) => [first.bytes(), second.bytes()].concat(),
            Stack::Buffered(inner, _) | Stack::Half(inner) => inner.bytes(),
        }
    }
}

fn content(longest: usize) -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![Just(b'\n'), Just(b','), b'a'..b'e'];
    proptest::collection::vec(byte, 1..longest)
}

fn reads() -> impl Strategy<Value = Vec<Read>> {
    let read = prop_oneof![
        4 => content(20).prop_map(Read::Bytes),
        2 => Just(Read::Wait),
        1 => Just(Read::Fail(ErrorKind::Interrupted)),
        1 => Just(Read::Fail(ErrorKind::ConnectionReset)),
    ];
    proptest::collection::vec(read, 0..12)
}

fn stack() -> impl Strategy<Value = Stack> {
    let leaf = prop_oneof![3 => reads().prop_map(Stack::Script), 1 => content(30).prop_map(Stack::Memory)];
    leaf.prop_recursive(4, 12, 2, |inner| {
        prop_oneof![
            (inner.clone(), 0..80u64).prop_map(|(inner, limit)| Stack::Take(Box::new(inner), limit)),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| Stack::Chain(Box::new(a), Box::new(b))),
            (inner.clone(), 1..30usize).prop_map(|(inner, room)| Stack::Buffered(Box::new(inner), room)),
            inner.prop_map(|inner| Stack::Half(Box::new(inner))),
        ]
    })
}

/// Asks again as long as it fails.
macro_rules! again {
    ($operation:expr) => {
        loop {
            if let Ok(done) = run($operation) {
                break done;
            }
        }
    };
}

proptest! {
    #[test]
    fn a_stack_of_readers_reads_its_bytes_in_order(
        stack in stack(),
        capacity in 1..40usize,
        ops in proptest::collection::vec((0..5u8, 1..30usize), 0..30),
    ) {
        let bytes = stack.bytes();
        let mut twin = &bytes[..];
        let mut reader = BufReader::with_capacity(capacity, stack.build());
        for (op, n) in ops {
            match op {
                0 => {
                    let mut buf = vec![0; n];
                    let read = again!(reader.read(&mut buf));
                    prop_assert!(read > 0 || twin.is_empty(), "an end before the end");
                    prop_assert_eq!(&buf[..read], &twin[..read]);
                    twin = &twin[read..];
                }
                1 => {
                    let (mut ours, mut stds) = (Vec::new(), Vec::new());
                    again!(reader.read_until(b',', &mut ours));
                    std::io::BufRead::read_until(&mut twin, b',', &mut stds).unwrap();
                    prop_assert_eq!(ours, stds);
                }
                2 => {
                    let shown = loop {
                        // Not `again`: what is shown borrows the reader.
                        if run(reader.fill_buf()).is_ok() {
                            break reader.buffer().to_vec();
                        }
                    };
                    let take = n.min(shown.len());
                    prop_assert!(take > 0 || twin.is_empty(), "an end before the end");
                    prop_assert_eq!(&shown[..take], &twin[..take]);
                    reader.consume(take);
                    twin = &twin[take..];
                }
                3 => {
                    let mut part = (&mut reader).take(n as u64);
                    let mut ours = Vec::new();
                    again!(part.read_to_end(&mut ours));
                    let (front, rest) = twin.split_at(n.min(twin.len()));
                    prop_assert_eq!(ours, front);
                    twin = rest;
                }
                _ => {
                    let mut line = Vec::new();
                    again!(reader.read_until(b'\n', &mut line));
                    let end = twin.iter().position(|byte| *byte == b'\n').map_or(twin.len(), |at| at + 1);
                    prop_assert_eq!(&line[..], &twin[..end]);
                    twin = &twin[end..];
                }
            }
        }
        let mut rest = Vec::new();
        again!(reader.read_to_end(&mut rest));
        prop_assert_eq!(&rest[..], twin);
    }

    #[test]
    fn both_directions_are_copied_whole(
        there in reads(),
        back in reads(),
        writes in proptest::collection::vec(prop_oneof![
            (1..20usize).prop_map(Write::Take),
            Just(Write::Wait),
        ], 0..30),
        capacities in (1..30usize, 1..30usize),
    ) {
        let no_error = |script: &[Read]| -> Vec<Read> {
            script.iter().filter(|read| !matches!(read, Read::Fail(_))).cloned().collect()
        };
        let (there, back) = (no_error(&there), no_error(&back));
        let writer = || Writer { slow_finish: 1, ..Writer::new(writes.clone()) };
        let mut a = io::join(Reader::new(there.clone()), writer());
        let mut b = io::join(Reader::new(back.clone()), writer());
        let counts =
            run(io::copy_bidirectional_with_sizes(&mut a, &mut b, capacities.0, capacities.1)).unwrap();
        let (there, back) = (Stack::Script(there).bytes(), Stack::Script(back).bytes());
        prop_assert_eq!(counts, (there.len() as u64, back.len() as u64));
        prop_assert_eq!(&b.writer().written, &there);
        prop_assert_eq!(&a.writer().written, &back);
        prop_assert_eq!((a.writer().shutdowns, b.writer().shutdowns), (1, 1));
    }

    #[test]
    fn a_buffered_stream_keeps_its_directions_apart(
        reads in reads(),
        writes in proptest::collection::vec(prop_oneof![
            (1..20usize).prop_map(Write::Take),
            Just(Write::Wait),
        ], 0..30),
        rooms in (1..20usize, 1..20usize),
        ops in proptest::collection::vec((any::<bool>(), content(20)), 0..30),
    ) {
        let bytes = Stack::Script(reads.clone()).bytes();
        let mut stream =
            BufStream::with_capacity(rooms.0, rooms.1, io::join(Reader::new(reads), Writer::new(writes)));
        let (mut twin, mut written) = (&bytes[..], Vec::new());
        for (writes, piece) in ops {
            if writes {
                run(stream.write_all(&piece)).unwrap();
                written.extend_from_slice(&piece);
            } else {
                let mut buf = vec![0; piece.len()];
                let read = again!(stream.read(&mut buf));
                prop_assert_eq!(&buf[..read], &twin[..read]);
                twin = &twin[read..];
            }
        }
        run(stream.flush()).unwrap();
        prop_assert_eq!(&stream.get_ref().writer().written, &written);
    }
}
