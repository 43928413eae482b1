//! Operations whose futures are dropped half way, and errors of the background: nothing is lost, nothing is silent.
//!
//! The blocking pool has one thread, and a gate holds it; so whatever is started is certain to be in flight.

mod fs_kit;

use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::pin::Pin;
use std::time::Duration;

use fs_kit::{Folder, Gate, cancelled_half_way, one_blocking_thread, poll_once, wait_until};
use heist::fs::{self, File};
use heist::io::{AsyncRead, AsyncReadExt, AsyncSeek, AsyncSeekExt, AsyncWriteExt, ReadBuf, SeekFrom};

fn read_and_write(path: &Path) -> File {
    let mut options = std::fs::OpenOptions::new();
    File::from_std(options.read(true).write(true).open(path).unwrap())
}

async fn text(file: &mut File) -> String {
    let mut text = String::new();
    file.read_to_string(&mut text).await.unwrap();
    text
}

#[test]
fn a_cancelled_read_is_had_by_the_next_one() {
    let (runtime, folder) = (one_blocking_thread(), Folder::new());
    let mut file = read_and_write(&folder.file("f", "0123456789"));
    let gate = Gate::close(&runtime);
    runtime.block_on(async {
        cancelled_half_way(file.read(&mut [0; 5])).await;
        gate.open();
        let mut two = [0; 2];
        assert_eq!(file.read(&mut two).await.unwrap(), 2);
        assert_eq!(&two, b"01");
        assert_eq!(file.read(&mut [0; 10]).await.unwrap(), 3);
        assert_eq!(file.seek(SeekFrom::Current(0)).await.unwrap(), 5);
        assert_eq!(text(&mut file).await, "56789");
    });
}

#[test]
fn the_position_is_right_after_a_cancelled_read() {
    let runtime = one_blocking_thread();
    for what in ["write", "set_len", "seek", "into_std", "try_clone"] {
        let folder = Folder::new();
        let path = folder.file("f", "0123456789");
        let mut file = read_and_write(&path);
        let gate = Gate::close(&runtime);
        runtime.block_on(async {
            cancelled_half_way(file.read(&mut [0; 5])).await;
            gate.open();
            match what {
                "write" => {
                    file.write_all(b"ab").await.unwrap();
                    assert_eq!(text(&mut file).await, "23456789");
                    assert_eq!(std::fs::read(&path).unwrap(), b"ab23456789");
                }
                "set_len" => {
                    file.set_len(3).await.unwrap();
                    assert_eq!(text(&mut file).await, "012");
                }
                "seek" => {
                    assert_eq!(file.seek(SeekFrom::Current(1)).await.unwrap(), 1);
                    assert_eq!(text(&mut file).await, "123456789");
                }
                "into_std" => {
                    let mut text = String::new();
                    file.into_std().await.read_to_string(&mut text).unwrap();
                    assert_eq!(text, "0123456789");
                }
                _ => assert_eq!(text(&mut file.try_clone().await.unwrap()).await, "0123456789"),
            }
        });
    }
}

#[test]
fn a_cancelled_write_is_done_and_in_order() {
    let (runtime, folder) = (one_blocking_thread(), Folder::new());
    let path = folder.file("f", "");
    let mut file = read_and_write(&path);
    let gate = Gate::close(&runtime);
    runtime.block_on(async {
        file.write_all(b"one ").await.unwrap();
        // The first is in flight: this one has to wait, and has not begun when it is dropped.
        cancelled_half_way(file.write_all(b"never ")).await;
        cancelled_half_way(file.flush()).await;
        assert_eq!(std::fs::read(&path).unwrap(), b"");
        gate.open();
        file.write_all(b"two").await.unwrap();
        file.flush().await.unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"one two");
    });
}

#[test]
fn a_seek_while_another_operation_is_in_flight() {
    let (runtime, folder) = (one_blocking_thread(), Folder::new());
    let mut file = read_and_write(&folder.file("f", ""));
    let gate = Gate::close(&runtime);
    runtime.block_on(async {
        file.write_all(b"12345").await.unwrap();
        let error = Pin::new(&mut file).start_seek(SeekFrom::Start(1)).unwrap_err();
        assert!(error.to_string().contains("poll_complete"), "{error}");
        let mut seeking = Box::pin(file.seek(SeekFrom::Start(1)));
        assert!(poll_once(&mut seeking).await.is_none());
        gate.open();
        assert_eq!(seeking.await.unwrap(), 1);
        assert_eq!(text(&mut file).await, "2345");
    });
}

#[test]
fn a_cancelled_seek_and_a_cancelled_set_len_are_waited_for() {
    let (runtime, folder) = (one_blocking_thread(), Folder::new());
    let path = folder.file("f", "0123456789");
    let mut file = read_and_write(&path);
    let gate = Gate::close(&runtime);
    runtime.block_on(async {
        cancelled_half_way(file.seek(SeekFrom::Start(4))).await;
        gate.open();
        assert_eq!(file.read(&mut [0]).await.unwrap(), 1);
        assert_eq!(file.stream_position().await.unwrap(), 5);
        let gate = Gate::close(&runtime);
        cancelled_half_way(file.set_len(6)).await;
        gate.open();
        file.write_all(b"F678").await.unwrap();
        file.flush().await.unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"01234F678");
    });
}

#[test]
fn a_file_dropped_with_a_write_in_flight_is_written() {
    let (runtime, folder) = (one_blocking_thread(), Folder::new());
    let path = folder.file("f", "");
    let gate = Gate::close(&runtime);
    runtime.block_on(async {
        let mut file = read_and_write(&path);
        file.write_all(b"to the end").await.unwrap();
    });
    assert_eq!(std::fs::read(&path).unwrap(), b"");
    gate.open();
    wait_until("the write", || std::fs::read(&path).unwrap() == b"to the end");
}

#[test]
fn into_std_waits_for_whoever_uses_the_file_and_try_into_std_does_not() {
    let (runtime, folder) = (one_blocking_thread(), Folder::new());
    let mut file = read_and_write(&folder.file("f", ""));
    file.set_max_buf_size(99);
    let gate = Gate::close(&runtime);
    runtime.block_on(async {
        file.write_all(b"write").await.unwrap();
        let file = file.try_into_std().expect_err("a write is in flight");
        assert_eq!(file.max_buf_size(), 99);
        cancelled_half_way(file.metadata()).await;
        let mut converting = Box::pin(file.into_std());
        assert!(poll_once(&mut converting).await.is_none());
        gate.open();
        assert_eq!(converting.await.metadata().unwrap().len(), 5);

        // Now with nothing in flight but a question.
        let file = read_and_write(&folder.at("f"));
        let gate = Gate::close(&runtime);
        cancelled_half_way(file.metadata()).await;
        let file = file.try_into_std().expect_err("a question is in flight");
        let mut converting = Box::pin(file.into_std());
        assert!(poll_once(&mut converting).await.is_none());
        gate.open();
        assert_eq!(converting.await.metadata().unwrap().len(), 5);
    });
}

#[heist::test]
async fn the_error_of_a_background_write_is_returned_once_by_what_comes_next() {
    let folder = Folder::new();
    let path = folder.file("f", "data");
    let read_only = || File::from_std(std::fs::File::open(&path).unwrap());

    let mut file = read_only();
    assert_eq!(file.write(b"x").await.unwrap(), 1);
    assert_eq!(file.flush().await.unwrap_err().raw_os_error(), Some(libc::EBADF));
    file.flush().await.unwrap();

    let mut file = read_only();
    assert_eq!(file.write(b"x").await.unwrap(), 1);
    assert_eq!(
        file.write(b"y").await.unwrap_err().raw_os_error(),
        Some(libc::EBADF)
    );
    file.flush().await.unwrap();

    // A read and a seek in between do not take it.
    let mut file = read_only();
    assert_eq!(file.write(b"x").await.unwrap(), 1);
    assert_eq!(text(&mut file).await, "data");
    assert_eq!(file.rewind().await.unwrap(), 0);
    assert_eq!(
        file.shutdown().await.unwrap_err().raw_os_error(),
        Some(libc::EBADF)
    );

    for data_only in [false, true] {
        let mut file = read_only();
        assert_eq!(file.write(b"x").await.unwrap(), 1);
        let synced = if data_only {
            file.sync_data().await
        } else {
            file.sync_all().await
        };
        assert_eq!(synced.unwrap_err().raw_os_error(), Some(libc::EBADF));
        file.flush().await.unwrap();
    }
    assert_eq!(std::fs::read(&path).unwrap(), b"data");
}

#[cfg(target_os = "linux")]
#[heist::test]
async fn a_full_disk_is_reported_by_the_flush() {
    let mut full = File::options().write(true).open("/dev/full").await.unwrap();
    full.write_all(&[0; 100]).await.unwrap();
    assert_eq!(full.flush().await.unwrap_err().kind(), ErrorKind::StorageFull);
}

#[test]
fn a_stream_without_a_position_reads_and_writes_independently() {
    let runtime = one_blocking_thread();
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    runtime.block_on(async {
        let mut file = File::from(OwnedFd::from(ours));
        cancelled_half_way(file.read(&mut [0; 8])).await;
        theirs.write_all(b"question").unwrap();
        let mut three = [0; 3];
        file.read_exact(&mut three).await.unwrap();
        assert_eq!(&three, b"que");
        // "stion" is here already, and cannot be put back.
        file.write_all(b"answer").await.unwrap();
        file.flush().await.unwrap();
        let mut answer = [0; 6];
        theirs.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"answer");
        assert_eq!(file.rewind().await.unwrap_err().kind(), ErrorKind::NotSeekable);
        drop(theirs);
        assert_eq!(text(&mut file).await, "stion");
    });
}

#[test]
fn path_functions_whose_futures_are_dropped_are_done_or_not_begun() {
    let (runtime, folder) = (one_blocking_thread(), Folder::new());
    let gate = Gate::close(&runtime);
    runtime.block_on(async {
        cancelled_half_way(fs::write(folder.at("begun"), "x")).await;
        drop(fs::write(folder.at("never polled"), "x"));
        gate.open();
        assert!(fs::try_exists(folder.path()).await.unwrap());
    });
    assert!(folder.at("begun").exists());
    assert!(!folder.at("never polled").exists());
}

#[test]
fn showing_the_descriptor_in_the_middle_of_a_read_does_not_lose_its_wake_up() {
    let (runtime, folder) = (one_blocking_thread(), Folder::new());
    let mut file = read_and_write(&folder.file("f", "0123456789"));
    let gate = Gate::close(&runtime);
    let (asked, was_asked) = std::sync::mpsc::channel();
    let reading = runtime.spawn(std::future::poll_fn(move |cx| {
        let mut memory = [0; 4];
        let mut buf = ReadBuf::new(&mut memory);
        let polled = Pin::new(&mut file).poll_read(cx, &mut buf);
        // As for a log, or to ask for the file's lock.
        assert!(file.as_raw_fd() >= 0);
        asked.send(()).unwrap();
        polled.map(|read| read.map(|()| buf.filled().to_vec()))
    }));
    was_asked.recv().unwrap();
    gate.open();
    let read = runtime.block_on(async { heist::time::timeout(Duration::from_secs(30), reading).await });
    assert_eq!(read.expect("it is woken").unwrap().unwrap(), b"0123");
}
