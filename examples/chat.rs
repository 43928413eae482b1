//! A chat by lines: what one client says, all hear.
//!
//! `cargo run --example chat`, then `nc 127.0.0.1 7002` in several terminals. With `--load 1000` the program is
//! also 1,000 of its own clients on start-up: all connect at once, each says a line, and each must hear all
//! thousand. (That takes two descriptors for a client: `ulimit -n 4096`.)
//!
//! ```text
//!   client ── line ──► talk ──► the broadcast channel ──► talk of each client ── line ──► client
//! ```
//!
//! A client that reads too slowly is told how many lines it missed. Absent on purpose: a limit to a line's length.

use heist::io::{self, AsyncBufReadExt, AsyncWriteExt, BufReader};
use heist::net::{TcpListener, TcpStream};
use heist::signal::unix::{SignalKind, signal};
use heist::sync::Barrier;
use heist::sync::broadcast::{Sender, error::RecvError};
use heist::task::JoinSet;
use heist::time::{Duration, Instant};
use std::net::SocketAddr;
use std::sync::Arc;

/// How many lines a client may be behind.
const BEHIND: usize = 4096;

#[heist::main]
async fn main() -> io::Result<()> {
    let mut address = "127.0.0.1:7002".to_owned();
    let mut load = None;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--load" => load = arguments.next().and_then(|clients| clients.parse().ok()),
            _ => address = argument,
        }
    }

    let listener = TcpListener::bind(&address).await?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let address = listener.local_addr()?;
    println!("chat on {address}; Ctrl-C stops it");
    if let Some(clients) = load {
        heist::spawn(async move {
            if let Err(error) = drive(address, clients).await {
                eprintln!("the load failed: {error}");
            }
        });
    }
    heist::select! {
        () = accept(listener) => {}
        _ = interrupt.recv() => println!("the chat is over"),
    }
    Ok(())
}

async fn accept(listener: TcpListener) {
    let lines = Sender::new(BEHIND);
    let mut guests = 0;
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                guests += 1;
                // A client that is gone is no news to the others.
                heist::spawn(talk(stream, guests, lines.clone()));
            }
            Err(error) => eprintln!("cannot accept: {error}"),
        }
    }
}

/// Passes on lines between one client and all, until the client leaves.
async fn talk(mut stream: TcpStream, guest: u64, lines: Sender<Arc<str>>) -> io::Result<()> {
    let mut heard = lines.subscribe();
    let (reader, mut writer) = stream.split();
    let mut said = BufReader::new(reader).lines();
    writer
        .write_all(format!("you are guest {guest}\n").as_bytes())
        .await?;
    loop {
        heist::select! {
            line = said.next_line() => match line? {
                // This client listens too, so somebody hears it.
                Some(line) => drop(lines.send(format!("guest {guest}: {line}\n").into())),
                None => return Ok(()),
            },
            line = heard.recv() => match line {
                Ok(line) => writer.write_all(line.as_bytes()).await?,
                Err(RecvError::Lagged(missed)) => {
                    writer.write_all(format!("you missed {missed} lines\n").as_bytes()).await?;
                }
                Err(RecvError::Closed) => return Ok(()),
            },
        }
    }
}

/// Connects clients, all at once, and lets each say a line to all.
async fn drive(address: SocketAddr, clients: usize) -> io::Result<()> {
    let start = Instant::now();
    let all_are_here = Arc::new(Barrier::new(clients));
    let mut running = JoinSet::new();
    for _ in 0..clients {
        running.spawn(client(address, clients, all_are_here.clone(), start));
    }
    let mut welcomed = Duration::ZERO;
    while let Some(ended) = running.join_next().await {
        welcomed = welcomed.max(ended??);
    }
    println!(
        "{clients} clients were welcome after {welcomed:?}; each heard all of them after {:?}",
        start.elapsed()
    );
    Ok(())
}

/// One client: returns after how long it was welcome.
async fn client(
    address: SocketAddr,
    clients: usize,
    all_are_here: Arc<Barrier>,
    start: Instant,
) -> io::Result<Duration> {
    let mut stream = BufReader::new(TcpStream::connect(address).await?);
    let mut line = String::new();
    stream.read_line(&mut line).await?;
    let welcome = start.elapsed();
    // Who comes later does not hear what was said before.
    all_are_here.wait().await;
    stream.write_all(b"hello\n").await?;
    for heard in 0..clients {
        line.clear();
        stream.read_line(&mut line).await?;
        if !line.ends_with(": hello\n") {
            return Err(io::Error::other(format!("line {heard} is {line:?}")));
        }
    }
    Ok(welcome)
}
