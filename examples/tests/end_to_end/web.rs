//! What speaks HTTP: curl asks, or python answers.

use crate::kit::{self, Folder, Server, curl, example, installed};
use std::fs;
use std::path::Path;
use std::process::Command;

/// The `http` example, or its twin.
fn http_on(name: &str) -> Server {
    let mut command = example(name);
    command.args(["--addr", "127.0.0.1:0"]);
    Server::spawn(command)
}

/// The `http` example, for those that need a server behind them.
fn http() -> Server {
    http_on("http")
}

#[test]
fn http_and_its_twin_answer_curl_and_hypers_client() {
    if !installed("curl") {
        return;
    }
    for name in ["http", "http_tokio"] {
        let server = http_on(name);
        let base = format!("http://{}", server.address);
        for protocol in ["--http1.1", "--http2-prior-knowledge"] {
            assert_eq!(curl(&[protocol, &format!("{base}/plain")]), "Hello, World!");
            assert_eq!(
                curl(&[protocol, &format!("{base}/stream?n=2&ms=5")]),
                "chunk 1\nchunk 2\n"
            );
        }
        for protocol in [&[][..], &["--http2"]] {
            let requests = [&server.address, "--requests", "200", "--connections", "4"];
            kit::output(example("http_client").args(requests).args(protocol));
        }
    }
}

/// Writes a file to send, no part of which is like another, and returns what is in it.
fn upload_of_3_mb(path: &Path) -> Vec<u8> {
    let bytes: Vec<u8> = (0..750_000_u32).flat_map(u32::to_le_bytes).collect();
    fs::write(path, &bytes).unwrap();
    bytes
}

#[test]
fn https_answers_curl_over_both_protocols() {
    if !installed("curl") {
        return;
    }
    let folder = Folder::new("https");
    let certificate = folder.path().join("certificate.pem");
    let server = Server::start("https", &[certificate.to_str().unwrap()]);
    let url = format!("https://{}/x", server.address);
    let trusting = ["--cacert", certificate.to_str().unwrap()];
    for (protocol, version) in [("--http1.1", "HTTP/1.1"), ("--http2", "HTTP/2.0")] {
        let wanted = format!("/x over {version}, encrypted\n");
        assert_eq!(curl(&["--insecure", protocol, &url]), wanted);
        assert_eq!(curl(&[&trusting[..], &[protocol, &url]].concat()), wanted);

        let (upload, back) = (folder.path().join("upload"), folder.path().join("back"));
        let bytes = upload_of_3_mb(&upload);
        let from = format!("@{}", upload.display());
        curl(&[
            "--insecure",
            protocol,
            "--data-binary",
            &from,
            "-o",
            back.to_str().unwrap(),
            &url,
        ]);
        assert!(
            fs::read(&back).unwrap() == bytes,
            "another upload came back over {version}"
        );
    }
}

#[test]
fn https_survives_clients_that_speak_no_tls_or_do_not_trust_it() {
    if !installed("curl") {
        return;
    }
    let server = Server::start("https", &[]);
    for scheme in ["http", "https"] {
        let url = format!("{scheme}://{}/", server.address);
        let ended = Command::new("curl")
            .args(["-s", "--noproxy", "*", "--max-time", "30", &url])
            .status()
            .unwrap();
        // 1: no HTTP; 52, 56: hung up; 60: the certificate is not to be trusted.
        assert!(matches!(ended.code(), Some(1 | 52 | 56 | 60)), "{url}: {ended}");
    }
    assert_eq!(
        curl(&["--insecure", &format!("https://{}/", server.address)]),
        "/ over HTTP/2.0, encrypted\n"
    );
}

#[test]
fn axum_router_routes_curl() {
    if !installed("curl") {
        return;
    }
    let server = Server::start("axum_router", &[]);
    let base = format!("http://{}", server.address);
    for protocol in ["--http1.1", "--http2-prior-knowledge"] {
        assert_eq!(curl(&[protocol, &base]), "axum on heist\n");
        assert_eq!(curl(&[protocol, &format!("{base}/hello/Ada")]), "hello, Ada\n");
        let status = ["-o", "/dev/null", "-w", "%{http_code} %{http_version}", protocol];
        let version = if protocol == "--http1.1" { "1.1" } else { "2" };
        assert_eq!(
            curl(&[&status[..], &[&format!("{base}/none")]].concat()),
            format!("404 {version}")
        );
        let post = [
            "-H",
            "content-type: application/json",
            "-d",
            "\"milk\"",
            &format!("{base}/notes"),
        ];
        assert_eq!(curl(&[&status[..], &post].concat()), format!("201 {version}"));
    }
    assert_eq!(curl(&[&format!("{base}/notes")]), r#"["milk","milk"]"#);
}

#[test]
fn proxy_passes_curl_on_and_back() {
    if !installed("curl") {
        return;
    }
    let http = http();
    let proxy = Server::start("proxy", &[&http.address]);
    let base = format!("http://{}", proxy.address);
    for protocol in ["--http1.1", "--http2-prior-knowledge"] {
        assert_eq!(curl(&[protocol, &format!("{base}/plain")]), "Hello, World!");
        let chunks = curl(&[protocol, "--no-buffer", &format!("{base}/stream?n=100")]);
        assert_eq!(chunks.lines().last(), Some("chunk 100"));
    }
    let folder = Folder::new("proxy");
    let (upload, back) = (folder.path().join("upload"), folder.path().join("back"));
    let bytes = upload_of_3_mb(&upload);
    let from = format!("@{}", upload.display());
    let echo = format!("{base}/echo");
    curl(&["--data-binary", &from, "-o", back.to_str().unwrap(), &echo]);
    assert!(fs::read(&back).unwrap() == bytes, "another upload came back");
}

#[test]
fn proxy_hangs_up_when_nobody_is_behind_it() {
    if !installed("curl") {
        return;
    }
    // Nobody listens on port 1.
    let proxy = Server::start("proxy", &["127.0.0.1:1"]);
    let url = format!("http://{}/", proxy.address);
    let ended = Command::new("curl")
        .args(["-s", "--noproxy", "*", "--max-time", "30", &url])
        .status()
        .unwrap();
    // 52: an empty reply; 56: a reset.
    assert!(matches!(ended.code(), Some(52 | 56)), "{ended}");
}

#[test]
fn crawler_finds_every_page_of_the_http_example() {
    let http = http();
    let start = format!("http://{}/pages/1", http.address);
    let said = kit::output(example("crawler").args([&start, "--limit", "20"]));
    assert!(said.starts_with("1000 pages, "), "{said}");
    assert!(said.contains(" 0 failed, at most 20 at once"), "{said}");
}

/// A site whose pages take a while, which prints how many requests it had at once at most.
const SITE: &str = "\
import http.server, sys, threading, time
lock, now, most = threading.Lock(), 0, 0
class Site(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_): pass
    def do_GET(self):
        global now, most
        if self.path == '/most':
            return self.answer(str(most))
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.02)
        with lock: now -= 1
        self.answer(''.join(f'<a href=\"page{n}.html\">x</a>' for n in range(40)) if self.path == '/' else 'leaf')
    def answer(self, text):
        self.send_response(200)
        self.send_header('content-length', str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())
site = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Site)
site.socket.listen(128)
print('127.0.0.1:%d' % site.server_address[1], flush=True)
site.serve_forever()
";

#[test]
fn crawler_keeps_its_limit_at_a_site_of_pythons() {
    if !installed("python3") || !installed("curl") {
        return;
    }
    let mut command = Command::new("python3");
    command.args(["-c", SITE]);
    let site = Server::spawn(command);
    let start = format!("http://{}/", site.address);
    let said = kit::output(example("crawler").args([&start, "--limit", "7"]));
    assert!(said.starts_with("41 pages, "), "{said}");
    let most: usize = curl(&[&format!("{start}most")]).parse().unwrap();
    assert!((2..=7).contains(&most), "{most} at once");
}

#[test]
fn crawler_reports_a_page_that_is_not_there() {
    let http = http();
    let start = format!("http://{}/pages/0", http.address);
    let ended = example("crawler").arg(&start).output().unwrap();
    assert_eq!(ended.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&ended.stderr).contains("404 Not Found"));
}
