//! A round: a runtime, actors on it, threads beside it, an end, and the audit.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake};
use std::thread::{self, JoinHandle, Thread};
use std::time::Duration;

use heist::runtime::Runtime;
use heist::time::sleep;

use crate::ledger::Ledger;
use crate::plan::{End, Plan};
use crate::resources::Resources;
use crate::rng::Rng;
use crate::tally::{Event, count};
use crate::traffic;
use crate::watch::{self, wait_until};
use crate::world::{Ctx, Spawned, World};

/// Runs one and checks that nothing is left of it; threads and descriptors are not counted if others have some too.
pub(crate) fn run(plan: &Plan, only: Option<&str>, is_shared: bool) {
    let before = Resources::now();
    count(Event::runtimes);
    let ledger = Arc::new(Ledger::default());
    let mut rng = Rng::new(!plan.seed);
    {
        let runtime = plan.runtime();
        let world = World::new(ledger.clone(), runtime.handle().clone(), plan.end != End::Drained);
        watch::observe(Arc::downgrade(&world));
        let outside = outside(&world, plan.outside, &mut rng);
        let actors: Vec<_> = (0..plan.actors)
            .map(|_| traffic::actor(&world, &mut rng, only))
            .collect();
        match plan.end {
            End::Drained => drain(runtime, &world, actors),
            end => cut_short(runtime, &world, actors, end, plan),
        }
        world.close();
        watch::stage("threads outside end");
        for thread in outside {
            thread.join().expect("the panic hook ends the program");
        }
        world.clear();
    }
    wait_until("all futures, outputs and messages are dropped", || {
        ledger.live_tasks() == 0 && ledger.live_tokens() == 0
    });
    ledger.check();
    wait_until("threads and descriptors are given back", || {
        is_shared || Resources::now() == before
    });
}

type Actors = Vec<(&'static str, traffic::Act)>;

fn outside(world: &Ctx, threads: usize, rng: &mut Rng) -> Vec<JoinHandle<()>> {
    (0..threads)
        .map(|_| {
            let (world, rng) = (world.clone(), rng.fork());
            thread::spawn(move || world.live_outside(rng))
        })
        .collect()
}

/// Waits for all actors and for what they have left behind; then the runtime's own books must agree.
fn drain(runtime: Runtime, world: &Ctx, actors: Actors) {
    runtime.block_on(async {
        let actors: Vec<Spawned<_>> = actors.into_iter().map(|(_, act)| world.spawn(act)).collect();
        for actor in actors {
            actor.join().await.flatten().expect("an actor ends by itself");
        }
        watch::stage("tasks that were left end");
        while world.ledger.live_tasks() > 0 {
            sleep(Duration::from_micros(500)).await;
        }
    });
    let metrics = runtime.metrics();
    assert_eq!(
        metrics.spawned_tasks_count(),
        world.ledger.spawned_async(),
        "tasks that the runtime has counted"
    );
    wait_until("the runtime counts no task", || metrics.num_alive_tasks() == 0);
    wait_until("the blocking pool is idle", || {
        metrics.blocking_queue_depth() == 0
            && metrics.num_blocking_threads() == metrics.num_idle_blocking_threads()
    });
    wait_until("all sources are deregistered", || {
        metrics.io_driver_fd_registered_count() == metrics.io_driver_fd_deregistered_count()
    });
    assert_eq!(
        metrics.global_queue_depth(),
        0,
        "tasks in the injector of a runtime without tasks"
    );
    watch::stage("the idle runtime is dropped");
    drop(runtime);
}

/// Ends the runtime under its actors. Each handle must resolve all the same.
fn cut_short(runtime: Runtime, world: &Ctx, actors: Actors, end: End, plan: &Plan) {
    count(Event::shutdowns);
    let actors: Vec<Spawned<_>> = actors.into_iter().map(|(_, act)| world.spawn(act)).collect();
    // A current-thread runtime moves only in here; of the others some are ended from a thread that never was.
    if plan.workers.is_none() || plan.seed % 2 == 0 {
        runtime.block_on(async { sleep(plan.after).await });
    } else {
        thread::sleep(plan.after);
    }
    world.ledger.begin_end();
    watch::stage("the runtime is ended");
    match end {
        End::TimedOut(limit) => runtime.shutdown_timeout(limit),
        End::Left => runtime.shutdown_background(),
        End::Drained | End::Dropped => drop(runtime),
    }
    watch::stage("handles of tasks of an ended runtime resolve");
    for actor in actors {
        block_on(actor.join());
    }
}

/// Waits without any runtime.
fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let waker = Arc::new(Unpark(thread::current())).into();
    let mut cx = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return output;
        }
        thread::park();
    }
}
