//! Reading, writing and seeking in a `File`, with the pool at work and nothing dropped half way.

mod fs_kit;

use std::io::{ErrorKind, IoSlice};

use fs_kit::{Folder, poll_once};
use heist::fs::{self, File};
use heist::io::{
    AsyncBufReadExt, AsyncReadExt, AsyncSeekExt, AsyncWrite, AsyncWriteExt, BufReader, SeekFrom,
};

/// Bytes that differ from place to place.
fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|n| (n ^ (n >> 8) ^ (n >> 16)) as u8).collect()
}

#[heist::test]
async fn a_large_file_in_pieces_of_every_size() {
    let folder = Folder::new();
    let all = pattern(3_000_001);
    let path = folder.file("f", &all);
    for size in [1_000, 8_192, 70_000, 4_000_000] {
        let mut file = File::open(&path).await.unwrap();
        let (mut buffer, mut read) = (vec![0; size], Vec::new());
        loop {
            let n = file.read(&mut buffer).await.unwrap();
            if n == 0 {
                break;
            }
            read.extend_from_slice(&buffer[..n]);
        }
        assert!(read == all, "in pieces of {size}");
        assert_eq!(file.read(&mut buffer).await.unwrap(), 0);
    }
    let mut read = Vec::new();
    File::open(&path)
        .await
        .unwrap()
        .read_to_end(&mut read)
        .await
        .unwrap();
    assert!(read == all);
}

#[heist::test]
async fn lines() {
    let folder = Folder::new();
    let text: String = (0..10_000).map(|n| format!("line {n}\n")).collect();
    let path = folder.file("f", &text);
    let mut lines = BufReader::new(File::open(&path).await.unwrap()).lines();
    let mut n = 0;
    while let Some(line) = lines.next_line().await.unwrap() {
        assert_eq!(line, format!("line {n}"));
        n += 1;
    }
    assert_eq!(n, 10_000);
}

#[heist::test]
async fn a_growing_file_is_read_on() {
    let folder = Folder::new();
    let path = folder.file("log", "one\n");
    let mut reader = File::open(&path).await.unwrap();
    let mut appender = File::options().append(true).open(&path).await.unwrap();
    let mut buffer = [0; 64];
    for line in ["one\n", "two\n", "three\n"] {
        let n = reader.read(&mut buffer).await.unwrap();
        assert_eq!(&buffer[..n], line.as_bytes());
        assert_eq!(reader.read(&mut buffer).await.unwrap(), 0);
        let next = if line == "one\n" { "two\n" } else { "three\n" };
        appender.write_all(next.as_bytes()).await.unwrap();
        appender.flush().await.unwrap();
    }
}

#[heist::test]
async fn writes_in_order_and_limited_by_the_size_of_a_buffer() {
    let folder = Folder::new();
    let all = pattern(5_000_000);
    let mut file = File::create(folder.at("f")).await.unwrap();
    assert_eq!(file.max_buf_size(), 2 << 20);
    assert_eq!(file.write(&all).await.unwrap(), 2 << 20);
    file.write_all(&all[2 << 20..]).await.unwrap();
    file.flush().await.unwrap();
    assert!(fs::read(folder.at("f")).await.unwrap() == all);
    file.rewind().await.unwrap();
    file.set_max_buf_size(7);
    assert_eq!(file.max_buf_size(), 7);
    assert_eq!(file.write(&all).await.unwrap(), 7);
    let slices = [IoSlice::new(b"abc"), IoSlice::new(b""), IoSlice::new(b"defghi")];
    assert_eq!(file.write_vectored(&slices).await.unwrap(), 7);
    file.shutdown().await.unwrap();
    let read = fs::read(folder.at("f")).await.unwrap();
    assert_eq!(read[..14], [&all[..7], b"abcdefg"].concat());
    assert!(read[14..] == all[14..]);
}

#[heist::test]
async fn vectored_writes_are_gathered_into_one() {
    let folder = Folder::new();
    let mut file = File::create(folder.at("f")).await.unwrap();
    assert!(file.is_write_vectored());
    let slices = [IoSlice::new(b"head"), IoSlice::new(b""), IoSlice::new(b", body")];
    assert_eq!(file.write_vectored(&slices).await.unwrap(), 10);
    file.flush().await.unwrap();
    assert_eq!(fs::read(folder.at("f")).await.unwrap(), b"head, body");
}

#[heist::test]
async fn zero_length_reads_and_writes() {
    let folder = Folder::new();
    let path = folder.file("f", "data");
    let mut file = File::options().read(true).write(true).open(&path).await.unwrap();
    let empty = poll_once(&mut Box::pin(file.read(&mut []))).await;
    assert_eq!(empty.expect("it waited").unwrap(), 0);
    let empty = poll_once(&mut Box::pin(file.write(b""))).await;
    assert_eq!(empty.expect("it waited").unwrap(), 0);
    assert_eq!(file.write_vectored(&[IoSlice::new(b"")]).await.unwrap(), 0);
    let mut four = [0; 4];
    assert_eq!(file.read(&mut four).await.unwrap(), 4);
    assert_eq!(&four, b"data");
    file.flush().await.unwrap();
    let empty = File::open(folder.file("empty", ""))
        .await
        .unwrap()
        .read(&mut four)
        .await;
    assert_eq!(empty.unwrap(), 0);
}

#[heist::test]
async fn seeks_from_the_start_the_end_and_here() {
    let folder = Folder::new();
    let path = folder.file("f", "0123456789");
    let mut file = File::open(&path).await.unwrap();
    let mut byte = [0];
    for (to, position) in [
        (SeekFrom::Start(3), 3),
        (SeekFrom::Current(2), 6),
        (SeekFrom::Current(-4), 3),
        (SeekFrom::End(-1), 9),
        (SeekFrom::Start(0), 0),
    ] {
        assert_eq!(file.seek(to).await.unwrap(), position, "{to:?}");
        file.read_exact(&mut byte).await.unwrap();
        assert_eq!(u64::from(byte[0] - b'0'), position);
    }
    assert_eq!(file.stream_position().await.unwrap(), 1);
    let error = file.seek(SeekFrom::Current(-5)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    file.read_exact(&mut byte).await.unwrap();
    assert_eq!(&byte, b"1", "a seek that failed moved the position");
    assert_eq!(file.seek(SeekFrom::End(5)).await.unwrap(), 15);
    assert_eq!(file.read(&mut byte).await.unwrap(), 0);
}

#[heist::test]
async fn reads_and_writes_share_one_position() {
    let folder = Folder::new();
    let path = folder.file("f", "0123456789");
    let mut file = File::options().read(true).write(true).open(&path).await.unwrap();
    let mut two = [0; 2];
    for _ in 0..2 {
        file.read_exact(&mut two).await.unwrap();
        file.write_all(b"-").await.unwrap();
    }
    file.flush().await.unwrap();
    assert_eq!(&two, b"34");
    assert_eq!(fs::read(&path).await.unwrap(), b"01-34-6789");
}

/// The kernel's side of a descriptor that we did not ask the file for: nobody showed it.
fn position_in_kernel(path: &std::path::Path) -> u64 {
    let descriptors = std::fs::read_dir("/proc/self/fd").unwrap().map(Result::unwrap);
    let mut ours = descriptors.filter(|fd| std::fs::read_link(fd.path()).is_ok_and(|to| to == path));
    let number = ours.next().expect("nobody has it open").file_name();
    let info = std::fs::read_to_string(format!("/proc/self/fdinfo/{}", number.to_str().unwrap())).unwrap();
    let position = info.lines().find_map(|line| line.strip_prefix("pos:")).unwrap();
    position.trim().parse().unwrap()
}

#[heist::test]
async fn small_reads_that_follow_each_other_are_read_ahead_in_growing_batches() {
    let folder = Folder::new();
    let all = pattern(2 << 20);
    let path = folder.file("f", &all);
    let mut file = File::open(&path).await.unwrap();
    let mut buffer = [0; 8192];
    let mut batches = vec![0];
    let mut read = 0;
    while read < all.len() {
        read += file.read(&mut buffer).await.unwrap();
        let position = position_in_kernel(&path);
        if position != batches[batches.len() - 1] {
            batches.push(position);
        }
    }
    let sizes: Vec<_> = batches.windows(2).map(|pair| (pair[1] - pair[0]) >> 10).collect();
    assert_eq!(sizes[..6], [8, 16, 32, 64, 128, 256]);
    assert!(sizes[6..].iter().all(|size| *size <= 256), "{sizes:?}");
}

#[heist::test]
async fn nothing_is_read_ahead_where_somebody_could_notice() {
    use std::os::fd::{AsFd, AsRawFd};
    let folder = Folder::new();
    let path = folder.file("f", pattern(1 << 20));
    let mut buffer = [0; 100];
    let seen_by: [fn(&File) -> i32; 2] = [|file| file.as_raw_fd(), |file| file.as_fd().as_raw_fd()];
    for see in seen_by {
        let mut file = File::open(&path).await.unwrap();
        for _ in 0..8 {
            file.read_exact(&mut buffer).await.unwrap();
        }
        assert!(position_in_kernel(&path) > 800);
        assert!(see(&file) > 2);
        assert_eq!(position_in_kernel(&path), 800);
        file.read_exact(&mut buffer).await.unwrap();
        assert_eq!(position_in_kernel(&path), 900);
    }
    for kind in ["of std", "for writing too", "limited"] {
        let mut file = match kind {
            "of std" => File::from_std(std::fs::File::open(&path).unwrap()),
            "for writing too" => File::options().read(true).write(true).open(&path).await.unwrap(),
            _ => File::open(&path).await.unwrap(),
        };
        file.set_max_buf_size(100);
        if kind != "limited" {
            file.set_max_buf_size(1 << 20);
        }
        for n in 1..=8 {
            file.read_exact(&mut buffer).await.unwrap();
            assert_eq!(position_in_kernel(&path), 100 * n, "{kind}");
        }
    }
}

#[heist::test]
async fn a_file_removed_under_us_stays_readable_and_writable() {
    let folder = Folder::new();
    let path = folder.file("f", "before");
    let mut file = File::options().read(true).write(true).open(&path).await.unwrap();
    let mut three = [0; 3];
    file.read_exact(&mut three).await.unwrap();
    fs::remove_file(&path).await.unwrap();
    assert_eq!(fs::metadata(&path).await.unwrap_err().kind(), ErrorKind::NotFound);
    file.read_exact(&mut three).await.unwrap();
    assert_eq!(&three, b"ore");
    file.write_all(b" and after").await.unwrap();
    file.sync_all().await.unwrap();
    file.rewind().await.unwrap();
    let mut text = String::new();
    file.read_to_string(&mut text).await.unwrap();
    assert_eq!(text, "before and after");
    assert_eq!(file.metadata().await.unwrap().len(), 16);
    assert!(!path.exists(), "a write brought the name back");
}

#[heist::test]
async fn a_reader_out_of_the_buffer_lets_others_run() {
    let folder = Folder::new();
    let path = folder.file("f", pattern(100_000));
    let mut file = File::open(&path).await.unwrap();
    let mut byte = [0];
    let mut waits = 0;
    for _ in 0..10_000 {
        let mut reading = Box::pin(file.read(&mut byte));
        let first = poll_once(&mut reading).await;
        waits += usize::from(first.is_none());
        match first {
            Some(read) => read.unwrap(),
            None => reading.await.unwrap(),
        };
    }
    // Some 20 for the pool, and one for every 128 reads out of the buffer.
    assert!((60..1_000).contains(&waits), "{waits}");
}
