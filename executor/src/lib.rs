//! placeholder
pub mod coop;
