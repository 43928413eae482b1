//! Connecting to one of several addresses: happy eyeballs (RFC 8305, sections 4 and 5).
//!
//! A host has often addresses of both families, of which one leads nowhere without saying so. Tried in turn, it
//! would cost the system's whole patience, minutes; tried at once, every server would be asked twice. So:
//!
//! ```text
//!   addresses ──► interleaved by family, the resolver's first one first ──► queue
//!                                                                            │ (1) at the start
//!                                                                            │ (2) 250 ms after the last start
//!                                                                            ▼ (3) at once when an attempt fails
//!     attempts under way: [::1]  10.0.0.1  …  ── one connects ──► the others are dropped: Ok
//!                                             └─ all have failed, the queue is empty ──► Err
//! ```
//!
//! Invariants
//!
//! - H1: an attempt, once begun, goes on until it fails or another one wins: a slow peer is not given up.
//! - H2: while the queue is not empty, something will wake the task: an attempt or the delay.
//! - H3: which error is reported depends on the order of the addresses and not on that of the failures.
//!
//! One family only, or a runtime without timers: each address in turn, the next one when that before has failed, as
//! in `bind`.
//!
//! Absent on purpose: a limit of time for the whole (`heist::time::timeout` does that), asking for both families'
//! addresses separately (the system's resolver answers for both), sorting them (it has done so, RFC 6724), and
//! remembering which family was faster.

use super::TcpStream;
use crate::net::addr::{first_that, no_address};
use crate::runtime::context;
use crate::time::{Duration, Instant, Sleep, sleep};
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

/// How long an attempt is alone before the next one begins.
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// A connection to the first of the addresses that answers.
pub(super) async fn connect(addresses: impl Iterator<Item = SocketAddr>) -> io::Result<TcpStream> {
    let addresses: Vec<_> = addresses.collect();
    let families = [SocketAddr::is_ipv4, SocketAddr::is_ipv6];
    let both = families.iter().all(|is| addresses.iter().any(is));
    if !both || !context::has_timers() {
        return first_that(addresses.into_iter(), TcpStream::connect_to).await;
    }
    let mut race = Race {
        queue: interleave(addresses).into_iter().enumerate().collect(),
        under_way: Vec::new(),
        error: None,
    };
    let mut delay = pin!(sleep(ATTEMPT_DELAY));
    poll_fn(|cx| race.poll(cx, delay.as_mut())).await
}

/// Alternates between the families, starting with the first address's, and keeps the order within each.
fn interleave(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let Some(first) = addresses.first().map(SocketAddr::is_ipv4) else {
        return addresses;
    };
    let total = addresses.len();
    let (first, second): (Vec<_>, Vec<_>) = addresses
        .into_iter()
        .partition(|address| address.is_ipv4() == first);
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let mut alternating = Vec::with_capacity(total);
    while alternating.len() < total {
        alternating.extend(first.next());
        alternating.extend(second.next());
    }
    alternating
}

struct Race {
    /// The addresses that are still to be tried, with their places.
    queue: VecDeque<(usize, SocketAddr)>,
    under_way: Vec<(usize, TcpStream)>,
    /// The error to report if it stays at that, with its address's place.
    error: Option<(usize, io::Error)>,
}

impl Race {
    fn poll(&mut self, cx: &mut Context<'_>, mut delay: Pin<&mut Sleep>) -> Poll<io::Result<TcpStream>> {
        loop {
            let before = self.under_way.len();
            if let Some(connected) = self.poll_attempts(cx) {
                return Poll::Ready(Ok(connected));
            }
            if self.queue.is_empty() {
                if !self.under_way.is_empty() {
                    return Poll::Pending;
                }
                let error = self.error.take();
                return Poll::Ready(Err(error.map_or_else(no_address, |(_, error)| error)));
            }
            let failed = self.under_way.len() < before;
            if !failed && !self.under_way.is_empty() && delay.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            // H2: the next turn of the loop polls what begins here, and the delay that begins with it.
            self.begin();
            delay.as_mut().reset(Instant::now() + ATTEMPT_DELAY);
        }
    }

    /// Begins the next attempt that does not fail at once.
    fn begin(&mut self) {
        while let Some((place, address)) = self.queue.pop_front() {
            match TcpStream::begin(address) {
                Ok(stream) => return self.under_way.push((place, stream)),
                Err(error) => self.note(place, error),
            }
        }
    }

    /// The attempt that has succeeded, if any; those that have failed are taken out.
    fn poll_attempts(&mut self, cx: &mut Context<'_>) -> Option<TcpStream> {
        let mut i = 0;
        while i < self.under_way.len() {
            match self.under_way[i].1.poll_connected(cx) {
                Poll::Pending => i += 1,
                Poll::Ready(Ok(())) => return Some(self.under_way.swap_remove(i).1),
                Poll::Ready(Err(error)) => {
                    let (place, _) = self.under_way.swap_remove(i);
                    self.note(place, error);
                }
            }
        }
        None
    }

    /// Keeps the error that says most: what a peer answered rather than that there is no way to it, and of the same
    /// kind that of the later address, as where they are tried in turn.
    fn note(&mut self, place: usize, error: io::Error) {
        let rank = |place: usize, error: &io::Error| (is_answer(error), place);
        match &self.error {
            Some((kept, kept_error)) if rank(*kept, kept_error) > rank(place, &error) => {}
            _ => self.error = Some((place, error)),
        }
    }
}

/// Whether the attempt got as far as a peer, or its silence. The others fail at this machine, as all of a family do
/// that it lacks.
fn is_answer(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionRefused
            | ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::TimedOut
    )
}
