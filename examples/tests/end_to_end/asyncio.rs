//! The programs of an asyncio tutorial: each prints what it must, and what its twin in Python prints.

use crate::kit::{self, example, installed};
use std::path::Path;
use std::process::Command;
use std::thread;

/// Runs `asyncio_NAME` and `asyncio/NAME.py`, both at once, and both must print this.
fn prints(name: &str, text: &str) {
    thread::scope(|scope| {
        if installed("python3") {
            scope.spawn(|| {
                let twin = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("asyncio/{name}.py"));
                assert_eq!(kit::output(Command::new("python3").arg(twin)), text);
            });
        }
        assert_eq!(kit::output(&mut example(&format!("asyncio_{name}"))), text);
    });
}

#[test]
fn hello_sleeps_between_its_lines() {
    prints("hello", "Hello ...\n... World!\n");
}

#[test]
fn say_after_takes_three_seconds_in_sequence_and_two_at_once() {
    let text = "hello\nworld\none after the other: 3 seconds\nhello\nworld\nboth at once: 2 seconds\n";
    prints("say_after", text);
}

#[test]
fn timeouts_are_reached_or_not() {
    let text = "the quick one is done\nthe slow one took too long\nthe first of two is done\nboth together took too long\n";
    prints("timeouts", text);
}

#[test]
fn consumers_eat_what_the_producer_puts_in() {
    let put = "put 1\nput 2\nput 3\nput 4\nput 5\nput 6\neverything is in the queue\n";
    let end = "6 eaten, their sum is 21; 3 consumers were cancelled\n";
    prints("producer_consumer", &format!("{put}{end}"));
}

#[test]
fn synchronisation_holds_tasks_back_and_lets_them_go() {
    let locks = "lock: the balance is 10\nevent: 5 went on\n";
    let more = "condition: the eater had an apple\nsemaphore: at most 3 of 10 were inside\n";
    prints("synchronisation", &format!("{locks}{more}"));
}

#[test]
fn a_database_is_asked_a_hundred_things_at_once() {
    prints(
        "database",
        "100 queries at once, the sum of the squares is 333833500\n",
    );
}
