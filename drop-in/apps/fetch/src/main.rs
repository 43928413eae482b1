//! A client of the web service beside it: reqwest over HTTP/1.1 and HTTP/2, tokio-tungstenite for its WebSocket.
//!
//! `fetch ADDRESS` checks every answer and fails on a wrong one.

use std::error::Error;
use std::net::TcpListener;
use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use futures_util::{SinkExt, TryStreamExt};
use reqwest::{Body, Client, StatusCode};
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message;

type Failure = Box<dyn Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let address = std::env::args().nth(1).ok_or("usage: fetch ADDRESS")?;
    let base = format!("http://{address}");
    let clients = [
        ("HTTP/1.1", Client::builder().http1_only().build()?),
        ("HTTP/2", Client::builder().http2_prior_knowledge().build()?),
    ];
    for (version, client) in clients {
        let text = client.get(&base).send().await?.text().await?;
        equal("/", text.as_str(), "hello, 127.0.0.1")?;
        sums(&client, &base).await?;
        upload(&client, &base).await?;
        file(&client, &base).await?;
        events(&client, &base).await?;
        timeouts(&client, &base).await?;
        crowd(&client, &base).await?;
        println!("{version}: every answer right");
    }
    websocket(&address).await?;
    refused().await?;
    println!("all done");
    Ok(())
}

fn equal<T: PartialEq + std::fmt::Debug>(what: &str, got: T, wanted: T) -> Result<(), Failure> {
    if got == wanted {
        return Ok(());
    }
    Err(format!("{what}: wanted {wanted:?}, got {got:?}").into())
}

#[derive(Serialize)]
struct Numbers {
    numbers: Vec<i64>,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Sum {
    sum: i64,
    count: usize,
}

/// 200 requests at once from tasks of their own.
async fn sums(client: &Client, base: &str) -> Result<(), Failure> {
    let mut tasks = JoinSet::new();
    for n in 1..=200 {
        let request = client.post(format!("{base}/sum")).json(&Numbers {
            numbers: (1..=n).collect(),
        });
        tasks.spawn(async move {
            let sum = request.send().await?.error_for_status()?.json::<Sum>().await?;
            let wanted = Sum {
                sum: n * (n + 1) / 2,
                count: usize::try_from(n)?,
            };
            equal("/sum", sum, wanted)
        });
    }
    while let Some(checked) = tasks.join_next().await {
        checked??;
    }
    let broken = client.post(format!("{base}/sum")).body("{").send().await?;
    equal(
        "/sum of no JSON",
        broken.status(),
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
    )
}

/// 4 MiB of a body whose length is not told.
async fn upload(client: &Client, base: &str) -> Result<(), Failure> {
    let chunks = stream::iter(0..64_u8).map(|n| Ok::<_, std::io::Error>(vec![n; 65536]));
    let sent = client
        .post(format!("{base}/upload"))
        .body(Body::wrap_stream(chunks));
    let text = sent.send().await?.text().await?;
    let sum: u64 = (0..64).map(|n| n * 65536).sum();
    equal("/upload", text, format!("{} {sum}", 64 * 65536))?;

    let stops = stream::iter([Ok::<_, std::io::Error>("some")]).chain(stream::pending());
    let stopped = client
        .post(format!("{base}/upload"))
        .body(Body::wrap_stream(stops))
        .send();
    equal(
        "/upload that stops",
        stopped.await?.status(),
        StatusCode::BAD_REQUEST,
    )
}

/// The service's own source, whole and in part.
async fn file(client: &Client, base: &str) -> Result<(), Failure> {
    const SOURCE: &str = include_str!("../../web/src/main.rs");
    let url = format!("{base}/source/main.rs");
    let whole = client.get(&url).send().await?.text().await?;
    equal("/source", whole.as_str(), SOURCE)?;
    let part = client.get(&url).header("range", "bytes=1000-1999").send().await?;
    equal("/source in part", part.status(), StatusCode::PARTIAL_CONTENT)?;
    equal("a part", &*part.bytes().await?, &SOURCE.as_bytes()[1000..2000])?;
    let gone = client.get(format!("{base}/source/gone.rs")).send().await?;
    equal("no such file", gone.status(), StatusCode::NOT_FOUND)
}

/// The events come one by one, with comments in between while the service is silent.
async fn events(client: &Client, base: &str) -> Result<(), Failure> {
    let answer = client.get(format!("{base}/events?n=3&ms=100")).send().await?;
    let text: Vec<_> = answer.bytes_stream().try_collect().await?;
    let text = String::from_utf8(text.concat())?;
    let data: Vec<_> = text
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .collect();
    equal("/events", data, vec!["0", "1", "2"])?;
    if !text.contains("still here") {
        return Err("/events: no comment while it was silent".into());
    }
    Ok(())
}

/// The service gives up on `/late`, the client on `/never`.
async fn timeouts(client: &Client, base: &str) -> Result<(), Failure> {
    let late = client.get(format!("{base}/late")).send().await?;
    equal("/late", late.status(), StatusCode::GATEWAY_TIMEOUT)?;
    let patience = Duration::from_millis(100);
    let never = client.get(format!("{base}/never")).timeout(patience).send().await;
    equal("/never", never.is_err_and(|error| error.is_timeout()), true)
}

/// Of 64 requests the service lets 4 in at once.
async fn crowd(client: &Client, base: &str) -> Result<(), Failure> {
    let asked = stream::iter(0..64).map(|_| async {
        let answer = client.get(format!("{base}/crowd")).send().await?;
        answer.error_for_status()?.text().await
    });
    let most: Vec<String> = asked.buffer_unordered(64).try_collect().await?;
    let most = most
        .iter()
        .map(|text| text.parse())
        .collect::<Result<Vec<u32>, _>>()?;
    equal("/crowd", most.into_iter().max(), Some(4))
}

async fn websocket(address: &str) -> Result<(), Failure> {
    let (mut socket, _) = tokio_tungstenite::connect_async(format!("ws://{address}/shout")).await?;
    for n in 0..100 {
        socket.send(Message::text(format!("word {n}"))).await?;
    }
    for n in 0..100 {
        let message = socket.next().await.ok_or("the socket was closed")??;
        equal("/shout", message, Message::text(format!("WORD {n}")))?;
    }
    socket.close(None).await?;
    while let Some(message) = socket.next().await {
        equal("/shout, at its end", message?.is_close(), true)?;
    }
    println!("WebSocket: every answer right");
    Ok(())
}

/// Nobody listens on a port that was just let go.
async fn refused() -> Result<(), Failure> {
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let error = reqwest::get(format!("http://{address}")).await;
    equal(
        "a closed port",
        error.is_err_and(|error| error.is_connect()),
        true,
    )
}
