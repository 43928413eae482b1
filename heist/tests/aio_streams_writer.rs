//! StreamWriter, as asyncio documents it: when bytes leave, whom drain holds up and for how long, and what becomes of what is
//! kept when the connection is closed, aborted or lost.

mod aio_kit;
mod sync_kit;

use std::io::ErrorKind;
use std::sync::Arc;

use aio_kit::{Control, runtime, settle, valve};
use heist::aio::StreamWriter;
use heist::io::{AsyncReadExt, AsyncWriteExt};
use sync_kit::{Task, now, panic_message};

const HIGH: usize = 64 * 1024;
const LOW: usize = 16 * 1024;

/// Runs `test` with a writer on a valve that is open for `room` bytes.
fn with_writer<F: Future<Output = ()>>(room: usize, test: impl FnOnce(StreamWriter, Control) -> F) {
    let runtime = runtime();
    let (valve, control) = valve(room);
    runtime.block_on(async { test(StreamWriter::new(valve), control).await });
}

#[test]
fn write_tries_the_transport_at_once() {
    with_writer(100, async |writer, control| {
        writer.write("ab");
        assert_eq!(control.written(), b"ab", "before anything is awaited");
        writer.write(b"cd");
        writer.write("");
        assert_eq!((&control.written()[..], control.calls()), (&b"abcd"[..], 2));
        assert_eq!(writer.get_write_buffer_size(), 0);
        assert_eq!(heist::runtime::Handle::current().metrics().num_alive_tasks(), 0);
    });
}

#[test]
fn writelines_is_one_call_and_puts_nothing_between() {
    with_writer(100, async |writer, control| {
        writer.writelines(["ab", "", "cd", "e"]);
        assert_eq!((&control.written()[..], control.calls()), (&b"abcde"[..], 1));
    });
}

#[test]
fn what_is_written_goes_out_in_order_though_nobody_drains() {
    with_writer(3, async |writer, control| {
        writer.writelines(["ab", "cd"]);
        writer.write("ef");
        writer.writelines(["gh", "i"]);
        assert_eq!(
            (&control.written()[..], writer.get_write_buffer_size()),
            (&b"abc"[..], 6)
        );
        settle().await;
        control.open(2);
        settle().await;
        writer.write("jk");
        assert_eq!(
            (&control.written()[..], writer.get_write_buffer_size()),
            (&b"abcde"[..], 6)
        );
        control.open(100);
        settle().await;
        assert_eq!(control.written(), b"abcdefghijk");
        assert_eq!(writer.get_write_buffer_size(), 0);
        writer.write("l");
        assert_eq!(control.written(), b"abcdefghijkl", "straight through again");
    });
}

#[test]
fn the_task_that_sends_is_there_only_while_there_is_something_to_send() {
    with_writer(0, async |writer, control| {
        let tasks = || heist::runtime::Handle::current().metrics().num_alive_tasks();
        assert_eq!(tasks(), 0);
        writer.write("ab");
        writer.write("cd");
        settle().await;
        assert_eq!(tasks(), 1);
        control.open(9);
        settle().await;
        assert_eq!(tasks(), 0);
    });
}

#[test]
fn many_writes_that_wait_are_few_calls() {
    with_writer(0, async |writer, control| {
        for _ in 0..1000 {
            writer.write("12345678");
        }
        control.open(8000);
        settle().await;
        assert_eq!(control.written().len(), 8000);
        assert!(control.calls() <= 2, "{} calls", control.calls());
    });
}

#[test]
fn drain_returns_at_once_up_to_the_high_mark() {
    with_writer(0, async |writer, _control| {
        assert_eq!(writer.get_write_buffer_limits(), (HIGH, LOW));
        writer.write(vec![0; HIGH]);
        now(writer.drain()).unwrap();
        writer.write("x");
        assert!(Task::new(writer.drain()).poll().is_pending());
        writer.abort();
    });
}

#[test]
fn drain_waits_above_the_high_mark_until_the_low_one() {
    with_writer(0, async |writer, control| {
        writer.write(vec![0; HIGH + 1]);
        let mut drain = Task::pending(writer.drain());
        settle().await;
        control.open(HIGH - LOW);
        settle().await;
        assert_eq!(writer.get_write_buffer_size(), LOW + 1);
        assert!(drain.poll().is_pending(), "one byte above the low mark");
        control.open(1);
        settle().await;
        assert_eq!(drain.wakes(), 1);
        drain.ready().unwrap();
        now(writer.drain()).unwrap();
        writer.abort();
    });
}

#[test]
fn with_marks_at_0_drain_waits_until_everything_is_sent() {
    with_writer(0, async |writer, control| {
        writer.set_write_buffer_limits(0, 0);
        writer.write("ab");
        let mut drain = Task::pending(writer.drain());
        settle().await;
        control.open(1);
        settle().await;
        assert!(drain.poll().is_pending());
        control.open(1);
        settle().await;
        drain.ready().unwrap();
        assert!(panic_message(|| writer.set_write_buffer_limits(1, 2)).contains("exchange"));
    });
}

#[test]
fn several_tasks_may_drain_one_writer() {
    with_writer(0, async |writer, control| {
        let writer = Arc::new(writer);
        writer.write(vec![0; HIGH + 1]);
        let drains: Vec<_> = (0..3)
            .map(|_| {
                let writer = writer.clone();
                heist::spawn(async move { writer.drain().await })
            })
            .collect();
        settle().await;
        assert!(drains.iter().all(|drain| !drain.is_finished()));
        control.open(HIGH + 1);
        for drain in drains {
            drain.await.unwrap().unwrap();
        }
    });
}

#[test]
fn a_drain_that_is_given_up_loses_nothing() {
    with_writer(0, async |writer, control| {
        writer.write(vec![7; HIGH + 1]);
        let mut drain = Task::pending(writer.drain());
        drain.drop_future();
        assert_eq!(drain.wakers_kept(), 0);
        control.open(HIGH + 1);
        settle().await;
        assert_eq!(control.written(), vec![7; HIGH + 1]);
    });
}

#[test]
fn close_sends_what_is_kept_first() {
    with_writer(1, async |writer, control| {
        writer.write("abc");
        writer.close();
        assert!(writer.is_closing());
        let mut closed = Task::pending(writer.wait_closed());
        settle().await;
        assert_eq!((control.shut_at(), control.dropped()), (None, false));
        control.open(1);
        settle().await;
        assert!(closed.poll().is_pending());
        control.open(1);
        settle().await;
        closed.ready().unwrap();
        assert_eq!(control.written(), b"abc");
        assert_eq!((control.shut_at(), control.dropped()), (Some(3), true));
    });
}

#[test]
fn close_with_nothing_kept_is_done_at_once() {
    with_writer(9, async |writer, control| {
        writer.write("abc");
        assert!(!writer.is_closing());
        writer.close();
        writer.close();
        assert_eq!((control.shut_at(), control.dropped()), (Some(3), true));
        now(writer.wait_closed()).unwrap();
    });
}

#[test]
fn after_close_writes_are_dropped_and_drain_says_so() {
    with_writer(2, async |writer, control| {
        writer.write("abc");
        writer.close();
        writer.write("more");
        writer.write_eof();
        control.open(100);
        writer.wait_closed().await.unwrap();
        writer.write("more");
        assert_eq!(control.written(), b"abc");
        assert_eq!(
            writer.drain().await.unwrap_err().kind(),
            ErrorKind::ConnectionReset
        );
    });
}

#[test]
fn dropping_the_writer_closes_after_what_is_kept() {
    with_writer(0, async |writer, control| {
        writer.write("abc");
        drop(writer);
        settle().await;
        assert!(!control.dropped());
        control.open(3);
        settle().await;
        assert_eq!(control.written(), b"abc");
        assert_eq!((control.shut_at(), control.dropped()), (Some(3), true));
    });
}

#[test]
fn abort_drops_what_is_kept() {
    with_writer(1, async |writer, control| {
        writer.write(vec![b'a'; HIGH + 9]);
        let mut drain = Task::pending(writer.drain());
        settle().await;
        writer.abort();
        assert!(control.dropped());
        assert_eq!((&control.written()[..], control.shut_at()), (&b"a"[..], None));
        assert_eq!((writer.is_closing(), writer.get_write_buffer_size()), (true, 0));
        now(writer.wait_closed()).unwrap();
        drain.ready().unwrap();
        settle().await;
        assert_eq!(heist::runtime::Handle::current().metrics().num_alive_tasks(), 0);
    });
}

#[test]
fn a_wait_for_the_close_that_is_given_up_loses_nothing() {
    with_writer(0, async |writer, control| {
        writer.write("abc");
        Task::pending(writer.wait_closed()).drop_future();
        writer.close();
        Task::pending(writer.wait_closed()).drop_future();
        control.open(3);
        writer.wait_closed().await.unwrap();
        assert_eq!(control.written(), b"abc");
    });
}

#[test]
fn an_error_of_the_transport_is_told_by_drain_and_wait_closed() {
    with_writer(1, async |writer, control| {
        writer.write(vec![b'a'; HIGH + 9]);
        let mut drain = Task::pending(writer.drain());
        settle().await;
        control.fail(ErrorKind::BrokenPipe);
        settle().await;
        for _ in 0..2 {
            assert_eq!(now(writer.drain()).unwrap_err().kind(), ErrorKind::BrokenPipe);
            assert_eq!(
                now(writer.wait_closed()).unwrap_err().kind(),
                ErrorKind::BrokenPipe
            );
        }
        assert_eq!(drain.ready().unwrap_err().kind(), ErrorKind::BrokenPipe);
        assert!(writer.is_closing() && control.dropped());
    });
}

#[test]
fn an_error_of_the_first_try_is_kept_for_drain() {
    with_writer(9, async |writer, control| {
        control.fail(ErrorKind::BrokenPipe);
        writer.write("ab");
        assert_eq!(now(writer.drain()).unwrap_err().kind(), ErrorKind::BrokenPipe);
    });
}

#[test]
fn a_transport_that_panics_loses_the_connection_and_nobody_waits_for_ever() {
    with_writer(0, async |writer, control| {
        writer.write(vec![b'a'; HIGH + 9]);
        let mut drain = Task::pending(writer.drain());
        settle().await;
        control.panic();
        settle().await;
        assert!(drain.ready().unwrap_err().to_string().contains("panicked"));
        assert!(control.dropped());
    });
}

#[test]
fn with_the_runtime_goes_what_was_not_sent_and_nobody_waits_for_ever() {
    let (valve, control) = valve(0);
    let runtime = runtime();
    let writer = runtime.block_on(async { StreamWriter::new(valve) });
    writer.write(vec![b'a'; HIGH + 9]);
    let mut drain = Task::pending(writer.drain());
    let mut closed = Task::pending(writer.wait_closed());
    drop(runtime);
    assert!(drain.ready().unwrap_err().to_string().contains("shut down"));
    closed.ready().unwrap_err();
    assert!(control.dropped());
    writer.write("more");
}

#[test]
fn write_eof_ends_the_direction_after_what_is_kept_and_reading_goes_on() {
    runtime().block_on(async {
        let (here, mut there) = heist::io::duplex(2);
        let (mut reader, writer) = StreamWriter::pair(here);
        writer.write("abc");
        assert!(writer.can_write_eof());
        writer.write_eof();
        assert!(!writer.is_closing());
        let mut read = String::new();
        there.read_to_string(&mut read).await.unwrap();
        assert_eq!(read, "abc");
        there.write_all(b"ok").await.unwrap();
        assert_eq!(reader.readexactly(2).await.unwrap(), b"ok");
        assert!(panic_message(|| writer.write("more")).contains("write_eof"));
        writer.close();
        assert_eq!(reader.read(1).await.unwrap(), b"");
    });
}

#[test]
fn write_eof_of_a_pipe_closes_it() {
    with_writer(9, async |writer, control| {
        writer.write("abc");
        writer.write_eof();
        assert_eq!((control.shut_at(), control.dropped()), (Some(3), true));
        now(writer.wait_closed()).unwrap();
    });
}

#[test]
fn writers_on_several_threads_keep_each_write_together() {
    let runtime = heist::runtime::Builder::new_multi_thread()
        .worker_threads(3)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        const WRITES: u32 = 2000;
        let (here, there) = heist::io::duplex(100);
        let (_reader, writer) = StreamWriter::pair(here);
        let writer = Arc::new(writer);
        let writing: Vec<_> = (0..4u32)
            .map(|number| {
                let writer = writer.clone();
                heist::spawn(async move {
                    for count in 0..WRITES {
                        writer.writelines([number.to_be_bytes(), count.to_be_bytes()]);
                        writer.drain().await.unwrap();
                    }
                })
            })
            .collect();
        let mut peer = heist::io::BufReader::new(there);
        let mut next = [0; 4];
        for _ in 0..4 * WRITES {
            let (number, count) = (peer.read_u32().await.unwrap(), peer.read_u32().await.unwrap());
            assert_eq!(count, next[number as usize]);
            next[number as usize] += 1;
        }
        assert_eq!(next, [WRITES; 4]);
        for task in writing {
            task.await.unwrap();
        }
        writer.set_write_buffer_limits(0, 0);
        writer.drain().await.unwrap();
        assert_eq!(writer.get_write_buffer_size(), 0);
    });
}
