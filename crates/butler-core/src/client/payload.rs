//! The body of a request, in pieces: what is long stands in it without being copied, and a file is read while it is sent.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

/// What is shorter is copied: a piece has its price, too.
const SHORT: usize = 4096;

/// Bytes of a file that are sent at once.
const PORTION: usize = 64 * 1024;

/// A body that is sent piece by piece; a clone shares them.
#[derive(Debug, Clone, Default)]
pub struct Payload {
    pieces: VecDeque<Bytes>,
    file: Option<Part>,
}

/// What of a file is still to be sent.
#[derive(Debug, Clone)]
struct Part {
    file: Arc<File>,
    from: u64,
    to: u64,
}

impl Payload {
    /// Its bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        let file = self.file.as_ref().map_or(0, |part| part.to.saturating_sub(part.from));
        let pieces: usize = self.pieces.iter().map(Bytes::len).sum();
        pieces.saturating_add(usize::try_from(file).unwrap_or(usize::MAX))
    }

    /// The first `length` bytes of a file. Whoever sends them reads it then; one that is shorter by then breaks off.
    #[must_use]
    pub fn of_file(file: File, length: u64) -> Self {
        Self { pieces: VecDeque::new(), file: Some(Part { file: Arc::new(file), from: 0, to: length }) }
    }

    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl From<Vec<u8>> for Payload {
    fn from(bytes: Vec<u8>) -> Self {
        Self { pieces: VecDeque::from([Bytes::from(bytes)]), file: None }
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
        Payload { pieces: self.done, file: None }
    }
}

impl Part {
    /// The next portion; none at its end.
    fn next(&mut self) -> Option<io::Result<Bytes>> {
        let left = usize::try_from(self.to.saturating_sub(self.from)).unwrap_or(usize::MAX);
        if left == 0 {
            return None;
        }
        let mut portion = vec![0; left.min(PORTION)];
        Some(self.file.read_exact_at(&mut portion, self.from).map(|()| {
            self.from = self.from.saturating_add(u64::try_from(portion.len()).unwrap_or(u64::MAX));
            Bytes::from(portion)
        }))
    }
}

impl Body for Payload {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let piece = match self.pieces.pop_front() {
            Some(piece) => Some(Ok(piece)),
            None => self.file.as_mut().and_then(Part::next),
        };
        Poll::Ready(piece.map(|piece| piece.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.is_empty()
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
        assert!(payload.pieces.iter().any(|piece| piece.as_ptr() == long.as_ptr()));
        assert_eq!(payload.size_hint().exact(), u64::try_from(payload.len()).ok());
        let sent = payload.collect().await.unwrap().to_bytes();
        assert_eq!(sent, [b"[short".as_slice(), &long, &long, b"]"].concat());
    }

    #[tokio::test]
    async fn a_file_is_sent_as_far_as_it_was_to_be_and_one_that_shrank_breaks_off() {
        let mut file = tempfile::tempfile().unwrap();
        let content: Vec<u8> = (0..PORTION * 2 + 5).map(|at| u8::try_from(at % 251).unwrap()).collect();
        io::Write::write_all(&mut file, &content).unwrap();
        let length = u64::try_from(content.len()).unwrap();
        let payload = Payload::of_file(file.try_clone().unwrap(), length);
        assert_eq!((payload.len(), payload.is_end_stream()), (content.len(), false));
        let sent = payload.clone().collect().await.unwrap().to_bytes();
        assert!(sent == content);
        let sent = Payload::of_file(file.try_clone().unwrap(), 3).collect().await.unwrap().to_bytes();
        assert_eq!(sent, content[..3]);
        file.set_len(length - 1).unwrap();
        assert!(payload.collect().await.is_err());
    }
}
