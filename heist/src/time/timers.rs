//! placeholder
#[derive(Debug)]
pub(crate) struct Timers;
