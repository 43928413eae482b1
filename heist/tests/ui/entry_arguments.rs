//! Arguments of the attributes that are refused, each at its own place.

#[heist::main(flavor = "current_thread", worker_threads = 2)]
async fn threads_of_one() {}

#[heist::main(worker_threads = 0)]
async fn no_threads() {}

#[heist::main(worker_threads = "2")]
async fn threads_in_words() {}

#[heist::main(start_paused = true)]
async fn paused_with_workers() {}

#[heist::main(flavor = "single_thread")]
async fn old_flavor() {}

#[heist::main(flavor = "fast")]
async fn unknown_flavor() {}

#[heist::main(flavor = "local", worker_threads = 2)]
async fn local_has_no_workers() {}

#[heist::main(multi_thread)]
async fn flavor_alone() {}

#[heist::main(worker_threads)]
async fn no_value() {}

#[heist::main(threads = 4)]
async fn unknown_name() {}

#[heist::main(name = "a", name = "b")]
async fn twice() {}

#[heist::main(worker_threads = 1 + 1)]
async fn no_literal() {}

#[heist::main(crate = "no path")]
async fn no_path() {}

#[heist::main(unhandled_panic = "shutdown_runtime")]
async fn shutdown_on_panic_with_workers() {}

#[heist::test(unhandled_panic = "abort")]
async fn unknown_behaviour() {}

#[heist::test(unhandled_panic = true)]
async fn behaviour_without_quotes() {}

#[heist::test(unhandled_panic)]
async fn no_behaviour() {}

fn main() {}
