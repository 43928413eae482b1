//! A UDP server that sends each datagram back: `cargo run --example udp_echo`, then `nc -u 127.0.0.1 7003`.

use heist::io;
use heist::net::UdpSocket;
use heist::signal::unix::{SignalKind, signal};

/// No datagram is larger.
const LARGEST: usize = 65_535;

#[heist::main]
async fn main() -> io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:7003".to_owned());
    let socket = UdpSocket::bind(&address).await?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    println!("udp echo on {}; Ctrl-C stops it", socket.local_addr()?);

    let mut buffer = vec![0; LARGEST];
    let mut datagrams = 0;
    loop {
        heist::select! {
            received = socket.recv_from(&mut buffer) => {
                let (length, sender) = received?;
                // What cannot go back is lost, as a datagram may be on any way.
                match socket.send_to(&buffer[..length], sender).await {
                    Ok(_) => datagrams += 1,
                    Err(error) => eprintln!("{sender}: {error}"),
                }
            }
            _ = interrupt.recv() => break,
        }
    }
    println!("{datagrams} datagrams went back");
    Ok(())
}
