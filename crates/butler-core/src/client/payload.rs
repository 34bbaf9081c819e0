//! The body of a request, in pieces: what is long stands in it without being copied.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

/// What is shorter is copied: a piece has its price, too.
const SHORT: usize = 4096;

/// A body that is sent piece by piece; a clone shares them.
#[derive(Debug, Clone, Default)]
pub struct Payload(VecDeque<Bytes>);

impl Payload {
    /// Its bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.iter().map(Bytes::len).sum()
    }

    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl From<Vec<u8>> for Payload {
    fn from(bytes: Vec<u8>) -> Self {
        Self(VecDeque::from([Bytes::from(bytes)]))
    }
}

/// A body on its way.
#[derive(Debug, Default)]
pub(super) struct PayloadWriter {
    done: VecDeque<Bytes>,
    last: Vec<u8>,
}

impl PayloadWriter {
    /// Adds a copy.
    pub(super) fn copy(&mut self, bytes: &[u8]) {
        self.last.extend_from_slice(bytes);
    }

    /// Adds what somebody else holds, too.
    pub(super) fn share(&mut self, bytes: &Bytes) {
        if bytes.len() < SHORT {
            return self.copy(bytes);
        }
        self.done.push_back(Bytes::from(std::mem::take(&mut self.last)));
        self.done.push_back(bytes.clone());
    }

    /// The whole.
    pub(super) fn finish(mut self) -> Payload {
        self.done.push_back(Bytes::from(self.last));
        Payload(self.done)
    }
}

impl Body for Payload {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.pop_front().map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(u64::try_from(self.len()).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    #[tokio::test]
    async fn the_pieces_are_sent_in_order_and_long_ones_are_not_copied() {
        let long = Bytes::from(vec![b'x'; SHORT]);
        let mut writer = PayloadWriter::default();
        writer.copy(b"[");
        writer.share(&Bytes::from_static(b"short"));
        writer.share(&long);
        writer.share(&long);
        writer.copy(b"]");
        let payload = writer.finish();
        assert!(payload.0.iter().any(|piece| piece.as_ptr() == long.as_ptr()));
        assert_eq!(payload.size_hint().exact(), u64::try_from(payload.len()).ok());
        let sent = payload.collect().await.unwrap().to_bytes();
        assert_eq!(sent, [b"[short".as_slice(), &long, &long, b"]"].concat());
    }
}
