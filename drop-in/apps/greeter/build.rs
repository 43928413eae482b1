//! Generates the service's client and server from a description in Rust, so that no protoc is needed.

use tonic_build::manual::{Builder, Method, Service};

fn main() {
    let method = |name: &str, route: &str, input: &str, output: &str| {
        Method::builder()
            .name(name)
            .route_name(route)
            .input_type(format!("crate::{input}"))
            .output_type(format!("crate::{output}"))
            .codec_path("tonic_prost::ProstCodec")
    };
    let service = Service::builder()
        .name("Greeter")
        .package("greeter")
        .method(method("say_hello", "SayHello", "Hello", "Greeting").build())
        .method(
            method("count", "Count", "Limit", "Number")
                .server_streaming()
                .build(),
        )
        .method(
            method("add_up", "AddUp", "Number", "Number")
                .client_streaming()
                .server_streaming()
                .build(),
        )
        .build();
    Builder::new().compile(&[service]);
}
