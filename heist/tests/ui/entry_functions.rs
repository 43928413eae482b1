//! Functions that the attributes refuse.

#[heist::main]
fn not_async() {}

#[heist::test]
#[test]
async fn two_attributes() {}

mod inner {
    #[heist::main]
    async fn main(_argument: u32) {}
}

#[heist::main]
struct NotAFunction;

fn main() {}
