//! What the tests of heist's streams share: a runtime of one thread, and a transport that takes what it is allowed to.
#![allow(dead_code)]

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use heist::io::AsyncWrite;
use heist::runtime::{Builder, Runtime};

pub(crate) fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// Lets the other tasks of the one thread go on until none can.
pub(crate) async fn settle() {
    for _ in 0..8 {
        heist::task::yield_now().await;
    }
}

/// What has become of a [`Valve`].
#[derive(Default)]
pub(crate) struct Flow {
    room: usize,
    pub(crate) written: Vec<u8>,
    /// How often it was asked to write and took something.
    pub(crate) calls: usize,
    /// How much had been written when it was shut down.
    pub(crate) shut_at: Option<usize>,
    pub(crate) dropped: bool,
    fails: Option<io::ErrorKind>,
    panics: bool,
    waker: Option<Waker>,
}

/// A writer that takes as many bytes as it was opened for.
pub(crate) struct Valve(Arc<Mutex<Flow>>);

/// The handle of a [`Valve`].
#[derive(Clone)]
pub(crate) struct Control(Arc<Mutex<Flow>>);

pub(crate) fn valve(room: usize) -> (Valve, Control) {
    let flow = Arc::new(Mutex::new(Flow {
        room,
        ..Flow::default()
    }));
    (Valve(flow.clone()), Control(flow))
}

impl Control {
    fn change(&self, change: impl FnOnce(&mut Flow)) {
        let mut flow = self.0.lock().unwrap();
        change(&mut flow);
        let waker = flow.waker.take();
        drop(flow);
        waker.into_iter().for_each(Waker::wake);
    }

    /// Takes `room` bytes more.
    pub(crate) fn open(&self, room: usize) {
        self.change(|flow| flow.room += room);
    }

    /// Fails from now on.
    pub(crate) fn fail(&self, kind: io::ErrorKind) {
        self.change(|flow| flow.fails = Some(kind));
    }

    /// Panics from now on.
    pub(crate) fn panic(&self) {
        self.change(|flow| flow.panics = true);
    }

    pub(crate) fn written(&self) -> Vec<u8> {
        self.0.lock().unwrap().written.clone()
    }

    pub(crate) fn calls(&self) -> usize {
        self.0.lock().unwrap().calls
    }

    pub(crate) fn shut_at(&self) -> Option<usize> {
        self.0.lock().unwrap().shut_at
    }

    pub(crate) fn dropped(&self) -> bool {
        self.0.lock().unwrap().dropped
    }
}

impl Drop for Valve {
    fn drop(&mut self) {
        self.0.lock().unwrap().dropped = true;
    }
}

impl AsyncWrite for Valve {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(buf)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut flow = self.0.lock().unwrap();
        if flow.panics {
            drop(flow);
            panic!("this transport panics");
        }
        if let Some(kind) = flow.fails {
            return Poll::Ready(Err(kind.into()));
        }
        if flow.room == 0 {
            flow.waker = Some(cx.waker().clone());
            return Poll::Pending;
        }
        flow.calls += 1;
        let mut taken = 0;
        for buf in bufs {
            let n = buf.len().min(flow.room);
            flow.room -= n;
            taken += n;
            flow.written.extend_from_slice(&buf[..n]);
        }
        Poll::Ready(Ok(taken))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut flow = self.0.lock().unwrap();
        flow.shut_at = Some(flow.written.len());
        Poll::Ready(Ok(()))
    }
}
