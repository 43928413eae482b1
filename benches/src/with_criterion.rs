//! Runs the questions with criterion.

use crate::harness::{Bencher, Question, set_workers};
use criterion::Criterion;
use std::time::Duration;

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
