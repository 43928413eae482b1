//! [`find_byte`]: where a byte is, without unsafe code and for any processor.
//!
//! ```text
//!   bytes   [ block │ block │ block │ … │ rest ]     is it in this block? The compiler makes vector instructions of that.
//!                        └► [ word │ word │ … ]      in which of its bytes? Eight at a time, by arithmetic.
//! ```
//!
//! Deliberately absent: instructions that only some processors have, and the choice between them at run time. That is what
//! the C library's `memchr` gains on long lines; on short ones its call costs as much.

const BLOCK: usize = 32;
const WORD: usize = size_of::<u64>();

/// The place of the first `byte`.
#[inline]
pub(super) fn find_byte(byte: u8, bytes: &[u8]) -> Option<usize> {
    let mut rest = bytes;
    while let Some((block, behind)) = rest.split_first_chunk::<BLOCK>() {
        if block.iter().fold(false, |found, &other| found | (other == byte)) {
            break;
        }
        rest = behind;
    }
    let before = bytes.len() - rest.len();
    find_in_words(byte, rest).map(|place| before + place)
}

#[inline]
fn find_in_words(byte: u8, bytes: &[u8]) -> Option<usize> {
    let mut rest = bytes;
    while let Some((word, behind)) = rest.split_first_chunk::<WORD>() {
        if let Some(place) = find_in_word(byte, u64::from_le_bytes(*word)) {
            return Some(bytes.len() - rest.len() + place);
        }
        rest = behind;
    }
    let place = rest.iter().position(|&other| other == byte);
    place.map(|place| bytes.len() - rest.len() + place)
}

/// The place in a word whose first byte is its lowest. A byte that is zero after the comparison borrows from its high bit, and
/// so may one above it; the lowest is right.
#[inline]
fn find_in_word(byte: u8, word: u64) -> Option<usize> {
    const EACH: u64 = u64::from_le_bytes([1; WORD]);
    let differs = word ^ (u64::from(byte) * EACH);
    let equals = differs.wrapping_sub(EACH) & !differs & (EACH << 7);
    (equals != 0).then(|| equals.trailing_zeros() as usize / 8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_place_of_each_length() {
        for length in 0..100 {
            let mut bytes = vec![b'a'; length];
            assert_eq!(find_byte(b'\n', &bytes), None);
            for place in (0..length).rev() {
                bytes[place] = b'\n';
                assert_eq!(find_byte(b'\n', &bytes), Some(place), "in {length}");
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// Neighbours of the byte, and bytes with the high bit, are what arithmetic might confuse.
        #[test]
        fn as_by_comparing_one_by_one(
            byte in any::<u8>(),
            offsets in proptest::collection::vec(prop_oneof![Just(0x80_u8), 1..=3_u8, 0xfd..=0xff_u8, any::<u8>()], 0..300),
        ) {
            let bytes: Vec<u8> = offsets.iter().map(|offset| byte.wrapping_add(*offset)).collect();
            prop_assert_eq!(find_byte(byte, &bytes), bytes.iter().position(|&other| other == byte));
        }
    }
}
