//! The chats, with many clients.

use crate::kit::{self, Server};
use std::io::Write;
use std::net::TcpStream;
use tungstenite::{Message, WebSocket};

/// A client of the line chat that is welcome, with its number.
fn guest(chat: &Server) -> (TcpStream, String) {
    let mut stream = TcpStream::connect(&chat.address).unwrap();
    stream.set_read_timeout(Some(kit::PATIENCE)).unwrap();
    let welcome = kit::read_line(&mut stream);
    let number = welcome.trim().strip_prefix("you are guest ").unwrap().to_owned();
    (stream, number)
}

#[test]
fn chat_passes_each_line_to_all() {
    let chat = Server::start("chat", &[]);
    let mut guests: Vec<_> = (0..20).map(|_| guest(&chat)).collect();
    let (stream, number) = &mut guests[7];
    stream.write_all(b"hello\nall\n").unwrap();
    let wanted = [
        format!("guest {number}: hello\n"),
        format!("guest {number}: all\n"),
    ];
    for (stream, _) in &mut guests {
        assert_eq!([(); 2].map(|()| kit::read_line(stream)), wanted);
    }
}

#[test]
fn chat_goes_on_when_a_client_leaves() {
    let chat = Server::start("chat", &[]);
    let (stays, leaves) = (guest(&chat), guest(&chat));
    let (mut stays, number) = stays;
    drop(leaves);
    for _ in 0..10 {
        stays.write_all(b"anybody here?\n").unwrap();
        assert_eq!(
            kit::read_line(&mut stays),
            format!("guest {number}: anybody here?\n")
        );
    }
}

#[test]
fn chat_drives_a_load_on_start_up() {
    let mut chat = Server::start("chat", &["--load", "200"]);
    let said = chat.line();
    assert!(said.starts_with("200 clients were welcome after "), "{said}");
}

/// A client of the WebSocket chat whose handshake is done.
fn socket(chat: &Server) -> WebSocket<TcpStream> {
    let stream = TcpStream::connect(&chat.address).unwrap();
    stream.set_read_timeout(Some(kit::PATIENCE)).unwrap();
    let (socket, response) = tungstenite::client(format!("ws://{}/", chat.address), stream).unwrap();
    assert_eq!(response.status(), 101);
    socket
}

/// The next message that is no answer of the protocol.
fn text(socket: &mut WebSocket<TcpStream>) -> String {
    loop {
        match socket.read().unwrap() {
            Message::Text(text) => return text.to_string(),
            other => assert!(matches!(other, Message::Pong(_)), "{other:?}"),
        }
    }
}

/// Sends `said` until `socket` hears it itself: from then on the server listens for it.
fn join(socket: &mut WebSocket<TcpStream>, said: &str) {
    socket.send(Message::text(said)).unwrap();
    while text(socket) != said {}
}

#[test]
fn websocket_chat_passes_each_message_to_all() {
    let chat = Server::start("websocket_chat", &[]);
    let mut sockets: Vec<_> = (0..10).map(|_| socket(&chat)).collect();
    for (number, socket) in sockets.iter_mut().enumerate() {
        join(socket, &format!("here is {number}"));
    }
    let long = "long ".repeat(50_000);
    sockets[3].send(Message::Ping("are you there?".into())).unwrap();
    sockets[3].send(Message::text("hello")).unwrap();
    sockets[3].send(Message::text(long.as_str())).unwrap();
    for socket in &mut sockets {
        while text(socket) != "hello" {}
        assert!(text(socket) == long, "another long message came");
    }
}

#[test]
fn websocket_chat_says_farewell_on_ctrl_c() {
    let mut chat = Server::start("websocket_chat", &[]);
    let mut sockets = [socket(&chat), socket(&chat)];
    for socket in &mut sockets {
        join(socket, "hello");
    }
    chat.interrupt();
    assert_eq!(chat.line(), "closing 2 connections");
    for socket in &mut sockets {
        loop {
            match socket.read() {
                Ok(Message::Text(_)) => {}
                Ok(message) => assert!(message.is_close(), "{message:?}"),
                Err(error) => {
                    assert!(matches!(error, tungstenite::Error::ConnectionClosed), "{error}");
                    break;
                }
            }
        }
    }
    assert_eq!(chat.ended(), "all closed");
}

#[test]
fn websocket_chat_goes_on_after_a_client_that_speaks_no_websocket() {
    let chat = Server::start("websocket_chat", &[]);
    let mut stranger = TcpStream::connect(&chat.address).unwrap();
    stranger.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    drop(socket(&chat));
    join(&mut socket(&chat), "hello");
}
