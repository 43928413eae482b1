//! The greeter's client: calls at once over one channel, streams, a refusal, and a deadline.
//!
//! `greeter-client ADDRESS` checks every answer and fails on a wrong one.

use std::error::Error;
use std::time::Duration;

use greeter::greeter_client::GreeterClient;
use greeter::{Hello, Limit, Number};
use tokio::task::JoinSet;
use tokio_stream::StreamExt;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request};

type Failure = Box<dyn Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let address = std::env::args().nth(1).ok_or("usage: greeter-client ADDRESS")?;
    let endpoint = Endpoint::try_from(format!("http://{address}"))?.connect_timeout(Duration::from_secs(5));
    let mut client = GreeterClient::new(endpoint.connect().await?);
    hellos(&client).await?;
    streams(&mut client).await?;

    let refused = client.say_hello(Hello::default()).await;
    equal(
        "no name",
        refused.map_err(|status| status.code()).err(),
        Some(Code::InvalidArgument),
    )?;

    let mut request = Request::new(hello("Godot"));
    request.set_timeout(Duration::from_millis(100));
    let code = client
        .say_hello(request)
        .await
        .map_err(|status| status.code())
        .err();
    let late = matches!(code, Some(Code::DeadlineExceeded | Code::Cancelled));
    equal(&format!("a deadline that passed: {code:?}"), late, true)?;

    let after = client.say_hello(hello("again")).await?.into_inner().text;
    equal("after the deadline", after.as_str(), "Hello, again!")?;
    println!("all done");
    Ok(())
}

fn hello(name: &str) -> Hello {
    Hello {
        name: name.to_owned(),
    }
}

fn equal<T: PartialEq + std::fmt::Debug>(what: &str, got: T, wanted: T) -> Result<(), Failure> {
    if got == wanted {
        return Ok(());
    }
    Err(format!("{what}: wanted {wanted:?}, got {got:?}").into())
}

/// 200 calls at once over one connection.
async fn hellos(client: &GreeterClient<Channel>) -> Result<(), Failure> {
    let mut tasks = JoinSet::new();
    for n in 0..200 {
        let mut client = client.clone();
        tasks.spawn(async move {
            let greeting = client.say_hello(hello(&format!("number {n}"))).await?;
            equal(
                "SayHello",
                greeting.into_inner().text,
                format!("Hello, number {n}!"),
            )
        });
    }
    while let Some(checked) = tasks.join_next().await {
        checked??;
    }
    Ok(())
}

async fn streams(client: &mut GreeterClient<Channel>) -> Result<(), Failure> {
    let numbers = client.count(Limit { to: 10_000 }).await?.into_inner();
    let sum = numbers
        .fold(Ok(0), |sum, number| Ok::<_, tonic::Status>(sum? + number?.value))
        .await?;
    equal("Count", sum, 10_000 * 10_001 / 2)?;

    let given = tokio_stream::iter((1..=1000).map(|value| Number { value }));
    let mut sums = client.add_up(given).await?.into_inner();
    for n in 1..=1000 {
        let sum = sums
            .message()
            .await?
            .ok_or("AddUp: the stream ended early")?
            .value;
        equal("AddUp", sum, n * (n + 1) / 2)?;
    }
    equal("AddUp's end", sums.message().await?, None)
}
