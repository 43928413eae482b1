//! [`Ahead`]: what was read from a blocking device and not yet handed out, and how much to read next.
//!
//! ```text
//!   [ handed out | ahead |  room  ]
//!   0          start    end      len
//! ```
//!
//! A hop to the blocking pool costs as much as reading tens of kilobytes. So where reads follow each other, each
//! batch is twice as large as the one before, whatever the caller asks for: 8 KiB, 16 KiB, 32 KiB and so on up to
//! [`READ_AHEAD`]. It begins after a read that came back full, and anew after anything that is not a read. What
//! is fetched in vain is thereby never more than what was fetched and used.
//!
//! Invariants
//!
//! - I1: `start <= end <= buffer.len()`, but while the buffer is with an operation, which it is only when empty.
//!
//! Deliberately absent: any knowledge of the device.

use std::io;

use super::ReadBuf;

/// Bytes that are read ahead at the most. A larger batch is read only if the caller asks for it.
const READ_AHEAD: usize = 256 * 1024;

/// How much one operation may read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Batch {
    /// Bytes, at the most.
    pub(crate) limit: usize,
    /// Whether it may be more than the caller asks for.
    pub(crate) ahead: bool,
}

#[derive(Default)]
pub(super) struct Ahead {
    /// All of it initialised.
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Bytes that the last read asked for.
    asked: usize,
    /// Bytes that the next read asks for, if it may.
    next: usize,
}

impl Ahead {
    pub(super) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    pub(super) fn len(&self) -> usize {
        self.end - self.start
    }

    /// Hands out what fits.
    pub(super) fn copy_to(&mut self, dst: &mut ReadBuf<'_>) {
        let n = self.len().min(dst.remaining());
        dst.put_slice(&self.buffer[self.start..self.start + n]);
        self.start += n;
    }

    /// How much to read when a caller asks for so much, and the empty buffer to do it with; it may be too small.
    pub(super) fn drain(&mut self, asked: usize, batch: Batch) -> (usize, Vec<u8>) {
        let ahead = if batch.ahead { self.next.min(READ_AHEAD) } else { 0 };
        self.asked = asked.max(ahead).min(batch.limit);
        (self.start, self.end) = (0, 0);
        (self.asked, std::mem::take(&mut self.buffer))
    }

    /// Takes the buffer back with what was read. At the end of the file it is given up.
    pub(super) fn refill(&mut self, result: io::Result<usize>, buffer: Vec<u8>) -> io::Result<()> {
        self.next = 0;
        let n = result?;
        if n == 0 {
            return Ok(());
        }
        if n == self.asked {
            self.next = n.saturating_mul(2);
        }
        self.end = n.min(buffer.len());
        self.buffer = buffer;
        Ok(())
    }

    /// Drops what was read ahead.
    pub(super) fn forget(&mut self) {
        (self.start, self.end, self.next) = (0, 0, 0);
    }
}
