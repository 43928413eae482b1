//! placeholder
pub(crate) mod timers;
