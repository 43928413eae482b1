//! `run` and `Runner`, as asyncio documents them: what is left is cancelled and waited for, a nested run is refused, the
//! first Ctrl-C cancels main and the second ends the process.

mod rt_kit;

use std::future::pending;
use std::io::{BufRead, BufReader};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use heist::aio::{RunError, Runner, get_running_loop, run};
use heist::runtime::Builder;
use heist::task::yield_now;
use rt_kit::{Count, CountDrop};

fn runners() -> [Runner; 2] {
    [Runner::new(), Runner::with_builder(Builder::new_current_thread())]
}

#[test]
fn run_returns_what_main_returns_which_may_borrow() {
    let text = String::from("not 'static");
    let length = run(async {
        heist::time::sleep(Duration::from_millis(1)).await;
        text.len()
    });
    assert_eq!(length.unwrap(), 11);
}

#[test]
fn run_cancels_the_tasks_that_are_left_and_waits_for_them() {
    for mut runner in runners() {
        let (drops, began) = (Count::default(), Count::default());
        runner
            .run(async {
                for _ in 0..10 {
                    let (held, began) = (CountDrop(drops.clone()), began.clone());
                    heist::spawn(async move {
                        let _held = held;
                        began.add();
                        pending::<()>().await;
                    });
                }
                while began.get() < 10 {
                    yield_now().await;
                }
            })
            .unwrap();
        assert_eq!(drops.get(), 0, "they are left until the runner is closed");
        runner.close();
        assert_eq!(drops.get(), 10);
    }
}

#[test]
fn run_waits_for_a_task_that_is_slow_to_be_cancelled() {
    let ended = Count::default();
    let count = ended.clone();
    run(async move {
        let (send, began) = heist::sync::oneshot::channel();
        heist::spawn(async move {
            send.send(()).unwrap();
            // Nothing can cancel this before it is over.
            std::thread::sleep(Duration::from_millis(20));
            count.add();
        });
        began.await.unwrap();
    })
    .unwrap();
    assert_eq!(ended.get(), 1);
}

#[test]
fn a_run_within_a_run_is_an_error() {
    let inner = run(async { run(async {}) }).unwrap();
    assert!(matches!(inner, Err(RunError::Nested)));
    let in_task = run(async { heist::spawn(async { run(async {}) }).await.unwrap() }).unwrap();
    let text = in_task.unwrap_err().to_string();
    assert!(text.contains(".await"), "{text}");
    // Another thread has nothing to do with it.
    let in_thread = run(async { heist::aio::to_thread(|| run(async { 1 })).await.unwrap() }).unwrap();
    assert_eq!(in_thread.unwrap(), 1);
}

#[test]
fn a_panic_of_main_passes_and_what_is_left_is_cancelled_all_the_same() {
    let drops = Count::default();
    let held = CountDrop(drops.clone());
    let caught = catch_unwind(AssertUnwindSafe(|| {
        run(async move {
            heist::spawn(async move {
                let _held = held;
                pending::<()>().await;
            });
            yield_now().await;
            panic!("main failed");
        })
    }));
    assert_eq!(rt_kit::text(caught.unwrap_err()), "main failed");
    assert_eq!(drops.get(), 1);
}

#[test]
#[expect(
    clippy::async_yields_async,
    reason = "a task of the first run is awaited in the second"
)]
fn a_runner_runs_several_futures_on_one_loop() {
    for mut runner in runners() {
        let first = runner.run(async { get_running_loop().runtime().id() }).unwrap();
        let task = runner.run(async { heist::spawn(async { 5 }) }).unwrap();
        let (second, five) = runner
            .run(async { (get_running_loop().runtime().id(), task.await.unwrap()) })
            .unwrap();
        assert_eq!((first, five), (second, 5));
        assert_eq!(runner.get_loop().unwrap().runtime().id(), first);
    }
}

#[test]
fn a_runner_that_never_ran_has_nothing_to_close() {
    let threads = rt_kit::thread_names().len();
    let runner = Runner::new();
    assert!(rt_kit::thread_names().len() <= threads + 16);
    runner.close();
}

#[cfg(feature = "test-util")]
#[test]
fn a_runner_takes_the_settings_of_a_builder() {
    let mut settings = Builder::new_current_thread();
    settings.start_paused(true);
    let mut runner = Runner::with_builder(settings).debug(true);
    let (hour, debug) = runner
        .run(async {
            let start = heist::time::Instant::now();
            heist::time::sleep(Duration::from_secs(3_600)).await;
            (start.elapsed(), get_running_loop().get_debug())
        })
        .unwrap();
    assert_eq!((hour, debug), (Duration::from_secs(3_600), true));
}

#[test]
fn the_errors_of_run_are_io_errors_too() {
    let error = std::io::Error::from(RunError::Interrupted);
    assert_eq!(error.kind(), std::io::ErrorKind::Interrupted);
    assert!(
        std::io::Error::from(RunError::Nested)
            .to_string()
            .contains(".await")
    );
}

// Ctrl-C: each in a process of its own, which says on stdout how far it is.

struct Program {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Program {
    /// Starts the ignored test `name` of this file.
    fn start(name: &str) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name, "--ignored", "--nocapture", "--test-threads=1"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// Waits until it says `line`.
    fn wait_for(&mut self, line: &str) {
        let said = self
            .lines
            .find(|said| said.as_ref().is_ok_and(|said| said.contains(line)));
        assert!(said.is_some(), "it never said {line:?}");
    }

    fn interrupt(&self) {
        let status = Command::new("sh")
            .args(["-c", &format!("kill -INT {}", self.child.id())])
            .status();
        assert!(status.unwrap().success());
    }

    fn end(mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }
}

#[cfg(feature = "signal")]
mod ctrl_c {
    use super::*;

    struct Says(&'static str);

    impl Drop for Says {
        fn drop(&mut self) {
            println!("{}", self.0);
        }
    }

    #[test]
    fn the_first_cancels_main_and_what_is_left() {
        let mut program = Program::start("ctrl_c::waits");
        program.wait_for("waiting");
        program.interrupt();
        program.wait_for("main is dropped");
        program.wait_for("task is dropped");
        program.wait_for("interrupted");
        assert!(program.end().success());
    }

    #[test]
    #[ignore = "the program of another test"]
    fn waits() {
        let result = run(async {
            let _says = Says("main is dropped");
            heist::spawn(async {
                let _says = Says("task is dropped");
                println!("waiting");
                pending::<()>().await;
            });
            pending::<()>().await;
        });
        assert!(matches!(result, Err(RunError::Interrupted)));
        println!("interrupted");
    }

    #[test]
    fn the_second_ends_the_process_also_if_main_is_stuck() {
        let mut program = Program::start("ctrl_c::is_stuck");
        program.wait_for("stuck");
        program.interrupt();
        // Signals that follow too soon are one signal: the second is sent until it is told from the first, which alone never
        // ends a program whose main is stuck.
        let status = loop {
            std::thread::sleep(Duration::from_millis(20));
            if let Some(status) = program.child.try_wait().unwrap() {
                break status;
            }
            program.interrupt();
        };
        assert_eq!(status.code(), Some(130));
    }

    #[test]
    #[ignore = "the program of another test"]
    fn is_stuck() {
        let _ = run(async {
            println!("stuck");
            std::thread::sleep(Duration::from_secs(60));
        });
    }

    #[test]
    fn the_first_does_not_end_a_process_whose_main_is_busy() {
        let mut program = Program::start("ctrl_c::is_busy");
        program.wait_for("busy");
        program.interrupt();
        program.wait_for("interrupted");
        assert!(program.end().success());
    }

    #[test]
    #[ignore = "the program of another test"]
    fn is_busy() {
        let result = run(async {
            println!("busy");
            std::thread::sleep(Duration::from_millis(100));
            pending::<()>().await;
        });
        assert!(matches!(result, Err(RunError::Interrupted)));
        println!("interrupted");
    }

    #[test]
    fn after_a_run_it_ends_the_process_again() {
        let mut program = Program::start("ctrl_c::is_over");
        program.wait_for("over");
        program.interrupt();
        assert_eq!(program.end().code(), Some(130));
    }

    #[test]
    #[ignore = "the program of another test"]
    fn is_over() {
        run(async {}).unwrap();
        println!("over");
        std::thread::sleep(Duration::from_secs(60));
    }

    #[test]
    fn a_program_that_listens_itself_has_it_for_itself() {
        let mut program = Program::start("ctrl_c::listens");
        for heard in ["listening", "heard 1", "heard 2"] {
            program.wait_for(heard);
            program.interrupt();
        }
        program.wait_for("heard 3");
        assert!(program.end().success());
    }

    #[test]
    #[ignore = "the program of another test"]
    fn listens() {
        run(async {
            use heist::signal::unix::SignalKind;

            let (send, mut arrivals) = heist::sync::mpsc::unbounded_channel();
            let handler = move || send.send(()).unwrap();
            get_running_loop()
                .add_signal_handler(SignalKind::interrupt(), handler)
                .unwrap();
            println!("listening");
            for number in 1..=3 {
                arrivals.recv().await.unwrap();
                println!("heard {number}");
            }
        })
        .unwrap();
    }

    #[test]
    fn it_stops_run_forever() {
        let mut program = Program::start("ctrl_c::runs_forever");
        program.wait_for("forever");
        program.interrupt();
        assert!(program.end().success());
    }

    #[test]
    #[ignore = "the program of another test"]
    fn runs_forever() {
        let mut runner = Runner::with_builder(Builder::new_current_thread());
        runner.get_loop().unwrap().call_soon(|| println!("forever"));
        assert!(matches!(runner.run_forever(), Err(RunError::Interrupted)));
    }
}
