//! What the HTTP server counts about itself.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Instant;

/// Counters since the start. They order nothing, so they are relaxed.
pub(crate) struct Stats {
    started: Instant,
    pub(crate) requests: AtomicU64,
    pub(crate) connections: AtomicU64,
    /// Connections that ended with an error of the peer or the protocol.
    pub(crate) broken: AtomicU64,
    /// Connections that the system refused to hand out.
    pub(crate) refused: AtomicU64,
}

impl Stats {
    pub(crate) fn new() -> Self {
        let [requests, connections, broken, refused] = std::array::from_fn(|_| AtomicU64::new(0));
        Self {
            started: Instant::now(),
            requests,
            connections,
            broken,
            refused,
        }
    }

    /// One more.
    pub(crate) fn count(counter: &AtomicU64) {
        counter.fetch_add(1, Relaxed);
    }

    /// The counters beside those of the runtime.
    pub(crate) fn json(&self, runtime: serde_json::Value) -> serde_json::Value {
        serde_json::json!({
            "runtime": crate::rt::NAME,
            "uptime_ms": self.started.elapsed().as_millis() as u64,
            "requests": self.requests.load(Relaxed),
            "connections": self.connections.load(Relaxed),
            "broken_connections": self.broken.load(Relaxed),
            "refused_connections": self.refused.load(Relaxed),
            "metrics": runtime,
        })
    }

    /// The last words of the server; `cut` tells of connections that outlived the deadline.
    pub(crate) fn summary(&self, cut: bool) -> String {
        let requests = self.requests.load(Relaxed);
        let connections = self.connections.load(Relaxed);
        let seconds = self.started.elapsed().as_secs_f64();
        let how = if cut {
            "; what was still open at the deadline was cut"
        } else {
            ""
        };
        format!("served {requests} requests on {connections} connections in {seconds:.1} s{how}")
    }
}
