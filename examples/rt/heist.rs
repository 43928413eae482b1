//! The runtime under the HTTP examples: heist. `tokio.rs` beside it has the same items.

use heist::runtime::{Builder, Handle, Runtime};
use serde_json::{Value, json};
use std::io;

pub(crate) use heist::hyper::Executor;
pub(crate) use heist::net::{TcpListener, TcpStream};
pub(crate) use heist::select;
pub(crate) use heist::signal::ctrl_c;
pub(crate) use heist::spawn;
pub(crate) use heist::time::{Sleep, sleep};

/// The runtime's name.
pub(crate) const NAME: &str = "heist";

/// A runtime, with as many workers as given or as the machine has.
pub(crate) fn runtime(workers: Option<usize>) -> io::Result<Runtime> {
    let mut builder = Builder::new_multi_thread();
    if let Some(workers) = workers {
        builder.worker_threads(workers);
    }
    builder.enable_all().build()
}

/// The stream as hyper wants it: heist's is that already.
pub(crate) fn io(stream: TcpStream) -> TcpStream {
    stream
}

/// What spawns hyper's tasks.
pub(crate) fn executor() -> Executor {
    Executor::new()
}

/// What tells hyper the time.
pub(crate) fn timer() -> heist::hyper::Timer {
    heist::hyper::Timer::new()
}

/// The runtime's own counters.
pub(crate) fn metrics() -> Value {
    let metrics = Handle::current().metrics();
    let workers = (0..metrics.num_workers()).map(|worker| {
        json!({
            "polls": metrics.worker_poll_count(worker),
            "steals": metrics.worker_steal_count(worker),
            "parks": metrics.worker_park_count(worker),
            "queued": metrics.worker_local_queue_depth(worker),
        })
    });
    json!({
        "workers": workers.collect::<Vec<_>>(),
        "alive_tasks": metrics.num_alive_tasks(),
        "global_queue_depth": metrics.global_queue_depth(),
        "blocking_threads": metrics.num_blocking_threads(),
        "fds_registered": metrics.io_driver_fd_registered_count(),
        "fds_deregistered": metrics.io_driver_fd_deregistered_count(),
        "ready_events": metrics.io_driver_ready_count(),
    })
}
