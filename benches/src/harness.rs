//! What a benchmark's routine is given, and what runs it with criterion.
//!
//! A routine builds its runtime and calls [`Bencher::iter`] or [`Bencher::iter_custom`] once. Who stands behind, criterion
//! or the [meter](crate::meter), it does not know.

use criterion::Criterion;
use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// One arm of one question.
pub type Routine = fn(&mut Bencher<'_>);

/// Workers of a runtime that [`arms!`](crate::arms) builds. It is set while no routine runs.
static WORKERS: AtomicUsize = AtomicUsize::new(DEFAULT_WORKERS);

/// Workers where the question says nothing of them.
pub const DEFAULT_WORKERS: usize = 2;

/// How many workers the runtime of the routine that runs now is to have.
pub fn workers() -> usize {
    WORKERS.load(Ordering::Relaxed)
}

/// Sets [`workers`] for the next routine.
pub fn set_workers(workers: usize) {
    WORKERS.store(workers, Ordering::Relaxed);
}

/// A benchmark and its arms.
#[derive(Debug)]
pub struct Question {
    /// The function's name.
    pub name: &'static str,
    /// The numbers of workers it is asked with; empty for [`DEFAULT_WORKERS`] alone.
    pub workers: &'static [usize],
    /// Name of the runtime and the routine for it.
    pub arms: Vec<(&'static str, Routine)>,
}

/// One row of the report that a question makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// `file/function`, with `@workers` where the question is asked with several.
    pub id: String,
    /// Workers of the runtime.
    pub workers: usize,
}

impl Question {
    /// The rows of this question, which stands in the file of that name.
    pub fn cases(&self, file: &str) -> Vec<Case> {
        let name = self.name;
        if self.workers.is_empty() {
            return vec![Case {
                id: format!("{file}/{name}"),
                workers: DEFAULT_WORKERS,
            }];
        }
        let case = |&workers: &usize| Case {
            id: format!("{file}/{name}@{workers}"),
            workers,
        };
        self.workers.iter().map(case).collect()
    }
}

/// Runs a routine as often as asked and says how long that took.
type Run<'a> = dyn FnMut(&mut dyn FnMut(u64) -> Duration) + 'a;

/// What a routine measures with.
pub struct Bencher<'a> {
    run: &'a mut Run<'a>,
    /// Operations that one iteration is.
    pub(crate) operations: u64,
    /// Figures of the routine's own.
    pub(crate) notes: Vec<(&'static str, f64)>,
}

impl std::fmt::Debug for Bencher<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bencher")
            .field("operations", &self.operations)
            .finish_non_exhaustive()
    }
}

impl<'a> Bencher<'a> {
    /// A bencher that hands what it is given to `run`.
    pub fn new(run: &'a mut Run<'a>) -> Self {
        Bencher {
            run,
            operations: 1,
            notes: Vec::new(),
        }
    }

    /// Says that one iteration is so many operations; the report shows the cost of one.
    pub fn per(&mut self, operations: usize) -> &mut Self {
        self.operations = operations as u64;
        self
    }

    /// Measures the routine by repeating it.
    pub fn iter<R>(&mut self, mut routine: impl FnMut() -> R) {
        self.iter_custom(|rounds| {
            let started = Instant::now();
            for _ in 0..rounds {
                black_box(routine());
            }
            started.elapsed()
        });
    }

    /// Measures a routine that repeats itself so many times and says how long that took. Processor time and context
    /// switches count from its start to its end.
    pub fn iter_custom(&mut self, mut routine: impl FnMut(u64) -> Duration) {
        (self.run)(&mut routine);
    }

    /// A figure beside the time, such as fairness. The last one of a name counts.
    pub fn note(&mut self, name: &'static str, value: f64) {
        self.notes.push((name, value));
    }
}

/// Runs the questions with criterion, each one's arms after each other.
pub fn run_criterion(questions: Vec<Question>) {
    let mut criterion = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(3))
        .configure_from_args();
    for question in questions {
        for case in question.cases("") {
            let mut group = criterion.benchmark_group(case.id.trim_start_matches('/'));
            for (arm, routine) in &question.arms {
                set_workers(case.workers);
                group.bench_function(*arm, |bencher| {
                    routine(&mut Bencher::new(&mut |body| bencher.iter_custom(body)));
                });
            }
            group.finish();
        }
    }
    criterion.final_summary();
}
