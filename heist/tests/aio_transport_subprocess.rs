//! Subprocesses as protocols, as asyncio documents them: what is called for the pipes, for the exit and at the end.

#![cfg(all(unix, feature = "process"))]

mod rt_kit;

use std::io::{self, ErrorKind};
use std::process::Stdio;

use heist::aio::{
    SubprocessProtocol, SubprocessTransport, subprocess_command, subprocess_exec, subprocess_shell,
};
use heist::process::Command;
use heist::signal::unix::SignalKind;
use heist::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use rt_kit::both_flavours;

#[derive(Debug, PartialEq, Eq)]
enum Event {
    Made,
    Data(i32, Vec<u8>),
    PipeLost(i32, Option<ErrorKind>),
    Exited(Option<i32>),
    Lost(Option<ErrorKind>),
    Pause,
    Resume,
    Dropped,
}

/// A protocol that sends every callback to the test.
struct Recorder {
    events: UnboundedSender<Event>,
    transport: Option<SubprocessTransport>,
    panics: bool,
}

struct History(UnboundedReceiver<Event>);

fn recorder() -> (Recorder, History) {
    let (events, history) = unbounded_channel();
    let recorder = Recorder {
        events,
        transport: None,
        panics: false,
    };
    (recorder, History(history))
}

impl Recorder {
    fn tell(&self, event: Event) {
        // A test that has seen enough has dropped the other end.
        let _ = self.events.send(event);
    }
}

impl SubprocessProtocol for Recorder {
    fn connection_made(&mut self, transport: SubprocessTransport) {
        self.tell(Event::Made);
        self.transport = Some(transport);
    }

    fn pipe_data_received(&mut self, fd: i32, data: &[u8]) {
        assert!(!self.panics, "in pipe_data_received");
        self.tell(Event::Data(fd, data.to_vec()));
    }

    fn pipe_connection_lost(&mut self, fd: i32, error: Option<io::Error>) {
        self.tell(Event::PipeLost(fd, error.map(|error| error.kind())));
    }

    fn process_exited(&mut self) {
        self.tell(Event::Exited(self.transport.as_ref().unwrap().get_returncode()));
    }

    fn connection_lost(&mut self, error: Option<io::Error>) {
        self.tell(Event::Lost(error.map(|error| error.kind())));
    }

    fn pause_writing(&mut self) {
        self.tell(Event::Pause);
    }

    fn resume_writing(&mut self) {
        self.tell(Event::Resume);
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.tell(Event::Dropped);
    }
}

impl History {
    async fn next(&mut self) -> Event {
        self.0
            .recv()
            .await
            .expect("the protocol is dropped, and that is told")
    }

    async fn rest(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some(event) = self.0.recv().await {
            events.push(event);
        }
        events
    }
}

/// All that came from a pipe.
fn output(events: &[Event], of: i32) -> Vec<u8> {
    let pieces = events.iter().filter_map(|event| match event {
        Event::Data(fd, data) if *fd == of => Some(data.as_slice()),
        _ => None,
    });
    pieces.collect::<Vec<_>>().concat()
}

fn count(events: &[Event], event: &Event) -> usize {
    events.iter().filter(|other| *other == event).count()
}

both_flavours! {
    fn each_pipe_and_the_exit_are_told_and_connection_lost_is_last(runtime) {
        runtime.block_on(async {
            let (protocol, mut history) = recorder();
            let transport = subprocess_shell(|| protocol, "echo out; echo err >&2; exit 7").await.unwrap();
            assert_eq!(history.next().await, Event::Made, "before the transport is returned");
            assert!(transport.get_pid().is_some());
            let events = history.rest().await;
            assert_eq!(output(&events, 1), b"out\n");
            assert_eq!(output(&events, 2), b"err\n");
            assert_eq!(count(&events, &Event::PipeLost(1, None)), 1);
            assert_eq!(count(&events, &Event::PipeLost(2, None)), 1);
            assert_eq!(count(&events, &Event::PipeLost(0, None)), 1);
            assert_eq!(count(&events, &Event::Exited(Some(7))), 1);
            assert_eq!(events[events.len() - 2..], [Event::Lost(None), Event::Dropped]);
            assert_eq!(transport.get_returncode(), Some(7));
            assert_eq!(transport.kill().unwrap_err().kind(), ErrorKind::NotFound);
        });
    }

    fn what_is_written_to_stdin_is_read_and_write_eof_ends_it(runtime) {
        runtime.block_on(async {
            let (protocol, mut history) = recorder();
            let transport = subprocess_exec(|| protocol, "cat", ["-"]).await.unwrap();
            let sent: Vec<u8> = (0..1_000_000_u32).map(|i| (i % 251) as u8).collect();
            let stdin = transport.stdin().unwrap();
            stdin.write(&sent);
            stdin.write_eof();
            let events = history.rest().await;
            assert!(output(&events, 1) == sent);
            assert_eq!(count(&events, &Event::Pause), 1, "more than 64 KiB waited");
            assert_eq!(count(&events, &Event::Resume), 1);
            assert_eq!(count(&events, &Event::PipeLost(0, None)), 1);
            assert_eq!(transport.get_returncode(), Some(0));
        });
    }

    fn a_stdin_that_the_process_closes_is_lost_with_broken_pipe(runtime) {
        runtime.block_on(async {
            let (protocol, mut history) = recorder();
            let transport = subprocess_shell(|| protocol, "head -c 1 > /dev/null; exec sleep 60 <&-")
                .await
                .unwrap();
            transport.stdin().unwrap().write(&vec![0; 1 << 20]);
            loop {
                match history.next().await {
                    Event::PipeLost(0, error) => {
                        assert_eq!(error, Some(ErrorKind::BrokenPipe));
                        break;
                    }
                    Event::Made | Event::Pause | Event::Data(..) => {}
                    other => panic!("{other:?}"),
                }
            }
            assert_eq!(transport.get_returncode(), None);
            transport.close();
            history.rest().await;
        });
    }

    fn signals_end_the_process_with_a_negative_returncode(runtime) {
        runtime.block_on(async {
            type Send = fn(&SubprocessTransport) -> io::Result<()>;
            let signals: [(Send, i32); 3] = [
                (|transport| transport.terminate(), libc::SIGTERM),
                (|transport| transport.kill(), libc::SIGKILL),
                (|transport| transport.send_signal(SignalKind::user_defined1()), libc::SIGUSR1),
            ];
            for (send, signal) in signals {
                let (protocol, mut history) = recorder();
                let transport = subprocess_exec(|| protocol, "sleep", ["60"]).await.unwrap();
                assert_eq!(transport.get_returncode(), None);
                send(&transport).unwrap();
                let events = history.rest().await;
                assert_eq!(count(&events, &Event::Exited(Some(-signal))), 1, "{events:?}");
                assert_eq!(count(&events, &Event::Lost(None)), 1);
            }
        });
    }

    fn close_kills_what_still_runs_and_closes_the_pipes(runtime) {
        runtime.block_on(async {
            let (protocol, mut history) = recorder();
            let transport = subprocess_exec(|| protocol, "sleep", ["60"]).await.unwrap();
            assert!(!transport.is_closing());
            transport.close();
            assert!(transport.is_closing());
            let events = history.rest().await;
            assert_eq!(count(&events, &Event::Exited(Some(-libc::SIGKILL))), 1);
            for fd in 0..=2 {
                assert_eq!(count(&events, &Event::PipeLost(fd, None)), 1, "{events:?}");
            }
            assert_eq!(events[events.len() - 2..], [Event::Lost(None), Event::Dropped]);
        });
    }

    fn a_panicking_callback_kills_the_process(runtime) {
        runtime.block_on(async {
            let (mut protocol, mut history) = recorder();
            protocol.panics = true;
            let transport = subprocess_shell(|| protocol, "echo !; exec sleep 60").await.unwrap();
            let events = history.rest().await;
            assert_eq!(
                events[events.len() - 2..],
                [Event::Lost(Some(ErrorKind::Other)), Event::Dropped],
                "{events:?}"
            );
            assert_eq!(transport.get_returncode(), Some(-libc::SIGKILL));
        });
    }

    fn pause_reading_holds_the_output_back(runtime) {
        runtime.block_on(async {
            let (protocol, mut history) = recorder();
            let transport = subprocess_exec(|| protocol, "cat", ["-"]).await.unwrap();
            assert_eq!(history.next().await, Event::Made);
            transport.stdout().unwrap().pause_reading();
            let stdin = transport.stdin().unwrap();
            stdin.write(b"held");
            stdin.write_eof();
            // The exit is seen, the output is not.
            let mut events = Vec::new();
            while !events.contains(&Event::Exited(Some(0))) {
                events.push(history.next().await);
            }
            assert_eq!(output(&events, 1), b"");
            transport.stdout().unwrap().resume_reading();
            assert_eq!(output(&history.rest().await, 1), b"held");
        });
    }

    fn a_command_has_the_pipes_that_it_asks_for(runtime) {
        runtime.block_on(async {
            let (protocol, mut history) = recorder();
            let mut command = Command::new("sh");
            command.args(["-c", "echo $WHO"]).env("WHO", "heist");
            command.stdin(Stdio::null()).stdout(Stdio::piped());
            let transport = subprocess_command(|| protocol, &mut command).await.unwrap();
            let piped = (transport.stdin(), transport.stdout(), transport.stderr());
            assert!(matches!(piped, (None, Some(_), None)));
            let events = history.rest().await;
            assert_eq!(output(&events, 1), b"heist\n");
            assert!(events.contains(&Event::Exited(Some(0))));
        });
    }

    fn a_program_that_is_not_there_is_an_error(runtime) {
        runtime.block_on(async {
            let (protocol, mut history) = recorder();
            let no_args: [&str; 0] = [];
            let started = subprocess_exec(|| protocol, "/nonexistent/program", no_args).await;
            assert_eq!(started.unwrap_err().kind(), ErrorKind::NotFound);
            assert_eq!(history.rest().await, [Event::Dropped]);
        });
    }
}
