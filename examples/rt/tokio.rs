//! The runtime under the HTTP examples: tokio. `heist.rs` beside it has the same items.

use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use serde_json::{Value, json};
use std::io;
use tokio::runtime::{Builder, Handle, Runtime};

pub(crate) use hyper_util::rt::TokioExecutor as Executor;
pub(crate) use tokio::net::{TcpListener, TcpStream};
pub(crate) use tokio::select;
pub(crate) use tokio::signal::ctrl_c;
pub(crate) use tokio::spawn;
pub(crate) use tokio::time::{Sleep, sleep};

/// The runtime's name.
pub(crate) const NAME: &str = "tokio";

/// A runtime, with as many workers as given or as the machine has.
pub(crate) fn runtime(workers: Option<usize>) -> io::Result<Runtime> {
    let mut builder = Builder::new_multi_thread();
    if let Some(workers) = workers {
        builder.worker_threads(workers);
    }
    builder.enable_all().build()
}

/// The stream as hyper wants it.
pub(crate) fn io(stream: TcpStream) -> TokioIo<TcpStream> {
    TokioIo::new(stream)
}

/// What spawns hyper's tasks.
pub(crate) fn executor() -> Executor {
    TokioExecutor::new()
}

/// What tells hyper the time.
pub(crate) fn timer() -> TokioTimer {
    TokioTimer::new()
}

/// The runtime's own counters, as far as stable tokio gives them.
pub(crate) fn metrics() -> Value {
    let metrics = Handle::current().metrics();
    let workers =
        (0..metrics.num_workers()).map(|worker| json!({ "parks": metrics.worker_park_count(worker) }));
    json!({
        "workers": workers.collect::<Vec<_>>(),
        "alive_tasks": metrics.num_alive_tasks(),
        "global_queue_depth": metrics.global_queue_depth(),
    })
}
