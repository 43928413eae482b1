//! Ctrl-C: every server ends by itself, with what is in flight done.

use crate::kit::{self, Server, example};
use std::io::{Read, Write};
use std::net::TcpStream;

fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(kit::PATIENCE)).unwrap();
    stream
}

#[test]
fn ctrl_c_ends_every_server_that_idles() {
    for name in [
        "echo",
        "udp_echo",
        "proxy",
        "chat",
        "websocket_chat",
        "axum_router",
        "https",
    ] {
        let server = Server::start(name, &[]);
        server.interrupt();
        server.ended();
    }
}

#[test]
fn proxy_lets_an_open_connection_end() {
    let echo = Server::start("echo", &[]);
    let mut proxy = Server::start("proxy", &[&echo.address]);
    let mut stream = connect(&proxy.address);
    let mut byte = [0];
    stream.write_all(b"a").unwrap();
    stream.read_exact(&mut byte).unwrap();

    proxy.interrupt();
    assert_eq!(proxy.line(), "stopping: 1 connections are open");
    assert!(TcpStream::connect(&proxy.address).is_err(), "it still listens");
    stream.write_all(b"b").unwrap();
    stream.read_exact(&mut byte).unwrap();
    assert_eq!(&byte, b"b");
    drop(stream);
    assert_eq!(proxy.ended(), "all ended");
}

#[test]
fn http_answers_what_is_in_flight() {
    let mut command = example("http");
    command.args(["--addr", "127.0.0.1:0"]);
    let mut http = Server::spawn(command);
    let mut stream = connect(&http.address);
    stream
        .write_all(b"GET /stream?n=20&ms=50 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        .unwrap();
    // The first byte of the answer: the request is in flight.
    let mut answer = vec![0];
    stream.read_exact(&mut answer).unwrap();
    http.interrupt();
    assert!(http.line().starts_with("stopping"));
    stream.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8(answer).unwrap();
    assert!(
        answer.contains("chunk 20\n") && answer.ends_with("0\r\n\r\n"),
        "{answer}"
    );
    http.ended();
}

#[test]
fn axum_router_closes_idle_connections() {
    let mut server = Server::start("axum_router", &[]);
    let mut stream = connect(&server.address);
    stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    while !kit::read_line(&mut stream).starts_with("axum on heist") {}
    server.interrupt();
    assert_eq!(server.line(), "stopping: 1 connections are open");
    assert_eq!(stream.read(&mut [0; 16]).unwrap(), 0);
    assert_eq!(server.ended(), "all ended");
}

#[test]
fn axum_router_takes_the_rest_of_a_request_in_flight() {
    let mut server = Server::start("axum_router", &[]);
    let mut stream = connect(&server.address);
    let head = "POST /notes HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 6\r\n";
    stream
        .write_all(format!("{head}expect: 100-continue\r\n\r\n").as_bytes())
        .unwrap();
    // From here on the handler waits for the body.
    assert_eq!(kit::read_line(&mut stream), "HTTP/1.1 100 Continue\r\n");
    server.interrupt();
    assert_eq!(server.line(), "stopping: 1 connections are open");
    stream.write_all(b"\"milk\"").unwrap();
    assert_eq!(kit::read_line(&mut stream), "\r\n");
    assert_eq!(kit::read_line(&mut stream), "HTTP/1.1 201 Created\r\n");
    drop(stream);
    assert_eq!(server.ended(), "all ended");
}
