//! `add_signal_handler` and its removal.
//!
//! Absent on purpose: giving a signal its default action back. See [`signal`](crate::signal::unix::signal()).

use std::io;
use std::panic::Location;

use super::EventLoop;
use super::watch::Source;
use crate::signal::unix::{SignalKind, signal};

impl EventLoop {
    /// Calls `callback` each time the signal arrives, in place of what was called for it before. Arrivals while the callback
    /// runs are one more call.
    ///
    /// It is called by the loop, like any callback, not in a signal handler: it may do whatever it likes. From the first
    /// call of this for a signal on, for the rest of the process, the signal's default action does not happen any more.
    /// A handler for `SIGINT` takes the place of what [`run`](crate::aio::run()) does on Ctrl-C.
    ///
    /// # Errors
    ///
    /// As [`signal`](crate::signal::unix::signal()).
    ///
    /// ```no_run
    /// use heist::aio::get_running_loop;
    /// use heist::signal::unix::SignalKind;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// # heist::runtime::Runtime::new()?.block_on(async {
    /// get_running_loop().add_signal_handler(SignalKind::hangup(), || println!("reading the configuration anew"))?;
    /// # Ok(()) })
    /// # }
    /// ```
    #[track_caller]
    pub fn add_signal_handler<F>(&self, kind: SignalKind, callback: F) -> io::Result<()>
    where
        F: FnMut() + Send + 'static,
    {
        // It listens from here on, not from the task's first poll.
        let mut arrivals = signal(kind)?;
        let source = Source("handler of signal", kind.as_raw_value());
        self.watch(source, Location::caller(), callback, |watch, state| async move {
            loop {
                arrivals.recv().await;
                watch.fire(&state).await;
            }
        });
        Ok(())
    }

    /// Stops calling what [`add_signal_handler`](Self::add_signal_handler) was given for the signal, which is ignored from
    /// then on unless others listen to it. Returns whether there was something.
    pub fn remove_signal_handler(&self, kind: SignalKind) -> bool {
        self.unwatch(Source("handler of signal", kind.as_raw_value()))
    }
}
