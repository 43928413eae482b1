//! Models of heist's concurrent protocols, for loom. The models are in `tests/`, one file a protocol; each file's
//! header states the property. Without `--cfg heist_loom` they are empty.
//!
//! `ci/loom quick` runs them all.

/// Runs `f` under loom with at most `preemptions`, or fewer if `LOOM_MAX_PREEMPTIONS` says fewer; where that asks for 3 or
/// more, as the deep tier does, it decides alone.
#[cfg(heist_loom)]
pub fn model(preemptions: usize, f: impl Fn() + Sync + Send + 'static) {
    model_up_to(preemptions, usize::MAX, f);
}

/// As [`model`], with a limit for the deep tier, too: for what would not end there.
#[cfg(heist_loom)]
pub fn model_up_to(preemptions: usize, deep: usize, f: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = match builder.preemption_bound {
        Some(asked) if asked >= 3 => Some(asked.min(deep)),
        asked => Some(asked.unwrap_or(preemptions).min(preemptions)),
    };
    builder.check(f);
}
