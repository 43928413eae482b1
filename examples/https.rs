//! An HTTPS server: `cargo run --example https`, then `curl --insecure https://127.0.0.1:3443/`.
//!
//! ```text
//!   curl ◄── TLS ──► rustls ◄── plain ──► hyper ──► answer       curl picks HTTP/1.1 or HTTP/2 while TLS begins
//! ```
//!
//! tokio-rustls works over the traits of tokio's io, which heist's streams have with the feature `tokio`; no runtime of
//! tokio's runs. The certificate is made at start and signed by itself, hence `--insecure`; with a file name as the
//! second argument it is written there, for `curl --cacert`. Ctrl-C lets requests in flight finish.

use heist::hyper::{Executor, Timer};
use heist::net::{TcpListener, TcpStream};
use heist::signal::unix::{SignalKind, signal};
use heist::time::{Duration, timeout};
use http_body_util::Either;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use std::convert::Infallible;
use std::error::Error;
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

type Failure = Box<dyn Error + Send + Sync>;

/// How long a client may take to begin TLS.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);

/// How long requests may go on after Ctrl-C.
const GRACE: Duration = Duration::from_secs(10);

#[heist::main]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().unwrap_or("127.0.0.1:3443".to_owned());
    let acceptor = TlsAcceptor::from(Arc::new(config(arguments.next())?));
    let listener = TcpListener::bind(&address).await?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    println!("serving on https://{}; Ctrl-C stops it", listener.local_addr()?);

    let connections = GracefulShutdown::new();
    loop {
        heist::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    let serving = serve(stream, acceptor.clone(), connections.watcher());
                    heist::spawn(async move {
                        if let Err(error) = serving.await {
                            eprintln!("{peer}: {error}");
                        }
                    });
                }
                Err(error) => eprintln!("cannot accept: {error}"),
            },
            _ = interrupt.recv() => break,
        }
    }
    drop(listener);
    println!("stopping: {} connections are open", connections.count());
    let ended = timeout(GRACE, connections.shutdown()).await;
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

/// What TLS needs to know: who we are, and what we speak inside.
fn config(certificate_file: Option<String>) -> Result<ServerConfig, Failure> {
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let own = rcgen::generate_simple_self_signed(names)?;
    if let Some(file) = certificate_file {
        std::fs::write(file, own.cert.pem())?;
    }
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(own.signing_key.serialize_der()));
    let mut config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// Serves one connection until it ends.
async fn serve(stream: TcpStream, acceptor: TlsAcceptor, watcher: Watcher) -> Result<(), Failure> {
    let stream = timeout(HANDSHAKE_LIMIT, acceptor.accept(stream)).await??;
    let mut http = Builder::new(Executor::new());
    http.http1().timer(Timer::new());
    http.http2().timer(Timer::new());
    let connection = http.serve_connection(TokioIo::new(stream), service_fn(answer));
    watcher.watch(connection).await
}

/// Greets, or sends back what the client sends, while it arrives.
async fn answer(request: Request<Incoming>) -> Result<Response<Either<String, Incoming>>, Infallible> {
    let body = if request.method() == Method::POST {
        Either::Right(request.into_body())
    } else {
        let (path, version) = (request.uri().path(), request.version());
        Either::Left(format!("{path} over {version:?}, encrypted\n"))
    };
    Ok(Response::new(body))
}
