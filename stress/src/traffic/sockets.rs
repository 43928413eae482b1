//! TCP and UDP over loopback.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use heist::io::AsyncReadExt;
use heist::net::{TcpListener, TcpStream, UdpSocket};
use heist::time::timeout;

use super::streams::{both_ways, pattern};
use crate::rng::Rng;
use crate::tally::{Event, count};
use crate::world::{Ctx, Spawned};

/// Port 0 of this machine.
const ANY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// A listener and some clients. Few, for a port that was used is not to be had again for a minute.
pub(crate) async fn tcp(ctx: Ctx, mut rng: Rng) -> Option<()> {
    let listener = ctx.fine(TcpListener::bind(ANY).await)?;
    let address = ctx.fine(listener.local_addr())?;
    for _ in 0..rng.range(1, 3) {
        let connecting: Spawned<_> = ctx.spawn(TcpStream::connect(address));
        // An accept that is given up has accepted nothing.
        let (a, _) = loop {
            let wait = Duration::from_micros(rng.below(500));
            match timeout(wait, listener.accept()).await {
                Ok(accepted) => break ctx.fine(accepted)?,
                Err(_) => count(Event::timeouts),
            }
        };
        let b = ctx.fine(connecting.join().await?)?;
        count(Event::connections);
        if rng.percent(20) {
            cut_off(&ctx, &mut rng, a, b).await?;
        } else {
            both_ways(&ctx, &mut rng, a, b).await?;
        }
    }
    Some(())
}

/// A reader that is aborted while it waits; its end is seen by the other side.
async fn cut_off(ctx: &Ctx, rng: &mut Rng, mut a: TcpStream, mut b: TcpStream) -> Option<()> {
    let reader = ctx.spawn(async move { a.read(&mut [0; 10]).await });
    if rng.percent(50) {
        heist::task::yield_now().await;
    }
    if rng.percent(50) {
        reader.abort();
    } else {
        ctx.errand(reader.abort_later());
    }
    reader.join().await;
    let read = b.read(&mut [0; 10]).await;
    assert!(
        matches!(read, Ok(0)) || ctx.ledger.is_ending(),
        "the other side is gone, {read:?}"
    );
    Some(())
}

/// Datagrams to and fro; one that is lost is sent again.
pub(crate) async fn datagrams(ctx: Ctx, mut rng: Rng) -> Option<()> {
    let (a, b) = (
        ctx.fine(UdpSocket::bind(ANY).await)?,
        ctx.fine(UdpSocket::bind(ANY).await)?,
    );
    ctx.fine(a.connect(ctx.fine(b.local_addr())?).await)?;
    ctx.fine(b.connect(ctx.fine(a.local_addr())?).await)?;
    let rounds = rng.range(1, 20);
    let echo = ctx.spawn(async move {
        let mut room = [0; 64];
        loop {
            let len = b.recv(&mut room).await?;
            b.send(&room[..len]).await?;
        }
        #[allow(unreachable_code, reason = "says what a failure is")]
        std::io::Result::Ok(())
    });
    for round in 0..rounds {
        let datagram = [pattern(round); 9];
        let mut room = [0; 64];
        loop {
            ctx.fine(a.send(&datagram).await)?;
            match timeout(Duration::from_millis(rng.range(1, 50)), a.recv(&mut room)).await {
                Ok(got) => {
                    assert_eq!(ctx.fine(got)?, datagram.len(), "a datagram of another size");
                    // The answer to one that was sent twice may come in the next round.
                    if room[0] == datagram[0] {
                        break;
                    }
                }
                Err(_) => count(Event::timeouts),
            }
        }
        count(Event::datagrams);
    }
    echo.abort();
    echo.join().await;
    Some(())
}
