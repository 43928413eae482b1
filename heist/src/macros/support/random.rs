//! The generator behind the fair order of `select!`.
//!
//! SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", OOPSLA 2014), one
//! state per thread. Good enough to be fair, not fit for secrets.

use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};

use heist_primitive::thread_local;

thread_local! {
    /// Zero until the thread's first number.
    static STATE: Cell<u64> = const { Cell::new(0) };
}

/// A number below `n`, each as likely as the other up to one part in 2³².
#[inline]
pub fn thread_rng_n(n: u32) -> u32 {
    let random = STATE.try_with(|state| {
        let seeded = match state.get() {
            0 => seed(),
            seeded => seeded,
        };
        let next = seeded.wrapping_add(0x9e37_79b9_7f4a_7c15);
        state.set(next);
        mix(next)
    });
    // While the thread's locals are being destroyed, order is no longer worth randomness.
    scale(random.unwrap_or(0), n)
}

/// Another one for each thread and each process: the keys of std's hash maps.
#[cold]
fn seed() -> u64 {
    RandomState::new().hash_one(0_u8)
}

/// Gives this thread's generator another state and returns the old one; 0 stands for one that is yet to be chosen.
pub(crate) fn replace_state(state: u64) -> u64 {
    STATE.try_with(|own| own.replace(state)).unwrap_or(0)
}

/// The output function of SplitMix64.
pub(crate) fn mix(state: u64) -> u64 {
    let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The upper half of `random` scaled to below `n`.
fn scale(random: u64, n: u32) -> u32 {
    (((random >> 32) * u64::from(n)) >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_output_function_is_that_of_splitmix64() {
        // First outputs of the published generator for the seed 0.
        assert_eq!(mix(0x9e37_79b9_7f4a_7c15), 0xe220_a839_7b1d_cdaf);
        assert_eq!(
            mix(0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(2)),
            0x6e78_9e6a_a1b9_65f4
        );
    }

    #[test]
    fn scaling_covers_all_of_the_range_and_no_more() {
        assert_eq!(scale(0, 5), 0);
        assert_eq!(scale(u64::MAX, 5), 4);
        assert_eq!(scale(u64::MAX / 2, 2), 0);
        assert_eq!(scale(u64::MAX / 2 + 1, 2), 1);
        assert_eq!(scale(u64::MAX, 1), 0);
    }
}
