//! Queue, LifoQueue and PriorityQueue, as asyncio documents them.

mod sync_kit;

use std::cmp::Reverse;
use std::sync::Arc;

use heist::aio::{
    LifoQueue, PriorityQueue, Queue, QueueEmpty, QueueFull, QueueShutDown, TryGetError, TryPutError,
};
use sync_kit::{Drops, Task, now};

#[test]
fn items_come_out_in_the_order_of_the_kind_of_queue() {
    let (fifo, lifo, least) = (Queue::new(0), LifoQueue::new(0), PriorityQueue::new(0));
    for item in [2, 3, 1] {
        now(fifo.put(item)).unwrap();
        now(lifo.put(item)).unwrap();
        now(least.put(item)).unwrap();
    }
    assert_eq!([(); 3].map(|()| now(fifo.get()).unwrap()), [2, 3, 1]);
    assert_eq!([(); 3].map(|()| now(lifo.get()).unwrap()), [1, 3, 2]);
    assert_eq!([(); 3].map(|()| now(least.get()).unwrap()), [1, 2, 3]);
}

#[test]
fn equal_priorities_come_out_in_the_order_in_which_they_came() {
    #[derive(PartialEq, Eq, PartialOrd, Ord)]
    struct ByPriority(Reverse<u32>);
    struct Job(ByPriority, &'static str);
    impl PartialEq for Job {
        fn eq(&self, other: &Self) -> bool {
            self.0 == other.0
        }
    }
    impl Eq for Job {}
    impl PartialOrd for Job {
        fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
            Some(self.cmp(other))
        }
    }
    impl Ord for Job {
        fn cmp(&self, other: &Self) -> std::cmp::Ordering {
            self.0.cmp(&other.0)
        }
    }
    let queue = PriorityQueue::new(0);
    for (priority, name) in [(1, "a"), (2, "b"), (1, "c"), (2, "d"), (1, "e")] {
        assert!(queue.put_nowait(Job(ByPriority(Reverse(priority)), name)).is_ok());
    }
    let names: Vec<_> = std::iter::from_fn(|| queue.get_nowait().ok())
        .map(|job| job.1)
        .collect();
    assert_eq!(names, ["b", "d", "a", "c", "e"]);
}

#[test]
fn put_waits_while_the_queue_is_full_and_get_while_it_is_empty() {
    let queue = Queue::new(1);
    assert!(queue.empty() && !queue.full());
    let mut get = Task::pending(queue.get());
    now(queue.put(1)).unwrap();
    assert_eq!(get.wakes(), 1);
    assert_eq!(get.ready(), Ok(1));

    now(queue.put(2)).unwrap();
    assert!(queue.full() && !queue.empty());
    assert_eq!((queue.qsize(), queue.maxsize()), (1, 1));
    let mut put = Task::pending(queue.put(3));
    assert_eq!(now(queue.get()), Ok(2));
    assert_eq!(put.wakes(), 1);
    assert_eq!(put.ready(), Ok(()));
    assert_eq!(now(queue.get()), Ok(3));
}

#[test]
fn the_nowait_forms_say_full_and_empty() {
    let queue = Queue::new(1);
    assert_eq!(queue.get_nowait(), Err(TryGetError::Empty(QueueEmpty)));
    queue.put_nowait("a").unwrap();
    let refused = queue.put_nowait("b").unwrap_err();
    assert_eq!(refused, TryPutError::Full(QueueFull("b")));
    assert_eq!(refused.into_inner(), "b");
    assert_eq!(queue.get_nowait(), Ok("a"));
}

#[test]
fn a_queue_without_a_limit_is_never_full() {
    let queue = Queue::new(0);
    for item in 0..10_000 {
        queue.put_nowait(item).unwrap();
    }
    assert!(!queue.full());
    assert_eq!(queue.qsize(), 10_000);
}

#[test]
fn getters_and_putters_are_served_in_the_order_in_which_they_came() {
    let queue = Queue::new(1);
    let mut gets: Vec<_> = (0..3).map(|_| Task::pending(queue.get())).collect();
    for (turn, item) in [10, 20, 30].into_iter().enumerate() {
        now(queue.put(item)).unwrap();
        assert_eq!(
            queue.get_nowait(),
            Err(TryGetError::Empty(QueueEmpty)),
            "it is {turn}'s already"
        );
        assert_eq!(gets[turn].ready(), Ok(item));
    }
    now(queue.put(0)).unwrap();
    let mut puts: Vec<_> = (1..3).map(|item| Task::pending(queue.put(item))).collect();
    assert_eq!(now(queue.get()), Ok(0));
    assert!(puts[1].poll().is_pending());
    puts[0].ready().unwrap();
    assert_eq!(now(queue.get()), Ok(1));
    puts[1].ready().unwrap();
}

#[test]
fn a_cancelled_get_leaves_its_item_to_the_next() {
    let queue = Queue::new(0);
    let mut first = Task::pending(queue.get());
    let mut second = Task::pending(queue.get());
    queue.put_nowait(1).unwrap();
    assert_eq!((first.wakes(), second.wakes()), (1, 0));
    first.drop_future();
    assert_eq!(second.ready(), Ok(1));
}

#[test]
fn a_cancelled_put_leaves_its_place_to_the_next_and_drops_its_item() {
    let (queue, drops) = (Queue::new(1), Drops::default());
    assert!(queue.put_nowait(drops.value()).is_ok());
    let mut first = Task::pending(queue.put(drops.value()));
    let mut second = Task::pending(queue.put(drops.value()));
    drop(now(queue.get()));
    first.drop_future();
    assert_eq!(drops.count(), 2);
    assert!(second.ready().is_ok());
    assert_eq!((queue.qsize(), drops.count()), (1, 2));
}

#[test]
fn join_waits_until_the_work_on_every_item_is_done() {
    let queue = Queue::new(0);
    now(queue.join());
    queue.put_nowait(1).unwrap();
    queue.put_nowait(2).unwrap();
    let mut join = Task::pending(queue.join());
    now(queue.get()).unwrap();
    now(queue.get()).unwrap();
    assert!(join.poll().is_pending(), "taken out is not done");
    queue.task_done().unwrap();
    assert!(join.poll().is_pending());
    queue.task_done().unwrap();
    assert_eq!(join.wakes(), 1);
    queue.put_nowait(3).unwrap();
    join.ready();
    drop(Task::pending(queue.join()));
}

#[test]
fn task_done_more_often_than_items_is_an_error() {
    let queue = Queue::new(0);
    assert!(queue.task_done().is_err());
    queue.put_nowait(1).unwrap();
    queue.task_done().unwrap();
    assert!(queue.task_done().is_err());
}

#[test]
fn after_a_shutdown_puts_fail_and_gets_empty_the_queue() {
    let queue = Queue::new(2);
    queue.put_nowait(1).unwrap();
    queue.put_nowait(2).unwrap();
    let mut put = Task::pending(queue.put(3));
    queue.shutdown(false);
    assert_eq!(put.ready(), Err(QueueShutDown(3)));
    assert_eq!(now(queue.put(4)), Err(QueueShutDown(4)));
    assert_eq!(queue.put_nowait(5), Err(TryPutError::ShutDown(QueueShutDown(5))));
    assert_eq!(now(queue.get()), Ok(1));
    assert_eq!(queue.get_nowait(), Ok(2));
    assert_eq!(now(queue.get()), Err(QueueShutDown(())));
    assert_eq!(queue.get_nowait(), Err(TryGetError::ShutDown(QueueShutDown(()))));
    let mut join = Task::pending(queue.join());
    queue.task_done().unwrap();
    queue.task_done().unwrap();
    join.ready();
}

#[test]
fn a_shutdown_wakes_those_who_wait_to_get() {
    let queue = Queue::<u32>::new(0);
    let mut get = Task::pending(queue.get());
    queue.shutdown(false);
    assert_eq!(get.wakes(), 1);
    assert_eq!(get.ready(), Err(QueueShutDown(())));
}

#[test]
fn an_immediate_shutdown_drops_the_items_and_counts_them_as_done() {
    let (queue, drops) = (Queue::new(0), Drops::default());
    for _ in 0..3 {
        assert!(queue.put_nowait(drops.value()).is_ok());
    }
    drop(now(queue.get()));
    let mut join = Task::pending(queue.join());
    queue.shutdown(true);
    assert_eq!(drops.count(), 3);
    assert!(now(queue.get()).is_err());
    assert!(join.poll().is_pending(), "the one that was taken out is not done");
    queue.task_done().unwrap();
    join.ready();
}

#[test]
fn many_producers_and_consumers_lose_nothing() {
    let runtime = heist::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    runtime.block_on(async {
        let queue = Arc::new(Queue::new(3));
        let consumers: Vec<_> = (0..4)
            .map(|_| {
                let queue = queue.clone();
                heist::spawn(async move {
                    let mut sum = 0;
                    while let Ok(item) = queue.get().await {
                        sum += item;
                        queue.task_done().unwrap();
                    }
                    sum
                })
            })
            .collect();
        let producers: Vec<_> = (0..4)
            .map(|producer| {
                let queue = queue.clone();
                heist::spawn(async move {
                    for item in 0..500 {
                        queue.put(producer * 500 + item).await.unwrap();
                    }
                })
            })
            .collect();
        for producer in producers {
            producer.await.unwrap();
        }
        queue.join().await;
        assert!(queue.empty());
        queue.shutdown(false);
        let mut sum = 0;
        for consumer in consumers {
            sum += consumer.await.unwrap();
        }
        assert_eq!(sum, (0..2000).sum::<i32>());
    });
}
