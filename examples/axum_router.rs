//! axum's router on heist, served by hyper: `cargo run --example axum_router`, then
//! `curl -d '"milk"' -H 'content-type: application/json' http://127.0.0.1:3001/notes`, and
//! `curl http://127.0.0.1:3001/notes`.
//!
//! axum's own `serve` wants tokio's listener. Without its default features axum is the router alone, `cargo tree -p axum`
//! shows no tokio, and any HTTP server can call it. (hyper still uses channels and io traits of the crate tokio, but
//! nothing of its runtime runs.) Ctrl-C stops the listening and lets requests in flight finish.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use heist::hyper::{Executor, Timer};
use heist::io;
use heist::net::TcpListener;
use heist::signal::unix::{Signal, SignalKind, signal};
use heist::time::{Duration, timeout};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::sync::Arc;

/// How long requests may go on after Ctrl-C.
const GRACE: Duration = Duration::from_secs(10);

/// What was noted, for all requests. (heist's Mutex has no poison, so there is nothing to unwrap.)
type Notes = Arc<heist::sync::Mutex<Vec<String>>>;

#[heist::main]
async fn main() -> io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:3001".to_owned());
    let listener = TcpListener::bind(&address).await?;
    let interrupt = signal(SignalKind::interrupt())?;
    println!("axum on http://{}; Ctrl-C stops it", listener.local_addr()?);
    serve(listener, router(), interrupt).await;
    Ok(())
}

fn router() -> Router {
    Router::new()
        .route("/", get(async || "axum on heist\n"))
        .route("/hello/{name}", get(hello))
        .route("/notes", get(list).post(add))
        .with_state(Notes::default())
}

async fn hello(Path(name): Path<String>) -> String {
    format!("hello, {name}\n")
}

async fn list(State(notes): State<Notes>) -> Json<Vec<String>> {
    Json(notes.lock().await.clone())
}

async fn add(State(notes): State<Notes>, Json(note): Json<String>) -> StatusCode {
    notes.lock().await.push(note);
    StatusCode::CREATED
}

/// Serves until `interrupt`, then lets requests in flight finish.
async fn serve(listener: TcpListener, router: Router, mut interrupt: Signal) {
    let mut http = Builder::new(Executor::new());
    http.http1().timer(Timer::new());
    http.http2().timer(Timer::new());
    let connections = GracefulShutdown::new();
    loop {
        heist::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    let service = TowerToHyperService::new(router.clone());
                    let connection = http.serve_connection(stream, service).into_owned();
                    let connection = connections.watch(connection);
                    heist::spawn(async move {
                        if let Err(error) = connection.await {
                            eprintln!("{peer}: {error}");
                        }
                    });
                }
                Err(error) => eprintln!("cannot accept: {error}"),
            },
            _ = interrupt.recv() => break,
        }
    }
    drop(listener);
    println!("stopping: {} connections are open", connections.count());
    match timeout(GRACE, connections.shutdown()).await {
        Ok(()) => println!("all ended"),
        Err(_) => println!("cut the rest"),
    }
}
