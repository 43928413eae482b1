//! Two futures, or two pairs, pinned together: the storage of `select!` and `join!`.
//!
//! std cannot project a pin into a tuple. pin-project-lite can into a struct, so n futures are a tree of
//! pairs, as shallow as it can be: rustc limits how deep types nest.

use std::pin::Pin;

use pin_project_lite::pin_project;

pin_project! {
    /// Two parts.
    #[derive(Debug)]
    pub struct Pair<L, R> {
        #[pin]
        left: L,
        #[pin]
        right: R,
    }
}

impl<L, R> Pair<L, R> {
    /// Puts two parts together.
    #[inline]
    pub fn new(left: L, right: R) -> Self {
        Pair { left, right }
    }

    /// Both parts.
    #[inline]
    pub fn split(self: Pin<&mut Self>) -> (Pin<&mut L>, Pin<&mut R>) {
        let this = self.project();
        (this.left, this.right)
    }
}
