//! A file: written in pieces, read back in others.

use std::io::SeekFrom;
use std::sync::atomic::{AtomicU64, Ordering};

use heist::fs;
use heist::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};

use super::streams::pattern;
use crate::rng::Rng;
use crate::tally::{Event, count};
use crate::world::Ctx;

/// A file of its own for each actor.
static NAMES: AtomicU64 = AtomicU64::new(0);

/// Takes the file away, however the actor ends.
struct Removed(std::path::PathBuf);

impl Drop for Removed {
    fn drop(&mut self) {
        // It may not have been made yet.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Writes, seeks, reads, and compares.
pub(crate) async fn written_and_read(ctx: Ctx, mut rng: Rng) -> Option<()> {
    let name = format!(
        "heist-stress-{}-{}",
        std::process::id(),
        NAMES.fetch_add(1, Ordering::Relaxed)
    );
    let removed = Removed(std::env::temp_dir().join(name));
    let content: Vec<u8> = (0..rng.below(40_000)).map(pattern).collect();
    let opened = fs::OpenOptions::new()
        .create(true)
        .read(true)
        .write(true)
        .truncate(true)
        .open(&removed.0)
        .await;
    let mut file = ctx.fine(opened)?;
    let mut left = &content[..];
    while !left.is_empty() {
        let (piece, rest) = left.split_at(rng.index(left.len().min(9_000)) + 1);
        ctx.fine(file.write_all(piece).await)?;
        left = rest;
    }
    ctx.fine(file.flush().await)?;
    let from = rng.below(content.len() as u64 + 1);
    ctx.fine(file.seek(SeekFrom::Start(from)).await)?;
    let mut read = Vec::new();
    ctx.fine(file.read_to_end(&mut read).await)?;
    assert!(read == content[from as usize..], "the file has other contents");
    count(Event::files);
    Some(())
}
