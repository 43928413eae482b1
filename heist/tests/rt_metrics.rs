//! The counters tell what happened.

mod rt_kit;

use std::sync::mpsc;
use std::time::Duration;

use heist::runtime::{
    Builder, HistogramConfiguration, HistogramScale, LogHistogram, Runtime, is_rt_shutdown_err, worker_index,
};
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

fn with_histogram(mut builder: Builder, configuration: HistogramConfiguration) -> Runtime {
    builder
        .enable_metrics_poll_time_histogram()
        .metrics_poll_time_histogram_configuration(configuration)
        .build()
        .unwrap()
}

#[test]
fn each_poll_falls_into_one_bucket() {
    for builder in [Builder::new_current_thread(), Builder::new_multi_thread()] {
        let runtime = with_histogram(builder, HistogramConfiguration::log(LogHistogram::default()));
        let metrics = runtime.metrics();
        assert!(metrics.poll_time_histogram_enabled());
        runtime.block_on(async {
            for _ in 0..10 {
                heist::spawn(heist::task::yield_now()).await.unwrap();
            }
        });
        drop(runtime);
        let buckets = metrics.poll_time_histogram_num_buckets();
        let polls: u64 = (0..metrics.num_workers())
            .flat_map(|worker| (0..buckets).map(move |bucket| (worker, bucket)))
            .map(|(worker, bucket)| metrics.poll_time_histogram_bucket_count(worker, bucket))
            .sum();
        assert_eq!(polls, 20);
    }
}

#[test]
fn a_long_poll_falls_into_a_late_bucket() {
    let width = Duration::from_millis(2);
    let runtime = with_histogram(
        Builder::new_current_thread(),
        HistogramConfiguration::linear(width, 3),
    );
    let metrics = runtime.metrics();
    let ranges: Vec<_> = (0..3)
        .map(|bucket| metrics.poll_time_histogram_bucket_range(bucket))
        .collect();
    let end = Duration::from_nanos(u64::MAX);
    assert_eq!(ranges, [Duration::ZERO..width, width..2 * width, 2 * width..end]);
    runtime.block_on(async {
        heist::spawn(async move { std::thread::sleep(2 * width) })
            .await
            .unwrap();
    });
    assert_eq!(metrics.poll_time_histogram_bucket_count(0, 2), 1);
    assert!(metrics.worker_mean_poll_time(0) >= 2 * width);
    assert!(metrics.worker_total_busy_duration(0) >= 2 * width);
    assert!(panic_of(|| metrics.poll_time_histogram_bucket_range(3)).contains("no bucket 3"));
}

#[test]
fn the_old_names_still_configure_a_histogram() {
    #[allow(deprecated)]
    let runtime = Builder::new_current_thread()
        .enable_metrics_poll_count_histogram()
        .metrics_poll_count_histogram_scale(HistogramScale::Log)
        .metrics_poll_count_histogram_resolution(Duration::from_nanos(1000))
        .metrics_poll_count_histogram_buckets(3)
        .build()
        .unwrap();
    let metrics = runtime.metrics();
    let starts = [0, 1, 2].map(|bucket| metrics.poll_time_histogram_bucket_range(bucket).start);
    assert_eq!(starts, [0, 1024, 2048].map(Duration::from_nanos));
}

both_flavours! {
    fn without_a_histogram_nothing_is_measured(runtime) {
        let metrics = runtime.metrics();
        runtime.block_on(async { heist::spawn(async {}).await.unwrap() });
        assert!(!metrics.poll_time_histogram_enabled());
        assert_eq!(metrics.poll_time_histogram_num_buckets(), 0);
        assert_eq!(metrics.poll_time_histogram_bucket_count(0, 0), 0);
        assert!(metrics.poll_time_histogram_bucket_range(0).is_empty());
    }

    fn forced_yields_are_counted(runtime) {
        let metrics = runtime.metrics();
        let spend = async || {
            for _ in 0..200 {
                heist::task::consume_budget().await;
            }
        };
        runtime.block_on(spend());
        assert_eq!(metrics.budget_forced_yield_count(), 1);
        runtime.handle().block_on(spend());
        assert_eq!(metrics.budget_forced_yield_count(), 2);
        runtime.block_on(async move { heist::spawn(async move { spend().await }).await.unwrap() });
        drop(runtime);
        assert_eq!(metrics.budget_forced_yield_count(), 3);
    }

    fn a_worker_knows_its_thread_and_number(runtime) {
        let metrics = runtime.metrics();
        let check = async move {
            let worker = worker_index().expect("a task runs on a worker");
            assert_eq!(metrics.worker_thread_id(worker), Some(std::thread::current().id()));
        };
        runtime.block_on(async {
            heist::spawn(check).await.unwrap();
            assert_eq!(heist::task::spawn_blocking(worker_index).await.unwrap(), None);
        });
        assert_eq!(runtime.handle().block_on(async { worker_index() }), None);
        assert_eq!(worker_index(), None);
    }
}

#[test]
fn the_thread_in_block_on_is_the_worker_of_a_current_thread_runtime() {
    let runtime = rt_kit::current_thread();
    let metrics = runtime.metrics();
    assert_eq!(metrics.worker_thread_id(0), None);
    assert_eq!(runtime.block_on(async { worker_index() }), Some(0));
    assert_eq!(metrics.worker_thread_id(0), Some(std::thread::current().id()));
    assert_eq!(workers(1).block_on(async { worker_index() }), None);
}

#[test]
fn only_shutdown_is_told_as_shutdown() {
    let first = workers(1);
    let listener = first
        .block_on(heist::net::TcpListener::bind("127.0.0.1:0"))
        .unwrap();
    drop(first);
    let error = workers(1).block_on(listener.accept()).unwrap_err();
    assert!(is_rt_shutdown_err(&error), "{error}");
    assert!(!is_rt_shutdown_err(&std::io::Error::other(error.to_string())));
    assert!(!is_rt_shutdown_err(&std::io::ErrorKind::Interrupted.into()));
}
