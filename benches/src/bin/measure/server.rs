//! The server of the rows that need one: a process of its own, so that its processor time and memory are its alone.
//!
//! ```text
//!  load (load.rs, mio, one thread) ──── TCP, 64 bytes there and back ───► serve: a task a connection
//!    │ starts it, reads its port, looks into its /proc                      │
//!    └─ holds its standard input open; when that closes, ◄──────────────────┘ it exits
//! ```

use heist_benches::set_workers;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::time::Duration;

/// What a server does beside echoing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Company {
    /// Nothing.
    None,
    /// A task that a timer wakes and that then holds its worker, 80 ms of each 100.
    Stuck,
    /// A hundred sleeps that end in an hour.
    FarTimers,
}

impl Company {
    /// Its name as an argument of the server.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Company::None => "none",
            Company::Stuck => "stuck",
            Company::FarTimers => "far-timers",
        }
    }

    fn of(name: &str) -> Option<Company> {
        [Company::None, Company::Stuck, Company::FarTimers]
            .into_iter()
            .find(|company| company.name() == name)
    }
}

const HELD: Duration = Duration::from_millis(80);
const FREE: Duration = Duration::from_millis(20);
const FAR: Duration = Duration::from_secs(3600);

heist_benches::arms_with_smol! {
    use rt::io::{AsyncReadExt, AsyncWriteExt};
    use rt::net::{TcpListener, TcpStream};

    async fn echo(mut stream: TcpStream) {
        let mut message = [0; crate::load::MESSAGE];
        stream.set_nodelay(true).expect("the stream is open");
        while stream.read_exact(&mut message).await.is_ok() && stream.write_all(&message).await.is_ok() {}
    }

    async fn accept(listener: TcpListener) {
        while let Ok((stream, _)) = listener.accept().await {
            drop(rt::spawn(echo(stream)));
        }
    }

    async fn hold() {
        loop {
            rt::time::sleep(FREE).await;
            std::thread::sleep(HELD);
        }
    }

    /// Starts the server; it lives as long as what is returned.
    pub(super) fn start(company: Company) -> (rt::runtime::Runtime, SocketAddr) {
        let runtime = runtime();
        let address = runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
            let address = listener.local_addr().expect("the listener is bound");
            drop(rt::spawn(accept(listener)));
            match company {
                Company::None => {}
                Company::Stuck => drop(rt::spawn(hold())),
                Company::FarTimers => (0..100).for_each(|_| drop(rt::spawn(rt::time::sleep(FAR)))),
            }
            address
        });
        (runtime, address)
    }
}

fn announce(address: SocketAddr) {
    println!("{address}");
    std::io::stdout().flush().expect("somebody reads the address");
    // Whatever ends the input, its end is all that is waited for.
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
}

/// Serves until standard input ends.
pub(crate) fn serve(arm: &str, company: &str, workers: usize) -> Result<(), String> {
    set_workers(workers);
    crate::load::raise_descriptor_limit();
    let company = Company::of(company).ok_or("no such company")?;
    match arm {
        "heist" => {
            let (_runtime, address) = heist_of_three::start(company);
            announce(address);
        }
        "tokio" => {
            let (_runtime, address) = tokio_of_three::start(company);
            announce(address);
        }
        "smol" => {
            let (_runtime, address) = smol_of_three::start(company);
            announce(address);
        }
        _ => return Err("no such arm".to_owned()),
    }
    // Not through the runtime's drop: a stuck worker would be waited for.
    std::process::exit(0);
}
