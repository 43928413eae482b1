//! placeholder
pub(crate) mod context;
