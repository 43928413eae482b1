//! The builder's settings for what is measured only if asked for: the times of polls and how long tasks wait for them.
//!
//! Absent on purpose: the histograms themselves, which are the executor's.

use std::time::Duration;

use heist_executor::histogram::{HistogramConfiguration, HistogramScale, Timed};

use super::builder::Builder;

/// Whether poll times are measured, and into which buckets they go.
#[derive(Clone, Debug)]
pub(super) struct PollTimes {
    enabled: bool,
    /// Takes precedence over `scaled`, if set.
    configuration: Option<HistogramConfiguration>,
    scale: HistogramScale,
    resolution: Duration,
    buckets: usize,
}

/// Whether and into which buckets it is measured how long tasks wait.
#[derive(Clone, Debug, Default)]
pub(super) struct Latencies {
    tracked: bool,
    in_histogram: bool,
    buckets: HistogramConfiguration,
}

/// What the scheduler is to measure.
pub(super) fn timed(settings: &Builder) -> Timed {
    let latencies = &settings.latencies;
    Timed {
        poll_times: settings.poll_times.configuration(),
        latencies: latencies.in_histogram.then(|| latencies.buckets.clone()),
        latency: latencies.tracked,
    }
}

impl PollTimes {
    pub(super) fn new() -> Self {
        Self {
            enabled: false,
            configuration: None,
            scale: HistogramScale::Linear,
            resolution: Duration::from_micros(100),
            buckets: 10,
        }
    }

    /// `None`: they are not measured.
    pub(super) fn configuration(&self) -> Option<HistogramConfiguration> {
        let scaled = || HistogramConfiguration::scaled(self.scale, self.resolution, self.buckets);
        self.enabled
            .then(|| self.configuration.clone().unwrap_or_else(scaled))
    }
}

impl Builder {
    /// Measures how long each poll of a task takes, for
    /// [`RuntimeMetrics::poll_time_histogram_bucket_count`](super::RuntimeMetrics::poll_time_histogram_bucket_count).
    ///
    /// It is off unless asked for, because it reads the clock twice a poll, some 50 ns in all. Unless
    /// [configured](Self::metrics_poll_time_histogram_configuration) there are 10 buckets of 100 µs.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let runtime = heist::runtime::Builder::new_current_thread()
    ///     .enable_metrics_poll_time_histogram()
    ///     .build()?;
    /// runtime.block_on(async { heist::spawn(async {}).await.unwrap() });
    /// let metrics = runtime.metrics();
    /// let all = (0..metrics.poll_time_histogram_num_buckets())
    ///     .map(|bucket| metrics.poll_time_histogram_bucket_count(0, bucket));
    /// assert_eq!(all.sum::<u64>(), 1);
    /// assert_eq!(metrics.poll_time_histogram_bucket_range(1).start, Duration::from_micros(100));
    /// # Ok(())
    /// # }
    /// ```
    pub fn enable_metrics_poll_time_histogram(&mut self) -> &mut Self {
        self.poll_times.enabled = true;
        self
    }

    /// Sets the buckets of the histogram that
    /// [`enable_metrics_poll_time_histogram`](Self::enable_metrics_poll_time_histogram) turns on.
    ///
    /// ```
    /// use std::time::Duration;
    /// use heist::runtime::{Builder, HistogramConfiguration, LogHistogram};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let times = LogHistogram::builder()
    ///     .min_value(Duration::from_micros(1))
    ///     .max_value(Duration::from_secs(1))
    ///     .max_error(0.1)
    ///     .max_buckets(500)?;
    /// let runtime = Builder::new_multi_thread()
    ///     .enable_metrics_poll_time_histogram()
    ///     .metrics_poll_time_histogram_configuration(HistogramConfiguration::log(times))
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn metrics_poll_time_histogram_configuration(
        &mut self,
        configuration: HistogramConfiguration,
    ) -> &mut Self {
        self.poll_times.configuration = Some(configuration);
        self
    }

    /// Measures how long each task waits to be polled after it was spawned, was woken, or had yielded, and tells the hooks
    /// [`on_before_task_poll`](Self::on_before_task_poll) and [`on_after_task_poll`](Self::on_after_task_poll) by
    /// [`TaskMeta::schedule_latency`](super::TaskMeta::schedule_latency).
    ///
    /// It is off unless asked for, because it reads the clock at each wake and each poll, some 50 ns in all. Tasks of a
    /// [`LocalSet`](crate::task::LocalSet) are not measured, for the set polls them; those of a
    /// [`LocalRuntime`](super::LocalRuntime) are.
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let runtime = heist::runtime::Builder::new_current_thread()
    ///     .track_task_schedule_latency()
    ///     .on_before_task_poll(|task| println!("{} has waited {:?}", task.id(), task.schedule_latency()))
    ///     .build()?;
    /// runtime.block_on(async { heist::spawn(async {}).await.unwrap() });
    /// # Ok(())
    /// # }
    /// ```
    pub fn track_task_schedule_latency(&mut self) -> &mut Self {
        self.latencies.tracked = true;
        self
    }

    /// Measures as [`track_task_schedule_latency`](Self::track_task_schedule_latency) does, and counts what was measured for
    /// [`RuntimeMetrics::schedule_latency_histogram_bucket_count`](super::RuntimeMetrics::schedule_latency_histogram_bucket_count).
    ///
    /// Unless [configured](Self::metrics_schedule_latency_histogram_configuration) there are 10 buckets of 100 µs.
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let runtime = heist::runtime::Builder::new_current_thread()
    ///     .enable_metrics_schedule_latency_histogram()
    ///     .build()?;
    /// runtime.block_on(async { heist::spawn(async {}).await.unwrap() });
    /// let metrics = runtime.metrics();
    /// let all = (0..metrics.schedule_latency_histogram_num_buckets())
    ///     .map(|bucket| metrics.schedule_latency_histogram_bucket_count(0, bucket));
    /// assert_eq!(all.sum::<u64>(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn enable_metrics_schedule_latency_histogram(&mut self) -> &mut Self {
        self.latencies.in_histogram = true;
        self
    }

    /// Sets the buckets of the histogram that
    /// [`enable_metrics_schedule_latency_histogram`](Self::enable_metrics_schedule_latency_histogram) turns on.
    ///
    /// ```
    /// use heist::runtime::{Builder, HistogramConfiguration, LogHistogram};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let runtime = Builder::new_multi_thread()
    ///     .enable_metrics_schedule_latency_histogram()
    ///     .metrics_schedule_latency_histogram_configuration(HistogramConfiguration::log(LogHistogram::default()))
    ///     .build()?;
    /// assert_eq!(runtime.metrics().schedule_latency_histogram_num_buckets(), 119);
    /// # Ok(())
    /// # }
    /// ```
    pub fn metrics_schedule_latency_histogram_configuration(
        &mut self,
        configuration: HistogramConfiguration,
    ) -> &mut Self {
        self.latencies.buckets = configuration;
        self
    }

    /// Turns the histogram of poll times on.
    #[doc(hidden)]
    #[deprecated(note = "renamed to `enable_metrics_poll_time_histogram`")]
    pub fn enable_metrics_poll_count_histogram(&mut self) -> &mut Self {
        self.enable_metrics_poll_time_histogram()
    }

    /// Sets whether all buckets of the histogram are of one size.
    #[deprecated(note = "use `metrics_poll_time_histogram_configuration`")]
    pub fn metrics_poll_count_histogram_scale(&mut self, histogram_scale: HistogramScale) -> &mut Self {
        self.poll_times.scale = histogram_scale;
        self
    }

    /// Sets the size of the first bucket of the histogram; with [`HistogramScale::Log`] it is rounded up to a
    /// power of two nanoseconds.
    ///
    /// # Panics
    ///
    /// If it is zero or more than a second.
    #[track_caller]
    #[deprecated(note = "use `metrics_poll_time_histogram_configuration`")]
    pub fn metrics_poll_count_histogram_resolution(&mut self, resolution: Duration) -> &mut Self {
        assert!(
            !resolution.is_zero() && resolution <= Duration::from_secs(1),
            "metrics_poll_count_histogram_resolution({resolution:?}): give more than zero and at most a second"
        );
        self.poll_times.resolution = resolution;
        self
    }

    /// Sets the number of buckets of the histogram.
    ///
    /// # Panics
    ///
    /// If it is zero.
    #[track_caller]
    #[deprecated(note = "use `metrics_poll_time_histogram_configuration`")]
    pub fn metrics_poll_count_histogram_buckets(&mut self, buckets: usize) -> &mut Self {
        assert!(
            buckets > 0,
            "metrics_poll_count_histogram_buckets(0): a histogram needs at least 1 bucket"
        );
        self.poll_times.buckets = buckets;
        self
    }
}
