//! Seeds: how the random choices of a runtime are made to repeat.
//!
//! ```text
//!   Builder::rng_seed ─► Seeds ─┬─► the workers' generators: from whom to steal
//!                               └─► start of a worker, of a block_on: the thread's generator, until its end
//! ```
//!
//! Invariants
//!
//! - I1: a runtime whose seed was not set replaces no thread's generator.
//! - I2: equal seeds give equal sequences of seeds.
//!
//! Absent on purpose: a promise beyond that. The order in which threads start is the operating system's.

use heist_primitive::sync::atomic::{Ordering, UnmodelledU64};

use crate::macros::support::mix;

/// Successive multiples of it are spread over all numbers: 2⁶⁴ divided by the golden ratio.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// What the random choices of a runtime are derived from; see [`Builder::rng_seed`](super::Builder::rng_seed).
#[derive(Clone, Debug)]
pub struct RngSeed(u64);

impl RngSeed {
    /// A seed made of `bytes`: equal bytes give equal seeds, in every process and on every machine.
    ///
    /// The bytes are hashed with FNV-1a (<http://www.isthe.com/chongo/tech/comp/fnv/>).
    ///
    /// ```
    /// use heist::runtime::{Builder, RngSeed};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let first = || -> std::io::Result<&str> {
    ///     let runtime = Builder::new_current_thread().rng_seed(RngSeed::from_bytes(b"again")).build()?;
    ///     Ok(runtime.block_on(async {
    ///         heist::select! {
    ///             () = std::future::ready(()) => "left",
    ///             () = std::future::ready(()) => "right",
    ///         }
    ///     }))
    /// };
    /// assert_eq!(first()?, first()?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self(hash)
    }

    pub(super) fn as_u64(&self) -> u64 {
        self.0
    }
}

/// A seed for each thread that comes to drive the runtime.
#[derive(Debug)]
pub(super) struct Seeds(Option<UnmodelledU64>);

impl Seeds {
    pub(super) fn new(seed: Option<&RngSeed>) -> Self {
        Self(seed.map(|seed| UnmodelledU64::new(seed.0)))
    }

    /// The next seed, never 0; `None` if the runtime has no seed of its own.
    pub(super) fn next(&self) -> Option<u64> {
        let state = self.0.as_ref()?.fetch_add(STEP, Ordering::Relaxed);
        Some(mix(state).max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_seeds_give_equal_sequences_and_others_others() {
        let sequence = |bytes: &[u8]| {
            let seeds = Seeds::new(Some(&RngSeed::from_bytes(bytes)));
            [seeds.next().unwrap(), seeds.next().unwrap()]
        };
        assert_eq!(sequence(b"a"), sequence(b"a"));
        assert_ne!(sequence(b"a"), sequence(b"b"));
        assert_ne!(sequence(b"a")[0], sequence(b"a")[1]);
        assert_eq!(Seeds::new(None).next(), None);
        // The published hashes of "" and "a".
        assert_eq!(RngSeed::from_bytes(b"").0, 0xcbf2_9ce4_8422_2325);
        assert_eq!(RngSeed::from_bytes(b"a").0, 0xaf63_dc4c_8601_ec8c);
    }
}
