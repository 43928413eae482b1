//! A web service on axum with axum's own serve: JSON, uploads, files, an event stream, a WebSocket, layers of tower.
//!
//! `web` prints "listening on ADDRESS". Ctrl-C ends it when the requests under way are answered.

use std::convert::Infallible;
use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::error_handling::HandleErrorLayer;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{ConnectInfo, Query, State};
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{BoxError, Json, Router};
use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tower::ServiceBuilder;
use tower::buffer::BufferLayer;
use tower::limit::ConcurrencyLimitLayer;
use tower::timeout::TimeoutLayer;
use tower_http::services::ServeDir;
use tower_http::timeout::RequestBodyTimeoutLayer;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on {}", listener.local_addr()?);
    let app = app().into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, app)
        .with_graceful_shutdown(ctrl_c())
        .await?;
    println!("ended");
    Ok(())
}

async fn ctrl_c() {
    tokio::signal::ctrl_c()
        .await
        .expect("no signal can be waited for");
}

fn app() -> Router {
    let late = ServiceBuilder::new()
        .layer(HandleErrorLayer::new(too_late))
        .layer(TimeoutLayer::new(Duration::from_millis(100)));
    let crowded = ServiceBuilder::new()
        .layer(HandleErrorLayer::new(too_late))
        .layer(BufferLayer::new(256))
        .layer(ConcurrencyLimitLayer::new(CROWD));
    Router::new()
        .route("/", get(hello))
        .route("/sum", post(sum))
        .route(
            "/upload",
            post(upload).layer(RequestBodyTimeoutLayer::new(Duration::from_millis(200))),
        )
        .route("/events", get(events))
        .route("/shout", get(shout))
        .route("/never", get(never))
        .route("/late", get(never).layer(late))
        .route("/crowd", get(crowd).layer(crowded))
        .nest_service(
            "/source",
            ServeDir::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")),
        )
        .with_state(Arc::default())
}

async fn hello(ConnectInfo(peer): ConnectInfo<SocketAddr>) -> String {
    format!("hello, {}", peer.ip())
}

#[derive(Deserialize)]
struct Numbers {
    numbers: Vec<i64>,
}

#[derive(Serialize)]
struct Sum {
    sum: i64,
    count: usize,
}

async fn sum(Json(Numbers { numbers }): Json<Numbers>) -> Json<Sum> {
    Json(Sum {
        sum: numbers.iter().sum(),
        count: numbers.len(),
    })
}

/// Answers with the number of bytes that came and their sum. A body that stops coming is given up.
async fn upload(body: Body) -> Result<String, StatusCode> {
    let seen = body
        .into_data_stream()
        .try_fold((0, 0), async |(count, sum), bytes| {
            let more: u64 = bytes.iter().map(|byte| u64::from(*byte)).sum();
            Ok((count + bytes.len(), sum + more))
        });
    let (count, sum) = seen.await.map_err(|_| StatusCode::BAD_REQUEST)?;
    Ok(format!("{count} {sum}"))
}

#[derive(Deserialize)]
struct Events {
    n: u32,
    ms: u64,
}

async fn events(
    Query(Events { n, ms }): Query<Events>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let events = stream::iter(0..n).then(move |k| async move {
        tokio::time::sleep(Duration::from_millis(ms)).await;
        Ok(Event::default().data(k.to_string()))
    });
    let comment = KeepAlive::new()
        .interval(Duration::from_millis(20))
        .text("still here");
    Sse::new(events).keep_alive(comment)
}

async fn shout(upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(shout_back)
}

async fn shout_back(mut socket: WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        if let Message::Text(text) = message {
            let loud = text.to_uppercase();
            if socket.send(Message::Text(loud.into())).await.is_err() {
                return;
            }
        }
    }
}

async fn never() {
    std::future::pending().await
}

async fn too_late(error: BoxError) -> Response {
    if error.is::<tower::timeout::error::Elapsed>() {
        (StatusCode::GATEWAY_TIMEOUT, "too late").into_response()
    } else {
        (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response()
    }
}

/// How many requests `/crowd` serves at once.
const CROWD: usize = 4;

/// How many requests are in `/crowd`, and how many there were at most.
#[derive(Default)]
struct Crowd {
    now: AtomicUsize,
    most: AtomicUsize,
}

/// Answers with the most requests that have been here at once.
async fn crowd(State(crowd): State<Arc<Crowd>>) -> String {
    let now = crowd.now.fetch_add(1, Ordering::SeqCst) + 1;
    let most = crowd.most.fetch_max(now, Ordering::SeqCst).max(now);
    tokio::time::sleep(Duration::from_millis(5)).await;
    crowd.now.fetch_sub(1, Ordering::SeqCst);
    most.to_string()
}
