//! Measures one routine once: the time of an operation, its processor time, its context switches.
//!
//! Criterion asks how sure a difference is that one process shows. Most of the noise of these rows is between processes, so
//! the report starts many and takes medians; each needs a short measurement only, and what criterion does not count.

use crate::usage::Usage;
use crate::{Bencher, Routine};
use std::time::{Duration, Instant};

/// The parts a measurement is cut into; their median is the time, so one hiccup does not count.
const PARTS: u32 = 5;

/// Measures a routine for about so long, after a warm-up. The figures are names and values, for one operation.
pub fn measure(routine: Routine, warm_up: Duration, length: Duration) -> Vec<(&'static str, f64)> {
    let mut nanoseconds = 0.0;
    let mut used = Usage::default();
    let mut iterations = 0;
    let mut run = |body: &mut dyn FnMut(u64) -> Duration| {
        let each = warm(body, warm_up);
        let part = length.as_secs_f64() / f64::from(PARTS) / each.max(1e-9);
        let rounds = (part as u64).max(1);
        let before = Usage::own();
        let mut times: Vec<f64> = (0..PARTS)
            .map(|_| body(rounds).as_secs_f64() * 1e9 / rounds as f64)
            .collect();
        used = Usage::own().since(before);
        iterations = rounds * u64::from(PARTS);
        times.sort_by(f64::total_cmp);
        nanoseconds = times[times.len() / 2];
    };
    let mut bencher = Bencher::new(&mut run);
    routine(&mut bencher);
    let (operations, notes) = (bencher.operations as f64, std::mem::take(&mut bencher.notes));
    let all = operations * (iterations.max(1)) as f64;
    let mut figures = vec![
        ("ns", nanoseconds / operations),
        ("cpu_ns", used.cpu.as_nanos() as f64 / all),
        ("switches", used.voluntary as f64 / all),
        ("preempted", used.involuntary as f64 / all),
    ];
    figures.extend(notes);
    figures
}

/// Repeats the body until so much time has passed; the seconds that one round took at last.
fn warm(body: &mut dyn FnMut(u64) -> Duration, length: Duration) -> f64 {
    let started = Instant::now();
    let mut rounds = 1u64;
    loop {
        let each = body(rounds).as_secs_f64() / rounds as f64;
        let left = length.saturating_sub(started.elapsed());
        if left.is_zero() {
            return each;
        }
        let fit = (left.as_secs_f64() / each.max(1e-9)) as u64;
        rounds = (rounds * 4).min(fit.max(1));
    }
}
