//! Histograms of durations: how many fell into which bucket, written by one thread and read by any.
//!
//! ```text
//!   linear, width 100 µs:    │ 0 .. 100 │ 100 .. 200 │ … │ 900 .. ∞
//!   logarithmic, p = 1:      │ 0 .. min │ … │ 8 .. 12 │ 12 .. 16 │ 16 .. 24 │ 24 .. 32 │ … │ max .. ∞
//!                                             2^p buckets of a size, then 2^p of twice that size
//! ```
//!
//! The logarithmic one is the H2 histogram (Brian Martin, <https://h2histogram.org>), cut off at both ends: a value with
//! the highest bit `h` is put by its `p` next bits, so a bucket is at most `2^-p` of its values wide.
//!
//! Invariants
//!
//! - H1: the buckets are contiguous, the first starts at 0 and the last ends at `u64::MAX`.
//! - H2: `bucket_of(value) == b` exactly if `range(b)` contains `value` (or `value` is `u64::MAX` and `b` the last).
//!
//! Deliberately absent: sums and percentiles, which whoever reads the counts can make.

use std::error::Error;
use std::fmt;
use std::ops::Range;
use std::time::Duration;

use crate::multi_thread::Counter;

const DEFAULT_BUCKETS: usize = 10;
const DEFAULT_WIDTH: Duration = Duration::from_micros(100);
const DEFAULT_MIN: Duration = Duration::from_nanos(100);
const DEFAULT_MAX: Duration = Duration::from_secs(60);
const DEFAULT_PRECISION: u32 = 2;
const MAX_PRECISION: u32 = 10;

/// The scale of a histogram configured the old way, by `metrics_poll_count_histogram_scale`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HistogramScale {
    /// All buckets are of one size.
    Linear,
    /// Each bucket is twice the size of the one before.
    Log,
}

/// The buckets of the poll-time histogram; linear with 10 buckets of 100 µs unless configured.
#[derive(Clone, Debug)]
pub struct HistogramConfiguration(Buckets);

impl HistogramConfiguration {
    /// `num_buckets` buckets that are `bucket_width` wide, the last of which has no upper end.
    ///
    /// # Panics
    ///
    /// If there are to be no buckets, or buckets without width.
    #[track_caller]
    pub fn linear(bucket_width: Duration, num_buckets: usize) -> Self {
        assert!(
            num_buckets > 0 && !bucket_width.is_zero(),
            "HistogramConfiguration::linear({bucket_width:?}, {num_buckets}): a histogram needs at least 1 bucket of \
             at least 1 ns"
        );
        Self(Buckets::Linear {
            width: nanos(bucket_width),
            count: num_buckets,
        })
    }

    /// Buckets that grow with their values; see [`LogHistogramBuilder`].
    pub fn log(configuration: impl Into<LogHistogram>) -> Self {
        Self(Buckets::Log(configuration.into()))
    }

    /// The configuration that `scale`, the size of the first bucket and the number of buckets describe. With
    /// [`HistogramScale::Log`] the size is rounded up to a power of two nanoseconds.
    #[doc(hidden)]
    pub fn scaled(scale: HistogramScale, resolution: Duration, num_buckets: usize) -> Self {
        match scale {
            HistogramScale::Linear => Self::linear(resolution, num_buckets),
            HistogramScale::Log => Self::log(LogHistogram {
                precision: 0,
                first: u64::from(nanos(resolution).next_power_of_two().ilog2()),
                count: num_buckets,
            }),
        }
    }
}

impl Default for HistogramConfiguration {
    fn default() -> Self {
        Self::linear(DEFAULT_WIDTH, DEFAULT_BUCKETS)
    }
}

#[derive(Clone, Debug)]
enum Buckets {
    Linear { width: u64, count: usize },
    Log(LogHistogram),
}

impl Buckets {
    fn count(&self) -> usize {
        match self {
            Self::Linear { count, .. } => *count,
            Self::Log(log) => log.count,
        }
    }

    fn bucket_of(&self, value: u64) -> usize {
        let unlimited = match self {
            Self::Linear { width, .. } => value / width,
            Self::Log(log) => log.index_of(value).saturating_sub(log.first),
        };
        usize::try_from(unlimited)
            .unwrap_or(usize::MAX)
            .min(self.count() - 1)
    }

    fn start_of(&self, bucket: usize) -> u64 {
        match self {
            _ if bucket == 0 => 0,
            _ if bucket >= self.count() => u64::MAX,
            Self::Linear { width, .. } => width.saturating_mul(bucket as u64),
            Self::Log(log) => log.start_of(log.first + bucket as u64),
        }
    }
}

/// A histogram whose buckets are at most a certain part of their values wide; made by a [`LogHistogramBuilder`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogHistogram {
    precision: u32,
    /// Where in the histogram without ends its first bucket lies.
    first: u64,
    count: usize,
}

impl LogHistogram {
    /// A builder with the default settings.
    pub fn builder() -> LogHistogramBuilder {
        LogHistogramBuilder::default()
    }

    /// The greatest duration, in nanoseconds, that is not just counted as beyond the end.
    pub fn max_value(&self) -> u64 {
        self.start_of(self.first + self.count as u64 - 1)
    }

    /// Where `value` lies in the histogram without ends: its highest bit and the `precision` bits below it, in
    /// this order, which small values do not have and which are themselves then.
    fn index_of(&self, value: u64) -> u64 {
        let highest = value.checked_ilog2().unwrap_or(0);
        let group = highest.saturating_sub(self.precision);
        (u64::from(group) << self.precision) + (value >> group)
    }

    /// The least value at `index`, or `u64::MAX` if that is beyond it.
    fn start_of(&self, index: u64) -> u64 {
        let group = (index >> self.precision).saturating_sub(1);
        let bits = index - (group << self.precision);
        u64::try_from(u128::from(bits) << group.min(64)).unwrap_or(u64::MAX)
    }
}

impl Default for LogHistogram {
    fn default() -> Self {
        LogHistogramBuilder::default().build()
    }
}

impl From<LogHistogramBuilder> for LogHistogram {
    fn from(builder: LogHistogramBuilder) -> Self {
        builder.build()
    }
}

/// The settings of a [`LogHistogram`].
///
/// Unless set, it tells durations from 100 ns to 60 s apart with an error of at most 25 %, in 119 buckets.
#[derive(Clone, Copy, Debug, Default)]
pub struct LogHistogramBuilder {
    min: Option<Duration>,
    max: Option<Duration>,
    precision: Option<u32>,
}

impl LogHistogramBuilder {
    /// How wide a bucket may be, as a part of its values; rounded down to a power of two from 1/4 to 1/1024.
    ///
    /// # Panics
    ///
    /// If `max_error` is not between 0 and 1.
    #[track_caller]
    pub fn max_error(mut self, max_error: f64) -> Self {
        assert!(
            max_error > 0.0 && max_error < 1.0,
            "max_error({max_error}): it is a part of the value, greater than 0 and less than 1"
        );
        let enough = |p: &u32| 0.5_f64.powf(f64::from(*p)) <= max_error;
        self.precision = (DEFAULT_PRECISION..MAX_PRECISION)
            .find(enough)
            .or(Some(MAX_PRECISION));
        self
    }

    /// There are `2^p` buckets of a size before the size doubles. With 0 each bucket is twice as wide as the one
    /// before it.
    ///
    /// # Panics
    ///
    /// If `p` is greater than 10.
    #[track_caller]
    pub fn precision_exact(mut self, p: u32) -> Self {
        assert!(
            p <= MAX_PRECISION,
            "precision_exact({p}): the finest is {MAX_PRECISION}, an error of 0.1 %"
        );
        self.precision = Some(p);
        self
    }

    /// The shortest duration to tell apart from zero. The first bucket ends there or before.
    pub fn min_value(mut self, duration: Duration) -> Self {
        self.min = Some(duration);
        self
    }

    /// The longest duration to tell apart from longer ones. The last bucket starts there or after.
    ///
    /// # Panics
    ///
    /// If `duration` is zero.
    #[track_caller]
    pub fn max_value(mut self, duration: Duration) -> Self {
        assert!(
            !duration.is_zero(),
            "max_value(0): every duration would be beyond the end; give one greater than 0"
        );
        self.max = Some(duration);
        self
    }

    /// Builds the histogram, if it needs no more than `max_buckets` buckets.
    ///
    /// # Errors
    ///
    /// How many it would need.
    pub fn max_buckets(&mut self, max_buckets: usize) -> Result<LogHistogram, InvalidHistogramConfiguration> {
        let histogram = self.build();
        if histogram.count > max_buckets {
            return Err(InvalidHistogramConfiguration::TooManyBuckets {
                required_bucket_count: histogram.count,
            });
        }
        Ok(histogram)
    }

    /// Builds the histogram, however many buckets it needs.
    pub fn build(&self) -> LogHistogram {
        let mut histogram = LogHistogram {
            precision: self.precision.unwrap_or(DEFAULT_PRECISION),
            first: 0,
            count: 0,
        };
        let min = nanos(self.min.unwrap_or(DEFAULT_MIN));
        let max = nanos(self.max.unwrap_or(DEFAULT_MAX));
        histogram.first = histogram.index_of(min).saturating_sub(1);
        let mut last = histogram.index_of(max);
        if histogram.start_of(last) < max {
            last += 1;
        }
        histogram.count = last.saturating_sub(histogram.first).max(1) as usize + 1;
        histogram
    }
}

/// Why there is no such histogram.
#[derive(Debug)]
pub enum InvalidHistogramConfiguration {
    /// It needs more buckets than it may have.
    TooManyBuckets {
        /// How many it needs.
        required_bucket_count: usize,
    },
}

impl fmt::Display for InvalidHistogramConfiguration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::TooManyBuckets {
            required_bucket_count,
        } = self;
        write!(
            f,
            "this histogram needs {required_bucket_count} buckets, more than it may have"
        )
    }
}

impl Error for InvalidHistogramConfiguration {}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// What a scheduler measures only if asked to, for it reads the clock around each poll, or at each wake.
#[derive(Clone, Debug, Default)]
pub struct Timed {
    /// The buckets for the times of polls, if those are to be measured.
    pub poll_times: Option<HistogramConfiguration>,
    /// The buckets for how long tasks wait to be polled, if that is to be measured.
    pub latencies: Option<HistogramConfiguration>,
    /// Whether hooks are told how long their task has waited; implied by `latencies`.
    pub latency: bool,
}

impl Timed {
    /// Whether tasks are stamped when they are scheduled.
    pub(crate) fn stamps(&self) -> bool {
        self.latency || self.latencies.is_some()
    }

    /// Whether a clock is read around each poll.
    pub(crate) fn times_polls(&self) -> bool {
        self.stamps() || self.poll_times.is_some()
    }
}

/// The counts of one worker.
#[derive(Debug)]
pub struct Histogram {
    buckets: Buckets,
    counts: Box<[Counter]>,
}

impl Histogram {
    pub(crate) fn new(configuration: &HistogramConfiguration) -> Self {
        let buckets = configuration.0.clone();
        let counts = (0..buckets.count()).map(|_| Counter::default()).collect();
        Self { buckets, counts }
    }

    /// Only by the owner.
    pub(crate) fn record(&self, ns: u64) {
        self.counts[self.buckets.bucket_of(ns)].add(1);
    }

    /// How many buckets there are.
    #[allow(clippy::len_without_is_empty, reason = "there is at least one")]
    pub fn len(&self) -> usize {
        self.counts.len()
    }

    /// How much fell into a bucket, if there is that bucket.
    pub fn count(&self, bucket: usize) -> Option<u64> {
        self.counts.get(bucket).map(Counter::get)
    }

    /// From the least duration of a bucket to the least of the next, if there is that bucket.
    pub fn range(&self, bucket: usize) -> Option<Range<Duration>> {
        let edge = |bucket| Duration::from_nanos(self.buckets.start_of(bucket));
        (bucket < self.len()).then(|| edge(bucket)..edge(bucket + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ns(value: u64) -> Duration {
        Duration::from_nanos(value)
    }

    /// H1 and H2.
    fn check(configuration: &HistogramConfiguration) {
        let buckets = &configuration.0;
        assert_eq!(buckets.start_of(0), 0);
        assert_eq!(buckets.start_of(buckets.count()), u64::MAX);
        for bucket in 0..buckets.count() {
            let (start, end) = (buckets.start_of(bucket), buckets.start_of(bucket + 1));
            assert!(start < end, "bucket {bucket} of {buckets:?} is {start}..{end}");
            for value in [start, start + (end - start) / 2, end - 1] {
                assert_eq!(buckets.bucket_of(value), bucket, "{value} in {buckets:?}");
            }
        }
        assert_eq!(buckets.bucket_of(u64::MAX), buckets.count() - 1);
    }

    #[test]
    fn buckets_are_contiguous_and_hold_their_values() {
        check(&HistogramConfiguration::default());
        check(&HistogramConfiguration::linear(ns(1), 1));
        check(&HistogramConfiguration::linear(ns(u64::MAX / 2), 2));
        for precision in 0..=MAX_PRECISION {
            for (min, max) in [(0, 1), (1, 9), (100, 60_000_000_000), (7, 4096), (5_000, 5)] {
                let log = LogHistogram::builder()
                    .precision_exact(precision)
                    .min_value(ns(min))
                    .max_value(ns(max));
                check(&HistogramConfiguration::log(log));
            }
        }
    }

    #[test]
    fn a_bucket_is_as_wide_as_the_error_allows() {
        let histogram = LogHistogram::builder().max_error(0.1).build();
        assert_eq!(histogram.precision, 4);
        let buckets = Buckets::Log(histogram);
        for bucket in 1..buckets.count() - 1 {
            let (start, end) = (buckets.start_of(bucket), buckets.start_of(bucket + 1));
            assert!((end - start) as f64 <= 0.1 * start as f64, "{start}..{end}");
        }
        assert!(buckets.start_of(1) <= 100);
        assert!(histogram.max_value() >= 60_000_000_000);
        assert_eq!(
            LogHistogram::builder().max_error(0.000_1).build().precision,
            MAX_PRECISION
        );
    }

    #[test]
    fn the_ends_are_where_they_were_asked_for() {
        let log = LogHistogram::builder()
            .precision_exact(0)
            .min_value(Duration::from_micros(20))
            .max_value(Duration::from_millis(4))
            .build();
        let edges: Vec<_> = (0..log.count + 1)
            .map(|b| Buckets::Log(log).start_of(b))
            .collect();
        let doubled: Vec<_> = (14..=22).map(|bit| 1 << bit).collect();
        assert_eq!(edges, [&[0], doubled.as_slice(), &[u64::MAX]].concat());
        let legacy = HistogramConfiguration::scaled(HistogramScale::Log, ns(3), 3).0;
        assert_eq!(
            [0, 1, 2, 3].map(|bucket| legacy.start_of(bucket)),
            [0, 4, 8, u64::MAX]
        );
    }

    #[test]
    fn too_many_buckets_are_refused_with_their_number() {
        let mut builder = LogHistogram::builder();
        assert_eq!(builder.max_buckets(119).unwrap().count, 119);
        let refused = builder.max_buckets(118).unwrap_err();
        assert!(refused.to_string().contains("119"), "{refused}");
    }
}
