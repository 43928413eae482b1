//! The adaptor with a device that follows a script: what no file can be made to do.

use std::future::poll_fn;

use heist_primitive::sync::Mutex;

use super::*;
use crate::runtime::{Builder, Runtime};

/// Takes the next step of its script in every call. Without one it panics.
struct Scripted(Mutex<Vec<io::Result<usize>>>);

impl Scripted {
    fn step(&self) -> io::Result<usize> {
        let step = self.0.lock().pop();
        step.expect("the script is over")
    }
}

impl Read for &Scripted {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.step()?;
        buf[..n].fill(b'r');
        Ok(n)
    }
}

impl Write for &Scripted {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        self.step()
    }

    fn flush(&mut self) -> io::Result<()> {
        self.step().map(drop)
    }
}

impl Seek for &Scripted {
    fn seek(&mut self, _: SeekFrom) -> io::Result<u64> {
        self.step().map(|n| n as u64)
    }
}

fn scripted<const N: usize>(steps: [io::Result<usize>; N]) -> Blocking<Scripted> {
    let mut steps = Vec::from(steps);
    steps.reverse();
    Blocking::new(StdArc::new(Scripted(Mutex::new(steps))), true)
}

fn runtime() -> Runtime {
    Builder::new_current_thread().build().expect("a runtime")
}

const BATCH: Batch = Batch {
    limit: MAX_BUF_SIZE,
    ahead: false,
};

async fn read(io: &mut Blocking<Scripted>, room: usize) -> io::Result<Vec<u8>> {
    let mut memory = vec![0; room];
    let mut buf = ReadBuf::new(&mut memory);
    poll_fn(|cx| io.poll_read(cx, &mut buf, BATCH)).await?;
    Ok(buf.filled().to_vec())
}

async fn write(io: &mut Blocking<Scripted>, bytes: &[u8]) -> io::Result<usize> {
    poll_fn(|cx| io.poll_write(cx, &[IoSlice::new(bytes)], MAX_BUF_SIZE)).await
}

async fn flush(io: &mut Blocking<Scripted>) -> io::Result<()> {
    poll_fn(|cx| io.poll_flush(cx)).await
}

fn interrupted() -> io::Error {
    io::ErrorKind::Interrupted.into()
}

#[track_caller]
fn assert_panicked<T>(result: io::Result<T>) {
    let error = result.err().expect("it must fail");
    assert!(
        error
            .to_string()
            .contains("panicked with message \"the script is over\""),
        "{error}"
    );
}

#[test]
fn a_panic_on_the_pool_is_an_error_and_what_follows_goes_on() {
    runtime().block_on(async {
        let mut io = scripted([]);
        for _ in 0..2 {
            assert_panicked(read(&mut io, 4).await);
            assert_panicked({
                io.start_seek(SeekFrom::Start(0)).expect("nothing is in flight");
                poll_fn(|cx| io.poll_seek(cx)).await
            });
            assert_eq!(write(&mut io, b"x").await.expect("accepted"), 1);
            assert_panicked(flush(&mut io).await);
            // What the device may hold is flushed now; then there is nothing left to do.
            assert_panicked(flush(&mut io).await);
            flush(&mut io).await.expect("nothing to flush");
        }
        io.device().0.lock().push(Ok(3));
        assert_eq!(read(&mut io, 4).await.expect("a step is there"), b"rrr");
    });
}

#[test]
fn interrupted_calls_are_repeated() {
    runtime().block_on(async {
        let mut io = scripted([Err(interrupted()), Ok(2), Ok(1), Err(interrupted()), Ok(2), Ok(0)]);
        assert_eq!(read(&mut io, 4).await.expect("a read"), b"rr");
        assert_eq!(write(&mut io, b"abc").await.expect("accepted"), 3);
        flush(&mut io).await.expect("written in two pieces");
        assert!(io.device().0.lock().is_empty());
    });
}

#[test]
fn the_device_is_flushed_once_after_writes_and_not_without() {
    runtime().block_on(async {
        let mut io = scripted([Ok(1), Ok(1), Ok(0), Ok(1), Err(io::ErrorKind::StorageFull.into())]);
        flush(&mut io).await.expect("nothing to flush");
        write(&mut io, b"1").await.expect("accepted");
        write(&mut io, b"2").await.expect("accepted");
        flush(&mut io).await.expect("one step");
        flush(&mut io).await.expect("no step");
        assert_eq!(io.device().0.lock().len(), 2);
        write(&mut io, b"3").await.expect("accepted");
        let error = flush(&mut io).await.expect_err("the device's own flush fails");
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    });
}

#[test]
fn a_flush_that_is_abandoned_leaves_its_error_to_the_next_write() {
    runtime().block_on(async {
        let mut io = scripted([Ok(1), Err(io::ErrorKind::StorageFull.into()), Ok(1)]);
        write(&mut io, b"1").await.expect("accepted");
        poll_fn(|cx| io.poll_idle(cx)).await;
        // The device is held up until the flush is given up, however fast the pool is.
        let device = io.device.clone();
        let waits = poll_fn(|cx| {
            let _held = device.0.lock();
            Poll::Ready(io.poll_flush(cx).is_pending())
        })
        .await;
        assert!(waits);
        let error = write(&mut io, b"2").await.expect_err("the flush has failed");
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert_eq!(write(&mut io, b"3").await.expect("told once"), 1);
    });
}
