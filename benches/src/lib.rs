//! The frame of the benchmarks: one source a question, run on heist and on tokio.
//!
//! | bench | question |
//! |---|---|
//! | `spawn` | what a task costs from spawn to join, spawned on a worker and from outside |
//! | `ping_pong` | what a wake from one task to another costs, and back |
//! | `yield_now` | what a pass through the queue costs |
//! | `timer` | what a timeout costs that does not fire, and how late a sleep is |
//! | `tcp_echo` | what a round trip over loopback costs, for 1 and for 64 connections |
//!
//! `cargo bench` runs all; `cargo bench -p heist-benches --bench spawn` runs one. Compare the two arms of
//! one run only, and repeat the run before believing a small difference.

/// Compiles the items twice, with `rt` standing for heist in the module `heist_arm` and for tokio in
/// `tokio_arm`. A function `runtime()` that builds the runtime with two workers is added.
#[macro_export]
macro_rules! arms {
    (@arm $arm:ident, $rt:ident, $($item:item)*) => {
        mod $arm {
            #[allow(unused_imports)]
            use super::*;
            use $rt as rt;

            fn runtime() -> rt::runtime::Runtime {
                rt::runtime::Builder::new_multi_thread()
                    .worker_threads(2)
                    .enable_all()
                    .build()
                    .expect("the runtime starts")
            }

            $($item)*
        }
    };
    ($($item:item)*) => {
        $crate::arms!(@arm heist_arm, heist, $($item)*);
        $crate::arms!(@arm tokio_arm, tokio, $($item)*);
    };
}

/// The `main` of a bench: runs each named function, of both arms in turn.
#[macro_export]
macro_rules! compare {
    ($($bench:ident),+ $(,)?) => {
        fn main() {
            let mut criterion = criterion::Criterion::default()
                .sample_size(20)
                .warm_up_time(std::time::Duration::from_millis(500))
                .measurement_time(std::time::Duration::from_secs(3))
                .configure_from_args();
            $(
                let mut group = criterion.benchmark_group(stringify!($bench));
                group.bench_function("heist", heist_arm::$bench);
                group.bench_function("tokio", tokio_arm::$bench);
                group.finish();
            )+
            criterion.final_summary();
        }
    };
}
