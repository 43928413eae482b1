//! Where tasks may run that a future in `block_on` talks to.

use std::thread;

use heist::runtime::{Builder, Runtime};
use heist::sync::mpsc;

const ROUNDS: usize = 2000;

/// How many of the answers to a future in `block_on` came from its own thread.
fn answers_from_here(runtime: &Runtime) -> usize {
    runtime.block_on(async {
        let (ask, mut questions) = mpsc::channel(1);
        let (answer, mut answers) = mpsc::channel(1);
        let task = heist::spawn(async move {
            while let Some(round) = questions.recv().await {
                answer.send((round, thread::current().id())).await.unwrap();
            }
        });
        let mut here = 0;
        for round in 0..ROUNDS {
            ask.send(round).await.unwrap();
            let (answered, by) = answers.recv().await.unwrap();
            assert_eq!(answered, round);
            here += usize::from(by == thread::current().id());
        }
        drop(ask);
        task.await.unwrap();
        here
    })
}

#[test]
fn what_is_polled_in_block_on_is_counted() {
    let runtime = Runtime::new().unwrap();
    let here = answers_from_here(&runtime);
    // Whether there are any depends on how quick they are.
    assert!(runtime.metrics().block_on_poll_count() >= here as u64);
}

#[test]
fn tasks_stay_with_the_workers_if_told_so_or_if_those_are_special() {
    type Set = fn(&mut Builder) -> &mut Builder;
    let special: [(&str, Set); 4] = [
        ("told so", |builder| builder.tasks_in_block_on(false)),
        ("start", |builder| builder.on_thread_start(|| ())),
        ("stop", |builder| builder.on_thread_stop(|| ())),
        ("stack", |builder| builder.thread_stack_size(1 << 20)),
    ];
    for (why, special) in special {
        let mut builder = Builder::new_multi_thread();
        let runtime = special(builder.worker_threads(2).enable_all()).build().unwrap();
        assert_eq!(answers_from_here(&runtime), 0, "{why}");
        assert_eq!(runtime.metrics().block_on_poll_count(), 0, "{why}");
    }
}

#[test]
fn on_a_current_thread_runtime_the_count_is_of_no_use() {
    let runtime = Builder::new_current_thread().build().unwrap();
    assert_eq!(answers_from_here(&runtime), ROUNDS);
    assert_eq!(runtime.metrics().block_on_poll_count(), 0);
}
