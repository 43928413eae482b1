//! docs/ASYNCIO.md leaves nothing of asyncio out, and what it says of tests and names is so.
//!
//! ```text
//!   | asyncio | heist | note | test |
//!        │       │       │      └── exists, as `file::function`, in one of the folders of tests
//!        │       │       └───────── says why, where there is no name of ours
//!        │       └───────────────── stands in the sources; with a test behind it
//!        └───────────────────────── one row for each name of the frozen lists below, and no others
//! ```
//!
//! Absent on purpose: what the snippets do. They are tests of heist-examples' documentation.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The `__all__` of asyncio's modules in Python 3.14, on every system, with what 3.14 took away.
const NAMES: &str = "
    BaseEventLoop Server AbstractServer
    iscoroutinefunction iscoroutine
    AbstractEventLoopPolicy AbstractEventLoop Handle TimerHandle get_event_loop_policy set_event_loop_policy
    get_event_loop set_event_loop new_event_loop get_child_watcher set_child_watcher _set_running_loop
    get_running_loop _get_running_loop
    BrokenBarrierError CancelledError InvalidStateError TimeoutError IncompleteReadError LimitOverrunError
    SendfileNotAvailableError
    Future wrap_future isfuture future_add_to_awaited_by future_discard_from_awaited_by
    capture_call_graph format_call_graph print_call_graph FrameCallGraphEntry FutureCallGraph
    Lock Event Condition Semaphore BoundedSemaphore Barrier
    BaseProtocol Protocol DatagramProtocol SubprocessProtocol BufferedProtocol
    Runner run
    Queue PriorityQueue LifoQueue QueueFull QueueEmpty QueueShutDown
    StreamReader StreamWriter StreamReaderProtocol open_connection start_server open_unix_connection
    start_unix_server
    create_subprocess_exec create_subprocess_shell
    Task create_task FIRST_COMPLETED FIRST_EXCEPTION ALL_COMPLETED wait wait_for as_completed sleep gather shield
    ensure_future run_coroutine_threadsafe current_task all_tasks create_eager_task_factory eager_task_factory
    _register_task _unregister_task _enter_task _leave_task
    TaskGroup Timeout timeout timeout_at to_thread
    BaseTransport ReadTransport WriteTransport Transport DatagramTransport SubprocessTransport
    SelectorEventLoop EventLoop DefaultEventLoopPolicy BaseSelectorEventLoop BaseProactorEventLoop
    staggered.staggered_race
    AbstractChildWatcher SafeChildWatcher FastChildWatcher PidfdChildWatcher MultiLoopChildWatcher
    ThreadedChildWatcher
    ProactorEventLoop IocpProactor WindowsSelectorEventLoopPolicy WindowsProactorEventLoopPolicy
";

/// What each class adds to those above it: its methods and attributes.
const METHODS: [(&str, &str); 28] = [
    ("Runner", "run close get_loop"),
    (
        "Task",
        "cancel cancelled cancelling uncancel done result exception set_result set_exception add_done_callback
         remove_done_callback get_name set_name get_context get_coro get_loop get_stack print_stack",
    ),
    ("TaskGroup", "create_task"),
    ("Timeout", "when reschedule expired"),
    (
        "Future",
        "set_result set_exception result exception done cancel cancelled add_done_callback remove_done_callback
         get_loop",
    ),
    (
        "AbstractEventLoop",
        "run_until_complete run_forever stop is_running is_closed close shutdown_asyncgens
         shutdown_default_executor call_soon call_soon_threadsafe call_later call_at time create_future create_task
         set_task_factory get_task_factory run_in_executor set_default_executor create_connection create_server
         create_unix_connection create_unix_server create_datagram_endpoint connect_accepted_socket
         connect_read_pipe connect_write_pipe subprocess_exec subprocess_shell start_tls sendfile sock_sendfile
         add_reader remove_reader add_writer remove_writer sock_recv sock_recv_into sock_recvfrom
         sock_recvfrom_into sock_sendall sock_sendto sock_connect sock_accept getaddrinfo getnameinfo
         add_signal_handler remove_signal_handler set_exception_handler get_exception_handler
         default_exception_handler call_exception_handler set_debug get_debug slow_callback_duration",
    ),
    ("Handle", "cancel cancelled get_context"),
    ("TimerHandle", "cancel cancelled get_context when"),
    (
        "StreamReader",
        "read readline readexactly readuntil at_eof feed_data feed_eof exception set_exception set_transport",
    ),
    (
        "StreamWriter",
        "write writelines drain can_write_eof write_eof close is_closing wait_closed get_extra_info start_tls
         transport",
    ),
    (
        "Server",
        "close close_clients abort_clients wait_closed start_serving serve_forever is_serving sockets get_loop",
    ),
    ("Lock", "acquire release locked"),
    ("Event", "wait set clear is_set"),
    ("Condition", "acquire release locked wait wait_for notify notify_all"),
    ("Semaphore", "acquire release locked"),
    ("BoundedSemaphore", "acquire release locked"),
    ("Barrier", "wait reset abort parties n_waiting broken"),
    (
        "Queue",
        "put get put_nowait get_nowait qsize maxsize empty full task_done join shutdown",
    ),
    (
        "subprocess",
        "Process Process.wait Process.communicate Process.send_signal Process.terminate Process.kill Process.stdin
         Process.stdout Process.stderr Process.pid Process.returncode PIPE STDOUT DEVNULL",
    ),
    (
        "BaseTransport",
        "close is_closing get_extra_info set_protocol get_protocol",
    ),
    ("ReadTransport", "is_reading pause_reading resume_reading"),
    (
        "WriteTransport",
        "abort can_write_eof write_eof write writelines get_write_buffer_size get_write_buffer_limits
         set_write_buffer_limits",
    ),
    ("DatagramTransport", "sendto abort"),
    (
        "SubprocessTransport",
        "get_pid get_pipe_transport get_returncode kill send_signal terminate",
    ),
    (
        "BaseProtocol",
        "connection_made connection_lost pause_writing resume_writing",
    ),
    ("Protocol", "data_received eof_received"),
    ("BufferedProtocol", "get_buffer buffer_updated eof_received"),
    ("DatagramProtocol", "datagram_received error_received"),
];

/// `SubprocessProtocol`'s, what is started from the command line, and of `contextvars` what tasks rely on.
const MORE: [&str; 14] = [
    "contextvars.ContextVar",
    "contextvars.ContextVar.get",
    "contextvars.ContextVar.set",
    "contextvars.ContextVar.reset",
    "contextvars.Token",
    "contextvars.Context",
    "contextvars.Context.run",
    "contextvars.copy_context",
    "SubprocessProtocol.pipe_data_received",
    "SubprocessProtocol.pipe_connection_lost",
    "SubprocessProtocol.process_exited",
    "python -m asyncio",
    "python -m asyncio ps",
    "python -m asyncio pstree",
];

/// Where the tests of the table are looked for.
const TESTS: [&str; 3] = ["heist/tests", "examples/tests/end_to_end", "loom-tests/tests"];

struct Row {
    line: usize,
    asyncio: Vec<String>,
    heist: Vec<String>,
    note: String,
    tests: Vec<String>,
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn rows() -> Vec<Row> {
    let text =
        fs::read_to_string(workspace().join("docs/ASYNCIO.md")).expect("the table is in docs/ASYNCIO.md");
    let mut rows = Vec::new();
    let mut inside = false;
    for (line, text) in text.lines().enumerate() {
        if text == "| asyncio | heist | note | test |" {
            inside = true;
        } else if !text.starts_with('|') {
            inside = false;
        } else if inside && !text.starts_with("|---") {
            let cells: Vec<&str> = text.split('|').map(str::trim).collect();
            let &["", asyncio, heist, note, tests, ""] = cells.as_slice() else {
                panic!("line {} of the table has not four columns: {text}", line + 1);
            };
            rows.push(Row {
                line: line + 1,
                asyncio: quoted(asyncio),
                heist: quoted(heist),
                note: note.to_owned(),
                tests: quoted(tests),
            });
        }
    }
    rows
}

/// What stands between backticks.
fn quoted(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The Rust files under a folder, with their text.
fn sources(folder: &Path, into: &mut BTreeMap<PathBuf, String>) {
    for entry in fs::read_dir(folder).expect("the folder can be read") {
        let path = entry.expect("the entry can be read").path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("sources are text");
            into.insert(path, text);
        }
    }
}

fn is_word(text: &str, word: &str) -> bool {
    let within = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    text.match_indices(word).any(|(at, _)| {
        let before = at.checked_sub(1).map(|at| text.as_bytes()[at]);
        !within(before) && !within(text.as_bytes().get(at + word.len()).copied())
    })
}

#[test]
fn every_name_of_asyncio_has_a_row_and_every_row_a_name_of_asyncio() {
    let mut wanted: BTreeSet<String> = NAMES.split_whitespace().map(str::to_owned).collect();
    for (class, methods) in METHODS {
        wanted.extend(
            methods
                .split_whitespace()
                .map(|method| format!("{class}.{method}")),
        );
    }
    wanted.extend(MORE.map(str::to_owned));

    let mut found = BTreeSet::new();
    for row in rows() {
        assert!(
            !row.asyncio.is_empty(),
            "line {} has no name of asyncio",
            row.line
        );
        for name in row.asyncio {
            assert!(
                found.insert(name.clone()),
                "line {}: {name} has a row already",
                row.line
            );
        }
    }
    let missing: Vec<_> = wanted.difference(&found).collect();
    assert!(missing.is_empty(), "without a row: {missing:?}");
    let unknown: Vec<_> = found.difference(&wanted).collect();
    assert!(unknown.is_empty(), "not in the lists of this test: {unknown:?}");
}

#[test]
fn a_row_has_a_tested_name_of_ours_or_a_reason() {
    let mut findings = Vec::new();
    for row in rows() {
        let Row {
            line,
            heist,
            note,
            tests,
            ..
        } = row;
        if heist.is_empty() && (note.is_empty() || note.contains("not there")) {
            findings.push(format!("line {line}: say why there is none"));
        }
        if !heist.is_empty() && tests.is_empty() {
            findings.push(format!("line {line}: no test of {heist:?}"));
        }
    }
    none(&findings);
}

#[test]
fn the_tests_of_the_table_exist() {
    let mut findings = Vec::new();
    for row in rows() {
        for test in row.tests {
            let file_and_function = test.rsplit_once("::");
            let (file, function) = file_and_function.unwrap_or((&test, "?"));
            let called = format!("fn {function}(");
            let found = TESTS.iter().any(|folder| {
                let path = workspace().join(format!("{folder}/{file}.rs"));
                fs::read_to_string(path).is_ok_and(|text| text.contains(&called))
            });
            if !found {
                findings.push(format!("line {}: no test {test} in {TESTS:?}", row.line));
            }
        }
    }
    none(&findings);
}

#[test]
fn the_names_of_ours_stand_in_the_sources() {
    let mut texts = BTreeMap::new();
    for folder in ["heist/src", "executor/src", "macros/src"] {
        sources(&workspace().join(folder), &mut texts);
    }
    let mut code = String::new();
    for line in texts.values().flat_map(|text| text.lines()) {
        if !line.trim_start().starts_with("//") {
            code.push_str(line);
            code.push('\n');
        }
    }
    let mut findings = Vec::new();
    for row in rows() {
        for path in row.heist.iter().filter(|path| path.starts_with("heist::")) {
            for name in path.split("::").skip(1).filter(|name| !is_word(&code, name)) {
                findings.push(format!(
                    "line {}: nothing is called {name}, as in {path}",
                    row.line
                ));
            }
        }
    }
    none(&findings);
}

/// All at once, so that one run shows everything there is to do.
fn none(findings: &[String]) {
    assert!(
        findings.is_empty(),
        "docs/ASYNCIO.md:\n  {}",
        findings.join("\n  ")
    );
}
