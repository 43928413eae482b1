//! In place of a runtime's ear, where signals are not compiled in.

/// Nothing; with a field, so that both sorts of place are made alike.
#[derive(Debug, Default)]
pub(crate) struct Place(());

/// Nothing.
#[derive(Debug)]
#[must_use]
pub(crate) struct Attending;

impl Place {
    /// Nobody can listen.
    pub(crate) fn attend(&self) -> Attending {
        Attending
    }
}
