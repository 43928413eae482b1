//! Each example as its user meets it: the built program, with a program nobody here wrote at the other end.
//!
//! | file | examples | the other end |
//! |---|---|---|
//! | `web.rs` | http, http_tokio, http_client, https, axum_router, proxy, crawler | curl, python's http.server |
//! | `chats.rs` | chat, websocket_chat | std's blocking sockets, tungstenite's blocking client |
//! | `small.rs` | hello, echo, proxy, udp_echo, lookup, sort | python, getent, sort, std's blocking sockets |
//! | `asyncio.rs` | those of asyncio/ | the same program in Python |
//! | `ending.rs` | all servers | Ctrl-C |
//!
//! A program that is not installed is skipped with a line that says so; `ci/examples` installs them first, and
//! runs what needs more than this: PostgreSQL, 1,000 clients, Python's websockets.

mod asyncio;
mod chats;
mod ending;
mod kit;
mod small;
mod web;
