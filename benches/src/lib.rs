//! The frame of the benchmarks: one source a question, run on heist, on tokio, and on smol where it has the thing.
//!
//! ```text
//!  benches/spawn.rs ─ arms! ──► heist_arm::fan_out ┐
//!                               tokio_arm::fan_out ┼─ compare! ──► criterion: cargo bench --bench spawn
//!                               (smol_arm::fan_out)┘           └─► meter.rs:  measure row spawn/fan_out heist
//!                                                                      │ wall, CPU, context switches
//!  bin/measure/ ─ echo, stuck, idle, memory, lateness: not loops ──────┤
//!  bin/allocations.rs ─ with a counting allocator ─────────────────────┤
//!                                                                      ▼
//!  bin/report.rs ─ A B A B …, N times, each in a process of its own ─► docs/BENCHMARKS.md, docs/benchmarks.svg
//! ```
//!
//! | bench | questions |
//! |---|---|
//! | `spawn` | what a task costs from spawn to join, one, many, chained, in a set, on one thread |
//! | `memory` | no times: bytes and allocations of a pending task, and the work that `ci/task-cost` counts instructions of |
//! | `remote` | the same from outside of the runtime, idle and busy; a wake from another thread |
//! | `sched` | ping-pong, passes through the queue, waking many, a load that one worker has and others must take |
//! | `block_on` | what `block_on`'s own future pays for talking to tasks, beside a task that does the same |
//! | `timer` | timeouts that do not fire, in one task and in many; sleeps that are not polled; the clock |
//! | `sync_channels` | mpsc, oneshot, watch, broadcast |
//! | `sync_locks` | Mutex, RwLock, Semaphore, Notify, with and without somebody else who wants them |
//! | `blocking` | the blocking pool from 1 to 16 callers, `block_in_place` |
//! | `fs` | reading and writing a file, small questions to the file system |
//! | `copy` | `io::copy`, a duplex pipe, lines |
//! | `net` | round trips over TCP, UDP and Unix sockets, connections made and closed |
//! | `signal` | a signal to many listeners |
//!
//! `cargo bench -p heist-benches --bench spawn` runs one file with criterion. `ci/bench-report` measures everything
//! and writes the report; `ci/bench-report --rows spawn/` only those rows. Compare arms of one run only.
//!
//! I1: an arm is the same source with another crate under the name `rt`, the same number of workers, the same allocator.
//! I2: what the sources need beside `rt` (latches, bells, load) is std's and the same for all arms.

pub mod gate;
pub mod harness;
pub mod meter;
pub mod report;
pub mod smol_shape;
pub mod usage;
#[cfg(feature = "criterion")]
mod with_criterion;

pub use harness::{Bencher, Question, Routine, set_workers, workers};
#[cfg(feature = "criterion")]
pub use with_criterion::run_criterion;

/// Compiles the items twice, with `rt` standing for heist in the module `heist_arm` and for tokio in
/// `tokio_arm`. Added are `runtime()`, which builds the runtime with as many workers as the row has (2, if
/// it says nothing), and `on_worker` and `on_block_on`, which repeat an async function there.
#[macro_export]
macro_rules! arms {
    (@arm $arm:ident, $rt:path, $($item:item)*) => {
        mod $arm {
            #[allow(unused_imports)]
            use super::*;
            use $rt as rt;

            #[allow(dead_code)]
            fn runtime() -> rt::runtime::Runtime {
                rt::runtime::Builder::new_multi_thread()
                    .worker_threads($crate::workers())
                    .enable_all()
                    .build()
                    .expect("the runtime starts")
            }

            /// Repeats the routine within one task.
            #[allow(dead_code)]
            fn on_worker<F>(bencher: &mut $crate::Bencher<'_>, routine: fn() -> F)
            where
                F: Future<Output = ()> + Send + 'static,
            {
                let runtime = runtime();
                bencher.iter_custom(|rounds| {
                    let task = runtime.spawn(async move {
                        let started = std::time::Instant::now();
                        for _ in 0..rounds {
                            routine().await;
                        }
                        started.elapsed()
                    });
                    runtime.block_on(task).expect("the task ends")
                });
            }

            /// Repeats the routine within `block_on`.
            #[allow(dead_code)]
            fn on_block_on<F: Future<Output = ()>>(bencher: &mut $crate::Bencher<'_>, routine: fn() -> F) {
                let runtime = runtime();
                bencher.iter_custom(|rounds| {
                    runtime.block_on(async move {
                        let started = std::time::Instant::now();
                        for _ in 0..rounds {
                            routine().await;
                        }
                        started.elapsed()
                    })
                });
            }

            $($item)*
        }
    };
    ($($item:item)*) => {
        $crate::arms!(@arm heist_arm, heist, $($item)*);
        $crate::arms!(@arm tokio_arm, tokio, $($item)*);
    };
}

/// As [`arms!`], with smol as a third; the modules are `heist_of_three`, `tokio_of_three` and `smol_of_three`.
#[macro_export]
macro_rules! arms_with_smol {
    ($($item:item)*) => {
        $crate::arms!(@arm heist_of_three, heist, $($item)*);
        $crate::arms!(@arm tokio_of_three, tokio, $($item)*);
        $crate::arms!(@arm smol_of_three, heist_benches::smol_shape, $($item)*);
    };
}

/// The questions of a file and its `main`: `compare!(a, b at [1, 2, 4, 8]; with smol: c, d at [1, 8])`. What stands after
/// `at` are numbers of workers.
#[macro_export]
macro_rules! compare {
    ($($bench:ident $(at [$($workers:literal),+])?),* $(,)?
        $(; with smol: $($three:ident $(at [$($also:literal),+])?),+ $(,)?)?) => {
        /// What this file asks.
        #[allow(dead_code)]
        pub(crate) fn questions() -> Vec<$crate::Question> {
            vec![
                $($($crate::Question {
                    name: stringify!($three),
                    workers: &[$($($also),+)?],
                    arms: vec![
                        ("heist", heist_of_three::$three as $crate::Routine),
                        ("tokio", tokio_of_three::$three),
                        ("smol", smol_of_three::$three),
                    ],
                },)+)?
                $($crate::Question {
                    name: stringify!($bench),
                    workers: &[$($($workers),+)?],
                    arms: vec![
                        ("heist", heist_arm::$bench as $crate::Routine),
                        ("tokio", tokio_arm::$bench),
                    ],
                },)*
            ]
        }

        #[cfg(feature = "criterion")]
        #[allow(dead_code)]
        fn main() {
            $crate::run_criterion(questions());
        }
    };
}
