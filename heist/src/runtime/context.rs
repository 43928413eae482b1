//! placeholder
use heist_primitive::sync::Arc;

#[track_caller]
pub(crate) fn io() -> heist_reactor::Handle {
    panic!("no runtime yet")
}

#[track_caller]
pub(crate) fn timers() -> Arc<crate::time::timers::Timers> {
    panic!("no runtime yet")
}
