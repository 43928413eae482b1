//! Fetches fifty pages at once, and shows that it is so: the site answers none before all have been asked for.
//! `cargo run --example asyncio_scraper`; in Python: `scraper.py`. With links, limits and hyper: `crawler`.

use heist::aio::{Event, Server, ServerOptions, StreamReader, StreamWriter, gather, open_connection};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

const PAGES: u32 = 50;

#[heist::main]
async fn main() -> io::Result<()> {
    let server = site().await?;
    let address = server.local_addr().ok_or(io::ErrorKind::AddrNotAvailable)?;
    let pages: Vec<_> = (1..=PAGES).map(|page| title(address, page)).collect();
    let titles = gather(pages).await?;
    println!(
        "{} pages at once, from {} to {}",
        titles.len(),
        titles[0],
        titles[titles.len() - 1]
    );
    Ok(())
}

#[derive(Default)]
struct Visitors {
    asked: AtomicU32,
    all_asked: Event,
}

async fn site() -> io::Result<Server> {
    let visitors = Arc::new(Visitors::default());
    let page = move |reader, writer| page(reader, writer, visitors.clone());
    ServerOptions::new()
        .backlog(PAGES)
        .start(page, "127.0.0.1:0")
        .await
}

async fn page(mut reader: StreamReader, writer: StreamWriter, visitors: Arc<Visitors>) -> io::Result<()> {
    let request = reader.readuntil(b"\r\n\r\n").await?;
    let request = String::from_utf8_lossy(&request);
    let page = request
        .split_whitespace()
        .nth(1)
        .unwrap_or("/")
        .trim_start_matches('/');
    if visitors.asked.fetch_add(1, SeqCst) + 1 == PAGES {
        visitors.all_asked.set();
    }
    visitors.all_asked.wait().await;
    writer.write(format!("HTTP/1.0 200 OK\r\n\r\n<title>Page {page}</title>"));
    writer.drain().await
}

async fn title(address: SocketAddr, page: u32) -> io::Result<String> {
    let (mut reader, writer) = open_connection(address).await?;
    writer.write(format!("GET /{page} HTTP/1.0\r\n\r\n"));
    let text = String::from_utf8_lossy(&reader.read_to_end().await?).into_owned();
    let title = text
        .split_once("<title>")
        .and_then(|(_, rest)| rest.split_once("</title>"));
    Ok(title.map_or("untitled", |(title, _)| title).to_owned())
}
