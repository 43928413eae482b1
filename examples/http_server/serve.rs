//! Accept, serve, and the graceful end.
//!
//! ```text
//!   accept ──(1)──► a task for each connection ──► its peer or the protocol ends it
//!     │ (2) Ctrl-C: stop accepting, close idle connections, let requests in flight finish
//!     ▼
//!   drain ──(3) all closed, or the deadline, or Ctrl-C again ──► the runtime is dropped and cuts the rest
//! ```
//!
//! A failing accept does not end the server: a peer that is gone already is skipped, and for a lack of
//! descriptors or memory the loop waits, longer each time, until connections have closed.

use super::routes;
use super::stats::Stats;
use crate::rt;
use hyper::service::service_fn;
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// How long a client may take to send the head of a request.
const HEADER_LIMIT: Duration = Duration::from_secs(30);

/// The first and the longest pause after an accept that failed for lack of resources.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(1));

/// Serves until Ctrl-C, then drains. Returns whether connections were still open at the deadline.
///
/// # Errors
///
/// If the system does not let it listen for Ctrl-C.
pub(crate) async fn serve(
    listener: rt::TcpListener,
    deadline: Duration,
    stats: &Arc<Stats>,
) -> io::Result<bool> {
    let graceful = GracefulShutdown::new();
    rt::select! {
        () = accept(&listener, &graceful, stats) => {}
        asked = rt::ctrl_c() => asked?,
    }
    drop(listener);
    println!(
        "stopping: waiting at most {} s for what is in flight; Ctrl-C again cuts it",
        deadline.as_secs()
    );
    rt::select! {
        () = graceful.shutdown() => Ok(false),
        () = rt::sleep(deadline) => Ok(true),
        asked = rt::ctrl_c() => asked.map(|()| true),
    }
}

/// Accepts for ever.
async fn accept(listener: &rt::TcpListener, graceful: &GracefulShutdown, stats: &Arc<Stats>) {
    let (first, longest) = BACK_OFF;
    let builder = builder();
    let mut pause = first;
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                pause = first;
                Stats::count(&stats.connections);
                rt::spawn(connection(
                    stream,
                    builder.clone(),
                    graceful.watcher(),
                    stats.clone(),
                ));
            }
            Err(error) => {
                Stats::count(&stats.refused);
                if is_of_peer(&error) {
                    continue;
                }
                if pause == first {
                    eprintln!(
                        "cannot accept: {}; trying again until it works",
                        super::explain(&error)
                    );
                }
                rt::sleep(pause).await;
                pause = longest.min(pause * 2);
            }
        }
    }
}

/// Whether the peer went away between its connect and our accept.
fn is_of_peer(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}

fn builder() -> auto::Builder<rt::Executor> {
    let mut builder = auto::Builder::new(rt::executor());
    builder
        .http1()
        .timer(rt::timer())
        .header_read_timeout(HEADER_LIMIT);
    builder
        .http2()
        .timer(rt::timer())
        .keep_alive_interval(Some(HEADER_LIMIT));
    builder
}

/// Serves one connection until it ends.
async fn connection(
    stream: rt::TcpStream,
    builder: auto::Builder<rt::Executor>,
    watcher: Watcher,
    stats: Arc<Stats>,
) {
    // Without it, small answers may wait for the peer's acknowledgement; a peer that is gone is noticed below.
    let _ = stream.set_nodelay(true);
    let counted = stats.clone();
    let service = service_fn(move |request| {
        Stats::count(&counted.requests);
        let response = routes::answer(request, &counted);
        async { Ok::<_, Infallible>(response) }
    });
    let connection = builder.serve_connection(rt::io(stream), service);
    if watcher.watch(connection).await.is_err() {
        Stats::count(&stats.broken);
    }
}
