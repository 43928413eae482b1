//! Models of heist's concurrent protocols, for loom. The models are in `tests/`, one file a protocol; each file's
//! header states the property. Without `--cfg heist_loom` they are empty.
//!
//! `ci/loom quick` runs them all.

/// Runs `f` under loom, within the bounds that `LOOM_MAX_PREEMPTIONS` and its like set, or else with `preemptions`.
#[cfg(heist_loom)]
pub fn model(preemptions: usize, f: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    if builder.preemption_bound.is_none() {
        builder.preemption_bound = Some(preemptions);
    }
    builder.check(f);
}
