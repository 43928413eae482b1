//! The bodies of the HTTP server's answers.

use crate::rt;
use bytes::Bytes;
use http_body_util::{Full, Limited};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// The body of an answer.
pub(crate) enum Answer {
    /// All at once.
    Whole(Full<Bytes>),
    /// What the client sends, sent back while it arrives.
    Echo(Box<Limited<Incoming>>),
    /// Chunks, one after the other.
    Ticks(Ticks),
}

impl Answer {
    pub(crate) fn whole(bytes: impl Into<Bytes>) -> Self {
        Self::Whole(Full::new(bytes.into()))
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match self.get_mut() {
            Self::Whole(body) => Pin::new(body).poll_frame(cx).map_err(|never| match never {}),
            Self::Echo(body) => Pin::new(body.as_mut()).poll_frame(cx),
            Self::Ticks(body) => body
                .poll_chunk(cx)
                .map(|chunk| chunk.map(|chunk| Ok(Frame::data(chunk)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(body) => body.is_end_stream(),
            Self::Echo(body) => body.is_end_stream(),
            Self::Ticks(body) => body.sent == body.chunks,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(body) => body.size_hint(),
            Self::Echo(body) => body.size_hint(),
            Self::Ticks(_) => SizeHint::default(),
        }
    }
}

/// Numbered lines with a pause before each but the first.
pub(crate) struct Ticks {
    sent: u32,
    chunks: u32,
    pause: Duration,
    sleep: Option<Pin<Box<rt::Sleep>>>,
}

impl Ticks {
    pub(crate) fn new(chunks: u32, pause: Duration) -> Self {
        Self {
            sent: 0,
            chunks,
            pause,
            sleep: None,
        }
    }

    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if self.sent == self.chunks {
            return Poll::Ready(None);
        }
        if let Some(sleep) = &mut self.sleep {
            ready!(sleep.as_mut().poll(cx));
        }
        self.sent += 1;
        self.sleep = (!self.pause.is_zero()).then(|| Box::pin(rt::sleep(self.pause)));
        Poll::Ready(Some(Bytes::from(format!("chunk {}\n", self.sent))))
    }
}
