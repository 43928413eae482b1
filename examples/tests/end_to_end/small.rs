//! The examples of a few lines.

use crate::kit::{self, Server, example, installed};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream, UdpSocket};
use std::process::{Command, Stdio};

#[test]
fn hello_counts_its_letters() {
    let said = kit::output(&mut example("hello"));
    assert_eq!(
        said,
        "hello from the early task\nhello from the late task\n9 letters were said\n"
    );
}

/// Sends much to an echo, says that this is all, and reads until the echo has no more to say.
fn echo_of_400_kb(address: &str) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(kit::PATIENCE)).unwrap();
    let sent: Vec<u8> = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
    let mut writer = stream.try_clone().unwrap();
    let to_send = sent.clone();
    let writing = std::thread::spawn(move || {
        writer.write_all(&to_send).unwrap();
        writer.shutdown(Shutdown::Write).unwrap();
    });
    let mut back = Vec::new();
    stream.read_to_end(&mut back).unwrap();
    writing.join().unwrap();
    assert!(
        back == sent,
        "{} of {} bytes, or other ones",
        back.len(),
        sent.len()
    );
}

#[test]
fn echo_sends_all_back_to_a_client_that_has_no_more_to_say() {
    let server = Server::start("echo", &[]);
    echo_of_400_kb(&server.address);
}

#[test]
fn proxy_passes_on_that_a_side_has_no_more_to_say() {
    let server = Server::start("echo", &[]);
    let mut proxy = Server::start("proxy", &[&server.address]);
    echo_of_400_kb(&proxy.address);
    assert_eq!(proxy.line(), "400000 bytes there, 400000 bytes back");
}

/// Sends four datagrams: one is empty, and the last the largest that fits.
const UDP_CLIENT: &str = "\
import socket, sys
host, port = sys.argv[1].split(':')
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.settimeout(60)
client.connect((host, int(port)))
for sent in [b'hello', b'', bytes(range(256)) * 5, b'x' * 65507]:
    client.send(sent)
    assert client.recv(65536) == sent
print('4 came back')
";

#[test]
fn udp_echo_answers_python() {
    if !installed("python3") {
        return;
    }
    let server = Server::start("udp_echo", &[]);
    let said = kit::output(Command::new("python3").args(["-c", UDP_CLIENT, &server.address]));
    assert_eq!(said, "4 came back\n");
    server.interrupt();
    assert_eq!(server.ended(), "4 datagrams went back");
}

#[test]
fn udp_echo_answers_each_of_two_clients() {
    let server = Server::start("udp_echo", &[]);
    let clients = [(); 2].map(|()| UdpSocket::bind("127.0.0.1:0").unwrap());
    for (client, text) in clients.iter().zip(["one", "another"]) {
        client.send_to(text.as_bytes(), &server.address).unwrap();
    }
    for (client, text) in clients.iter().zip(["one", "another"]) {
        client.set_read_timeout(Some(kit::PATIENCE)).unwrap();
        let mut buffer = [0; 16];
        let (length, sender) = client.recv_from(&mut buffer).unwrap();
        assert_eq!(&buffer[..length], text.as_bytes());
        assert_eq!(sender.to_string(), server.address);
    }
}

#[test]
fn lookup_says_what_getent_says() {
    let said = kit::output(example("lookup").args(["localhost", "127.0.0.1", "::1"]));
    let mut lines: Vec<_> = said.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines[..2], ["127.0.0.1: 127.0.0.1", "::1: ::1"]);
    if !installed("getent") {
        return;
    }
    // A line of getent begins with the address.
    let known = kit::output(Command::new("getent").args(["ahosts", "localhost"]));
    let mut known: Vec<_> = known.lines().filter_map(|line| line.split(' ').next()).collect();
    known.sort_unstable();
    known.dedup();
    assert_eq!(lines[2], format!("localhost: {}", known.join(" ")));
}

#[test]
fn lookup_fails_for_a_name_that_cannot_be() {
    let ended = example("lookup")
        .arg("no such host")
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert_eq!(ended.code(), Some(1));
}

#[test]
fn sort_puts_lines_in_order() {
    let said = kit::output(example("sort").arg("20000"));
    assert!(
        said.starts_with("20000 of 20000 lines came back in order; "),
        "{said}"
    );
}
