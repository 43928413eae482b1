//! A web service on nothing but streams: adds numbers, counts its visits, keeps connections open.
//! `cargo run --example asyncio_web_service -- 127.0.0.1:8080`, then `curl http://127.0.0.1:8080/add/2/3`; in Python:
//! `web_service.py`. A real one, with hyper: `http`, `axum_router`.

use heist::aio::{RunError, StreamError, StreamReader, StreamWriter, start_server};
use std::io::{self, Write};
use std::num::ParseIntError;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

fn main() -> ExitCode {
    match heist::aio::run(service()) {
        Ok(Ok(())) => return ExitCode::SUCCESS,
        Err(RunError::Interrupted) => {
            println!("interrupted");
            return ExitCode::SUCCESS;
        }
        Ok(Err(error)) => eprintln!("{error}"),
        Err(error) => eprintln!("{error}"),
    }
    ExitCode::FAILURE
}

async fn service() -> io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:8080".to_owned());
    let visits = Arc::new(AtomicU64::new(0));
    let serve = move |reader, writer| serve(reader, writer, visits.clone());
    let server = start_server(serve, address).await?;
    if let Some(address) = server.local_addr() {
        println!("listening on http://{address}");
        io::stdout().flush()?;
    }
    server.serve_forever().await
}

/// Answers one request after the other, until the client has no more.
async fn serve(mut reader: StreamReader, writer: StreamWriter, visits: Arc<AtomicU64>) -> io::Result<()> {
    loop {
        let head = match reader.readuntil(b"\r\n\r\n").await {
            Ok(head) => head,
            Err(StreamError::IncompleteRead(_)) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let head = String::from_utf8_lossy(&head);
        let (status, body) = answer(head.split_whitespace().nth(1).unwrap_or("/"), &visits);
        let length = body.len();
        writer.write(format!(
            "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        ));
        writer.drain().await?;
    }
}

/// The status and the JSON of a page.
fn answer(path: &str, visits: &AtomicU64) -> (&'static str, String) {
    let visits = visits.fetch_add(1, SeqCst) + 1;
    let mut parts = path.trim_matches('/').split('/');
    match parts.next() {
        Some("add") => match parts.map(str::parse::<i64>).sum::<Result<i64, ParseIntError>>() {
            Ok(sum) => ("200 OK", format!("{{\"sum\":{sum}}}")),
            Err(_) => ("400 Bad Request", "{\"error\":\"not a number\"}".to_owned()),
        },
        Some("visits") => ("200 OK", format!("{{\"visits\":{visits}}}")),
        _ => ("404 Not Found", "{\"error\":\"no such page\"}".to_owned()),
    }
}
