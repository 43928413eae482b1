//! Sends each line back: the server of `ci/asyncio-echo`, which compares it with `echo.py` on asyncio and on uvloop.
//! `cargo run --example asyncio_echo -- 127.0.0.1:7777`.

use heist::aio::{RunError, ServerOptions, StreamReader, StreamWriter};
use std::io::{self, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    match heist::aio::run(serve()) {
        Ok(Ok(())) => return ExitCode::SUCCESS,
        Err(RunError::Interrupted) => {
            println!("interrupted");
            return ExitCode::SUCCESS;
        }
        Ok(Err(error)) => eprintln!("{error}"),
        Err(error) => eprintln!("{error}"),
    }
    ExitCode::FAILURE
}

async fn serve() -> io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:7777".to_owned());
    let server = ServerOptions::new().backlog(1024).start(echo, address).await?;
    if let Some(address) = server.local_addr() {
        println!("listening on {address}");
        io::stdout().flush()?;
    }
    server.serve_forever().await
}

async fn echo(mut reader: StreamReader, writer: StreamWriter) -> io::Result<()> {
    loop {
        let line = reader.readline().await?;
        if line.is_empty() {
            return Ok(());
        }
        writer.write(line);
        writer.drain().await?;
    }
}
