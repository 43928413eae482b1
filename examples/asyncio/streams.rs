//! A server and a client on streams: a line there, a line back. `cargo run --example asyncio_streams`; in Python:
//! `streams.py`.

use heist::aio::{StreamReader, StreamWriter, open_connection, start_server};
use std::io;
use std::net::SocketAddr;

#[heist::main]
async fn main() -> io::Result<()> {
    let server = start_server(handle, "127.0.0.1:0").await?;
    let address = server.local_addr().ok_or(io::ErrorKind::AddrNotAvailable)?;
    client(address, "hello world").await?;
    client(address, "good bye").await?;
    server.close();
    server.wait_closed().await;
    println!("the server is closed");
    Ok(())
}

async fn handle(mut reader: StreamReader, writer: StreamWriter) -> io::Result<()> {
    let message = text(reader.readline().await?);
    println!("the server received: {message}");
    writer.write(message.to_uppercase() + "\n");
    writer.drain().await?;
    writer.close();
    writer.wait_closed().await
}

async fn client(address: SocketAddr, message: &str) -> io::Result<()> {
    let (mut reader, writer) = open_connection(address).await?;
    println!("the client sends: {message}");
    writer.write(format!("{message}\n"));
    let answer = text(reader.readline().await?);
    println!("the client received: {answer}");
    writer.close();
    writer.wait_closed().await
}

fn text(line: Vec<u8>) -> String {
    String::from_utf8_lossy(&line).trim_end().to_owned()
}
