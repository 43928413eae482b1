//! The server, from one source for both runtimes, and how to start it as a process of its own.

use super::Outcome;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

heist_benches::arms! {
    use crate::load::MESSAGE;
    use rt::io::{AsyncReadExt, AsyncWriteExt};
    use rt::net::{TcpListener, TcpStream};
    use std::time::Duration;

    async fn answer(mut stream: TcpStream) {
        let mut message = MESSAGE;
        stream.set_nodelay(true).expect("the stream is open");
        while stream.read_exact(&mut message).await.is_ok() {
            if stream.write_all(&message).await.is_err() {
                return;
            }
        }
    }

    async fn accept(listener: TcpListener) {
        loop {
            if let Ok((stream, _)) = listener.accept().await {
                rt::spawn(answer(stream));
            }
        }
    }

    /// Serves until standard input ends.
    pub(super) fn serve(mode: &str) -> std::io::Result<()> {
        let runtime = runtime();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
        println!("{}", listener.local_addr()?);
        runtime.spawn(accept(listener));
        if mode == "stuck" {
            runtime.spawn(async {
                loop {
                    std::hint::spin_loop();
                }
            });
        }
        if mode == "idle" {
            for _ in 0..100 {
                runtime.spawn(async { rt::time::sleep(Duration::from_secs(3600)).await });
            }
        }
        std::io::copy(&mut std::io::stdin(), &mut std::io::sink())?;
        // A task that is stuck would keep the runtime from ending.
        std::process::exit(0)
    }
}

/// Is the server, on the runtime `arm`.
pub(crate) fn serve(arm: &str, mode: &str) -> Outcome<()> {
    match arm {
        "heist" => heist_arm::serve(mode)?,
        "tokio" => tokio_arm::serve(mode)?,
        other => return Err(format!("no runtime is called {other}").into()),
    }
    Ok(())
}

/// A server that ends when this is dropped.
pub(crate) struct Process {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Process {
    /// Starts this program as the server and waits until it listens.
    pub(crate) fn start(arm: &str, mode: &str) -> Outcome<Process> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["serve", arm, mode])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        let stdout = child.stdout.take().ok_or("its output is a pipe")?;
        BufReader::new(stdout).read_line(&mut line)?;
        let address = line.trim().parse()?;
        Ok(Process { child, address })
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        // Its status is of no interest; that it has ended is.
        let _ = self.child.wait();
    }
}
