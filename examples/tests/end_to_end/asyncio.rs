//! The programs of an asyncio tutorial: each prints what it must, and what its twin in Python prints.

use crate::kit::{self, Server, curl, example, installed};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::thread;

/// Whether there is a Python of 3.11 or later, the first with all that the twins use; says so if not.
fn python() -> bool {
    let is_old = || {
        let version = ["-c", "import sys; sys.exit(sys.version_info < (3, 11))"];
        let ended = Command::new("python3").args(version).status();
        !ended.is_ok_and(|ended| ended.success())
    };
    if !installed("python3") {
        return false;
    }
    if is_old() {
        // Past the capture of a test's output, as in the kit.
        let _ = writeln!(std::io::stderr(), "SKIPPED: python3 is older than 3.11");
        return false;
    }
    true
}

/// Python leaves `SIGINT` ignored if it was when it began, as in what a shell has started in the background.
const TWIN: &str = "import runpy, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
del sys.argv[0]
runpy.run_path(sys.argv[0], run_name='__main__')";

/// The program in Python.
fn twin(name: &str) -> Command {
    let file: PathBuf = [env!("CARGO_MANIFEST_DIR"), "asyncio", name].iter().collect();
    let mut command = Command::new("python3");
    command.args(["-c", TWIN]).arg(file.with_extension("py"));
    command
}

/// Runs `asyncio_NAME` and `asyncio/NAME.py`, both at once, and both must print this.
fn prints(name: &str, text: &str) {
    thread::scope(|scope| {
        if python() {
            scope.spawn(|| assert_eq!(kit::output(&mut twin(name)), text));
        }
        assert_eq!(kit::output(&mut example(&format!("asyncio_{name}"))), text);
    });
}

/// The server `asyncio_NAME`, and the one in Python.
fn servers(name: &str) -> Vec<Server> {
    let mut servers = vec![Server::start(&format!("asyncio_{name}"), &[])];
    if python() {
        let mut command = twin(name);
        command.arg("127.0.0.1:0");
        servers.push(Server::spawn(command));
    }
    servers
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

#[test]
fn callbacks_come_in_time_and_a_cancelled_one_does_not() {
    prints(
        "callbacks",
        "soon\nand then\none was cancelled: true\nat a given time\ndone\n",
    );
}

#[test]
fn streams_take_lines_there_and_back() {
    let first =
        "the client sends: hello world\nthe server received: hello world\nthe client received: HELLO WORLD\n";
    let second = "the client sends: good bye\nthe server received: good bye\nthe client received: GOOD BYE\n";
    prints("streams", &format!("{first}{second}the server is closed\n"));
}

#[test]
fn child_processes_are_fed_read_and_ended() {
    let piped = "sorted: apple, fig, pear\n[echo to stdout; echo to stderr >&2; exit 3] exited with 3\n";
    let said = "[stdout] to stdout\n[stderr] to stderr\ncat says one\ncat says two\ncat ended with -15\n";
    prints("child_process", &format!("{piped}{said}"));
}

#[test]
fn threads_block_and_the_loop_goes_on() {
    let text = "the loop goes on while a thread waits\nthe thread got water\n10 jobs ran on 2 threads\n";
    prints("threads", text);
}

#[test]
fn the_scraper_has_all_pages_at_once() {
    prints("scraper", "50 pages at once, from Page 1 to Page 50\n");
}

#[test]
fn the_web_service_answers_curl() {
    if !installed("curl") {
        return;
    }
    for server in servers("web_service") {
        let pages = ["add/2/3", "add/x", "visits", "nothing"];
        let urls = pages.map(|page| format!("http://{}/{page}", server.address));
        let mut arguments = vec!["-w", "%{http_code} %{num_connects}\n"];
        arguments.extend(urls.iter().map(String::as_str));
        // All over the one connection.
        assert_eq!(
            curl(&arguments),
            "{\"sum\":5}200 1\n{\"error\":\"not a number\"}400 0\n{\"visits\":3}200 0\n{\"error\":\"no such page\"}404 0\n"
        );
        server.interrupt();
        assert_eq!(server.ended(), "interrupted");
    }
}

#[test]
fn the_echo_sends_lines_back() {
    for server in servers("echo") {
        let mut stream = TcpStream::connect(&server.address).unwrap();
        stream.set_read_timeout(Some(kit::PATIENCE)).unwrap();
        let long = "x".repeat(60_000) + "\n";
        for line in ["one\n", "\n", &long] {
            stream.write_all(line.as_bytes()).unwrap();
            assert_eq!(kit::read_line(&mut stream), line);
        }
        stream.write_all(b"no end").unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut rest = String::new();
        stream.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "no end");
        server.interrupt();
        assert_eq!(server.ended(), "interrupted");
    }
}

#[test]
fn the_load_of_the_echo_counts_its_round_trips() {
    let server = Server::start("asyncio_echo", &[]);
    let mut load = example("asyncio_echo_load");
    load.args([&server.address, "--connections", "3", "--seconds", "1"]);
    let said = kit::output(&mut load);
    let figures: Vec<f64> = said
        .split_whitespace()
        .map(|figure| figure.parse().unwrap())
        .collect();
    assert!(
        figures.len() == 4 && figures[0] >= 3.0 && figures[2] <= figures[3],
        "{said}"
    );
}
