//! The greeter's messages, and what tonic-build made of its service in build.rs.

/// Whom to greet.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Hello {
    /// Must not be empty. Whoever is called "Godot" waits for ever.
    #[prost(string, tag = "1")]
    pub name: String,
}

/// A greeting.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Greeting {
    /// "Hello, NAME!"
    #[prost(string, tag = "1")]
    pub text: String,
}

/// How far to count.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Limit {
    /// The last number.
    #[prost(uint64, tag = "1")]
    pub to: u64,
}

/// A number.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Number {
    /// The number.
    #[prost(uint64, tag = "1")]
    pub value: u64,
}

#[allow(missing_docs)]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/greeter.Greeter.rs"));
}

pub use generated::{greeter_client, greeter_server};
