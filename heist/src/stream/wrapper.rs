//! What all the wrappers have in common: made by `new` or `From`, taken apart by `into_inner`, seen through by `AsRef`
//! and `AsMut`.

/// A wrapper around a type that may be moved between polls.
macro_rules! wrapper {
    ($(#[$doc:meta])* $name:ident $(<$($t:ident),+>)? around $inner:ty) => {
        $(#[$doc])*
        #[derive(Debug)]
        #[must_use = "streams do nothing unless they are polled"]
        pub struct $name $(<$($t),+>)? {
            inner: $inner,
        }

        impl $(<$($t),+>)? $name $(<$($t),+>)? {
            /// Wraps it.
            pub fn new(inner: $inner) -> Self {
                Self { inner }
            }

            /// What was wrapped. Nothing is lost.
            pub fn into_inner(self) -> $inner {
                self.inner
            }
        }

        $crate::stream::wrapper::conversions!($name $(<$($t),+>)? around $inner);
    };
}

/// The conversions of a wrapper.
macro_rules! conversions {
    ($name:ident $(<$($t:ident),+>)? around $inner:ty) => {
        impl $(<$($t),+>)? From<$inner> for $name $(<$($t),+>)? {
            fn from(inner: $inner) -> Self {
                Self::new(inner)
            }
        }

        impl $(<$($t),+>)? AsRef<$inner> for $name $(<$($t),+>)? {
            fn as_ref(&self) -> &$inner {
                &self.inner
            }
        }

        impl $(<$($t),+>)? AsMut<$inner> for $name $(<$($t),+>)? {
            fn as_mut(&mut self) -> &mut $inner {
                &mut self.inner
            }
        }
    };
}

pub(super) use {conversions, wrapper};
