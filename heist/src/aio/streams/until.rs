//! Where the first separator in a growing buffer ends.
//!
//! Invariants
//!
//! - I1: before `searched` no separator begins. What arrives later may complete one that begins in the last bytes, as
//!   many as the longest separator has less one; so these are searched again.
//! - I2: of several separators the one that ends first wins, and so the data returned is the shortest possible; of
//!   those that end together the shortest counts against the limit.
//!
//! Deliberately absent: an automaton for many separators. There are a few, and short ones.

use super::error::LimitOverrunError;

/// See the module.
#[derive(Debug)]
pub(super) struct Search<S> {
    separators: S,
    searched: usize,
}

/// What a look at the buffer found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// The data, separator included, ends here.
    End(usize),
    NotYet,
    Overrun(LimitOverrunError),
}

/// One separator, or several.
///
/// What [`readuntil`](super::StreamReader::readuntil) takes: `b"\r\n"`, `"\n"`, or `[&b"\n"[..], b";"]` and slices of
/// such.
pub trait Separators {
    /// Calls `f` with each of them.
    fn each(&self, f: &mut dyn FnMut(&[u8]));
}

impl Separators for [u8] {
    fn each(&self, f: &mut dyn FnMut(&[u8])) {
        f(self);
    }
}

impl<const N: usize> Separators for [u8; N] {
    fn each(&self, f: &mut dyn FnMut(&[u8])) {
        f(self);
    }
}

impl Separators for str {
    fn each(&self, f: &mut dyn FnMut(&[u8])) {
        f(self.as_bytes());
    }
}

impl<S: Separators + ?Sized> Separators for &S {
    fn each(&self, f: &mut dyn FnMut(&[u8])) {
        (**self).each(f);
    }
}

impl<S: Separators + ?Sized> Separators for [&S] {
    fn each(&self, f: &mut dyn FnMut(&[u8])) {
        self.iter().for_each(|separator| separator.each(f));
    }
}

impl<S: Separators + ?Sized, const N: usize> Separators for [&S; N] {
    fn each(&self, f: &mut dyn FnMut(&[u8])) {
        self[..].each(f);
    }
}

impl<S: Separators> Search<S> {
    /// # Panics
    /// If there is no separator or an empty one.
    #[track_caller]
    pub(super) fn new(separators: S) -> Self {
        let (mut any, mut empty) = (false, false);
        separators.each(&mut |separator| {
            any = true;
            empty |= separator.is_empty();
        });
        assert!(
            any,
            "readuntil was given no separator: give it one, or call read_to_end"
        );
        assert!(
            !empty,
            "readuntil was given an empty separator: each needs one byte at least"
        );
        Self {
            separators,
            searched: 0,
        }
    }

    /// Looks at what has come by now. `limit` is for the data without its separator.
    pub(super) fn look(&mut self, buffer: &[u8], limit: usize) -> Found {
        let (from, mut longest) = (self.searched, 0);
        let mut first: Option<(usize, usize)> = None;
        self.separators.each(&mut |separator| {
            longest = longest.max(separator.len());
            if let Some(at) = find(&buffer[from..], separator) {
                let (start, end) = (from + at, from + at + separator.len());
                // I2.
                if first.is_none_or(|(known, known_end)| (end, known) < (known_end, start)) {
                    first = Some((start, end));
                }
            }
        });
        if let Some((start, end)) = first {
            return match start > limit {
                true => Found::Overrun(LimitOverrunError {
                    consumed: start,
                    found: true,
                }),
                false => Found::End(end),
            };
        }
        // I1.
        self.searched = from.max((buffer.len() + 1).saturating_sub(longest));
        match self.searched > limit {
            true => Found::Overrun(LimitOverrunError {
                consumed: self.searched,
                found: false,
            }),
            false => Found::NotYet,
        }
    }
}

/// Where `needle`, which is not empty, begins first.
fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        // The compiler's own search for a byte goes by words.
        let at = from + haystack[from..].iter().position(|&byte| byte == needle[0])?;
        if haystack[at..].starts_with(needle) {
            return Some(at);
        }
        from = at + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::{Found, Search, find};
    use crate::aio::LimitOverrunError;

    #[test]
    fn find_finds_the_first() {
        assert_eq!(find(b"aab", b"ab"), Some(1));
        assert_eq!(find(b"aab", b"b"), Some(2));
        assert_eq!(find(b"aa", b"ab"), None);
        assert_eq!(find(b"", b"a"), None);
    }

    #[test]
    fn a_separator_may_come_in_pieces() {
        let mut search = Search::new(b"END");
        assert_eq!(search.look(b"abE", 10), Found::NotYet);
        assert_eq!(search.look(b"abEN", 10), Found::NotYet);
        assert_eq!(search.look(b"abENDx", 10), Found::End(5));
    }

    #[test]
    fn the_limit_is_without_the_separator() {
        assert_eq!(Search::new(b"\r\n").look(b"abcd\r\n", 4), Found::End(6));
        let overrun = |consumed, found| Found::Overrun(LimitOverrunError { consumed, found });
        assert_eq!(Search::new(b"\r\n").look(b"abcde\r\n", 4), overrun(5, true));
        assert_eq!(Search::new(b"\r\n").look(b"abcd\r", 4), Found::NotYet);
        assert_eq!(Search::new(b"\r\n").look(b"abcdef", 4), overrun(5, false));
    }

    #[test]
    fn of_several_the_first_to_end_wins() {
        assert_eq!(
            Search::new([&b"\r\n"[..], b";"]).look(b"a;b\r\n", 9),
            Found::End(2)
        );
        assert_eq!(Search::new([&b"abcd"[..], b"bc"]).look(b"abcd", 9), Found::End(3));
    }
}
