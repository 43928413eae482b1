//! Schedule latency: measured from the wake to the poll, told to hooks and counted, and absent unless asked for.

mod rt_kit;

use std::collections::HashMap;
use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::thread::sleep;
use std::time::{Duration, Instant};

use heist::runtime::{Builder, HistogramConfiguration, LocalOptions, RuntimeMetrics, TaskMeta};
use heist::task::{Id, JoinHandle, LocalSet, spawn_local, yield_now};
use rt_kit::{Event, both_flavours, panic_of};

type Said = (&'static str, Option<Duration>);

/// What the hooks were told of each task.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<HashMap<Id, Vec<Said>>>>);

impl Told {
    fn hook(&self, what: &'static str) -> impl Fn(&TaskMeta<'_>) + Send + Sync + 'static {
        let told = self.clone();
        move |task| {
            let said = (what, task.schedule_latency());
            told.0.lock().unwrap().entry(task.id()).or_default().push(said);
        }
    }

    fn watch<'a>(&self, builder: &'a mut Builder) -> &'a mut Builder {
        builder
            .on_task_spawn(self.hook("spawn"))
            .on_before_task_poll(self.hook("before"))
            .on_after_task_poll(self.hook("after"))
            .on_task_terminate(self.hook("end"))
    }

    fn of(&self, id: Id) -> Vec<Said> {
        self.0.lock().unwrap().get(&id).cloned().unwrap_or_default()
    }

    /// The latencies of a task's polls; checks who is told and that both hooks of a poll are told the same.
    fn latencies(&self, id: Id) -> Vec<Duration> {
        let told = self.of(id);
        let [first, polls @ .., last] = &told[..] else {
            panic!("{told:?}");
        };
        assert_eq!((*first, *last), (("spawn", None), ("end", None)));
        let latency = |poll: &[Said]| {
            assert_eq!((poll[0].0, poll[1].0), ("before", "after"));
            assert_eq!(poll[0].1, poll[1].1);
            poll[0].1.expect("latency is tracked")
        };
        polls.chunks(2).map(latency).collect()
    }
}

fn builders() -> [Builder; 2] {
    let mut two_workers = Builder::new_multi_thread();
    two_workers.worker_threads(2);
    [Builder::new_current_thread(), two_workers]
}

fn counted(metrics: &RuntimeMetrics) -> u64 {
    let buckets = metrics.schedule_latency_histogram_num_buckets();
    (0..metrics.num_workers())
        .flat_map(|worker| (0..buckets).map(move |bucket| (worker, bucket)))
        .map(|(worker, bucket)| metrics.schedule_latency_histogram_bucket_count(worker, bucket))
        .sum()
}

/// A task whose polls take 2 ms each: `polls` of them.
async fn slow(polls: usize) {
    for poll in 1..=polls {
        sleep(Duration::from_millis(2));
        if poll < polls {
            yield_now().await;
        }
    }
}

#[test]
fn waits_are_counted_from_each_time_a_task_is_scheduled_to_its_poll() {
    for mut builder in builders() {
        let told = Told::default();
        let runtime = told
            .watch(&mut builder)
            .track_task_schedule_latency()
            .build()
            .unwrap();
        let start = Instant::now();
        let tasks: Vec<JoinHandle<()>> = (0..3).map(|_| runtime.spawn(slow(4))).collect();
        let ids: Vec<_> = tasks.iter().map(JoinHandle::id).collect();
        runtime.block_on(async {
            for task in tasks {
                task.await.unwrap();
            }
        });
        let elapsed = start.elapsed();
        drop(runtime);
        for id in ids {
            let latencies = told.latencies(id);
            assert_eq!(latencies.len(), 4);
            // Waits and polls take turns.
            let waited: Duration = latencies.iter().sum();
            assert!(
                waited + Duration::from_millis(8) <= elapsed,
                "{latencies:?} of {elapsed:?}"
            );
        }
    }
}

#[test]
fn a_second_wake_does_not_begin_a_second_wait() {
    let told = Told::default();
    let runtime = told
        .watch(&mut Builder::new_current_thread())
        .track_task_schedule_latency()
        .build()
        .unwrap();
    let event = Event::default();
    let long = Duration::from_millis(10);
    let id = runtime.block_on(async {
        let task = heist::spawn(event.wait());
        let id = task.id();
        yield_now().await;
        let wakers = event.wakers();
        event.raise();
        sleep(long);
        wakers.iter().for_each(|waker| waker.wake_by_ref());
        task.await.unwrap();
        id
    });
    let latencies = told.latencies(id);
    assert_eq!(latencies.len(), 2);
    assert!(latencies[1] >= long, "{latencies:?}");
}

#[test]
fn a_wake_during_the_poll_waits_from_its_end() {
    let told = Told::default();
    let runtime = told
        .watch(&mut Builder::new_current_thread())
        .track_task_schedule_latency()
        .build()
        .unwrap();
    let long = Duration::from_millis(20);
    let mut polls = 0;
    let start = Instant::now();
    let task = runtime.spawn(poll_fn(move |cx| {
        polls += 1;
        if polls == 2 {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        sleep(long);
        Poll::Pending
    }));
    let id = task.id();
    runtime.block_on(task).unwrap();
    let latencies = told.latencies(id);
    assert!(
        latencies[0] + latencies[1] + long <= start.elapsed(),
        "{latencies:?}"
    );
}

#[test]
fn each_wait_falls_into_one_bucket() {
    for mut builder in builders() {
        let runtime = builder
            .enable_metrics_schedule_latency_histogram()
            .build()
            .unwrap();
        let metrics = runtime.metrics();
        assert!(metrics.schedule_latency_histogram_enabled());
        assert!(!metrics.poll_time_histogram_enabled());
        runtime.block_on(async {
            for _ in 0..10 {
                heist::spawn(yield_now()).await.unwrap();
            }
        });
        // From outside, through the injector.
        runtime.block_on(runtime.spawn(async {})).unwrap();
        drop(runtime);
        assert_eq!(counted(&metrics), 21);
    }
}

#[test]
fn a_long_wait_falls_into_a_late_bucket() {
    let width = Duration::from_millis(2);
    let told = Told::default();
    let runtime = told
        .watch(&mut Builder::new_current_thread())
        .enable_metrics_schedule_latency_histogram()
        .metrics_schedule_latency_histogram_configuration(HistogramConfiguration::linear(width, 3))
        .build()
        .unwrap();
    let metrics = runtime.metrics();
    let ranges: Vec<_> = (0..3)
        .map(|bucket| metrics.schedule_latency_histogram_bucket_range(bucket))
        .collect();
    let end = Duration::from_nanos(u64::MAX);
    assert_eq!(ranges, [Duration::ZERO..width, width..2 * width, 2 * width..end]);
    let task = runtime.spawn(async {});
    let id = task.id();
    sleep(2 * width);
    runtime.block_on(task).unwrap();
    assert_eq!(metrics.schedule_latency_histogram_bucket_count(0, 2), 1);
    // Hooks are told of it as well.
    assert!(told.latencies(id)[0] >= 2 * width);
    assert!(panic_of(|| metrics.schedule_latency_histogram_bucket_range(3)).contains("no bucket 3"));
    assert!(panic_of(|| metrics.schedule_latency_histogram_bucket_count(0, 3)).contains("no bucket 3"));
    assert!(panic_of(|| metrics.schedule_latency_histogram_bucket_count(1, 0)).contains("no worker 1"));
}

#[test]
fn both_histograms_count_the_same_polls() {
    let runtime = Builder::new_current_thread()
        .enable_metrics_schedule_latency_histogram()
        .enable_metrics_poll_time_histogram()
        .build()
        .unwrap();
    runtime.block_on(async { heist::spawn(slow(3)).await.unwrap() });
    let metrics = runtime.metrics();
    let polls: u64 = (0..metrics.poll_time_histogram_num_buckets())
        .map(|bucket| metrics.poll_time_histogram_bucket_count(0, bucket))
        .sum();
    assert_eq!((counted(&metrics), polls), (3, 3));
}

#[test]
fn a_local_runtimes_own_tasks_are_measured_and_a_local_sets_are_not() {
    let told = Told::default();
    let runtime = told
        .watch(&mut Builder::new_current_thread())
        .enable_metrics_schedule_latency_histogram()
        .build_local(LocalOptions::default())
        .unwrap();
    let event = Event::default();
    let start = Instant::now();
    let task = runtime.spawn_local(event.wait());
    let id = task.id();
    let remote = event.clone();
    runtime.block_on(async move {
        yield_now().await;
        std::thread::spawn(move || remote.raise()).join().unwrap();
        task.await.unwrap();
        LocalSet::new()
            .run_until(async { spawn_local(async {}).await.unwrap() })
            .await;
    });
    let latencies = told.latencies(id);
    assert_eq!(latencies.len(), 2);
    assert!(latencies[0] + latencies[1] <= start.elapsed(), "{latencies:?}");
    assert_eq!(counted(&runtime.metrics()), 2);
}

both_flavours! {
    fn unless_asked_for_nothing_is_measured(runtime) {
        let metrics = runtime.metrics();
        runtime.block_on(async { heist::spawn(async {}).await.unwrap() });
        assert!(!metrics.schedule_latency_histogram_enabled());
        assert_eq!(metrics.schedule_latency_histogram_num_buckets(), 0);
        assert_eq!(metrics.schedule_latency_histogram_bucket_count(0, 0), 0);
        assert!(metrics.schedule_latency_histogram_bucket_range(0).is_empty());
    }
}

#[test]
fn hooks_are_told_nothing_unless_asked_for() {
    for mut builder in builders() {
        let told = Told::default();
        let runtime = told.watch(&mut builder).build().unwrap();
        let task = runtime.spawn(yield_now());
        let id = task.id();
        runtime.block_on(task).unwrap();
        drop(runtime);
        let said = told.of(id);
        assert_eq!(said.len(), 6);
        assert!(said.iter().all(|(_, latency)| latency.is_none()), "{said:?}");
    }
}
