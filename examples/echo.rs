//! A TCP server that sends back what it gets: `cargo run --example echo`, then `nc 127.0.0.1 7000`.

use heist::io;
use heist::net::{TcpListener, TcpStream};
use heist::signal::unix::{SignalKind, signal};

#[heist::main]
async fn main() -> io::Result<()> {
    let address = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "127.0.0.1:7000".to_owned());
    let listener = TcpListener::bind(&address).await?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    println!("echoing on {}; Ctrl-C stops it", listener.local_addr()?);
    heist::select! {
        ended = accept(listener) => ended,
        _ = interrupt.recv() => Ok(()),
    }
}

async fn accept(listener: TcpListener) -> io::Result<()> {
    loop {
        let (stream, peer) = listener.accept().await?;
        heist::spawn(async move {
            match echo(stream).await {
                Ok(bytes) => println!("{peer}: {bytes} bytes"),
                Err(error) => println!("{peer}: {error}"),
            }
        });
    }
}

async fn echo(mut stream: TcpStream) -> io::Result<u64> {
    let (mut reader, mut writer) = stream.split();
    io::copy(&mut reader, &mut writer).await
}
