//! A chat over WebSocket: what one client says, all hear.
//!
//! `cargo run --example websocket_chat`, then in the console of a browser, in two tabs:
//!
//! ```text
//! socket = new WebSocket("ws://127.0.0.1:7004"); socket.onmessage = (event) => console.log(event.data)
//! socket.send("hello")
//! ```
//!
//! async-tungstenite does the protocol, over the traits of futures-io, which heist's streams have with the feature
//! `futures-io`. Ctrl-C closes all connections with a farewell of the protocol.

use async_tungstenite::accept_async;
use async_tungstenite::tungstenite::{Error, Message, Utf8Bytes};
use futures_util::StreamExt;
use heist::io;
use heist::net::{TcpListener, TcpStream};
use heist::signal::unix::{SignalKind, signal};
use heist::sync::broadcast::{Sender, error::RecvError};
use heist::sync::watch;
use heist::task::JoinSet;
use heist::time::{Duration, timeout};

/// How many messages a client may be behind.
const BEHIND: usize = 1024;

/// How long the farewells may take.
const GRACE: Duration = Duration::from_secs(5);

#[heist::main]
async fn main() -> io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:7004".to_owned());
    let listener = TcpListener::bind(&address).await?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    println!("chat on ws://{}; Ctrl-C stops it", listener.local_addr()?);

    let messages = Sender::new(BEHIND);
    // Dropping `open` tells every client's task.
    let (open, closed) = watch::channel(());
    let mut clients = JoinSet::new();
    loop {
        heist::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    let talk = talk(stream, messages.clone(), closed.clone());
                    clients.spawn(async move {
                        if let Err(error) = talk.await {
                            eprintln!("{peer}: {error}");
                        }
                    });
                }
                Err(error) => eprintln!("cannot accept: {error}"),
            },
            Some(_) = clients.join_next() => {}
            _ = interrupt.recv() => break,
        }
    }
    drop((listener, open));
    println!("closing {} connections", clients.len());
    let ended = timeout(GRACE, async { while clients.join_next().await.is_some() {} }).await;
    println!(
        "{}",
        if ended.is_ok() {
            "all closed"
        } else {
            "cut the rest"
        }
    );
    Ok(())
}

/// Passes on messages between one client and all, until the client leaves or the chat is closed.
async fn talk(
    stream: TcpStream,
    messages: Sender<Utf8Bytes>,
    mut closed: watch::Receiver<()>,
) -> Result<(), Error> {
    let mut socket = accept_async(stream).await?;
    let mut heard = messages.subscribe();
    loop {
        heist::select! {
            message = socket.next() => match message.transpose()? {
                // This client listens too, so somebody hears it.
                Some(Message::Text(text)) => drop(messages.send(text)),
                // Pings are answered for us.
                Some(_) => {}
                None => return Ok(()),
            },
            message = heard.recv() => match message {
                Ok(text) => socket.send(Message::Text(text)).await?,
                Err(RecvError::Lagged(missed)) => {
                    socket.send(Message::text(format!("you missed {missed} messages"))).await?;
                }
                Err(RecvError::Closed) => return Ok(()),
            },
            _ = closed.changed() => break,
        }
    }
    socket.close(None).await?;
    // The client says farewell too, and the stream ends.
    while socket.next().await.transpose()?.is_some() {}
    Ok(())
}
