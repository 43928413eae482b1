//! Tasks that stay on one thread, woken and aborted from others.

use std::cell::Cell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;
use std::thread;
use std::time::Duration;

use heist::sync::{mpsc, oneshot};
use heist::task::{LocalSet, spawn_local, yield_now};
use heist::time::sleep;

use crate::rng::Rng;
use crate::tally::{Event, count};
use crate::world::Ctx;

/// A set on a thread of the blocking pool; its tasks wait for timers, for a channel and for wakes from outside.
pub(crate) async fn local_set(ctx: Ctx, mut rng: Rng) -> Option<()> {
    if ctx.is_cut_short {
        return Some(());
    }
    let (sender, receiver) = mpsc::channel(4);
    let (inner, own, messages) = (ctx.clone(), rng.fork(), rng.range(1, 20));
    let (done, is_done) = oneshot::channel();
    let on_thread = ctx.spawn_blocking(move || {
        let set = LocalSet::new();
        inner
            .handle
            .block_on(set.run_until(run(inner.clone(), own, receiver)));
        let _ = done.send(());
        // What is left in the set is dropped here, on its thread.
        drop(set);
    });
    for number in 0..messages {
        ctx.fine(sender.send((number, ctx.token())).await)?;
        count(Event::messages);
    }
    drop(sender);
    ctx.fine(is_done.await)?;
    on_thread.join().await
}

async fn run<T: 'static>(ctx: Ctx, mut rng: Rng, mut receiver: mpsc::Receiver<(u64, T)>) {
    let (home, seen) = (thread::current().id(), Rc::new(Cell::new(0)));
    let reader = {
        let seen = seen.clone();
        spawn_local(async move {
            while let Some((number, _token)) = receiver.recv().await {
                assert_eq!(number, seen.replace(number + 1), "lost, doubled or out of order");
            }
        })
    };
    let mut tasks = Vec::new();
    for _ in 0..rng.range(1, 15) {
        count(Event::locals);
        let (ctx, wait, kind) = (ctx.clone(), Duration::from_micros(rng.below(500)), rng.below(4));
        let (token, held) = (ctx.token(), Rc::new(()));
        let mut is_first = true;
        tasks.push(spawn_local(async move {
            let _held = (token, held);
            match kind {
                0 => sleep(wait).await,
                1 => yield_now().await,
                2 => std::future::pending().await,
                _ => {
                    poll_fn(|cx| {
                        if !std::mem::take(&mut is_first) {
                            return Poll::Ready(());
                        }
                        ctx.post(cx.waker());
                        let waker = cx.waker().clone();
                        ctx.errand(move || waker.wake());
                        Poll::Pending
                    })
                    .await;
                }
            }
            assert_eq!(thread::current().id(), home, "a local task on another thread");
        }));
    }
    for task in tasks {
        match rng.below(3) {
            0 => {
                let abort = task.abort_handle();
                ctx.errand(move || abort.abort());
            }
            1 => task.abort(),
            // Never awaited if it waits for ever: the set drops it.
            _ => {}
        }
    }
    reader.await.expect("it neither panics nor is it aborted");
}
