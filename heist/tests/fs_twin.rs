//! A file against a naive twin, its contents and a position: random operations, whose futures are dropped half way or
//! not, with the pool held up or not.
//!
//! Of a cancelled seek and a cancelled `set_len` the twin asks which of the two outcomes it was; all else is certain.

mod fs_kit;

use std::future::Future;
use std::io::{self, IoSlice, Seek, SeekFrom};
use std::os::fd::{AsFd, AsRawFd};
use std::path::{Path, PathBuf};

use fs_kit::{Folder, Gate, one_blocking_thread, poll_once};
use heist::fs::File;
use heist::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};
use heist::runtime::Runtime;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Op {
    Read(usize),
    Write(usize),
    WriteVectored(usize, usize),
    Seek(To),
    SetLen(u64),
    Flush,
    Sync,
    Show,
    Clone { keep_clone: bool },
    ThroughStd,
    MaxBufSize(usize),
}

#[derive(Clone, Copy, Debug)]
enum To {
    Start(u64),
    End(i64),
    Current(i64),
}

/// How an operation is awaited.
#[derive(Clone, Copy, Debug)]
enum How {
    /// To its end.
    Whole,
    /// Polled once while the pool is held up, then dropped.
    HeldUpAndDropped,
    /// Polled once and dropped, while the pool may be as far as it likes.
    Dropped,
    /// Polled once while the pool is held up, then awaited.
    HeldUp,
}

fn op(largest: usize) -> impl Strategy<Value = Op> {
    let far = largest as i64;
    let to = prop_oneof![
        (0..=largest as u64).prop_map(To::Start),
        (-far..=10).prop_map(To::End),
        (-20..20i64).prop_map(To::Current),
        (-far..=far).prop_map(To::Current),
    ];
    prop_oneof![
        8 => prop_oneof![0..20usize, 0..=largest].prop_map(Op::Read),
        4 => prop_oneof![0..20usize, 0..=largest].prop_map(Op::Write),
        1 => (0..20usize, 0..20usize).prop_map(|(a, b)| Op::WriteVectored(a, b)),
        4 => to.prop_map(Op::Seek),
        1 => (0..=largest as u64).prop_map(Op::SetLen),
        2 => Just(Op::Flush),
        1 => Just(Op::Sync),
        1 => Just(Op::Show),
        1 => any::<bool>().prop_map(|keep_clone| Op::Clone { keep_clone }),
        1 => Just(Op::ThroughStd),
        1 => (1..=largest).prop_map(Op::MaxBufSize),
    ]
}

fn how() -> impl Strategy<Value = How> {
    prop_oneof![
        3 => Just(How::Whole),
        1 => Just(How::HeldUpAndDropped),
        1 => Just(How::Dropped),
        1 => Just(How::HeldUp),
    ]
}

/// What the file must be.
struct Twin {
    contents: Vec<u8>,
    position: u64,
    next_byte: u8,
}

impl Twin {
    fn new(contents: Vec<u8>) -> Self {
        Self {
            contents,
            position: 0,
            next_byte: 0,
        }
    }

    fn fresh_bytes(&mut self, n: usize) -> Vec<u8> {
        let next = || {
            self.next_byte = self.next_byte.wrapping_mul(5).wrapping_add(1);
            self.next_byte
        };
        std::iter::repeat_with(next).take(n).collect()
    }

    fn has_read(&mut self, bytes: &[u8], asked: usize) {
        let start = (self.position as usize).min(self.contents.len());
        let left = &self.contents[start..];
        assert!(left.starts_with(bytes), "stale or misplaced at {start}");
        assert!(
            !bytes.is_empty() || asked == 0 || left.is_empty(),
            "no end at {start}"
        );
        self.position += bytes.len() as u64;
    }

    fn has_written(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let start = self.position as usize;
        let end = start + bytes.len();
        if self.contents.len() < end {
            self.contents.resize(end, 0);
        }
        self.contents[start..end].copy_from_slice(bytes);
        self.position = end as u64;
    }

    /// `None` before the start.
    fn target(&self, to: To) -> Option<u64> {
        let (base, offset) = match to {
            To::Start(n) => return Some(n),
            To::End(offset) => (self.contents.len() as i64, offset),
            To::Current(offset) => (self.position as i64, offset),
        };
        u64::try_from(base + offset).ok()
    }
}

impl From<To> for SeekFrom {
    fn from(to: To) -> Self {
        match to {
            To::Start(n) => SeekFrom::Start(n),
            To::End(n) => SeekFrom::End(n),
            To::Current(n) => SeekFrom::Current(n),
        }
    }
}

/// `None`: the future was dropped before its end.
async fn drive<F: Future>(runtime: &Runtime, how: How, future: F) -> Option<F::Output> {
    let mut future = Box::pin(future);
    match how {
        How::Whole => Some(future.await),
        How::Dropped => poll_once(&mut future).await,
        How::HeldUpAndDropped => {
            let _gate = Gate::close(runtime);
            poll_once(&mut future).await
        }
        How::HeldUp => {
            let gate = Gate::close(runtime);
            let output = poll_once(&mut future).await;
            gate.open();
            match output {
                Some(output) => Some(output),
                None => Some(future.await),
            }
        }
    }
}

struct Pair<'a> {
    runtime: &'a Runtime,
    path: PathBuf,
    file: Option<File>,
    twin: Twin,
    writable: bool,
}

impl Pair<'_> {
    fn file(&mut self) -> &mut File {
        self.file.as_mut().expect("a file is here between operations")
    }

    async fn step(&mut self, op: Op, how: How) {
        let runtime = self.runtime;
        match op {
            Op::Read(n) => {
                let mut buf = vec![0; n];
                let read = drive(runtime, how, self.file().read(&mut buf)).await;
                if let Some(read) = read {
                    self.twin.has_read(&buf[..read.unwrap()], n);
                }
            }
            Op::Write(n) if self.writable => {
                let bytes = self.twin.fresh_bytes(n);
                if let Some(written) = drive(runtime, how, self.file().write(&bytes)).await {
                    self.twin.has_written(&bytes[..written.unwrap()]);
                }
            }
            Op::WriteVectored(a, b) if self.writable => {
                let bytes = self.twin.fresh_bytes(a + b);
                let slices = [IoSlice::new(&bytes[..a]), IoSlice::new(&bytes[a..])];
                if let Some(written) = drive(runtime, how, self.file().write_vectored(&slices)).await {
                    self.twin.has_written(&bytes[..written.unwrap()]);
                }
            }
            Op::Seek(to) => self.seek(to, how).await,
            Op::SetLen(size) if self.writable => self.set_len(size, how).await,
            Op::Flush => {
                if let Some(flushed) = drive(runtime, how, self.file().flush()).await {
                    flushed.unwrap();
                    assert!(std::fs::read(&self.path).unwrap() == self.twin.contents);
                }
            }
            Op::Sync => {
                if let Some(synced) = drive(runtime, how, self.file().sync_data()).await {
                    synced.unwrap();
                    assert!(std::fs::read(&self.path).unwrap() == self.twin.contents);
                }
            }
            Op::Show => self.show(how).await,
            Op::Clone { keep_clone } => {
                if let Some(clone) = drive(runtime, how, self.file().try_clone()).await {
                    let mut clone = clone.unwrap();
                    if keep_clone {
                        std::mem::swap(self.file(), &mut clone);
                    }
                }
            }
            Op::ThroughStd => {
                let file = self.file.take().unwrap();
                let mut std = file.into_std().await;
                assert_eq!(std.stream_position().unwrap(), self.twin.position);
                self.file = Some(File::from_std(std));
            }
            Op::MaxBufSize(n) => self.file().set_max_buf_size(n),
            Op::Write(_) | Op::WriteVectored(..) | Op::SetLen(_) => {}
        }
    }

    async fn seek(&mut self, to: To, how: How) {
        let target = self.twin.target(to);
        let sought = drive(self.runtime, how, self.file().seek(to.into())).await;
        match (sought, target) {
            (Some(Ok(position)), Some(target)) => {
                assert_eq!(position, target);
                self.twin.position = target;
            }
            (Some(Err(error)), None) => assert_eq!(error.kind(), io::ErrorKind::InvalidInput),
            (None, target) => {
                let mut now = self.file().stream_position().await;
                if now.is_err() && target.is_none() {
                    // That was the cancelled one's.
                    now = self.file().stream_position().await;
                }
                let now = now.unwrap();
                assert!(
                    now == self.twin.position || Some(now) == target,
                    "at {now}, neither {} nor {target:?}",
                    self.twin.position
                );
                self.twin.position = now;
            }
            (sought, target) => panic!("{sought:?}, expected {target:?}"),
        }
    }

    async fn set_len(&mut self, size: u64, how: How) {
        let set = drive(self.runtime, how, self.file().set_len(size)).await;
        let before = self.twin.contents.len() as u64;
        let now = match set {
            Some(set) => {
                set.unwrap();
                size
            }
            None => {
                self.file().flush().await.unwrap();
                std::fs::metadata(&self.path).unwrap().len()
            }
        };
        assert!(now == size || now == before, "{now}, neither {size} nor {before}");
        self.twin.contents.resize(now as usize, 0);
    }

    /// The descriptor's own position is the user's, if nothing is in flight; and a read goes on where it was.
    async fn show(&mut self, how: How) {
        self.file().flush().await.unwrap();
        let mut seen = std::fs::File::from(self.file().as_fd().try_clone_to_owned().unwrap());
        assert_eq!(seen.stream_position().unwrap(), self.twin.position);
        if matches!(how, How::HeldUp) {
            // Between two polls of one operation.
            let gate = Gate::close(self.runtime);
            let mut buf = [0; 10];
            assert!(
                poll_once(&mut Box::pin(self.file().read(&mut buf)))
                    .await
                    .is_none()
            );
            self.file().as_raw_fd();
            gate.open();
            self.file().as_raw_fd();
            let n = self.file().read(&mut buf).await.unwrap();
            self.twin.has_read(&buf[..n], 10);
        }
    }

    /// What is left agrees, too.
    async fn end(mut self) {
        let mut rest = Vec::new();
        self.file().read_to_end(&mut rest).await.unwrap();
        self.twin.has_read(&rest, usize::MAX);
        self.twin.has_read(&[], usize::MAX);
        self.file().flush().await.unwrap();
        assert!(std::fs::read(&self.path).unwrap() == self.twin.contents);
    }
}

fn compare(path: &Path, writable: bool, ops: Vec<(Op, How)>) {
    let contents = std::fs::read(path).unwrap();
    let runtime = one_blocking_thread();
    runtime.block_on(async {
        let mut options = File::options();
        options.read(true);
        if writable {
            options.write(true);
        }
        let mut pair = Pair {
            runtime: &runtime,
            path: path.to_owned(),
            file: Some(options.open(path).await.unwrap()),
            twin: Twin::new(contents),
            writable,
        };
        for (op, how) in ops {
            pair.step(op, how).await;
        }
        pair.end().await;
    });
}

fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|n| (n * 7 + n / 251) as u8).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases / 2))]

    #[test]
    fn a_file_that_is_read_and_written(ops in proptest::collection::vec((op(60), how()), 1..40)) {
        let folder = Folder::new();
        compare(&folder.file("f", pattern(50)), true, ops);
    }

    /// This one is read ahead.
    #[test]
    fn a_file_that_is_only_read(ops in proptest::collection::vec((op(100_000), how()), 1..40)) {
        let folder = Folder::new();
        compare(&folder.file("f", pattern(100_000)), false, ops);
    }
}
