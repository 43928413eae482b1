//! A crawler: follows the links of a site, many pages at once, but never more than a limit.
//!
//! `cargo run --example crawler -- http://127.0.0.1:3000/pages/1 --limit 20`, with the `http` example there, whose
//! 1,000 pages refer to each other. Prints what it found, and ends with 1 if a page could not be had.
//!
//! ```text
//!   start ──► queue ──(while fewer than the limit run)──► fetch, a task each ──► its new links ──► queue
//! ```
//!
//! Absent on purpose: other hosts, TLS, robots.txt, and a parser of HTML: a link is what stands in `href="…"`.

use bytes::Bytes;
use heist::net::TcpStream;
use heist::task::JoinSet;
use heist::time::{Duration, Instant, timeout};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::client::conn::http1;
use hyper::header::HOST;
use hyper::{Request, Uri};
use std::collections::{HashSet, VecDeque};
use std::error::Error;
use std::process::ExitCode;

type Failure = Box<dyn Error + Send + Sync>;

/// The longest a page may take, and its greatest size in bytes.
const PAGE_LIMITS: (Duration, usize) = (Duration::from_secs(30), 1024 * 1024);

#[heist::main]
async fn main() -> ExitCode {
    let mut start = None;
    let mut limit = 10;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--limit" => {
                limit = arguments
                    .next()
                    .and_then(|limit| limit.parse().ok())
                    .unwrap_or(limit)
            }
            _ => start = argument.parse().ok(),
        }
    }
    let Some(start) = start else {
        eprintln!("usage: crawler http://HOST:PORT/PATH [--limit N]");
        return ExitCode::from(2);
    };
    if crawl(start, limit).await == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Fetches `start` and all it leads to, and returns how many pages failed.
async fn crawl(start: Uri, limit: usize) -> usize {
    let begin = Instant::now();
    let mut known = HashSet::from([start.clone()]);
    let mut queue = VecDeque::from([start]);
    let mut fetches = JoinSet::new();
    let (mut pages, mut bytes, mut failed, mut most) = (0, 0, 0, 0);
    loop {
        while fetches.len() < limit.max(1) {
            let Some(page) = queue.pop_front() else { break };
            fetches.spawn(async move { (fetch(&page).await, page) });
        }
        most = most.max(fetches.len());
        match fetches.join_next().await {
            Some(Ok((Ok(text), page))) => {
                pages += 1;
                bytes += text.len();
                queue.extend(links(&text, &page).filter(|link| known.insert(link.clone())));
            }
            Some(Ok((Err(error), page))) => {
                failed += 1;
                eprintln!("{page}: {error}");
            }
            Some(Err(error)) => {
                failed += 1;
                eprintln!("{error}");
            }
            None => break,
        }
    }
    println!(
        "{pages} pages, {bytes} bytes, {failed} failed, at most {most} at once, in {:?}",
        begin.elapsed()
    );
    failed
}

/// The text of a page, over a connection of its own.
async fn fetch(page: &Uri) -> Result<String, Failure> {
    let (longest, largest) = PAGE_LIMITS;
    let fetched = async {
        let host = page.authority().ok_or("a page needs a host")?.as_str();
        let stream = TcpStream::connect((page.host().unwrap_or(host), page.port_u16().unwrap_or(80))).await?;
        let (mut sender, connection) = http1::handshake(stream).await?;
        heist::spawn(connection);
        let path = page.path_and_query().map_or("/", |path| path.as_str());
        let request = Request::get(path)
            .header(HOST, host)
            .body(Empty::<Bytes>::new())?;
        let response = sender.send_request(request).await?;
        if !response.status().is_success() {
            return Err(response.status().to_string().into());
        }
        let body = Limited::new(response.into_body(), largest)
            .collect()
            .await?
            .to_bytes();
        Ok(String::from_utf8_lossy(&body).into_owned())
    };
    timeout(longest, fetched).await?
}

/// The pages of the same host that a page refers to.
fn links(text: &str, page: &Uri) -> impl Iterator<Item = Uri> {
    let folder = page.path().rsplit_once('/').map_or("", |(folder, _)| folder);
    text.split("href=\"").skip(1).filter_map(move |rest| {
        let (link, _) = rest.split_once('"')?;
        let path = match link.split_once('#').map_or(link, |(path, _)| path) {
            "" => return None,
            path if path.starts_with('/') => path.to_owned(),
            path if path.contains(':') => return None,
            path => format!("{folder}/{path}"),
        };
        Uri::builder()
            .scheme(page.scheme_str()?)
            .authority(page.authority()?.as_str())
            .path_and_query(path)
            .build()
            .ok()
    })
}
