//! Seeds: equal ones give equal choices.

mod rt_kit;

use heist::runtime::{Builder, RngSeed, Runtime};

fn seeded(seed: &[u8]) -> Runtime {
    Builder::new_current_thread()
        .rng_seed(RngSeed::from_bytes(seed))
        .build()
        .unwrap()
}

/// Which of two ready branches `select!` takes, 64 times, as bits.
fn choices(runtime: &Runtime) -> u64 {
    runtime.block_on(async {
        let mut bits = 0;
        for _ in 0..64 {
            bits = bits << 1
                | heist::select! {
                    () = std::future::ready(()) => 0,
                    () = std::future::ready(()) => 1,
                };
        }
        bits
    })
}

#[test]
fn equal_seeds_give_equal_choices_in_each_block_on() {
    let (one, other) = (seeded(b"seed"), seeded(b"seed"));
    let first = choices(&one);
    assert_eq!(choices(&other), first);
    let second = choices(&one);
    assert_eq!(choices(&other), second);
    assert_ne!(first, second);
    assert_ne!(choices(&seeded(b"other")), first);
}

#[test]
fn a_seed_ends_with_its_block_on() {
    let (before, after) = (choices(&rt_kit::current_thread()), seeded(b"seed"));
    let seeds_own = choices(&after);
    let next = choices(&rt_kit::current_thread());
    // One in 2^64 of failing without a reason.
    assert_ne!(next, seeds_own);
    assert_ne!(next, before);
}

#[test]
fn a_multi_thread_runtime_takes_a_seed_too() {
    let runtime = Builder::new_multi_thread()
        .rng_seed(RngSeed::from_bytes(b"seed"))
        .worker_threads(2)
        .build()
        .unwrap();
    let tasks: Vec<_> = (0..100).map(|n| runtime.spawn(async move { n })).collect();
    let sum = runtime.block_on(async {
        let mut sum = 0;
        for task in tasks {
            sum += task.await.unwrap();
        }
        sum
    });
    assert_eq!(sum, 4950);
}
