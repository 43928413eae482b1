//! The counters tell what happened.

mod rt_kit;

use std::sync::mpsc;

use rt_kit::{Event, both_flavours, panic_of, wait_until, workers};

both_flavours! {
    fn tasks_are_counted(runtime) {
        let metrics = runtime.metrics();
        assert_eq!((metrics.num_alive_tasks(), metrics.spawned_tasks_count()), (0, 0));
        let event = Event::default();
        let tasks: Vec<_> = (0..10).map(|_| runtime.spawn(event.wait())).collect();
        assert_eq!((metrics.num_alive_tasks(), metrics.spawned_tasks_count()), (10, 10));
        event.raise();
        runtime.block_on(async {
            for task in tasks {
                task.await.unwrap();
            }
        });
        wait_until("ended tasks are not alive", || metrics.num_alive_tasks() == 0);
        assert_eq!(metrics.spawned_tasks_count(), 10);
        let polls: u64 = (0..metrics.num_workers()).map(|worker| metrics.worker_poll_count(worker)).sum();
        assert!((10..=20).contains(&polls), "{polls} polls");
    }

    fn the_reactor_counts_sources_and_events(runtime) {
        let metrics = runtime.metrics();
        let before = metrics.io_driver_fd_registered_count() - metrics.io_driver_fd_deregistered_count();
        runtime.block_on(async {
            let listener = heist::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let client = heist::spawn(heist::net::TcpStream::connect(address));
            let (server, _) = listener.accept().await.unwrap();
            let client = client.await.unwrap().unwrap();
            let now = metrics.io_driver_fd_registered_count() - metrics.io_driver_fd_deregistered_count();
            assert_eq!(now - before, 3);
            assert!(metrics.io_driver_ready_count() >= 1);
            drop((server, client, listener));
        });
        let after = metrics.io_driver_fd_registered_count() - metrics.io_driver_fd_deregistered_count();
        assert_eq!(after, before);
    }

    fn a_worker_that_does_not_exist_is_refused(runtime) {
        let metrics = runtime.metrics();
        let said = panic_of(|| metrics.worker_poll_count(99));
        assert!(said.contains("no worker 99"), "{said}");
        assert!(panic_of(|| metrics.worker_local_queue_depth(99)).contains("no worker 99"));
    }
}

#[test]
fn a_current_thread_runtime_has_one_worker() {
    assert_eq!(rt_kit::current_thread().metrics().num_workers(), 1);
    assert_eq!(workers(3).metrics().num_workers(), 3);
}

#[test]
fn remote_schedules_and_the_injector_are_counted() {
    let runtime = workers(1);
    let metrics = runtime.metrics();
    let (started, wait) = mpsc::channel();
    let (go_on, hold) = mpsc::channel::<()>();
    let stuck = runtime.spawn(async move {
        started.send(()).unwrap();
        hold.recv().unwrap();
    });
    wait.recv().unwrap();
    let tasks: Vec<_> = (0..5).map(|_| runtime.spawn(async {})).collect();
    assert_eq!(metrics.global_queue_depth(), 5);
    assert!(metrics.remote_schedule_count() >= 6);
    go_on.send(()).unwrap();
    runtime.block_on(async {
        stuck.await.unwrap();
        for task in tasks {
            task.await.unwrap();
        }
    });
    assert_eq!(metrics.global_queue_depth(), 0);
}

#[test]
fn a_parked_worker_is_seen() {
    let runtime = workers(1);
    let metrics = runtime.metrics();
    wait_until("the worker parks", || {
        metrics.worker_park_unpark_count(0) % 2 == 1
    });
    let parks = metrics.worker_park_count(0);
    runtime.block_on(runtime.spawn(async {})).unwrap();
    wait_until("the worker parks again", || metrics.worker_park_count(0) > parks);
}
