//! Files when the runtime, or its blocking pool, goes away: an error that says so, and no accepted write lost.

mod fs_kit;

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use fs_kit::{Folder, Gate, cancelled_half_way, one_blocking_thread, poll_once, wait_until};
use heist::fs::{self, File};
use heist::io::{AsyncReadExt, AsyncSeek, AsyncSeekExt, AsyncWriteExt, SeekFrom};
use heist::runtime::{Builder, Handle, Runtime};

fn bystander() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

/// A handle to a runtime that has shut down.
fn gone() -> Handle {
    let runtime = one_blocking_thread();
    let handle = runtime.handle().clone();
    runtime.shutdown_timeout(Duration::ZERO);
    handle
}

#[track_caller]
fn assert_says<T>(result: io::Result<T>, what: &str) {
    let error = result.err().expect("it must fail");
    assert_eq!(error.kind(), io::ErrorKind::Other);
    assert!(error.to_string().contains(what), "{error}");
    assert!(heist::runtime::is_rt_shutdown_err(&error), "{error:?}");
}

#[test]
fn every_operation_on_a_pool_that_is_closed_fails_and_leaves_the_file_usable() {
    let folder = Folder::new();
    let path = folder.file("f", "0123456789");
    let mut options = std::fs::OpenOptions::new();
    let mut file = File::from_std(options.read(true).write(true).open(&path).unwrap());
    let closed = "the runtime is shutting down";
    let handle = gone();
    let entered = handle.enter();
    bystander_free(async {
        for _ in 0..2 {
            assert_says(file.read(&mut [0; 4]).await, closed);
            assert_says(file.seek(SeekFrom::Start(5)).await, closed);
            assert_says(file.write(b"x").await, closed);
            assert_says(file.set_len(1).await, closed);
            assert_says(file.sync_all().await, closed);
            assert_says(file.sync_data().await, closed);
            assert_says(file.metadata().await, closed);
            assert_says(file.try_clone().await, closed);
            // Nothing is pending: what was not taken need not be flushed.
            file.flush().await.unwrap();
        }
        assert_says(fs::read(&path).await, closed);
        assert_says(fs::write(&path, "x").await, closed);
        assert_says(fs::read_dir(folder.path()).await, closed);
        assert_says(File::open(&path).await, closed);
    });
    drop(entered);
    bystander().block_on(async {
        let mut text = String::new();
        file.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "0123456789");
    });
}

/// Polls a future that never waits, with whatever runtime is current.
fn bystander_free<F: Future>(future: F) -> F::Output {
    let mut future = Box::pin(future);
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    match future.as_mut().poll(&mut cx) {
        std::task::Poll::Ready(output) => output,
        std::task::Poll::Pending => panic!("it waits"),
    }
}

#[test]
fn a_write_that_was_accepted_is_done_though_the_runtime_shuts_down_before_it_begins() {
    let folder = Folder::new();
    for flush in [false, true] {
        let path = folder.file("f", "");
        let runtime = one_blocking_thread();
        let gate = Gate::close(&runtime);
        let mut file = runtime.block_on(async {
            let mut file = File::from_std(std::fs::File::create(&path).unwrap());
            file.write_all(b"promised").await.unwrap();
            file
        });
        runtime.shutdown_background();
        assert_eq!(std::fs::read(&path).unwrap(), b"");
        gate.open();
        if flush {
            bystander().block_on(file.flush()).unwrap();
            assert_eq!(std::fs::read(&path).unwrap(), b"promised");
        }
        drop(file);
        wait_until("the write", || std::fs::read(&path).unwrap() == b"promised");
    }
}

#[test]
fn the_drop_of_a_runtime_waits_for_the_writes_that_were_accepted() {
    let folder = Folder::new();
    let paths: Vec<_> = (0..20).map(|n| folder.at(&n.to_string())).collect();
    let runtime = one_blocking_thread();
    runtime.block_on(async {
        for path in &paths {
            let mut file = File::from_std(std::fs::File::create(path).unwrap());
            file.write_all(&[7; 100_000]).await.unwrap();
        }
    });
    drop(runtime);
    for path in &paths {
        assert_eq!(std::fs::metadata(path).unwrap().len(), 100_000);
    }
}

#[test]
fn reads_that_wait_are_told_of_the_shutdown_and_the_position_stays() {
    let folder = Folder::new();
    let path = folder.file("f", "0123456789");
    let runtime = one_blocking_thread();
    let mut options = std::fs::OpenOptions::new();
    let mut file = File::from_std(options.read(true).write(true).open(&path).unwrap());
    let gate = Gate::close(&runtime);
    runtime.block_on(async {
        cancelled_half_way(file.read(&mut [0; 5])).await;
    });
    gate.open();
    // Five bytes have been read, one of them is taken, then a seek is asked for and the runtime goes.
    runtime.block_on(async { file.read_exact(&mut [0]).await.unwrap() });
    let gate = Gate::close(&runtime);
    let mut reading = File::from_std(std::fs::File::open(&path).unwrap());
    let entered = runtime.enter();
    let (mut buffer, mut path_future) = ([0; 4], Box::pin(fs::read(&path)));
    let mut reading = Box::pin(reading.read(&mut buffer));
    bystander_free(async {
        Pin::new(&mut file).start_seek(SeekFrom::Current(3)).unwrap();
        assert!(poll_once(&mut reading).await.is_none());
        assert!(poll_once(&mut path_future).await.is_none());
    });
    drop(entered);
    runtime.shutdown_background();
    bystander().block_on(async {
        let before = "before this operation began";
        assert_says(reading.await, before);
        assert_says(path_future.await, before);
        let completed = std::future::poll_fn(|cx| Pin::new(&mut file).poll_complete(cx));
        assert_says(completed.await, before);
        let mut text = String::new();
        file.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "123456789");
    });
    gate.open();
}

#[test]
fn a_listing_that_waits_is_told_of_the_shutdown_each_time() {
    let folder = Folder::new();
    (0..40).for_each(|n| drop(folder.file(&n.to_string(), "")));
    let runtime = one_blocking_thread();
    let mut entries = runtime.block_on(fs::read_dir(folder.path())).unwrap();
    let gate = Gate::close(&runtime);
    let mut listed = 0;
    runtime.block_on(async {
        let mut next = Box::pin(entries.next_entry());
        while let Some(entry) = poll_once(&mut next).await {
            assert!(entry.unwrap().is_some());
            listed += 1;
            drop(next);
            next = Box::pin(entries.next_entry());
        }
    });
    assert!((1..40).contains(&listed));
    runtime.shutdown_background();
    bystander().block_on(async {
        assert_says(entries.next_entry().await, "before this operation began");
        let again = entries.next_entry().await.unwrap_err().to_string();
        assert!(again.contains("while this directory was being read"), "{again}");
    });
    gate.open();
}

#[test]
fn what_writers_were_told_is_written_when_the_runtime_is_dropped_under_them() {
    let folder = Folder::new();
    for round in 0..30 {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(2).max_blocking_threads(1 + round % 3);
        let runtime = builder.enable_all().build().unwrap();
        let writers: Vec<_> = (0..6)
            .map(|n| {
                let (path, accepted) = (folder.at(&n.to_string()), Arc::new(AtomicU64::new(0)));
                let counted = accepted.clone();
                let mut file = File::from_std(std::fs::File::create(&path).unwrap());
                runtime.spawn(async move {
                    while let Ok(n) = file.write(&[7; 1000]).await {
                        counted.fetch_add(n as u64, SeqCst);
                    }
                });
                (path, accepted)
            })
            .collect();
        while writers.iter().any(|(_, accepted)| accepted.load(SeqCst) < 3000) {
            std::thread::yield_now();
        }
        drop(runtime);
        for (path, accepted) in writers {
            assert_eq!(std::fs::metadata(path).unwrap().len(), accepted.load(SeqCst));
        }
    }
}
