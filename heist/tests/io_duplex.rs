//! The streams in memory and the halves of `split`: order, limits, ends, wakes, and the budget they spend.

mod io_support;

use heist::io::{self, AsyncBufReadExt, AsyncReadExt, AsyncSeekExt, AsyncWriteExt, ErrorKind, SimplexStream};
use heist_executor::coop;
use io_support::{Read, Reader, Wakes, Write, Writer, give_up_after, run};
use proptest::prelude::*;
use std::future::Future;
use std::io::IoSlice;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

#[test]
fn what_one_end_writes_the_other_reads() {
    let (mut a, mut b) = io::duplex(8);
    run(a.write_all(b"ping")).unwrap();
    run(b.write_all(b"pong!")).unwrap();
    let mut buf = [0; 8];
    assert_eq!(run(b.read(&mut buf)).unwrap(), 4);
    assert_eq!(&buf[..4], b"ping");
    assert_eq!(run(a.read(&mut buf[..2])).unwrap(), 2);
    assert_eq!(run(a.read(&mut buf[2..])).unwrap(), 3);
    assert_eq!(&buf[..5], b"pong!");
}

#[test]
fn a_full_pipe_makes_the_writer_wait_and_a_read_wakes_it_once() {
    let (mut a, mut b) = io::duplex(4);
    assert_eq!(run(a.write(b"abcdef")).unwrap(), 4);
    let (wakes, waker) = Wakes::new();
    let mut cx = Context::from_waker(&waker);
    {
        let mut write = pin!(a.write(b"ef"));
        assert!(write.as_mut().poll(&mut cx).is_pending());
        assert_eq!(run(b.read(&mut [0; 1])).unwrap(), 1);
        assert_eq!(wakes.count(), 1);
        assert_eq!(run(b.read(&mut [0; 1])).unwrap(), 1);
        assert_eq!(wakes.count(), 1);
        assert!(matches!(write.as_mut().poll(&mut cx), Poll::Ready(Ok(2))));
    }
    let mut buf = [0; 8];
    assert_eq!(run(b.read(&mut buf)).unwrap(), 4);
    assert_eq!(&buf[..4], b"cdef");
}

#[test]
fn an_empty_pipe_makes_the_reader_wait_and_a_write_wakes_it() {
    let (mut a, mut b) = io::duplex(4);
    let (wakes, waker) = Wakes::new();
    let mut buf = [0; 4];
    let mut read = pin!(b.read(&mut buf));
    assert!(read.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    run(a.write_all(b"x")).unwrap();
    assert_eq!(wakes.count(), 1);
    assert!(matches!(
        read.as_mut().poll(&mut Context::from_waker(&waker)),
        Poll::Ready(Ok(1))
    ));
}

#[test]
fn a_shut_down_end_is_read_to_its_end_and_refuses_writes() {
    let (mut a, mut b) = io::duplex(8);
    run(a.write_all(b"last")).unwrap();
    run(a.shutdown()).unwrap();
    assert_eq!(run(a.write(b"x")).unwrap_err().kind(), ErrorKind::BrokenPipe);
    let mut text = String::new();
    run(b.read_to_string(&mut text)).unwrap();
    assert_eq!(text, "last");
    // The other direction is open.
    run(b.write_all(b"reply")).unwrap();
    assert_eq!(run(a.read(&mut [0; 8])).unwrap(), 5);
}

#[test]
fn dropping_an_end_wakes_both_waits_of_the_other() {
    let (mut a, b) = io::duplex(1);
    run(a.write_all(b"x")).unwrap();
    let (mut reader, mut writer) = io::split(a);
    let ((reads, read_waker), (writes, write_waker)) = (Wakes::new(), Wakes::new());
    let mut buf = [0; 4];
    let mut read = pin!(reader.read(&mut buf));
    let mut write = pin!(writer.write(b"y"));
    assert!(
        read.as_mut()
            .poll(&mut Context::from_waker(&read_waker))
            .is_pending()
    );
    assert!(
        write
            .as_mut()
            .poll(&mut Context::from_waker(&write_waker))
            .is_pending()
    );
    drop(b);
    assert_eq!((reads.count(), writes.count()), (1, 1));
    assert_eq!(run(read).unwrap(), 0);
    assert_eq!(run(write).unwrap_err().kind(), ErrorKind::BrokenPipe);
}

#[test]
fn vectored_writes_fill_the_pipe_across_slices() {
    let (mut a, mut b) = io::duplex(5);
    let slices = [
        IoSlice::new(b"ab"),
        IoSlice::new(b""),
        IoSlice::new(b"cd"),
        IoSlice::new(b"ef"),
    ];
    assert_eq!(run(a.write_vectored(&slices)).unwrap(), 5);
    assert_eq!(run(a.write_vectored(&[])).unwrap(), 0);
    assert_eq!(run(a.write(b"")).unwrap(), 0);
    let mut buf = [0; 8];
    assert_eq!(run(b.read(&mut buf)).unwrap(), 5);
    assert_eq!(&buf[..5], b"abcde");
    assert_eq!(run(b.read(&mut [])).unwrap(), 0);
}

#[test]
#[should_panic(expected = "`max_buf_size` must be greater than 0")]
fn a_pipe_without_room_is_refused() {
    io::duplex(0);
}

/// A waker that writes to the pipe when it is woken and again when it is dropped.
struct Nosy(Arc<Mutex<Option<io::DuplexStream>>>);

impl Nosy {
    fn touch(&self) {
        let stream = self.0.lock().unwrap().take();
        if let Some(mut stream) = stream {
            assert_eq!(run(stream.write(b"!")).unwrap(), 1);
            *self.0.lock().unwrap() = Some(stream);
        }
    }
}

impl Wake for Nosy {
    fn wake(self: Arc<Self>) {
        self.touch();
    }
}

impl Drop for Nosy {
    fn drop(&mut self) {
        self.touch();
    }
}

#[test]
fn wakers_run_and_drop_outside_of_the_pipes_lock() {
    let (mut a, mut b) = io::duplex(64);
    let shared = Arc::new(Mutex::new(None));
    let nosy: Waker = Arc::new(Nosy(shared.clone())).into();
    {
        let mut buf = [0; 8];
        let mut read = pin!(b.read(&mut buf));
        assert!(read.as_mut().poll(&mut Context::from_waker(&nosy)).is_pending());
        run(a.write_all(b"x")).unwrap();
        assert!(matches!(
            read.as_mut().poll(&mut Context::from_waker(&nosy)),
            Poll::Ready(Ok(1))
        ));
    }
    drop(nosy);
    *shared.lock().unwrap() = Some(a);
    // Registered, then replaced by another: dropped while the pipe is in use.
    let nosy: Waker = Arc::new(Nosy(shared.clone())).into();
    {
        let mut buf = [0; 8];
        let mut read = pin!(b.read(&mut buf));
        assert!(read.as_mut().poll(&mut Context::from_waker(&nosy)).is_pending());
        drop(nosy);
        let (_, other) = Wakes::new();
        assert!(read.as_mut().poll(&mut Context::from_waker(&other)).is_pending());
        assert!(matches!(
            read.as_mut().poll(&mut Context::from_waker(&other)),
            Poll::Ready(Ok(1))
        ));
    }
}

#[test]
fn a_simplex_pipe_goes_one_way_in_halves_or_in_one_piece() {
    let (mut receiver, mut sender) = io::simplex(4);
    run(sender.write_all(b"abcd")).unwrap();
    assert!(give_up_after(1, sender.write(b"e")).is_none());
    assert_eq!(run(receiver.read_u16()).unwrap(), 0x6162);
    assert_eq!(run(sender.write(b"efgh")).unwrap(), 2);
    run(sender.shutdown()).unwrap();
    let mut text = String::new();
    run(receiver.read_to_string(&mut text)).unwrap();
    assert_eq!(text, "cdef");

    let mut pipe = SimplexStream::new_unsplit(8);
    run(pipe.write_all(b"loop")).unwrap();
    assert_eq!(run(pipe.read(&mut [0; 8])).unwrap(), 4);
    assert!(give_up_after(1, pipe.read(&mut [0; 8])).is_none());
}

#[test]
fn halves_share_the_stream_and_come_together_again() {
    let stream = io::join(Reader::pieces([&b"in"[..]]), Writer::vectored([Write::Take(1)]));
    let (mut reader, mut writer) = io::split(stream);
    let (other, _) = io::split(io::join(io::empty(), io::sink()));
    assert!(reader.is_pair_of(&writer) && writer.is_pair_of(&reader));
    drop(other);
    let mut text = String::new();
    run(reader.read_to_string(&mut text)).unwrap();
    run(writer.write_all(b"out")).unwrap();
    run(writer.write_vectored(&[IoSlice::new(b"!"), IoSlice::new(b"?")])).unwrap();
    run(writer.flush()).unwrap();
    run(writer.shutdown()).unwrap();
    let writer = reader.unsplit(writer).into_inner().1;
    assert_eq!((&*text, &*writer.written), ("in", &b"out!?"[..]));
    assert_eq!(
        (writer.flushes, writer.shutdowns, &*writer.slices),
        (1, 1, &[2][..])
    );
}

#[test]
#[should_panic(expected = "is_pair_of")]
fn halves_of_two_streams_do_not_fit() {
    let (reader, _writer) = io::split(io::join(io::empty(), io::sink()));
    let (_reader, writer) = io::split(io::join(io::empty(), io::sink()));
    assert!(!reader.is_pair_of(&writer));
    reader.unsplit(writer);
}

#[test]
fn halves_work_from_two_threads() {
    let (a, b) = io::duplex(7);
    let (mut reader, mut writer) = io::split(a);
    let (mut echo_in, mut echo_out) = io::split(b);
    let content: Vec<u8> = (0..20_000u32).map(|n| n as u8).collect();
    let expected = content.clone();
    let sender = std::thread::spawn(move || {
        block_on(async {
            writer.write_all(&content).await.unwrap();
            writer.shutdown().await.unwrap();
        });
    });
    let echo = std::thread::spawn(move || {
        block_on(async {
            io::copy(&mut echo_in, &mut echo_out).await.unwrap();
            echo_out.shutdown().await.unwrap();
        });
    });
    let mut received = Vec::new();
    block_on(reader.read_to_end(&mut received)).unwrap();
    assert_eq!(received, expected);
    sender.join().unwrap();
    echo.join().unwrap();
}

/// Polls on this thread and parks in between.
fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(std::thread::Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Arc::new(Unpark(std::thread::current())).into();
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => std::thread::park(),
        }
    }
}

#[test]
fn the_stand_ins_do_nothing_as_documented() {
    let mut empty = io::empty();
    assert_eq!(run(empty.read(&mut [0; 4])).unwrap(), 0);
    assert_eq!(run(empty.fill_buf()).unwrap(), b"");
    assert_eq!(run(empty.write(b"abc")).unwrap(), 3);
    assert_eq!(run(empty.seek(io::SeekFrom::Start(9))).unwrap(), 0);
    let mut sink = io::sink();
    assert_eq!(
        run(sink.write_vectored(&[IoSlice::new(b"ab"), IoSlice::new(b"c")])).unwrap(),
        3
    );
    let mut vec = Vec::with_capacity(100);
    let n = run(io::repeat(7).take(1000).read_to_end(&mut vec)).unwrap();
    assert_eq!((n, vec), (1000, vec![7; 1000]));
}

/// How often `operation` succeeds in one poll of a task.
fn successes_in_one_poll(mut operation: impl FnMut(&mut Context<'_>) -> Poll<()>) -> usize {
    let (wakes, waker) = Wakes::new();
    let mut cx = Context::from_waker(&waker);
    let successes = coop::budget(|| (0..1000).take_while(|_| operation(&mut cx).is_ready()).count());
    assert_eq!(
        wakes.count(),
        usize::from(successes < 1000),
        "refused once, and woken for it"
    );
    successes
}

#[test]
fn operations_that_never_wait_spend_the_budget() {
    let budget = usize::from(coop::BUDGET);
    let (mut a, mut b) = io::duplex(4096);
    assert_eq!(
        successes_in_one_poll(|cx| pin!(a.write(b"x")).poll(cx).map(drop)),
        budget
    );
    run(a.write_all(&[0; 1000])).unwrap();
    assert_eq!(
        successes_in_one_poll(|cx| pin!(b.read(&mut [0; 1])).poll(cx).map(drop)),
        budget
    );
    assert_eq!(
        successes_in_one_poll(|cx| pin!(io::empty().read_u8()).poll(cx).map(drop)),
        budget
    );
    assert_eq!(
        successes_in_one_poll(|cx| pin!(io::repeat(1).read_u8()).poll(cx).map(drop)),
        budget
    );
    assert_eq!(
        successes_in_one_poll(|cx| pin!(io::sink().write(b"x")).poll(cx).map(drop)),
        budget
    );
    assert_eq!(
        successes_in_one_poll(|cx| pin!((&b"x"[..]).read_u8()).poll(cx).map(drop)),
        1000
    );
}

#[test]
fn a_wait_costs_no_budget() {
    let (_a, mut b) = io::duplex(8);
    coop::budget(|| {
        for _ in 0..1000 {
            assert!(give_up_after(1, b.read(&mut [0; 1])).is_none());
        }
        assert!(coop::has_budget_remaining());
    });
}

proptest! {
    #[test]
    fn a_pipe_is_a_queue_of_bytes(
        ops in proptest::collection::vec((any::<bool>(), proptest::collection::vec(any::<u8>(), 0..12)), 0..60),
        capacity in 1..16usize,
    ) {
        let (mut a, mut b) = io::duplex(capacity);
        let mut twin = std::collections::VecDeque::new();
        for (write, bytes) in ops {
            if write {
                let n = bytes.len().min(capacity - twin.len());
                match give_up_after(1, a.write(&bytes)) {
                    Some(written) => prop_assert_eq!(written.unwrap(), n),
                    None => prop_assert!(n == 0 && !bytes.is_empty()),
                }
                twin.extend(&bytes[..n]);
            } else {
                let mut buf = vec![0; bytes.len()];
                let n = bytes.len().min(twin.len());
                match give_up_after(1, b.read(&mut buf)) {
                    Some(read) => prop_assert_eq!(read.unwrap(), n),
                    None => prop_assert!(n == 0 && !bytes.is_empty()),
                }
                prop_assert_eq!(&buf[..n], twin.drain(..n).collect::<Vec<u8>>());
            }
        }
    }

    #[test]
    fn a_reader_reads_the_same_through_a_half(
        script in proptest::collection::vec(prop_oneof![
            proptest::collection::vec(any::<u8>(), 1..9).prop_map(Read::Bytes),
            Just(Read::Wait),
        ], 0..12),
    ) {
        let direct = read_all(Reader::new(script.clone()));
        let (half, _writer) = io::split(io::join(Reader::new(script), io::sink()));
        prop_assert_eq!(read_all(half), direct);
    }
}

fn read_all(mut reader: impl io::AsyncRead + Unpin) -> Vec<u8> {
    let mut all = Vec::new();
    run(reader.read_to_end(&mut all)).unwrap();
    all
}
