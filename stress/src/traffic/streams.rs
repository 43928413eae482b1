//! Bytes over pairs that need no address: Unix sockets, pipes, and streams in memory; and how bytes are checked anywhere.
//!
//! The byte at each position is known, and the number of all; so a lost, a doubled and a foreign byte are seen.

use std::time::Duration;

use heist::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use heist::net::{UnixStream, unix};
use heist::task::yield_now;
use heist::time::timeout;

use crate::rng::Rng;
use crate::tally::{Event, count, count_many};
use crate::world::Ctx;

/// The byte at a position.
pub(crate) fn pattern(position: u64) -> u8 {
    (position ^ (position >> 8)).wrapping_mul(167) as u8
}

/// Writes the first `total` bytes of the pattern, in pieces, and ends the direction.
pub(crate) async fn send<W: AsyncWrite + Unpin>(ctx: Ctx, mut rng: Rng, mut to: W, total: u64) -> Option<()> {
    let mut sent = 0;
    while sent < total {
        let len = rng.range(1, 8_192).min(total - sent);
        let piece: Vec<u8> = (sent..sent + len).map(pattern).collect();
        if rng.percent(30) {
            // A write that is given up has written nothing.
            match timeout(Duration::from_micros(rng.below(200)), to.write(&piece)).await {
                Ok(wrote) => sent += ctx.fine(wrote)? as u64,
                Err(_) => count(Event::timeouts),
            }
        } else {
            ctx.fine(to.write_all(&piece).await)?;
            sent += len;
        }
        if rng.percent(20) {
            yield_now().await;
        }
    }
    ctx.fine(to.shutdown().await)
}

/// Reads to the end, and holds each byte against the pattern.
pub(crate) async fn receive<R: AsyncRead + Unpin>(
    ctx: Ctx,
    mut rng: Rng,
    mut from: R,
    total: u64,
) -> Option<()> {
    let mut got = 0;
    let mut room = vec![0; 8_192];
    loop {
        let len = rng.index(room.len()) + 1;
        let reading = from.read(&mut room[..len]);
        let read = if rng.percent(30) {
            // A read that is given up has read nothing.
            match timeout(Duration::from_micros(rng.below(200)), reading).await {
                Ok(read) => read,
                Err(_) => {
                    count(Event::timeouts);
                    continue;
                }
            }
        } else {
            reading.await
        };
        let read = ctx.fine(read)? as u64;
        if read == 0 {
            break;
        }
        let right = room
            .iter()
            .zip(got..got + read)
            .all(|(byte, at)| *byte == pattern(at));
        assert!(right, "other bytes than were sent, from {got} on");
        got += read;
        count_many(Event::bytes, read);
    }
    assert!(got == total || ctx.ledger.is_ending(), "{got} bytes of {total}");
    Some(())
}

/// Both directions at once, by four tasks.
pub(crate) async fn both_ways<A, B>(ctx: &Ctx, rng: &mut Rng, a: A, b: B) -> Option<()>
where
    A: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    B: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (there, back) = (rng.below(60_000), rng.below(60_000));
    let (a_reads, a_writes) = heist::io::split(a);
    let (b_reads, b_writes) = heist::io::split(b);
    let tasks = [
        ctx.spawn(send(ctx.clone(), rng.fork(), a_writes, there)),
        ctx.spawn(receive(ctx.clone(), rng.fork(), b_reads, there)),
        ctx.spawn(send(ctx.clone(), rng.fork(), b_writes, back)),
        ctx.spawn(receive(ctx.clone(), rng.fork(), a_reads, back)),
    ];
    for task in tasks {
        task.join().await??;
    }
    Some(())
}

/// A pair of Unix sockets.
pub(crate) async fn unix_pair(ctx: Ctx, mut rng: Rng) -> Option<()> {
    let (a, b) = ctx.fine(UnixStream::pair())?;
    count(Event::connections);
    both_ways(&ctx, &mut rng, a, b).await
}

/// A pipe.
pub(crate) async fn pipe(ctx: Ctx, mut rng: Rng) -> Option<()> {
    let (sender, receiver) = ctx.fine(unix::pipe::pipe())?;
    count(Event::connections);
    let total = rng.below(150_000);
    let sending = ctx.spawn(send(ctx.clone(), rng.fork(), sender, total));
    receive(ctx.clone(), rng, receiver, total).await?;
    sending.join().await?
}

/// A stream in memory.
pub(crate) async fn duplex(ctx: Ctx, mut rng: Rng) -> Option<()> {
    let (a, b) = heist::io::duplex(rng.range(1, 10_000) as usize);
    both_ways(&ctx, &mut rng, a, b).await
}
