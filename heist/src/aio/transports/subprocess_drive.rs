//! The driver task of a child process: up to three [`Pump`]s, the child, and the protocol that it calls.
//!
//! Invariants: those of [`subprocess`](super::subprocess) and of the module above it. The picture is there.
//!
//! - I3: a pipe leaves `pipes` when its `pipe_connection_lost` is called; the child's exit is asked for until it is known.
//!
//! Ordering pairs: the lock.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::process::ExitStatus;
use std::task::{Context, Poll, Waker};

use heist_primitive::sync::{Mutex, StdArc as Arc};

use super::drive::Panics;
use super::protocol::read_scratch;
use super::pump::Pump;
use super::shared::{Shared as PipeShared, Step as PipeStep};
use super::subprocess::{SubprocessProtocol, SubprocessTransport};
use super::wire::{Extra, Wire};
use crate::net::unix::pipe;
use crate::process::Child;
use crate::signal::unix::SignalKind;
use crate::sync::oneshot;

/// What the handles and the driver share.
#[derive(Default)]
pub(super) struct Shared(Mutex<State>);

#[derive(Default)]
struct State {
    signals: VecDeque<SignalKind>,
    status: Option<ExitStatus>,
    closing: bool,
    /// The driver is gone.
    over: bool,
    waker: Option<Waker>,
}

impl Shared {
    pub(super) fn status(&self) -> Option<ExitStatus> {
        self.0.lock().status
    }

    pub(super) fn is_closing(&self) -> bool {
        self.0.lock().closing
    }

    pub(super) fn send_signal(&self, signal: SignalKind) -> io::Result<()> {
        self.change(|state| {
            if state.over || state.status.is_some() {
                return Err(io::Error::new(io::ErrorKind::NotFound, "the process has exited"));
            }
            state.signals.push_back(signal);
            Ok(())
        })
    }

    pub(super) fn close(&self) {
        self.change(|state| state.closing = true);
    }

    fn change<R>(&self, change: impl FnOnce(&mut State) -> R) -> R {
        let mut state = self.0.lock();
        let result = change(&mut state);
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
        result
    }

    /// What was asked for; the waker is left for what will be.
    fn asked(&self, cx: &Context<'_>) -> (VecDeque<SignalKind>, bool) {
        let mut state = self.0.lock();
        let asked = (std::mem::take(&mut state.signals), state.closing);
        let old = state.waker.replace(cx.waker().clone());
        drop(state);
        drop(old);
        asked
    }

    fn release(&self) {
        let mut state = self.0.lock();
        state.closing = true;
        state.over = true;
        let waker = state.waker.take();
        drop(state);
        drop(waker);
    }
}

/// The pipes that are open, by the number that they have in the child.
pub(super) struct Pipes(Vec<(i32, Pump)>);

impl Pipes {
    /// Takes them out of the child.
    pub(super) fn take(child: &mut Child) -> io::Result<Pipes> {
        let mut pipes = Vec::new();
        let mut add = |fd, wire: Arc<dyn Wire>| pipes.push((fd, Pump::new(wire, Extra::default())));
        if let Some(stdin) = child.stdin.take() {
            add(0, Arc::new(pipe::Sender::from_owned_fd(stdin.into_owned_fd()?)?));
        }
        if let Some(stdout) = child.stdout.take() {
            add(
                1,
                Arc::new(pipe::Receiver::from_owned_fd(stdout.into_owned_fd()?)?),
            );
        }
        if let Some(stderr) = child.stderr.take() {
            add(
                2,
                Arc::new(pipe::Receiver::from_owned_fd(stderr.into_owned_fd()?)?),
            );
        }
        Ok(Pipes(pipes))
    }

    pub(super) fn transport(&self, fd: i32) -> Option<Arc<PipeShared>> {
        let (_, pump) = self.0.iter().find(|(of, _)| *of == fd)?;
        Some(pump.shared.clone())
    }

    fn poll_step(&mut self, cx: &mut Context<'_>) -> Poll<(i32, PipeStep)> {
        for (fd, pump) in &mut self.0 {
            if let Poll::Ready(step) = pump.poll_step(cx) {
                return Poll::Ready((*fd, step));
            }
        }
        Poll::Pending
    }
}

enum Step {
    Pipe(i32, PipeStep),
    Exited(io::Result<ExitStatus>),
    Over,
}

/// A process that is about to be driven.
pub(super) struct Driver<P> {
    protocol: P,
    transport: SubprocessTransport,
    child: Child,
    pipes: Pipes,
    exited: bool,
    /// Why it is over, if not by itself.
    error: Option<io::Error>,
    released: Released,
    panics: Panics,
}

impl<P: SubprocessProtocol> Driver<P> {
    pub(super) fn new(
        protocol: P,
        transport: SubprocessTransport,
        child: Child,
        pipes: Pipes,
        shared: Arc<Shared>,
    ) -> Driver<P> {
        Driver {
            protocol,
            transport,
            child,
            pipes,
            exited: false,
            error: None,
            released: Released(shared),
            panics: Panics::default(),
        }
    }

    pub(super) async fn drive(mut self, made: oneshot::Sender<()>) {
        let transport = self.transport.clone();
        if self.call("connection_made", |protocol| protocol.connection_made(transport)) {
            // Whoever made it may have given up; then it is closing.
            let _ = made.send(());
        }
        loop {
            match poll_fn(|cx| self.poll_step(cx)).await {
                Step::Pipe(fd, step) => self.pipe(fd, step),
                Step::Exited(exited) => self.exited(exited),
                Step::Over => break,
            }
        }
        let error = self.error.take();
        self.call("connection_lost", |protocol| protocol.connection_lost(error));
        let Driver {
            protocol,
            released,
            mut panics,
            ..
        } = self;
        drop(released);
        // What it says is for the one whose process it was; the panic itself goes on below.
        let _ = panics.catch("drop", || drop(protocol));
        panics.go_on();
    }

    fn poll_step(&mut self, cx: &mut Context<'_>) -> Poll<Step> {
        let (signals, closing) = self.released.0.asked(cx);
        if !self.exited {
            for signal in signals {
                // It may just have exited, which is about to be seen.
                let _ = self.child.send_signal(signal.as_raw_value());
            }
            if closing {
                let _ = self.child.start_kill();
            }
        }
        if closing {
            self.pipes.0.iter().for_each(|(_, pump)| pump.shared.close());
        }
        if let Poll::Ready((fd, step)) = self.pipes.poll_step(cx) {
            return Poll::Ready(Step::Pipe(fd, step));
        }
        if !self.exited {
            return pin!(self.child.wait()).poll(cx).map(Step::Exited);
        }
        if self.pipes.0.is_empty() {
            return Poll::Ready(Step::Over);
        }
        Poll::Pending
    }

    fn pipe(&mut self, fd: i32, step: PipeStep) {
        match step {
            PipeStep::Pause => {
                self.call("pause_writing", P::pause_writing);
            }
            PipeStep::Resume => {
                self.call("resume_writing", P::resume_writing);
            }
            PipeStep::Read => self.read(fd),
            PipeStep::Lost(error) => {
                self.pipes.0.retain(|(of, _)| *of != fd);
                self.call("pipe_connection_lost", |protocol| {
                    protocol.pipe_connection_lost(fd, error)
                });
            }
        }
    }

    fn read(&mut self, fd: i32) {
        let Some((_, pump)) = self.pipes.0.iter().find(|(of, _)| *of == fd) else {
            return;
        };
        let wire = pump.wire.clone();
        let mut read = Ok(0);
        let called = self.call("pipe_data_received", |protocol| {
            read = read_scratch(&*wire, |data| protocol.pipe_data_received(fd, data));
        });
        if let (true, Some((_, pump))) = (called, self.pipes.0.iter().find(|(of, _)| *of == fd)) {
            if pump.note_read(read) {
                pump.shared.close();
            }
        }
    }

    fn exited(&mut self, exited: io::Result<ExitStatus>) {
        self.exited = true;
        match exited {
            Ok(status) => {
                self.released.0.0.lock().status = Some(status);
                self.call("process_exited", P::process_exited);
            }
            Err(error) => {
                self.error.get_or_insert(error);
                self.released.0.close();
            }
        }
    }

    /// Whether the callback has returned. A panic is the end of the process.
    fn call(&mut self, name: &str, callback: impl FnOnce(&mut P)) -> bool {
        let called = self.panics.catch(name, || callback(&mut self.protocol));
        let Err(error) = called else { return true };
        self.error.get_or_insert(error);
        self.released.0.close();
        self.pipes.0.iter().for_each(|(_, pump)| pump.shared.fail(None));
        false
    }
}

/// Tells the handles that the driver has ended, whatever the reason.
struct Released(Arc<Shared>);

impl Drop for Released {
    fn drop(&mut self) {
        self.0.release();
    }
}
