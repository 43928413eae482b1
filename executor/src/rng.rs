//! A small random generator for choices that need to be spread, not secret: where a thief starts.
//!
//! xorshift64* (Vigna, "An experimental exploration of Marsaglia's xorshift generators, scrambled", 2016).

use std::cell::Cell;

/// One thread's generator.
pub(crate) struct Rng(Cell<u64>);

impl Rng {
    /// Any seed will do; equal seeds give equal sequences.
    pub(crate) fn new(seed: u64) -> Self {
        // The state must not be zero, and near seeds should not give near sequences.
        let spread = seed
            .wrapping_add(0x9E37_79B9_7F4A_7C15)
            .wrapping_mul(0xBF58_476D_1CE4_E5B9);
        Self(Cell::new(spread | 1))
    }

    /// A number below `bound`, which must not be zero.
    pub(crate) fn below(&self, bound: usize) -> usize {
        let mut x = self.0.get();
        x ^= x >> 12;
        x ^= x << 25;
        x ^= x >> 27;
        self.0.set(x);
        let high = x.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32;
        ((high * bound as u64) >> 32) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_below_the_bound_comes_up() {
        let rng = Rng::new(7);
        let mut seen = [0; 5];
        (0..1000).for_each(|_| seen[rng.below(5)] += 1);
        assert!(seen.iter().all(|&count| count > 100), "{seen:?}");
    }
}
