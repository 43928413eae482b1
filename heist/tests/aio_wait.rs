//! `wait`, `as_completed`, `shield`, `wait_for`, `sleep`, as asyncio documents them; and what a cancellation does in each.
#![cfg(feature = "test-util")]

use std::future::pending;
use std::time::Duration;

use heist::aio::{CancelToken, ReturnWhen, Task, as_completed, create_task, shield, sleep, wait, wait_for};
use heist::task::yield_now;
use heist::time::{Instant, timeout, timeout_at};

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Tasks that return their number after so many milliseconds.
fn sleepers<const N: usize>(delays: [u64; N]) -> Vec<Task<u64>> {
    delays.map(|delay| create_task(sleep(ms(delay), delay))).into()
}

fn tokens<T>(tasks: &[Task<T>]) -> Vec<CancelToken> {
    tasks.iter().map(Task::cancel_token).collect()
}

fn cancelling(tokens: &[CancelToken]) -> Vec<usize> {
    tokens.iter().map(CancelToken::cancelling).collect()
}

async fn outputs<T>(tasks: Vec<Task<T>>) -> Vec<T> {
    let mut outputs = Vec::new();
    for task in tasks {
        outputs.push(task.await.unwrap());
    }
    outputs
}

#[heist::test(start_paused = true)]
async fn sleep_returns_its_result_and_a_zero_delay_lets_others_run() {
    let start = Instant::now();
    assert_eq!(sleep(ms(1_000), "result").await, "result");
    assert_eq!(start.elapsed(), ms(1_000));
    let other = create_task(async {});
    sleep(Duration::ZERO, ()).await;
    assert!(other.done());
    assert_eq!(start.elapsed(), ms(1_000));
}

#[heist::test(start_paused = true)]
async fn wait_first_completed_returns_the_first_and_those_that_run_on() {
    let start = Instant::now();
    let (done, waiting) = wait(sleepers([30, 10, 20]), ReturnWhen::FIRST_COMPLETED, None).await;
    assert_eq!(start.elapsed(), ms(10));
    assert_eq!(outputs(done).await, [10]);
    assert_eq!(outputs(waiting).await, [30, 20]);
}

#[heist::test(start_paused = true)]
async fn wait_all_completed_returns_all_in_the_order_of_their_ends() {
    let (done, waiting) = wait(sleepers([30, 10, 20]), ReturnWhen::ALL_COMPLETED, None).await;
    assert!(waiting.is_empty());
    assert_eq!(outputs(done).await, [10, 20, 30]);
}

#[heist::test(start_paused = true)]
async fn wait_first_exception_returns_at_an_error_or_a_panic_but_not_at_a_cancellation() {
    let fallible = |delay, result: Result<(), &'static str>| create_task(sleep(ms(delay), result));
    let tasks = [
        fallible(5, Ok(())),
        fallible(10, Ok(())),
        fallible(20, Err("late")),
        fallible(30, Ok(())),
    ];
    tasks[1].cancel();
    let start = Instant::now();
    let (done, waiting) = wait(tasks, ReturnWhen::FIRST_EXCEPTION, None).await;
    assert_eq!((start.elapsed(), done.len(), waiting.len()), (ms(20), 3, 1));
    assert!(done[0].cancelled());

    let panics = create_task(async {
        sleep(ms(1), ()).await;
        panic!("as it must")
    });
    let (done, waiting) = wait([fallible(5, Ok(())), panics], ReturnWhen::FIRST_EXCEPTION, None).await;
    assert_eq!((done.len(), waiting.len()), (1, 1));

    let (done, _) = wait(
        [fallible(5, Ok(())), fallible(6, Ok(()))],
        ReturnWhen::FIRST_EXCEPTION,
        None,
    )
    .await;
    assert_eq!(done.len(), 2, "without one it waits for all");
    let (done, _) = wait(sleepers([1, 2]), ReturnWhen::FIRST_PANIC, None).await;
    assert_eq!(done.len(), 2);
}

#[heist::test(start_paused = true)]
async fn wait_with_a_timeout_returns_and_cancels_nothing() {
    let tasks = sleepers([10, 50]);
    let tokens = tokens(&tasks);
    let start = Instant::now();
    let (done, waiting) = wait(tasks, ReturnWhen::ALL_COMPLETED, ms(20)).await;
    assert_eq!(start.elapsed(), ms(20));
    assert_eq!(cancelling(&tokens), [0, 0]);
    assert_eq!(outputs(done).await, [10]);
    assert_eq!(outputs(waiting).await, [50]);
}

#[heist::test(start_paused = true)]
async fn wait_returns_together_what_has_ended_together() {
    let tasks = sleepers([10, 10, 20]);
    sleep(ms(15), ()).await;
    let (done, waiting) = wait(tasks, ReturnWhen::FIRST_COMPLETED, None).await;
    assert_eq!((done.len(), waiting.len()), (2, 1));
    let (done, waiting) = wait(Vec::<Task<()>>::new(), ReturnWhen::ALL_COMPLETED, None).await;
    assert!(done.is_empty() && waiting.is_empty());
}

#[heist::test(start_paused = true)]
async fn a_cancelled_wait_cancels_no_task() {
    let tasks = sleepers([10, 20]);
    let tokens = tokens(&tasks);
    let mut waiter = create_task(wait(tasks, ReturnWhen::ALL_COMPLETED, None));
    yield_now().await;
    waiter.cancel();
    assert!((&mut waiter).await.unwrap_err().is_cancelled());
    assert_eq!(cancelling(&tokens), [0, 0]);
}

#[heist::test(start_paused = true)]
async fn tasks_returned_by_wait_can_be_waited_for_again() {
    let mut waiting = sleepers([30, 10, 20]);
    let mut order = Vec::new();
    while !waiting.is_empty() {
        let done;
        (done, waiting) = wait(waiting, ReturnWhen::FIRST_COMPLETED, None).await;
        order.extend(outputs(done).await);
    }
    assert_eq!(order, [10, 20, 30]);
}

#[heist::test(start_paused = true)]
async fn as_completed_returns_the_tasks_themselves_as_they_end() {
    let tasks = sleepers([30, 10, 20]);
    let ids: Vec<_> = tasks.iter().map(Task::id).collect();
    let mut ended = as_completed(tasks);
    let mut order = Vec::new();
    while let Some(task) = ended.next().await {
        assert!(task.done());
        let place = ids.iter().position(|id| *id == task.id()).unwrap();
        order.push((place, task.await.unwrap()));
    }
    assert_eq!(order, [(1, 10), (2, 20), (0, 30)]);
    assert!(ended.next().await.is_none());
}

#[heist::test(start_paused = true)]
async fn as_completed_is_a_stream_and_a_timeout_loses_nothing() {
    use futures_util::{Stream, StreamExt};
    let start = Instant::now();
    let tasks = sleepers([30, 10]);
    let tokens = tokens(&tasks);
    let mut ended = as_completed(tasks);
    assert_eq!(ended.size_hint(), (2, Some(2)));
    assert_eq!(StreamExt::next(&mut ended).await.unwrap().await.unwrap(), 10);
    assert!(timeout_at(start + ms(20), ended.next()).await.is_err());
    assert_eq!(ended.next().await.unwrap().await.unwrap(), 30);
    drop(ended);
    assert_eq!(cancelling(&tokens), [0, 0]);
}

#[heist::test(start_paused = true)]
async fn as_completed_returns_failed_and_cancelled_tasks_too() {
    let tasks = [
        create_task(pending::<()>()),
        create_task(async { panic!("as it must") }),
    ];
    tasks[0].cancel();
    let mut ended = as_completed(tasks);
    let mut failures = (0, 0);
    while let Some(task) = ended.next().await {
        let error = task.await.unwrap_err();
        failures.0 += usize::from(error.is_cancelled());
        failures.1 += usize::from(error.is_panic());
    }
    assert_eq!(failures, (1, 1));
}

#[heist::test(start_paused = true)]
async fn shield_protects_the_task_from_the_cancellation_of_its_waiter() {
    let task = create_task(sleep(ms(10), "saved"));
    let token = task.cancel_token();
    let mut waiter = create_task(shield(task));
    yield_now().await;
    waiter.cancel();
    assert!((&mut waiter).await.unwrap_err().is_cancelled());
    assert_eq!(token.cancelling(), 0);

    let mut task = create_task(sleep(ms(10), "saved"));
    assert!(timeout(ms(1), shield(&mut task)).await.is_err());
    assert_eq!(task.await.unwrap(), "saved");
}

#[heist::test(start_paused = true)]
async fn shield_passes_on_that_the_task_itself_was_cancelled() {
    let mut task = create_task(pending::<()>());
    task.cancel();
    assert!(shield(&mut task).await.unwrap_err().is_cancelled());
    assert_eq!(shield(create_task(async { 1 })).await.unwrap(), 1);
}

#[heist::test(start_paused = true)]
async fn shield_undoes_an_await_from_before() {
    let mut task = create_task(sleep(ms(10), ()));
    assert!(timeout(ms(1), &mut task).await.is_err());
    let token = task.cancel_token();
    drop(shield(task));
    assert_eq!(token.cancelling(), 0);
}

#[heist::test(start_paused = true)]
async fn wait_for_returns_the_output_within_the_time() {
    assert_eq!(
        wait_for(create_task(sleep(ms(5), 1)), ms(10))
            .await
            .unwrap()
            .unwrap(),
        1
    );
    let task = create_task(async { panic!("as it must") });
    let error: heist::task::JoinError = wait_for(task, ms(10))
        .await
        .unwrap()
        .map(|never: ()| never)
        .unwrap_err();
    assert!(error.is_panic());
}

#[heist::test(start_paused = true)]
async fn wait_for_waits_until_the_cancellation_is_finished() {
    let task = create_task(async {
        let token = CancelToken::current();
        let hold = token.hold();
        token.cancelled().await;
        sleep(ms(100), ()).await;
        drop(hold);
        pending::<()>().await
    });
    let token = task.cancel_token();
    let start = Instant::now();
    assert!(wait_for(task, ms(10)).await.is_err());
    assert_eq!(start.elapsed(), ms(110));
    assert!(!token.cancel(), "it has ended");
}

#[heist::test(start_paused = true)]
async fn wait_for_returns_the_output_of_a_task_that_refuses_to_be_cancelled() {
    let task = create_task(async {
        let token = CancelToken::current();
        let _hold = token.hold();
        token.cancelled().await;
        "all the same"
    });
    assert_eq!(wait_for(task, ms(10)).await.unwrap().unwrap(), "all the same");
}

#[heist::test(start_paused = true)]
async fn a_cancelled_wait_for_cancels_the_task() {
    let task = create_task(pending::<()>());
    let token = task.cancel_token();
    let waiter = create_task(wait_for(task, ms(1_000)));
    yield_now().await;
    assert!(waiter.cancel_and_wait().await.unwrap_err().is_cancelled());
    assert_eq!(token.cancelling(), 1);
}

#[test]
fn many_tasks_on_many_threads_are_each_returned_once() {
    let runtime = heist::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let tasks: Vec<_> = (0..1_000usize)
            .map(|number| {
                create_task(async move {
                    for _ in 0..number % 4 {
                        yield_now().await;
                    }
                    number
                })
            })
            .collect();
        let mut seen = vec![0; 1_000];
        let mut ended = as_completed(tasks);
        while let Some(task) = ended.next().await {
            seen[task.await.unwrap()] += 1;
        }
        assert_eq!(seen, vec![1; 1_000]);
    });
}
