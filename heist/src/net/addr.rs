//! What `bind` and `connect` take for an address, and host name resolution.
//!
//! A numeric address is parsed in place. A host name goes to the blocking pool, where the system's resolver
//! may take its time.
//!
//! Absent on purpose: a resolver of our own, and caching.

use crate::runtime::context;
use heist_executor::task::JoinHandle;
use std::future::{Future, Ready, ready};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::option;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::vec;

/// What can be resolved to socket addresses without blocking the thread.
///
/// Implemented for
///
/// - [`SocketAddr`], [`SocketAddrV4`], [`SocketAddrV6`], and `&[SocketAddr]`: nothing to resolve;
/// - `(`[`IpAddr`]`, u16)` and its two variants: address and port;
/// - `(&str, u16)` and `(String, u16)`: a host, numeric or by name, and a port;
/// - [`str`] and [`String`]: `"host:port"`.
///
/// A host *name* is resolved by the operating system on the runtime's blocking pool; a numeric host never
/// goes there. The trait is sealed: what its methods are is nobody's business yet.
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// # heist::runtime::Runtime::new()?.block_on(async {
/// use heist::net::TcpListener;
///
/// let by_text = TcpListener::bind("127.0.0.1:0").await?;
/// let by_parts = TcpListener::bind(("localhost", 0)).await?;
/// # drop((by_text, by_parts));
/// # Ok(()) })
/// # }
/// ```
pub trait ToSocketAddrs: sealed::Resolve {}

/// Resolves `host` and returns its addresses, in the order of preference of the operating system.
///
/// # Errors
/// The name cannot be resolved, or the text is no `"host:port"`.
///
/// # Panics
/// Outside of a runtime, if there is a name to resolve.
///
/// # Cancel safety
/// Nothing is lost but the lookup itself, which ends in the background.
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// # heist::runtime::Runtime::new()?.block_on(async {
/// let addresses: Vec<_> = heist::net::lookup_host("[::1]:80").await?.collect();
/// assert_eq!(addresses, ["[::1]:80".parse().unwrap()]);
/// # Ok(()) })
/// # }
/// ```
pub async fn lookup_host<T: ToSocketAddrs>(host: T) -> io::Result<impl Iterator<Item = SocketAddr>> {
    resolve(host).await
}

/// The addresses that `address` stands for.
pub(crate) fn resolve<T: ToSocketAddrs>(address: T) -> T::Future {
    address.resolve(sealed::Internal)
}

/// The first success of `attempt` over the addresses, in turn.
pub(crate) async fn first_that<T, F: Future<Output = io::Result<T>>>(
    addresses: impl Iterator<Item = SocketAddr>,
    mut attempt: impl FnMut(SocketAddr) -> F,
) -> io::Result<T> {
    let mut last_error = None;
    for address in addresses {
        match attempt(address).await {
            Ok(done) => return Ok(done),
            Err(error) => last_error = Some(error),
        }
    }
    Err(last_error.unwrap_or_else(no_address))
}

/// There was nothing to try.
pub(crate) fn no_address() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "could not resolve to any address")
}

type One = option::IntoIter<SocketAddr>;

impl<T: ToSocketAddrs + ?Sized> ToSocketAddrs for &T {}

impl<T: sealed::Resolve + ?Sized> sealed::Resolve for &T {
    type Iter = T::Iter;
    type Future = T::Future;

    fn resolve(&self, internal: sealed::Internal) -> T::Future {
        (**self).resolve(internal)
    }
}

impl ToSocketAddrs for SocketAddr {}

impl sealed::Resolve for SocketAddr {
    type Iter = One;
    type Future = Ready<io::Result<One>>;

    fn resolve(&self, _: sealed::Internal) -> Self::Future {
        ready(Ok(Some(*self).into_iter()))
    }
}

impl ToSocketAddrs for SocketAddrV4 {}

impl sealed::Resolve for SocketAddrV4 {
    type Iter = One;
    type Future = Ready<io::Result<One>>;

    fn resolve(&self, internal: sealed::Internal) -> Self::Future {
        SocketAddr::V4(*self).resolve(internal)
    }
}

impl ToSocketAddrs for SocketAddrV6 {}

impl sealed::Resolve for SocketAddrV6 {
    type Iter = One;
    type Future = Ready<io::Result<One>>;

    fn resolve(&self, internal: sealed::Internal) -> Self::Future {
        SocketAddr::V6(*self).resolve(internal)
    }
}

impl ToSocketAddrs for (IpAddr, u16) {}

impl sealed::Resolve for (IpAddr, u16) {
    type Iter = One;
    type Future = Ready<io::Result<One>>;

    fn resolve(&self, internal: sealed::Internal) -> Self::Future {
        SocketAddr::from(*self).resolve(internal)
    }
}

impl ToSocketAddrs for (Ipv4Addr, u16) {}

impl sealed::Resolve for (Ipv4Addr, u16) {
    type Iter = One;
    type Future = Ready<io::Result<One>>;

    fn resolve(&self, internal: sealed::Internal) -> Self::Future {
        SocketAddr::from(*self).resolve(internal)
    }
}

impl ToSocketAddrs for (Ipv6Addr, u16) {}

impl sealed::Resolve for (Ipv6Addr, u16) {
    type Iter = One;
    type Future = Ready<io::Result<One>>;

    fn resolve(&self, internal: sealed::Internal) -> Self::Future {
        SocketAddr::from(*self).resolve(internal)
    }
}

impl ToSocketAddrs for &[SocketAddr] {}

impl sealed::Resolve for &[SocketAddr] {
    type Iter = vec::IntoIter<SocketAddr>;
    type Future = Ready<io::Result<Self::Iter>>;

    fn resolve(&self, _: sealed::Internal) -> Self::Future {
        // The future outlives the slice.
        let addresses: Vec<SocketAddr> = self.to_vec();
        ready(Ok(addresses.into_iter()))
    }
}

impl ToSocketAddrs for str {}

impl sealed::Resolve for str {
    type Iter = sealed::OneOrMore;
    type Future = sealed::Lookup;

    fn resolve(&self, _: sealed::Internal) -> sealed::Lookup {
        match self.parse() {
            Ok(address) => sealed::Lookup::numeric(address),
            Err(_) => {
                let text = self.to_owned();
                sealed::Lookup::start(move || std::net::ToSocketAddrs::to_socket_addrs(&text))
            }
        }
    }
}

impl ToSocketAddrs for String {}

impl sealed::Resolve for String {
    type Iter = sealed::OneOrMore;
    type Future = sealed::Lookup;

    fn resolve(&self, internal: sealed::Internal) -> sealed::Lookup {
        self.as_str().resolve(internal)
    }
}

impl ToSocketAddrs for (&str, u16) {}

impl sealed::Resolve for (&str, u16) {
    type Iter = sealed::OneOrMore;
    type Future = sealed::Lookup;

    fn resolve(&self, _: sealed::Internal) -> sealed::Lookup {
        let (host, port) = *self;
        match host.parse::<IpAddr>() {
            Ok(ip) => sealed::Lookup::numeric(SocketAddr::new(ip, port)),
            Err(_) => {
                let host = host.to_owned();
                sealed::Lookup::start(move || std::net::ToSocketAddrs::to_socket_addrs(&(&*host, port)))
            }
        }
    }
}

impl ToSocketAddrs for (String, u16) {}

impl sealed::Resolve for (String, u16) {
    type Iter = sealed::OneOrMore;
    type Future = sealed::Lookup;

    fn resolve(&self, internal: sealed::Internal) -> sealed::Lookup {
        (self.0.as_str(), self.1).resolve(internal)
    }
}

/// Named by the public trait's bounds, but by nobody outside.
pub(crate) mod sealed {
    use super::*;

    #[doc(hidden)]
    pub trait Resolve {
        type Iter: Iterator<Item = SocketAddr> + Send + 'static;
        type Future: Future<Output = io::Result<Self::Iter>> + Send + 'static;

        fn resolve(&self, _: Internal) -> Self::Future;
    }

    /// Only this crate can make one, so only it can call `resolve`.
    #[doc(hidden)]
    #[derive(Debug)]
    pub struct Internal;

    #[doc(hidden)]
    #[derive(Debug)]
    pub struct Lookup(State);

    #[derive(Debug)]
    enum State {
        Numeric(Option<SocketAddr>),
        Blocking(JoinHandle<io::Result<vec::IntoIter<SocketAddr>>>),
    }

    impl Lookup {
        pub(super) fn numeric(address: SocketAddr) -> Lookup {
            Lookup(State::Numeric(Some(address)))
        }

        pub(super) fn start(
            lookup: impl FnOnce() -> io::Result<vec::IntoIter<SocketAddr>> + Send + 'static,
        ) -> Lookup {
            Lookup(State::Blocking(context::spawn_blocking(lookup)))
        }
    }

    impl Future for Lookup {
        type Output = io::Result<OneOrMore>;

        fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
            match &mut self.0 {
                State::Numeric(address) => Poll::Ready(Ok(OneOrMore::One(address.take().into_iter()))),
                State::Blocking(lookup) => match ready!(Pin::new(lookup).poll(cx)) {
                    Ok(found) => Poll::Ready(found.map(OneOrMore::More)),
                    Err(error) => {
                        let what = format!("the host name lookup did not finish: {error}");
                        Poll::Ready(Err(io::Error::other(what)))
                    }
                },
            }
        }
    }

    #[doc(hidden)]
    #[derive(Debug)]
    pub enum OneOrMore {
        One(option::IntoIter<SocketAddr>),
        More(vec::IntoIter<SocketAddr>),
    }

    impl Iterator for OneOrMore {
        type Item = SocketAddr;

        fn next(&mut self) -> Option<SocketAddr> {
            match self {
                OneOrMore::One(addresses) => addresses.next(),
                OneOrMore::More(addresses) => addresses.next(),
            }
        }

        fn size_hint(&self) -> (usize, Option<usize>) {
            match self {
                OneOrMore::One(addresses) => addresses.size_hint(),
                OneOrMore::More(addresses) => addresses.size_hint(),
            }
        }
    }
}
