//! Transports on Unix-domain sockets and on pipes, as asyncio documents them; the water marks, exactly, on a pipe, which
//! takes what it takes at once and no more until it is read.

#![cfg(unix)]

mod net_kit;
mod rt_kit;
mod transport_kit;

use std::fs::File;
use std::io::{ErrorKind, Read, Write};

use heist::aio::{
    ReadTransport, Transport, WriteTransport, connect_read_pipe, connect_write_pipe, create_unix_connection,
    create_unix_server,
};
use heist::io::{AsyncReadExt, AsyncWriteExt};
use heist::net::UnixStream;
use heist::net::unix::pipe;
use net_kit::Directory;
use rt_kit::both_flavours;
use transport_kit::{Event, History, pattern, recorder};

/// Far more than a pipe holds.
const MUCH: usize = 4 << 20;

/// The reading and the writing end of a pipe, which block.
fn os_pipe() -> (File, File) {
    let (sender, receiver) = pipe::pipe().unwrap();
    let writer = sender.into_blocking_fd().unwrap();
    (receiver.into_blocking_fd().unwrap().into(), writer.into())
}

/// A recorder on the writing end of a pipe, and the reading end.
async fn write_pipe() -> (WriteTransport, History, File) {
    let (reader, writer) = os_pipe();
    let (protocol, mut history) = recorder();
    let transport: WriteTransport = connect_write_pipe(|| protocol, writer).await.unwrap();
    assert_eq!(history.next().await, Event::Made);
    (transport, history, reader)
}

/// Writes until the pipe is full and megabytes wait; the marks are out of the way.
async fn fill(transport: &WriteTransport) {
    transport.set_write_buffer_limits(Some(usize::MAX), Some(0));
    transport.write(&pattern(MUCH));
    // The first bytes may wait for the first event. Then the pipe takes what it holds, at once.
    while transport.get_write_buffer_size() == MUCH {
        heist::task::yield_now().await;
    }
}

both_flavours! {
    fn pause_writing_is_above_the_high_mark_and_resume_writing_at_the_low_one(runtime) {
        runtime.block_on(async {
            let (transport, mut history, mut reader) = write_pipe().await;
            fill(&transport).await;
            let waits = transport.get_write_buffer_size();
            transport.set_write_buffer_limits(Some(waits), Some(waits - 4096));
            assert!(history.is_quiet().await, "at the mark is not above it");
            transport.write(b"+");
            assert_eq!(history.next().await, Event::Pause);
            transport.write(b"+");
            assert!(history.is_quiet().await, "told once");

            // What is read makes room for as much; 4098 bytes above the low mark wait now.
            let mut page = [0; 4096];
            reader.read_exact(&mut page).unwrap();
            while transport.get_write_buffer_size() > waits + 2 - 4096 {
                heist::task::yield_now().await;
            }
            assert!(history.is_quiet().await, "2 bytes above the low mark");
            reader.read_exact(&mut page).unwrap();
            assert_eq!(history.next().await, Event::Resume);
            assert!(history.is_quiet().await);
        });
    }

    fn a_lower_high_mark_pauses_at_once(runtime) {
        runtime.block_on(async {
            let (transport, mut history, _reader) = write_pipe().await;
            fill(&transport).await;
            assert!(history.is_quiet().await);
            transport.set_write_buffer_limits(Some(0), None);
            assert_eq!(history.next().await, Event::Pause);
        });
    }

    fn a_write_pipe_flushes_before_it_closes(runtime) {
        runtime.block_on(async {
            for eof in [false, true] {
                let (transport, mut history, reader) = write_pipe().await;
                let sent = pattern(1 << 20);
                transport.write(&sent);
                if eof {
                    assert!(transport.can_write_eof());
                    transport.write_eof();
                } else {
                    transport.close();
                }
                let received = heist::task::spawn_blocking(move || read_all(reader)).await.unwrap();
                assert!(received == sent);
                assert_eq!(
                    history.rest().await,
                    [Event::Pause, Event::Resume, Event::Lost(None), Event::Dropped]
                );
                assert!(transport.is_closing());
            }
        });
    }

    fn a_write_pipe_whose_readers_are_gone_is_lost_without_a_write(runtime) {
        runtime.block_on(async {
            let (transport, mut history, reader) = write_pipe().await;
            assert!(history.is_quiet().await);
            drop(reader);
            assert_eq!(history.rest().await, [Event::Lost(None), Event::Dropped]);
            assert!(transport.is_closing());
        });
    }

    fn a_write_pipe_whose_readers_leave_bytes_is_lost_with_broken_pipe(runtime) {
        runtime.block_on(async {
            let (transport, mut history, reader) = write_pipe().await;
            fill(&transport).await;
            drop(reader);
            assert_eq!(
                history.rest().await,
                [Event::Lost(Some(ErrorKind::BrokenPipe)), Event::Dropped]
            );
        });
    }

    fn an_aborted_write_pipe_loses_what_waits(runtime) {
        runtime.block_on(async {
            let (transport, mut history, reader) = write_pipe().await;
            fill(&transport).await;
            transport.abort();
            assert_eq!(history.rest().await, [Event::Lost(None), Event::Dropped]);
            let received = read_all(reader);
            assert!(received.len() < MUCH);
        });
    }

    fn a_read_pipe_hands_over_data_and_closes_at_its_end(runtime) {
        runtime.block_on(async {
            let (reader, mut writer) = os_pipe();
            let (protocol, mut history) = recorder();
            let transport: ReadTransport =
                connect_read_pipe(|| protocol.keep_open(), reader).await.unwrap();
            assert_eq!(history.next().await, Event::Made);
            writer.write_all(b"one").unwrap();
            assert_eq!(history.data(3).await, b"one");

            transport.pause_reading();
            writer.write_all(b"two").unwrap();
            let paused = !transport.is_reading();
            assert!(paused && history.is_quiet().await);
            transport.resume_reading();
            assert_eq!(history.data(3).await, b"two");

            drop(writer);
            // There is nothing to keep a pipe open for.
            assert_eq!(history.rest().await, [Event::Eof, Event::Lost(None), Event::Dropped]);
            assert!(transport.is_closing());
        });
    }

    fn a_closed_read_pipe_breaks_the_pipe(runtime) {
        runtime.block_on(async {
            let (reader, mut writer) = os_pipe();
            let (protocol, mut history) = recorder();
            let transport: ReadTransport = connect_read_pipe(|| protocol, reader).await.unwrap();
            transport.close();
            assert_eq!(history.rest().await, [Event::Made, Event::Lost(None), Event::Dropped]);
            assert_eq!(writer.write(b"!").unwrap_err().kind(), ErrorKind::BrokenPipe);
        });
    }

    fn the_wrong_end_of_a_pipe_is_an_error(runtime) {
        runtime.block_on(async {
            let (reader, writer) = os_pipe();
            let read = connect_read_pipe::<transport_kit::Recorder<ReadTransport>, _>(|| unreachable!(), writer);
            assert_eq!(read.await.unwrap_err().kind(), ErrorKind::InvalidInput);
            let write = connect_write_pipe::<transport_kit::Recorder<WriteTransport>, _>(|| unreachable!(), reader);
            assert_eq!(write.await.unwrap_err().kind(), ErrorKind::InvalidInput);
        });
    }

    fn unix_server_and_connection_talk_and_know_each_other(runtime) {
        runtime.block_on(async {
            let directory = Directory::new();
            let path = directory.at("socket");
            let server = create_unix_server(
                || recorder().0.on_data(|transport: &Transport, data| transport.write(data)),
                &path,
            )
            .await
            .unwrap();
            assert_eq!(server.sockets()[0].as_pathname(), Some(&*path));

            let (protocol, mut history) = recorder();
            let transport = create_unix_connection(|| protocol, &path).await.unwrap();
            assert_eq!(history.next().await, Event::Made);
            assert_eq!(transport.unix_peer_addr().unwrap().as_pathname(), Some(&*path));
            assert!(transport.unix_local_addr().unwrap().is_unnamed());
            assert_eq!(transport.peer_addr(), None);
            let own = UnixStream::pair().unwrap().0.peer_cred().unwrap();
            assert_eq!(transport.peer_cred().unwrap().uid(), own.uid());

            transport.write(b"there and back");
            assert_eq!(history.data(14).await, b"there and back");
            transport.write_eof();
            assert_eq!(history.rest().await, [Event::Eof, Event::Lost(None), Event::Dropped]);
            server.close();
            server.wait_closed().await;
        });
    }

    fn a_unix_socket_that_was_left_is_replaced_and_the_own_one_removed(runtime) {
        runtime.block_on(async {
            let directory = Directory::new();
            let path = directory.at("socket");
            let factory = || recorder::<Transport>().0;
            drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
            assert!(path.exists(), "left behind");
            let first = create_unix_server(factory, &path).await.unwrap();
            drop(UnixStream::connect(&path).await.unwrap());
            let second = create_unix_server(factory, &path).await.unwrap();
            first.close();
            drop(UnixStream::connect(&path).await.expect("the file is the second one's"));
            drop(second);
            assert!(!path.exists());

            std::fs::write(&path, "a file").unwrap();
            let error = create_unix_server(factory, &path).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::AddrInUse);
            assert_eq!(std::fs::read(&path).unwrap(), b"a file");
        });
    }

    fn half_close_works_on_unix_sockets(runtime) {
        runtime.block_on(async {
            let (stream, mut peer) = UnixStream::pair().unwrap();
            let (protocol, mut history) = recorder();
            let transport: Transport =
                heist::aio::connect_accepted_socket(|| protocol.keep_open(), stream).await.unwrap();
            peer.shutdown().await.unwrap();
            assert_eq!(history.next().await, Event::Made);
            assert_eq!(history.next().await, Event::Eof);
            transport.write(b"still here");
            transport.close();
            let mut received = Vec::new();
            peer.read_to_end(&mut received).await.unwrap();
            assert_eq!(received, b"still here");
            assert_eq!(history.rest().await, [Event::Lost(None), Event::Dropped]);
        });
    }
}

/// Reads to the end, waiting as a thread does.
fn read_all(mut reader: File) -> Vec<u8> {
    let mut received = Vec::new();
    reader.read_to_end(&mut received).unwrap();
    received
}
