//! The watchdog: what ends the program when an invariant is broken, or when nothing happens any more.
//!
//! All waits of a round end by a wake of the runtime's, and each round is finite. So a lost wake leaves it standing, sooner or
//! later with nothing to do, and then the tally stands still.

use std::fmt::Write;
use std::sync::{Mutex, Weak};
use std::thread;
use std::time::Duration;

use crate::ledger::Planned;
use crate::resources::Resources;
use crate::tally;
use crate::world::World;

/// How often it looks.
const LOOK: Duration = Duration::from_millis(200);

/// How many tasks a report names.
const NAMED: usize = 40;

/// The round under way.
static ROUND: Mutex<Option<Round>> = Mutex::new(None);

struct Round {
    /// How to run it again, and what it is.
    text: String,
    stage: &'static str,
    world: Weak<World>,
}

/// Says which round begins.
pub(crate) fn enter(text: String) {
    let round = Round {
        text,
        stage: "traffic",
        world: Weak::new(),
    };
    *ROUND.lock().expect("nobody panics here") = Some(round);
}

/// Says whose tasks to name.
pub(crate) fn observe(world: Weak<World>) {
    if let Some(round) = ROUND.lock().expect("nobody panics here").as_mut() {
        round.world = world;
    }
}

/// Says what the round waits for from now on.
pub(crate) fn stage(stage: &'static str) {
    if let Some(round) = ROUND.lock().expect("nobody panics here").as_mut() {
        round.stage = stage;
    }
}

/// Waits for something that is to come without anybody telling.
pub(crate) fn wait_until(what: &'static str, mut holds: impl FnMut() -> bool) {
    stage(what);
    while !holds() {
        thread::sleep(Duration::from_micros(200));
    }
}

/// From now on a panic that was not planned ends the program, and so does a standstill of that length.
pub(crate) fn start(limit: Duration) {
    std::panic::set_hook(Box::new(|info| {
        if info.payload().is::<Planned>() {
            return;
        }
        let trace = std::backtrace::Backtrace::capture();
        fail(&format!("{info}\n{trace}"));
    }));
    thread::spawn(move || {
        let (mut seen, mut stood) = (tally::progress(), Duration::ZERO);
        loop {
            thread::sleep(LOOK);
            let now = tally::progress();
            // Looks are counted, and not the clock: a process that is stopped for a while has not stood still.
            stood = if now == seen { stood + LOOK } else { Duration::ZERO };
            seen = now;
            if stood > limit {
                fail(&format!(
                    "nothing has come of {limit:?}: a wake or an abort was lost, or a thread is stuck"
                ));
            }
        }
    });
}

/// Reports and ends the program.
pub(crate) fn fail(what: &str) -> ! {
    let mut report = format!("\nSTRESS FAILED: {what}\n");
    if let Some(round) = ROUND.lock().unwrap_or_else(|poison| poison.into_inner()).as_ref() {
        // Writing to a string does not fail.
        let _ = write!(
            report,
            "\n{}\nin the stage: {}, with {:?}\n",
            round.text,
            round.stage,
            Resources::now()
        );
        if let Some(world) = round.world.upgrade() {
            let _ = writeln!(report, "{}", describe(&world));
        }
    }
    eprintln!("{report}");
    std::process::abort();
}

fn describe(world: &World) -> String {
    let metrics = world.handle.metrics();
    let mut text = format!(
        "{} tasks live in the books, {} in the runtime; {} in the injector, {} closures wait for {} threads, of which {} are idle\n",
        world.ledger.live_tasks(),
        metrics.num_alive_tasks(),
        metrics.global_queue_depth(),
        metrics.blocking_queue_depth(),
        metrics.num_blocking_threads(),
        metrics.num_idle_blocking_threads(),
    );
    let tasks = world.handle.tasks();
    for task in tasks.iter().take(NAMED) {
        let _ = writeln!(text, "  {task:?}");
    }
    text
}
