//! What Python's asyncio has and tokio has not, under asyncio's names in Rust spelling.
//!
//! Where the rest of heist has the thing already, under tokio's name, it is not here a second time: docs/ASYNCIO.md
//! is the table from each name of asyncio to the one of heist.
//!
//! Everything here is a thin layer over the public modules of this crate: no protocol with the scheduler, the reactor
//! or the wheel of its own.
