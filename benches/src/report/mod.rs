//! From measurements to docs/BENCHMARKS.md and its picture.
//!
//! ```text
//!  run.rs: A B B A … ──► store.rs: a file of samples a row, under target/ ──► summary.rs: medians, quartiles of the ratio
//!  (a process each)                                                             │
//!                        docs/benchmarks.tsv ◄──► store.rs: a line an arm ◄─────┤  rows that were not measured anew
//!                                                                               ▼
//!  plan.rs: topics and targets ─────────────────────────────────────────► table.rs, picture.rs
//! ```
//!
//! I1: a ratio above 1 means that heist is ahead, whichever way the figure counts.
//! I2: a ratio is the median of the ratios of the rounds; a round measures each arm once, right after another.
//! I3: the documents are made of docs/benchmarks.tsv alone, so any row can be refreshed without the others.

pub mod host;
pub mod picture;
pub mod plan;
pub mod run;
pub mod store;
pub mod summary;
pub mod table;
