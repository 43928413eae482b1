//! Many tasks that yield many times, and that yielding is fair.

mod rt_kit;

use rt_kit::{Count, both_flavours, workers};

fn ten_thousand_tasks_of_a_hundred_yields(runtime: heist::runtime::Runtime) {
    const TASKS: usize = 10_000;
    const YIELDS: usize = 100;
    let steps = Count::default();
    let counted = steps.clone();
    runtime.block_on(async move {
        let tasks: Vec<_> = (0..TASKS)
            .map(|number| {
                let steps = counted.clone();
                heist::spawn(async move {
                    for _ in 0..YIELDS {
                        heist::task::yield_now().await;
                        steps.add();
                    }
                    number
                })
            })
            .collect();
        for (number, task) in tasks.into_iter().enumerate() {
            assert_eq!(task.await.unwrap(), number);
        }
    });
    assert_eq!(steps.get(), TASKS * YIELDS);
    rt_kit::wait_until("no task is alive", || runtime.metrics().num_alive_tasks() == 0);
    assert_eq!(runtime.metrics().spawned_tasks_count(), TASKS as u64);
}

#[test]
fn on_one_worker() {
    ten_thousand_tasks_of_a_hundred_yields(workers(1));
}

#[test]
fn on_two_workers() {
    ten_thousand_tasks_of_a_hundred_yields(workers(2));
}

#[test]
fn on_eight_workers() {
    ten_thousand_tasks_of_a_hundred_yields(workers(8));
}

#[test]
fn on_the_current_thread() {
    ten_thousand_tasks_of_a_hundred_yields(rt_kit::current_thread());
}

both_flavours! {
    fn a_yielding_task_lets_another_run(runtime) {
        let flag = Count::default();
        let (seen, set) = (flag.clone(), flag.clone());
        runtime.block_on(async move {
            let waits = heist::spawn(async move {
                while seen.get() == 0 {
                    heist::task::yield_now().await;
                }
            });
            heist::spawn(async move { set.add() }).await.unwrap();
            waits.await.unwrap();
        });
    }

    fn a_yielding_task_lets_due_timers_fire(runtime) {
        runtime.block_on(async {
            let sleeper = heist::spawn(heist::time::sleep(std::time::Duration::from_millis(1)));
            while !sleeper.is_finished() {
                heist::task::yield_now().await;
            }
        });
    }
}

#[test]
fn one_worker_that_yields_for_ever_takes_tasks_from_outside() {
    let runtime = workers(1);
    let stop = Count::default();
    let seen = stop.clone();
    let busy = runtime.spawn(async move {
        while seen.get() == 0 {
            heist::task::yield_now().await;
        }
    });
    // From a thread that is no worker, so through the injector.
    runtime.spawn(async move { stop.add() });
    runtime.block_on(busy).unwrap();
}
