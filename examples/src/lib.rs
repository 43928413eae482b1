//! Small real programs on heist: the files beside this folder, started with `cargo run --example <name>`.
//!
//! A row's last column is the program that the example is tested against, by `tests/end_to_end` or `ci/examples`.
//!
//! | example | what it is | with |
//! |---|---|---|
//! | `hello` | two tasks and a sleep | |
//! | `echo` | a TCP server that sends back what it gets | blocking sockets |
//! | `udp_echo` | the same for datagrams | Python |
//! | `lookup` | names to addresses, all at once | getent |
//! | `sort` | a child process, piped both ways | sort |
//! | `proxy` | a TCP proxy with `copy_bidirectional` | curl |
//! | `chat` | a chat by lines, and with `--load 1000` as many clients on start-up | Python's asyncio |
//! | `websocket_chat` | a chat for browsers: async-tungstenite | tungstenite, Python's websockets |
//! | `http` | a hyper 1 server: HTTP/1.1 and HTTP/2, streaming, counters, a graceful end | curl, wrk |
//! | `http_tokio` | the same source on tokio, to compare with | curl, wrk |
//! | `http_client` | hyper's client against the server, checking every answer | |
//! | `https` | hyper behind rustls, with a certificate made at start | curl |
//! | `axum_router` | axum's router, served by hyper | curl |
//! | `crawler` | follows links, many pages at once, up to a limit | Python's http.server |
//! | `postgres` | many queries at once: tokio-postgres | PostgreSQL, psql |
//! | `asyncio_hello` | a sleep between two lines | the same in Python, as in the rows below |
//! | `asyncio_say_after` | one after the other, and both at once | |
//! | `asyncio_callbacks` | calls at a time, and one that is cancelled | |
//! | `asyncio_streams` | a server and a client | |
//! | `asyncio_child_process` | pipes, a shell, a signal | |
//! | `asyncio_threads` | what blocks, on threads | |
//! | `asyncio_producer_consumer` | a queue for two | |
//! | `asyncio_synchronisation` | lock, event, condition, semaphore | |
//! | `asyncio_timeouts` | a timeout that is reached, and one that is not | |
//! | `asyncio_scraper` | fifty pages at once | |
//! | `asyncio_web_service` | HTTP on nothing but streams | curl |
//! | `asyncio_database` | a hundred queries at once: rusqlite | |
//! | `asyncio_echo`, `asyncio_echo_load` | the server and the load of `ci/asyncio-echo` | blocking sockets |
//!
//! A server takes its address as its first argument (`http` as `--addr`), prints it, and ends well on Ctrl-C.

/// The README, so that its example is compiled.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
mod readme {}

/// The table of asyncio's names, so that its snippets are run.
#[cfg(doctest)]
#[doc = include_str!("../../docs/ASYNCIO.md")]
mod asyncio {}
