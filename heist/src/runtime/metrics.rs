//! The counters of a runtime, read without stopping it.
//!
//! Each counter is exact by itself; two of them are not read at the same moment. Where tokio has a metric
//! of the same meaning, the name is tokio's.
//!
//! Workers count by plain loads and stores on lines of their own. They read the clock when they park, when they
//! unpark and once every `event_interval` tasks, so busy time and mean poll time are as of then; around each
//! poll only if the histogram is enabled.
//!
//! How long tasks wait to be polled is measured only if asked for, with a clock read for each wake.
//!
//! Absent on purpose: rates, which whoever reads the counters twice can make.

use std::ops::Range;
use std::time::Duration;

use heist_executor::histogram::Histogram;
use heist_executor::multi_thread::WorkerCounters;
use heist_primitive::thread::ThreadId;

use super::handle::{Handle, Scheduler};

/// The counters of a [`Runtime`](super::Runtime); made by [`Handle::metrics`].
///
/// A current-thread runtime counts as one with a single worker, number 0.
///
/// ```
/// use heist::runtime::Handle;
///
/// # fn main() -> std::io::Result<()> {
/// heist::runtime::Runtime::new()?.block_on(async {
///     let metrics = Handle::current().metrics();
///     heist::spawn(async {}).await.unwrap();
///     assert_eq!(metrics.spawned_tasks_count(), 1);
/// });
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct RuntimeMetrics {
    handle: Handle,
}

/// Calls the method of whichever scheduler the runtime has.
macro_rules! scheduler {
    ($self:ident, $handle:ident => $call:expr) => {
        match &$self.handle.shared.scheduler {
            Scheduler::CurrentThread($handle) => $call,
            Scheduler::MultiThread($handle) => $call,
        }
    };
}

impl RuntimeMetrics {
    pub(super) fn new(handle: Handle) -> Self {
        Self { handle }
    }

    /// The number of worker threads; it does not change.
    pub fn num_workers(&self) -> usize {
        scheduler!(self, handle => handle.workers())
    }

    /// Tasks that are spawned and have not ended.
    pub fn num_alive_tasks(&self) -> usize {
        scheduler!(self, handle => handle.alive_tasks())
    }

    /// Tasks spawned since the runtime was made.
    pub fn spawned_tasks_count(&self) -> u64 {
        scheduler!(self, handle => handle.spawned_tasks())
    }

    /// Tasks that wait in the injector, the queue that all workers share.
    pub fn global_queue_depth(&self) -> usize {
        scheduler!(self, handle => handle.injector_depth())
    }

    /// How often a task was scheduled from a thread that is no worker of this runtime.
    pub fn remote_schedule_count(&self) -> u64 {
        scheduler!(self, handle => handle.remote_schedules())
    }

    /// Polls of tasks by threads in [`Runtime::block_on`](super::Runtime::block_on), and by threads of the blocking pool whose
    /// closure the task had waited for: in no worker's count. 0 on a current-thread runtime, where the thread in `block_on` is
    /// the worker.
    pub fn block_on_poll_count(&self) -> u64 {
        match &self.handle.shared.scheduler {
            Scheduler::CurrentThread(_) => 0,
            Scheduler::MultiThread(handle) => handle.guest_polls(),
        }
    }

    /// How often a task, or the future of a `block_on`, had to yield because its budget was used up; see
    /// [`coop`](crate::task::coop).
    ///
    /// A worker adds its own when it parks and once every `event_interval` tasks.
    pub fn budget_forced_yield_count(&self) -> u64 {
        scheduler!(self, handle => handle.forced_yields())
    }

    /// Threads of the blocking pool, idle ones included.
    pub fn num_blocking_threads(&self) -> usize {
        self.handle.shared.blocking.threads()
    }

    /// Threads of the blocking pool that wait for something to run.
    pub fn num_idle_blocking_threads(&self) -> usize {
        self.handle.shared.blocking.idle_threads()
    }

    /// Closures that wait for a thread of the blocking pool.
    pub fn blocking_queue_depth(&self) -> usize {
        self.handle.shared.blocking.queue_depth()
    }

    /// How long `worker` has been running tasks, in total.
    ///
    /// # Panics
    ///
    /// If there is no such worker: they are numbered from 0 to [`num_workers`](Self::num_workers) - 1. So do
    /// all methods below that take a worker.
    #[track_caller]
    pub fn worker_total_busy_duration(&self, worker: usize) -> Duration {
        self.counters(worker).busy
    }

    /// How often `worker` has parked.
    ///
    /// # Panics
    ///
    /// If there is no such worker.
    #[track_caller]
    pub fn worker_park_count(&self, worker: usize) -> u64 {
        self.counters(worker).parks
    }

    /// How often `worker` has parked and unparked, in total: odd means that it is parked now.
    ///
    /// # Panics
    ///
    /// If there is no such worker.
    #[track_caller]
    pub fn worker_park_unpark_count(&self, worker: usize) -> u64 {
        let counters = self.counters(worker);
        counters.parks + counters.unparks
    }

    /// The thread that `worker` is; `None` until it has started.
    ///
    /// On a current-thread runtime it is the thread that is in [`Runtime::block_on`](super::Runtime::block_on), or was last.
    ///
    /// # Panics
    ///
    /// If there is no such worker.
    #[track_caller]
    pub fn worker_thread_id(&self, worker: usize) -> Option<ThreadId> {
        self.assert_is_worker(worker);
        scheduler!(self, handle => handle.worker_thread(worker))
    }

    /// How often `worker` was started or unparked, found nothing to do and parked again.
    ///
    /// # Panics
    ///
    /// If there is no such worker.
    #[track_caller]
    pub fn worker_noop_count(&self, worker: usize) -> u64 {
        self.counters(worker).noops
    }

    /// Tasks that `worker` has stolen from others.
    ///
    /// # Panics
    ///
    /// If there is no such worker.
    #[track_caller]
    pub fn worker_steal_count(&self, worker: usize) -> u64 {
        self.counters(worker).steals
    }

    /// How often `worker` has stolen; each time it takes one task or more.
    ///
    /// # Panics
    ///
    /// If there is no such worker.
    #[track_caller]
    pub fn worker_steal_operations(&self, worker: usize) -> u64 {
        self.counters(worker).steal_operations
    }

    /// How often `worker` has polled a task.
    ///
    /// # Panics
    ///
    /// If there is no such worker.
    #[track_caller]
    pub fn worker_poll_count(&self, worker: usize) -> u64 {
        self.counters(worker).polls
    }

    /// How long a poll of a task takes on `worker`, as a moving average.
    ///
    /// It is exponentially weighted: each poll moves it by a tenth of its difference from the average. The time is
    /// not measured poll by poll, which would cost two clock reads each, but over the stretch between two parks (or
    /// `event_interval` tasks) and divided by the polls in it; so it includes what the scheduler does between them.
    /// For single polls there is the [histogram](super::Builder::enable_metrics_poll_time_histogram).
    ///
    /// # Panics
    ///
    /// If there is no such worker.
    #[track_caller]
    pub fn worker_mean_poll_time(&self, worker: usize) -> Duration {
        self.counters(worker).mean_poll
    }

    /// Whether the times of polls are measured; see
    /// [`enable_metrics_poll_time_histogram`](super::Builder::enable_metrics_poll_time_histogram).
    pub fn poll_time_histogram_enabled(&self) -> bool {
        self.poll_time_histogram_num_buckets() > 0
    }

    /// How many buckets the histogram of poll times has; 0 if it is not enabled.
    pub fn poll_time_histogram_num_buckets(&self) -> usize {
        self.poll_times(0).map_or(0, Histogram::len)
    }

    /// Which times fall into `bucket`; an empty range if the histogram is not enabled. The last bucket ends at
    /// `u64::MAX` nanoseconds.
    ///
    /// # Panics
    ///
    /// If there is no such bucket, of those counted from 0.
    #[track_caller]
    pub fn poll_time_histogram_bucket_range(&self, bucket: usize) -> Range<Duration> {
        in_bucket("poll times", self.poll_times(0), bucket, Histogram::range)
    }

    /// How many polls on `worker` have fallen into `bucket`; 0 if the histogram is not enabled.
    ///
    /// # Panics
    ///
    /// If there is no such worker or bucket.
    #[track_caller]
    pub fn poll_time_histogram_bucket_count(&self, worker: usize, bucket: usize) -> u64 {
        self.assert_is_worker(worker);
        in_bucket("poll times", self.poll_times(worker), bucket, Histogram::count)
    }

    /// Whether it is counted how long tasks wait to be polled; see
    /// [`enable_metrics_schedule_latency_histogram`](super::Builder::enable_metrics_schedule_latency_histogram).
    pub fn schedule_latency_histogram_enabled(&self) -> bool {
        self.latencies(0).is_some()
    }

    /// How many buckets the histogram of schedule latencies has; 0 if it is not enabled.
    pub fn schedule_latency_histogram_num_buckets(&self) -> usize {
        self.latencies(0).map_or(0, Histogram::len)
    }

    /// Which times fall into `bucket`; an empty range if the histogram is not enabled. The last bucket ends at
    /// `u64::MAX` nanoseconds.
    ///
    /// # Panics
    ///
    /// If there is no such bucket, of those counted from 0.
    #[track_caller]
    pub fn schedule_latency_histogram_bucket_range(&self, bucket: usize) -> Range<Duration> {
        in_bucket("schedule latencies", self.latencies(0), bucket, Histogram::range)
    }

    /// How many polls on `worker` have begun after a wait that falls into `bucket`; 0 if the histogram is not enabled.
    ///
    /// # Panics
    ///
    /// If there is no such worker or bucket.
    #[track_caller]
    pub fn schedule_latency_histogram_bucket_count(&self, worker: usize, bucket: usize) -> u64 {
        self.assert_is_worker(worker);
        in_bucket(
            "schedule latencies",
            self.latencies(worker),
            bucket,
            Histogram::count,
        )
    }

    /// How often `worker` has scheduled a task onto a queue of its own.
    ///
    /// # Panics
    ///
    /// If there is no such worker.
    #[track_caller]
    pub fn worker_local_schedule_count(&self, worker: usize) -> u64 {
        self.counters(worker).local_schedules
    }

    /// How often the queue of `worker` was full, so that tasks went to the injector: never, for a queue grows.
    ///
    /// # Panics
    ///
    /// If there is no such worker.
    #[track_caller]
    pub fn worker_overflow_count(&self, worker: usize) -> u64 {
        self.counters(worker).overflows
    }

    /// Tasks that wait in the queue of `worker`.
    ///
    /// # Panics
    ///
    /// If there is no such worker.
    #[track_caller]
    pub fn worker_local_queue_depth(&self, worker: usize) -> usize {
        self.assert_is_worker(worker);
        scheduler!(self, handle => handle.local_depth(worker))
    }

    /// Sources (sockets, pipes) that have been registered with the reactor since the runtime was made; 0 if
    /// I/O is disabled.
    pub fn io_driver_fd_registered_count(&self) -> u64 {
        self.handle.io().map_or(0, |io| io.metrics().fds_registered)
    }

    /// Sources that have been deregistered since the runtime was made; 0 if I/O is disabled.
    pub fn io_driver_fd_deregistered_count(&self) -> u64 {
        self.handle.io().map_or(0, |io| io.metrics().fds_deregistered)
    }

    /// Readiness events that the reactor has received; 0 if I/O is disabled.
    pub fn io_driver_ready_count(&self) -> u64 {
        self.handle.io().map_or(0, |io| io.metrics().ready_events)
    }

    #[track_caller]
    fn counters(&self, worker: usize) -> WorkerCounters {
        self.assert_is_worker(worker);
        scheduler!(self, handle => handle.worker_counters(worker))
    }

    fn poll_times(&self, worker: usize) -> Option<&Histogram> {
        scheduler!(self, handle => handle.poll_times(worker))
    }

    fn latencies(&self, worker: usize) -> Option<&Histogram> {
        scheduler!(self, handle => handle.latencies(worker))
    }

    #[track_caller]
    fn assert_is_worker(&self, worker: usize) {
        let workers = self.num_workers();
        assert!(
            worker < workers,
            "there is no worker {worker}: this runtime has {workers}, counted from 0"
        );
    }
}

/// What a bucket holds; nothing if `histogram` is not enabled.
#[track_caller]
fn in_bucket<T: Default>(
    of: &str,
    histogram: Option<&Histogram>,
    bucket: usize,
    get: impl FnOnce(&Histogram, usize) -> Option<T>,
) -> T {
    let Some(histogram) = histogram else {
        return T::default();
    };
    get(histogram, bucket).unwrap_or_else(|| {
        let buckets = histogram.len();
        panic!("there is no bucket {bucket}: the histogram of {of} has {buckets}, counted from 0")
    })
}

/// Older names that tokio still has.
impl RuntimeMetrics {
    /// [`num_alive_tasks`](Self::num_alive_tasks).
    #[doc(hidden)]
    #[deprecated(note = "renamed to `num_alive_tasks`")]
    pub fn active_tasks_count(&self) -> usize {
        self.num_alive_tasks()
    }

    /// [`global_queue_depth`](Self::global_queue_depth).
    #[doc(hidden)]
    #[deprecated(note = "renamed to `global_queue_depth`")]
    pub fn injection_queue_depth(&self) -> usize {
        self.global_queue_depth()
    }

    /// [`poll_time_histogram_enabled`](Self::poll_time_histogram_enabled).
    #[doc(hidden)]
    #[deprecated(note = "renamed to `poll_time_histogram_enabled`")]
    pub fn poll_count_histogram_enabled(&self) -> bool {
        self.poll_time_histogram_enabled()
    }

    /// [`poll_time_histogram_num_buckets`](Self::poll_time_histogram_num_buckets).
    #[doc(hidden)]
    #[deprecated(note = "renamed to `poll_time_histogram_num_buckets`")]
    pub fn poll_count_histogram_num_buckets(&self) -> usize {
        self.poll_time_histogram_num_buckets()
    }

    /// [`poll_time_histogram_bucket_range`](Self::poll_time_histogram_bucket_range).
    #[doc(hidden)]
    #[track_caller]
    #[deprecated(note = "renamed to `poll_time_histogram_bucket_range`")]
    pub fn poll_count_histogram_bucket_range(&self, bucket: usize) -> Range<Duration> {
        self.poll_time_histogram_bucket_range(bucket)
    }

    /// [`poll_time_histogram_bucket_count`](Self::poll_time_histogram_bucket_count).
    #[doc(hidden)]
    #[track_caller]
    #[deprecated(note = "renamed to `poll_time_histogram_bucket_count`")]
    pub fn poll_count_histogram_bucket_count(&self, worker: usize, bucket: usize) -> u64 {
        self.poll_time_histogram_bucket_count(worker, bucket)
    }
}
