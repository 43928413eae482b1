//! Unix signals: which one, and a listener for it.
//!
//! A [`Signal`] remembers which arrival it has seen; the rest is in `registry`.

use std::ffi::c_int;
use std::io;
use std::task::{Context, Poll, ready};

use heist_executor::coop;

use super::registry::Listener;

/// Which signal.
///
/// # Examples
///
/// ```
/// use heist::signal::unix::SignalKind;
///
/// assert_eq!(SignalKind::interrupt(), SignalKind::from_raw(2));
/// ```
#[derive(Debug, Clone, Copy, Hash, PartialEq, Eq)]
pub struct SignalKind(c_int);

impl SignalKind {
    /// The signal with this number, which need not exist: [`signal`] will tell.
    pub const fn from_raw(signum: c_int) -> Self {
        SignalKind(signum)
    }

    /// The signal's number.
    pub const fn as_raw_value(&self) -> c_int {
        self.0
    }

    /// `SIGALRM`: a timer of the system has run out. Ends the process by default.
    pub const fn alarm() -> Self {
        SignalKind(libc::SIGALRM)
    }

    /// `SIGCHLD`: a child process has stopped or ended. Ignored by default.
    pub const fn child() -> Self {
        SignalKind(libc::SIGCHLD)
    }

    /// `SIGHUP`: the terminal was closed; many daemons read their configuration anew. Ends the process by
    /// default.
    pub const fn hangup() -> Self {
        SignalKind(libc::SIGHUP)
    }

    /// `SIGINFO`: somebody asks for the state of the process. Ignored by default.
    #[cfg(any(
        target_os = "dragonfly",
        target_os = "freebsd",
        target_os = "macos",
        target_os = "netbsd",
        target_os = "openbsd",
        target_os = "illumos"
    ))]
    pub const fn info() -> Self {
        SignalKind(libc::SIGINFO)
    }

    /// `SIGINT`: Ctrl-C in the terminal. Ends the process by default.
    pub const fn interrupt() -> Self {
        SignalKind(libc::SIGINT)
    }

    /// `SIGIO`: a descriptor is ready. Ends the process on Linux, ignored elsewhere by default.
    pub const fn io() -> Self {
        SignalKind(libc::SIGIO)
    }

    /// `SIGPIPE`: a write to a pipe that nobody reads. Ignored in Rust programs, unless told otherwise.
    pub const fn pipe() -> Self {
        SignalKind(libc::SIGPIPE)
    }

    /// `SIGQUIT`: Ctrl-\ in the terminal. Ends the process with a core dump by default.
    pub const fn quit() -> Self {
        SignalKind(libc::SIGQUIT)
    }

    /// `SIGTERM`: somebody asks the process to end. Ends it by default.
    pub const fn terminate() -> Self {
        SignalKind(libc::SIGTERM)
    }

    /// `SIGUSR1`: means what the program wants. Ends the process by default.
    pub const fn user_defined1() -> Self {
        SignalKind(libc::SIGUSR1)
    }

    /// `SIGUSR2`: means what the program wants. Ends the process by default.
    pub const fn user_defined2() -> Self {
        SignalKind(libc::SIGUSR2)
    }

    /// `SIGWINCH`: the terminal has another size. Ignored by default.
    pub const fn window_change() -> Self {
        SignalKind(libc::SIGWINCH)
    }
}

impl From<c_int> for SignalKind {
    fn from(signum: c_int) -> Self {
        SignalKind::from_raw(signum)
    }
}

impl From<SignalKind> for c_int {
    fn from(kind: SignalKind) -> Self {
        kind.as_raw_value()
    }
}

/// Begins to listen for a signal.
///
/// From the first call for a kind on, **for the rest of the process**, its default action does not happen any
/// more, also when every [`Signal`] is dropped. A handler that was there before is still called.
///
/// Any number of listeners may exist for one kind; each sees every arrival. No runtime is needed.
///
/// # Errors
///
/// - `InvalidInput` if the signal must not be handled (`SIGKILL`, `SIGSTOP`, `SIGILL`, `SIGFPE`, `SIGSEGV`) or does
///   not exist;
/// - otherwise the system's error, if the handler, its socket pairs or its thread cannot be set up.
///
/// # Examples
///
/// ```no_run
/// use heist::signal::unix::{SignalKind, signal};
///
/// # async fn reload() {}
/// #[heist::main]
/// async fn main() -> std::io::Result<()> {
///     let mut hangup = signal(SignalKind::hangup())?;
///     while let Some(()) = hangup.recv().await {
///         reload().await;
///     }
///     Ok(())
/// }
/// ```
pub fn signal(kind: SignalKind) -> io::Result<Signal> {
    Listener::new(kind.0).map(|listener| Signal { listener })
}

/// A listener for one kind of signal, made by [`signal`].
///
/// Arrivals are not counted: those since the last [`recv`](Signal::recv), or since the listener was made, are
/// one. The system itself merges signals that are sent faster than they are delivered.
#[must_use = "a listener tells nothing until `recv` is awaited"]
#[derive(Debug)]
pub struct Signal {
    listener: Listener,
}

impl Signal {
    /// Waits until the signal has arrived since the last time.
    ///
    /// The result is always `Some`; the type is tokio's.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost if the future is dropped: an arrival stays until a `recv` has returned it.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use heist::signal::unix::{SignalKind, signal};
    ///
    /// # async fn example() -> std::io::Result<()> {
    /// let mut terminate = signal(SignalKind::terminate())?;
    /// let mut interrupt = signal(SignalKind::interrupt())?;
    /// heist::select! {
    ///     _ = terminate.recv() => println!("asked to stop"),
    ///     _ = interrupt.recv() => println!("Ctrl-C"),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn recv(&mut self) -> Option<()> {
        std::future::poll_fn(|cx| self.poll_recv(cx)).await
    }

    /// [`recv`](Signal::recv) for those who write futures by hand.
    ///
    /// Of several tasks that poll one `Signal`, the last is woken.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::task::{Context, Poll};
    ///
    /// use heist::signal::unix::Signal;
    ///
    /// struct Reload {
    ///     hangup: Signal,
    ///     asked: bool,
    /// }
    ///
    /// impl Reload {
    ///     fn poll(&mut self, cx: &mut Context<'_>) {
    ///         while let Poll::Ready(Some(())) = self.hangup.poll_recv(cx) {
    ///             self.asked = true;
    ///         }
    ///     }
    /// }
    /// ```
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<()>> {
        let unit = ready!(coop::poll_proceed(cx));
        ready!(self.listener.poll_here(cx));
        unit.made_progress();
        Poll::Ready(Some(()))
    }
}
