//! What the models in loom-tests need of a set. Exists under `--cfg heist_loom` only.

use super::{AbortHandle, JoinHandle, JoinSet};

/// Puts a task into the set that a model's own scheduler runs.
pub fn insert<T: 'static>(set: &mut JoinSet<T>, task: JoinHandle<T>) -> AbortHandle {
    set.insert(task)
}
