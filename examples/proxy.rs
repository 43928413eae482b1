//! A TCP proxy: what a client sends goes to a server, and back, until both have said all.
//!
//! `cargo run --example proxy -- 127.0.0.1:7001 127.0.0.1:3000` listens on the first address and connects to the
//! second for each client; with the `http` example there, `curl http://127.0.0.1:7001/plain` greets you.
//!
//! Ctrl-C stops the listening and lets open connections end, for ten seconds at most.

use heist::io;
use heist::net::{TcpListener, TcpStream};
use heist::signal::unix::{SignalKind, signal};
use heist::task::JoinSet;
use heist::time::{Duration, timeout};

/// How long open connections may go on after Ctrl-C.
const GRACE: Duration = Duration::from_secs(10);

#[heist::main]
async fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let from = arguments.next().unwrap_or("127.0.0.1:7001".to_owned());
    let to = arguments.next().unwrap_or("127.0.0.1:3000".to_owned());

    let listener = TcpListener::bind(&from).await?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    println!("proxy on {} to {to}; Ctrl-C stops it", listener.local_addr()?);

    let mut connections = JoinSet::new();
    loop {
        heist::select! {
            accepted = listener.accept() => match accepted {
                Ok((client, _)) => {
                    connections.spawn(pass(client, to.clone()));
                }
                Err(error) => eprintln!("cannot accept: {error}"),
            },
            Some(_) = connections.join_next() => {}
            _ = interrupt.recv() => break,
        }
    }
    drop(listener);
    println!("stopping: {} connections are open", connections.len());
    let ended = timeout(GRACE, async { while connections.join_next().await.is_some() {} }).await;
    println!(
        "{}",
        if ended.is_ok() {
            "all ended"
        } else {
            "cut the rest"
        }
    );
    Ok(())
}

/// Passes on both directions; each ends on its own, so a client that has sent all can still read.
async fn pass(mut client: TcpStream, to: String) {
    let passed = async {
        let mut server = TcpStream::connect(&to).await?;
        io::copy_bidirectional(&mut client, &mut server).await
    };
    match passed.await {
        Ok((sent, received)) => println!("{sent} bytes there, {received} bytes back"),
        Err(error) => eprintln!("{to}: {error}"),
    }
}
