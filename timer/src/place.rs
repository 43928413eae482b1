//! Where a deadline is filed: pure arithmetic on ticks.
//!
//! A tick is read as eleven digits of six bits, the highest with four. An entry lives at the level of the
//! highest digit in which its deadline differs from `now`, in the slot which that digit of the deadline
//! names:
//!
//! ```text
//!  level      10     9     ..     2      1      0
//!  now       0000 000000       000000 000101 010011
//!  deadline  0000 000000       000000 001000 000001   -> level 1, slot 0b001000
//! ```
//!
//! Invariants
//!
//! - P1: a deadline after `now` is filed in a slot strictly above `now`'s digit at that level; a deadline
//!   equal to `now` is filed at level 0 in `now`'s own slot.
//! - P2: everything at a lower level is due before everything at a higher one, and within a level a lower
//!   slot is due before a higher one.
//! - P3: equal deadlines are always in the same slot.
//!
//! Absent on purpose: state. Nothing here remembers a cursor.

/// Bits of one digit.
const DIGIT_BITS: u32 = 6;
/// Slots of one level: one for each value of a digit.
pub(crate) const SLOTS: usize = 1 << DIGIT_BITS;
/// Levels needed to tell any two ticks apart.
pub(crate) const LEVELS: usize = u64::BITS.div_ceil(DIGIT_BITS) as usize;

/// A level and a slot of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) level: usize,
    pub(crate) slot: usize,
}

impl Place {
    /// The place of `deadline` as seen from `now`. `deadline` must not be before `now`.
    #[inline]
    pub(crate) fn of(deadline: u64, now: u64) -> Self {
        debug_assert!(deadline >= now, "overdue entries are filed at `now`");
        let highest_bit = u64::BITS - 1 - ((deadline ^ now) | 1).leading_zeros();
        let level = highest_bit / DIGIT_BITS;
        let slot = (deadline >> (level * DIGIT_BITS)) as usize % SLOTS;
        Self {
            level: level as usize,
            slot,
        }
    }

    /// The first tick of this place's slot as seen from `now`.
    #[inline]
    pub(crate) fn first_tick(self, now: u64) -> u64 {
        let shift = self.level as u32 * DIGIT_BITS;
        // Two shifts, since above the highest level there is nothing left to keep and `<< 66` is no shift.
        let above = now >> shift >> DIGIT_BITS << DIGIT_BITS << shift;
        above | (self.slot as u64) << shift
    }

    /// Position in an array of all slots.
    #[inline]
    pub(crate) fn index(self) -> usize {
        self.level * SLOTS + self.slot
    }

    /// The place at this position.
    #[inline]
    pub(crate) fn at(index: usize) -> Self {
        Self {
            level: index / SLOTS,
            slot: index % SLOTS,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boundaries_of_every_level() {
        for level in 0..LEVELS {
            let first = 1u64 << (level as u32 * DIGIT_BITS);
            assert_eq!(Place::of(first, 0), Place { level, slot: 1 });
            assert_eq!(Place { level, slot: 1 }.first_tick(0), first);
            if level > 0 {
                assert_eq!(
                    Place::of(first - 1, 0),
                    Place {
                        level: level - 1,
                        slot: SLOTS - 1
                    }
                );
            }
        }
        assert_eq!(Place::of(u64::MAX, 0), Place { level: 10, slot: 15 });
        assert_eq!(Place::of(u64::MAX, u64::MAX), Place { level: 0, slot: 63 });
        assert_eq!(Place::of(u64::MAX, u64::MAX - 64), Place { level: 1, slot: 63 });
    }

    #[test]
    fn the_first_tick_keeps_the_digits_above() {
        let now = 0x1234_5678_9abc_def0;
        for level in 0..LEVELS {
            let shift = level as u32 * DIGIT_BITS;
            let digit = (now >> shift) as usize % SLOTS;
            let place = Place { level, slot: digit };
            assert_eq!(Place::at(place.index()), place);
            assert_eq!(place.first_tick(now), now >> shift << shift);
        }
    }
}
