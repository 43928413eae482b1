//! Pipes: what is sent arrives, a full one waits, and its end is told; FIFO files too.

#![cfg(unix)]

mod net_kit;
mod rt_kit;

use heist::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt, Interest, ReadBuf, Ready};
use heist::net::unix::pipe;
use net_kit::{Directory, kind, one_flavour, poll_once};
use rt_kit::{Count, CountWake, both_flavours};
use std::fs::{File, OpenOptions};
use std::future::{Future, poll_fn};
use std::io::{ErrorKind, IoSlice, IoSliceMut, Read};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::PathBuf;
use std::pin::{Pin, pin};
use std::process::Command;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

/// Writes until the pipe takes no more, and says how much it took.
fn fill(sender: &pipe::Sender) -> usize {
    let chunk = [1; 4096];
    let mut sent = 0;
    loop {
        match sender.try_write(&chunk) {
            Ok(n) => sent += n,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                return sent;
            }
        }
    }
}

fn make_fifo(directory: &Directory) -> PathBuf {
    let path = directory.at("fifo");
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    path
}

fn is_nonblocking(fd: &impl AsFd) -> bool {
    socket2::SockRef::from(fd).nonblocking().unwrap()
}

both_flavours! {
    fn what_is_sent_arrives_and_ends(runtime) {
        runtime.block_on(async {
            let (mut sender, mut receiver) = pipe::pipe().unwrap();
            let sent: Vec<u8> = (0..1_000_000_u32).map(|i| (i % 251) as u8).collect();
            let expected = sent.clone();
            let writer = heist::spawn(async move {
                sender.write_all(&sent).await.unwrap();
                sender.flush().await.unwrap();
                // Only the drop ends a pipe.
                sender.shutdown().await.unwrap();
                sender.write_all(b"!").await.unwrap();
            });
            let mut received = Vec::new();
            receiver.read_to_end(&mut received).await.unwrap();
            writer.await.unwrap();
            assert_eq!(received.pop(), Some(b'!'));
            assert!(received == expected);
            assert_eq!(receiver.read(&mut [0; 1]).await.unwrap(), 0);
            assert_eq!(receiver.try_read(&mut [0; 1]).unwrap(), 0);
        });
    }

    fn sending_to_nobody_fails(runtime) {
        runtime.block_on(async {
            let (mut sender, receiver) = pipe::pipe().unwrap();
            fill(&sender);
            let writer = heist::spawn(async move {
                let error = sender.write_all(b"x").await.unwrap_err();
                let ready = sender.ready(Interest::WRITABLE).await.unwrap();
                assert!(ready.is_write_closed());
                (error, kind(sender.try_write(b"x")))
            });
            heist::task::yield_now().await;
            drop(receiver);
            let (error, again) = writer.await.unwrap();
            assert_eq!((error.kind(), again), (ErrorKind::BrokenPipe, ErrorKind::BrokenPipe));
        });
    }

    fn vectored_and_buffered_transfers(runtime) {
        runtime.block_on(async {
            let (mut sender, receiver) = pipe::pipe().unwrap();
            assert!(sender.is_write_vectored());
            let parts = [IoSlice::new(b"one "), IoSlice::new(b"two")];
            assert_eq!(sender.write_vectored(&parts).await.unwrap(), 7);
            assert_eq!(sender.try_write_vectored(&parts).unwrap(), 7);
            receiver.readable().await.unwrap();
            let (mut head, mut tail) = ([0; 4], [0; 3]);
            let mut parts = [IoSliceMut::new(&mut head), IoSliceMut::new(&mut tail)];
            assert_eq!(receiver.try_read_vectored(&mut parts).unwrap(), 7);
            assert_eq!((&head, &tail), (b"one ", b"two"));
            let mut buffer = Vec::with_capacity(64);
            buffer.push(b'>');
            assert_eq!(receiver.try_read_buf(&mut buffer).unwrap(), 7);
            assert_eq!(buffer, b">one two");
            assert_eq!(kind(receiver.try_read_buf(&mut buffer)), ErrorKind::WouldBlock);
            assert_eq!(buffer, b">one two");
        });
    }

    fn a_read_initialises_no_more_than_it_fills(runtime) {
        runtime.block_on(async {
            let (mut sender, mut receiver) = pipe::pipe().unwrap();
            sender.write_all(b"abc").await.unwrap();
            let mut memory = [MaybeUninit::uninit(); 64];
            let mut buffer = ReadBuf::uninit(&mut memory);
            buffer.put_slice(b"-");
            poll_fn(|cx| heist::io::AsyncRead::poll_read(Pin::new(&mut receiver), cx, &mut buffer))
                .await
                .unwrap();
            assert_eq!(buffer.filled(), b"-abc");
            assert_eq!(buffer.initialized().len(), 4);
        });
    }

    fn transfers_of_nothing_move_nothing(runtime) {
        runtime.block_on(async {
            let (mut sender, mut receiver) = pipe::pipe().unwrap();
            assert_eq!(sender.write(b"").await.unwrap(), 0);
            assert_eq!(kind(receiver.try_read(&mut [])), ErrorKind::WouldBlock);
            sender.write_all(b"x").await.unwrap();
            assert_eq!(receiver.read(&mut []).await.unwrap(), 0);
            drop(sender);
            let mut rest = Vec::new();
            assert_eq!(receiver.read_to_end(&mut rest).await.unwrap(), 1);
        });
    }

    fn a_fifo_is_opened_from_both_ends(runtime) {
        runtime.block_on(async {
            let directory = Directory::new();
            let path = make_fifo(&directory);
            let nobody = pipe::OpenOptions::new().open_sender(&path).unwrap_err();
            assert_eq!(nobody.raw_os_error(), Some(libc::ENXIO));
            let mut receiver = pipe::OpenOptions::new().open_receiver(&path).unwrap();
            let mut sender = pipe::OpenOptions::new().open_sender(&path).unwrap();
            assert!(is_nonblocking(&receiver) && is_nonblocking(&sender));
            sender.write_all(b"through a file").await.unwrap();
            drop(sender);
            let mut received = String::new();
            receiver.read_to_string(&mut received).await.unwrap();
            assert_eq!(received, "through a file");
        });
    }

    fn what_is_no_pipe_is_refused_unless_unchecked(runtime) {
        runtime.block_on(async {
            let directory = Directory::new();
            let path = directory.at("file");
            drop(File::create(&path).unwrap());
            let mut options = pipe::OpenOptions::new();
            assert_eq!(kind(options.open_receiver(&path)), ErrorKind::InvalidInput);
            assert_eq!(kind(options.open_sender(&path)), ErrorKind::InvalidInput);
            assert_eq!(kind(options.open_sender(directory.at("none"))), ErrorKind::NotFound);
            options.unchecked(true);
            // Past the check; epoll has no use for a regular file.
            let refused = options.open_receiver(&path);
            assert!(refused.as_ref().map_or_else(|error| error.kind() != ErrorKind::InvalidInput, |_| true));
            let error = kind(pipe::Receiver::from_file(File::open(&path).unwrap()));
            assert_eq!(error, ErrorKind::InvalidInput);
            let file = OpenOptions::new().write(true).open(&path).unwrap();
            assert_eq!(kind(pipe::Sender::from_file(file)), ErrorKind::InvalidInput);
        });
    }

    fn a_pipe_opened_the_other_way_is_refused(runtime) {
        runtime.block_on(async {
            let (sender, receiver) = pipe::pipe().unwrap();
            let (sender, receiver) = (sender.into_nonblocking_fd().unwrap(), receiver.into_nonblocking_fd().unwrap());
            assert_eq!(kind(pipe::Receiver::from_owned_fd(sender)), ErrorKind::InvalidInput);
            assert_eq!(kind(pipe::Sender::from_owned_fd(receiver)), ErrorKind::InvalidInput);
        });
    }

    fn descriptors_come_and_go(runtime) {
        runtime.block_on(async {
            let (sender, receiver) = pipe::pipe().unwrap();
            let (sender, receiver) = (sender.into_blocking_fd().unwrap(), receiver.into_blocking_fd().unwrap());
            assert!(!is_nonblocking(&sender) && !is_nonblocking(&receiver));
            let mut sender = pipe::Sender::from_file(File::from(sender)).unwrap();
            let mut receiver = pipe::Receiver::from_owned_fd(receiver).unwrap();
            assert!(is_nonblocking(&sender) && is_nonblocking(&receiver));
            assert_eq!(sender.as_fd().as_raw_fd(), sender.as_raw_fd());
            assert_eq!(receiver.as_fd().as_raw_fd(), receiver.as_raw_fd());
            sender.write_all(b"again").await.unwrap();
            receiver.read_exact(&mut [0; 5]).await.unwrap();
            let sender = sender.into_nonblocking_fd().unwrap();
            let receiver = receiver.into_nonblocking_fd().unwrap();
            assert!(is_nonblocking(&sender) && is_nonblocking(&receiver));
            let mut sender = pipe::Sender::from_owned_fd_unchecked(sender).unwrap();
            let mut receiver = pipe::Receiver::from_file_unchecked(File::from(receiver)).unwrap();
            sender.write_all(b"unchecked").await.unwrap();
            receiver.read_exact(&mut [0; 9]).await.unwrap();
        });
    }

    fn a_child_writes_into_a_pipe(runtime) {
        runtime.block_on(async {
            let (sender, mut receiver) = pipe::pipe().unwrap();
            let mut child = Command::new("sh")
                .args(["-c", "echo from a child"])
                .stdout(sender.into_blocking_fd().unwrap())
                .spawn()
                .unwrap();
            let mut said = String::new();
            receiver.read_to_string(&mut said).await.unwrap();
            assert_eq!(said, "from a child\n");
            assert!(child.wait().unwrap().success());
        });
    }
}

one_flavour! {
    fn readiness_comes_and_goes(runtime) {
        runtime.block_on(async {
            let (sender, receiver) = pipe::pipe().unwrap();
            let mut cx = Context::from_waker(Waker::noop());
            assert!(receiver.poll_read_ready(&mut cx).is_pending());
            assert!(sender.poll_write_ready(&mut cx).is_ready());
            assert_eq!(sender.ready(Interest::WRITABLE).await.unwrap(), Ready::WRITABLE);
            assert_eq!(kind(receiver.try_read(&mut [0; 1])), ErrorKind::WouldBlock);
            sender.try_write(b"ab").unwrap();
            poll_fn(|cx| receiver.poll_read_ready(cx)).await.unwrap();
            assert_eq!(receiver.ready(Interest::READABLE).await.unwrap(), Ready::READABLE);
            assert_eq!(receiver.try_io(|| Ok(7)).unwrap(), 7);
            assert_eq!(receiver.try_read(&mut [0; 2]).unwrap(), 2);
            assert_eq!(kind(receiver.try_read(&mut [0; 1])), ErrorKind::WouldBlock);
            assert!(poll_once(pin!(receiver.readable())).is_pending());
            sender.try_io(|| Err::<(), _>(ErrorKind::WouldBlock.into())).unwrap_err();
            assert!(poll_once(pin!(sender.writable())).is_pending());
        });
    }

    fn a_full_pipe_would_block_and_drains(runtime) {
        runtime.block_on(async {
            let (mut sender, mut receiver) = pipe::pipe().unwrap();
            let sent = fill(&sender);
            assert!(sent >= 4096);
            assert!(poll_once(pin!(sender.writable())).is_pending());
            assert_eq!(kind(sender.try_io(|| Ok(()))), ErrorKind::WouldBlock);
            let writer = heist::spawn(async move {
                sender.write_all(&[2; 100_000]).await.unwrap();
            });
            let mut received = vec![0; sent];
            receiver.read_exact(&mut received).await.unwrap();
            assert!(received.iter().all(|&byte| byte == 1));
            received.clear();
            receiver.read_to_end(&mut received).await.unwrap();
            assert!(received == vec![2; 100_000]);
            writer.await.unwrap();
        });
    }
}

/// A receiver that can write as well sees no end between two senders.
#[cfg(any(target_os = "linux", target_os = "android"))]
#[test]
fn a_fifo_opened_for_both_directions_outlives_its_senders() {
    rt_kit::current_thread().block_on(async {
        let directory = Directory::new();
        let path = make_fifo(&directory);
        // No receiver is needed: the sender is one itself.
        let mut early = pipe::OpenOptions::new()
            .read_write(true)
            .open_sender(&path)
            .unwrap();
        early.write_all(b"0").await.unwrap();
        let mut receiver = pipe::OpenOptions::new()
            .read_write(true)
            .open_receiver(&path)
            .unwrap();
        drop(early);
        assert_eq!(receiver.read_u8().await.unwrap(), b'0');
        for byte in b"123" {
            let mut sender = pipe::OpenOptions::new().open_sender(&path).unwrap();
            sender.write_all(&[*byte]).await.unwrap();
            drop(sender);
            assert_eq!(receiver.read_u8().await.unwrap(), *byte);
            assert!(poll_once(pin!(receiver.read_u8())).is_pending());
        }
    });
}

/// The end between two senders is not the end for good, and waiting for the second does not spin.
#[test]
fn a_fifo_that_came_to_its_end_waits_for_the_next_sender() {
    rt_kit::current_thread().block_on(async {
        let directory = Directory::new();
        let path = make_fifo(&directory);
        let mut receiver = pipe::OpenOptions::new().open_receiver(&path).unwrap();
        for round in 0..3 {
            let mut sender = pipe::OpenOptions::new().open_sender(&path).unwrap();
            let wakes = Count::default();
            let waker = Waker::from(Arc::new(CountWake(wakes.clone())));
            {
                let mut read = pin!(receiver.read_u8());
                let polled = read.as_mut().poll(&mut Context::from_waker(&waker));
                assert!(polled.is_pending());
                heist::task::yield_now().await;
                assert_eq!(wakes.get(), 0);
                sender.write_all(&[round]).await.unwrap();
                assert_eq!(read.await.unwrap(), round);
            }
            drop(sender);
            assert_eq!(receiver.read(&mut [0; 1]).await.unwrap(), 0);
            // The end is to be known before the next sender comes.
            while !receiver.ready(Interest::READABLE).await.unwrap().is_read_closed() {
                heist::task::yield_now().await;
            }
            assert_eq!(receiver.read(&mut [0; 1]).await.unwrap(), 0);
        }
    });
}

#[test]
fn trying_a_fifo_that_came_to_its_end_ends_its_readiness() {
    rt_kit::current_thread().block_on(async {
        let directory = Directory::new();
        let path = make_fifo(&directory);
        let receiver = pipe::OpenOptions::new().open_receiver(&path).unwrap();
        drop(pipe::OpenOptions::new().open_sender(&path).unwrap());
        receiver.readable().await.unwrap();
        assert_eq!(receiver.try_read(&mut [0; 1]).unwrap(), 0);
        let mut sender = pipe::OpenOptions::new().open_sender(&path).unwrap();
        assert_eq!(kind(receiver.try_read(&mut [0; 1])), ErrorKind::WouldBlock);
        assert!(poll_once(pin!(receiver.readable())).is_pending());
        sender.write_all(b"x").await.unwrap();
        receiver.readable().await.unwrap();
        assert_eq!(receiver.try_read(&mut [0; 1]).unwrap(), 1);
    });
}

#[test]
fn waits_end_with_the_runtime() {
    let runtime = rt_kit::current_thread();
    let (sender, mut receiver) = runtime.block_on(async { pipe::pipe().unwrap() });
    let mut byte = [0];
    {
        let mut read = pin!(receiver.read(&mut byte));
        assert!(poll_once(read.as_mut()).is_pending());
        drop(runtime);
        assert!(matches!(poll_once(read), Poll::Ready(Err(_))));
    }
    // The descriptors live on without it.
    let fd: OwnedFd = sender.into_blocking_fd().unwrap();
    drop(fd);
    assert_eq!(
        File::from(receiver.into_nonblocking_fd().unwrap())
            .read(&mut byte)
            .unwrap(),
        0
    );
}
