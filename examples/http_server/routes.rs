//! Which request gets which answer.

use super::body::{Answer, Ticks};
use super::stats::Stats;
use crate::rt;
use http_body_util::Limited;
use hyper::body::{Body, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use std::time::Duration;

/// The largest upload that is sent back.
const UPLOAD_LIMIT: u64 = 64 * 1024 * 1024;

/// The most chunks of a streamed answer, and the longest pause between two in milliseconds.
const STREAM_LIMITS: (u32, u64) = (100_000, 60_000);

/// How many pages link to each other.
const PAGES: u32 = 1000;

const HELP: &str = "\
GET  /plain            a line of text
GET  /json             a JSON object
POST /echo             your upload, sent back while it arrives (64 MiB at most)
GET  /stream?n=5&ms=9  5 chunks, 9 ms apart
GET  /pages/1          a page with links, the first of 1,000
GET  /stats            what the runtime and the server count
";

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const BYTES: HeaderValue = HeaderValue::from_static("application/octet-stream");

/// Answers one request.
pub(crate) fn answer(request: Request<Incoming>, stats: &Stats) -> Response<Answer> {
    let wanted = if request.uri().path() == "/echo" {
        Method::POST
    } else {
        Method::GET
    };
    let head = wanted == Method::GET && request.method() == Method::HEAD;
    let allowed = head || *request.method() == wanted;
    match request.uri().path() {
        "/" | "/plain" | "/json" | "/echo" | "/stream" | "/stats" if !allowed => not_allowed(&wanted),
        "/" => whole(StatusCode::OK, TEXT, HELP),
        "/plain" => whole(StatusCode::OK, TEXT, "Hello, World!"),
        "/json" => whole(StatusCode::OK, JSON, r#"{"message":"Hello, World!"}"#),
        "/echo" => echo(request),
        "/stream" => stream(request.uri().query().unwrap_or_default()),
        "/stats" => whole(StatusCode::OK, JSON, stats.json(rt::metrics()).to_string()),
        path => match page(path) {
            Some(page) if allowed => whole(StatusCode::OK, HTML, page),
            Some(_) => not_allowed(&wanted),
            None => whole(
                StatusCode::NOT_FOUND,
                TEXT,
                format!("nothing at {path}; GET / lists what there is\n"),
            ),
        },
    }
}

/// A page of a tree: page 1 links to 2 and 3, these to 4, 5, 6 and 7, and each back to the one above it.
fn page(path: &str) -> Option<String> {
    let number: u32 = path.strip_prefix("/pages/")?.parse().ok()?;
    if !(1..=PAGES).contains(&number) {
        return None;
    }
    let mut page = format!("<!doctype html><title>page {number}</title>\n");
    for link in [number / 2, 2 * number, 2 * number + 1] {
        if (1..=PAGES).contains(&link) {
            page.push_str(&format!("<a href=\"/pages/{link}\">page {link}</a>\n"));
        }
    }
    Some(page)
}

fn echo(request: Request<Incoming>) -> Response<Answer> {
    let kind = request.headers().get(CONTENT_TYPE).cloned().unwrap_or(BYTES);
    let body = request.into_body();
    if body.size_hint().lower() > UPLOAD_LIMIT {
        let message = format!("uploads of at most {UPLOAD_LIMIT} bytes are sent back; split yours\n");
        return whole(StatusCode::PAYLOAD_TOO_LARGE, TEXT, message);
    }
    // An upload of unknown length that turns out too long ends with a broken connection: the answer's
    // head is out by then.
    let body = Limited::new(body, UPLOAD_LIMIT as usize);
    respond(StatusCode::OK, kind, Answer::Echo(Box::new(body)))
}

fn stream(query: &str) -> Response<Answer> {
    let (most_chunks, longest_ms) = STREAM_LIMITS;
    let chunks = parameter(query, "n", 10).filter(|n| *n <= u64::from(most_chunks));
    let pause_ms = parameter(query, "ms", 0).filter(|ms| *ms <= longest_ms);
    let (Some(chunks), Some(pause_ms)) = (chunks, pause_ms) else {
        let message = format!("n goes from 0 to {most_chunks}, ms from 0 to {longest_ms}\n");
        return whole(StatusCode::BAD_REQUEST, TEXT, message);
    };
    let body = Answer::Ticks(Ticks::new(chunks as u32, Duration::from_millis(pause_ms)));
    respond(StatusCode::OK, TEXT, body)
}

/// A number in the query; `None` if it is there and is no number.
fn parameter(query: &str, name: &str, absent: u64) -> Option<u64> {
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .find(|(key, _)| *key == name)
        .map_or(Some(absent), |(_, value)| value.parse().ok())
}

fn not_allowed(wanted: &Method) -> Response<Answer> {
    let message = format!("this takes {wanted} only\n");
    let mut response = whole(StatusCode::METHOD_NOT_ALLOWED, TEXT, message);
    let allow = if wanted == Method::POST {
        "POST"
    } else {
        "GET, HEAD"
    };
    response
        .headers_mut()
        .insert(ALLOW, HeaderValue::from_static(allow));
    response
}

fn whole(status: StatusCode, kind: HeaderValue, text: impl Into<bytes::Bytes>) -> Response<Answer> {
    respond(status, kind, Answer::whole(text))
}

fn respond(status: StatusCode, kind: HeaderValue, body: Answer) -> Response<Answer> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}
