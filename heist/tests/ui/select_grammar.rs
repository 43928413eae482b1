//! What is not a `select!`.

async fn no_future() {
    heist::select! { value => {} }
}

async fn no_handler() {
    heist::select! { value = std::future::ready(1) }
}

async fn no_handler_after_the_precondition() {
    heist::select! { _ = std::future::ready(1), if true }
}

async fn no_comma() {
    heist::select! {
        a = std::future::ready(1) => a
        b = std::future::ready(2) => b
    }
}

async fn else_in_the_middle() {
    heist::select! {
        else => {}
        _ = std::future::ready(2) => {}
    }
}

async fn else_with_a_precondition() {
    heist::select! {
        _ = std::future::ready(2) => {}
        else, if true => {}
    }
}

fn main() {}
