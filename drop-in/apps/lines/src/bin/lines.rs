//! A server of lines on tokio-util's codecs: "add NAME NUMBER" and "get NAME", each answered by a line.
//!
//! `lines` prints "listening on ADDRESS". Ctrl-C cancels every connection, and it ends when all are gone.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::{Arc, Mutex};

use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::codec::{Framed, LinesCodec, LinesCodecError};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

type Sums = Arc<Mutex<BTreeMap<String, i64>>>;

/// Bytes that a line may have. Whoever sends a longer one is told so, and the connection ends.
const LONGEST: usize = 256;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on {}", listener.local_addr()?);
    let (sums, connections, end) = (Sums::default(), TaskTracker::new(), CancellationToken::new());
    loop {
        let (stream, _) = tokio::select! {
            accepted = listener.accept() => accepted?,
            signal = tokio::signal::ctrl_c() => break signal?,
        };
        let serving = end.clone().run_until_cancelled_owned(serve(stream, sums.clone()));
        connections.spawn(serving);
    }
    end.cancel();
    connections.close();
    connections.wait().await;
    println!("ended");
    Ok(())
}

async fn serve(stream: TcpStream, sums: Sums) -> Result<(), LinesCodecError> {
    let mut lines = Framed::new(stream, LinesCodec::new_with_max_length(LONGEST));
    while let Some(line) = lines.next().await {
        match line {
            Ok(line) => lines.send(answer(&line, &sums)).await?,
            Err(LinesCodecError::MaxLineLengthExceeded) => return lines.send("error: too long").await,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn answer(line: &str, sums: &Sums) -> String {
    let mut sums = sums.lock().expect("nobody panics with the sums in hand");
    let words: Vec<&str> = line.split(' ').collect();
    match words[..] {
        ["get", name] => sums.get(name).map_or("none".to_owned(), i64::to_string),
        ["add", name, number] => match number.parse::<i64>() {
            Ok(number) => {
                let sum = sums.entry(name.to_owned()).or_default();
                *sum += number;
                sum.to_string()
            }
            Err(error) => format!("error: {error}"),
        },
        _ => "error: what?".to_owned(),
    }
}
