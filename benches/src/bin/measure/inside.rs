//! The rows that look at the own process: memory of a task that waits, lateness of a sleep.

use crate::outside::Figures;
use heist_benches::usage::{Usage, resident_bytes};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

const TASKS: usize = 200_000;
const SLEEPS: usize = 300;
const NEAR: Duration = Duration::from_millis(1);

/// Tasks that have had their first poll.
static WAITING: AtomicUsize = AtomicUsize::new(0);

/// Waits for ever, with 16 bytes of state.
struct Waiting {
    state: [u64; 2],
}

impl Future for Waiting {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        self.state[1] = self.state[0];
        WAITING.fetch_add(1, Ordering::Relaxed);
        Poll::Pending
    }
}

heist_benches::arms_with_smol! {
    fn fill(runtime: &rt::runtime::Runtime, count: usize) {
        let until = WAITING.load(Ordering::Relaxed) + count;
        let spawning = runtime.spawn(async move {
            for number in 0..count as u64 {
                drop(rt::spawn(Waiting { state: [number; 2] }));
            }
        });
        runtime.block_on(spawning).expect("the task ends");
        while WAITING.load(Ordering::Relaxed) < until {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Resident bytes of a task.
    pub(super) fn task_memory() -> f64 {
        let runtime = runtime();
        fill(&runtime, 1000);
        let before = resident_bytes("self");
        fill(&runtime, TASKS);
        let grown = resident_bytes("self").saturating_sub(before);
        // Dropping 200,000 tasks is not what is measured, and the process ends anyway.
        std::mem::forget(runtime);
        grown as f64 / TASKS as f64
    }

    /// Microseconds that each sleep was late.
    pub(super) fn lateness() -> Vec<f64> {
        let runtime = runtime();
        let task = runtime.spawn(async {
            let mut late = Vec::with_capacity(SLEEPS);
            for _ in 0..SLEEPS {
                let started = Instant::now();
                rt::time::sleep(NEAR).await;
                let over = started.elapsed().checked_sub(NEAR).expect("a sleep is never early");
                late.push(over.as_secs_f64() * 1e6);
            }
            late
        });
        let late = runtime.block_on(task).expect("the task ends");
        std::mem::forget(runtime);
        late
    }
}

/// Resident bytes of a task with 16 bytes of state that waits for ever.
pub(crate) fn task_memory(arm: &str) -> Result<Figures, String> {
    let bytes = match arm {
        "heist" => heist_of_three::task_memory(),
        "tokio" => tokio_of_three::task_memory(),
        "smol" => smol_of_three::task_memory(),
        _ => return Err("no such arm".to_owned()),
    };
    Ok(vec![("bytes", bytes)])
}

/// How late a sleep of a millisecond is in an idle runtime.
pub(crate) fn lateness(arm: &str) -> Result<Figures, String> {
    let before = Usage::own();
    let mut late = match arm {
        "heist" => heist_of_three::lateness(),
        "tokio" => tokio_of_three::lateness(),
        "smol" => smol_of_three::lateness(),
        _ => return Err("no such arm".to_owned()),
    };
    let used = Usage::own().since(before);
    late.sort_by(f64::total_cmp);
    Ok(vec![
        ("p50_us", late[SLEEPS / 2]),
        ("p99_us", late[SLEEPS * 99 / 100]),
        ("cpu_ns", used.cpu.as_nanos() as f64 / SLEEPS as f64),
        ("switches", used.voluntary as f64 / SLEEPS as f64),
    ])
}
