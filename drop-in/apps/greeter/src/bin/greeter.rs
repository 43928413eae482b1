//! A gRPC service on tonic's transport: a unary method, a stream of answers, and streams both ways.
//!
//! `greeter` prints "listening on ADDRESS". Ctrl-C ends it when the calls under way are answered.

use std::error::Error;
use std::pin::Pin;

use greeter::greeter_server::{Greeter, GreeterServer};
use greeter::{Greeting, Hello, Limit, Number};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_stream::wrappers::{ReceiverStream, TcpListenerStream};
use tokio_stream::{Stream, StreamExt};
use tonic::transport::Server;
use tonic::{Request, Response, Status, Streaming};

struct Polite;

type Numbers = Pin<Box<dyn Stream<Item = Result<Number, Status>> + Send>>;

#[tonic::async_trait]
impl Greeter for Polite {
    async fn say_hello(&self, request: Request<Hello>) -> Result<Response<Greeting>, Status> {
        let name = request.into_inner().name;
        match name.as_str() {
            "" => Err(Status::invalid_argument("a name is needed")),
            "Godot" => std::future::pending().await,
            _ => Ok(Response::new(Greeting {
                text: format!("Hello, {name}!"),
            })),
        }
    }

    type CountStream = Numbers;

    async fn count(&self, request: Request<Limit>) -> Result<Response<Numbers>, Status> {
        let to = request.into_inner().to;
        let (numbers, receiver) = mpsc::channel(4);
        tokio::spawn(async move {
            for value in 1..=to {
                if numbers.send(Ok(Number { value })).await.is_err() {
                    return;
                }
            }
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }

    type AddUpStream = Numbers;

    async fn add_up(&self, request: Request<Streaming<Number>>) -> Result<Response<Numbers>, Status> {
        let mut sum = 0;
        let sums = request.into_inner().map(move |number| {
            sum += number?.value;
            Ok(Number { value: sum })
        });
        Ok(Response::new(Box::pin(sums)))
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on {}", listener.local_addr()?);
    Server::builder()
        .add_service(GreeterServer::new(Polite))
        .serve_with_incoming_shutdown(TcpListenerStream::new(listener), ctrl_c())
        .await?;
    println!("ended");
    Ok(())
}

async fn ctrl_c() {
    tokio::signal::ctrl_c()
        .await
        .expect("no signal can be waited for");
}
