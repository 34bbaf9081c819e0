//! The line to a mail server, on which a reply is bounded: whoever reads replies reads each again from its beginning with every line of it, and a
//! line to its end, so one that does not end would cost all the time and all the memory that there is.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The most bytes that may come between two of ours: a chain of certificates fits, and so does every reply.
const MOST: usize = 24 * 1024;
/// The most ends of lines among them. A reply has a dozen; of certificates every 256th byte looks like one.
const LINES: usize = 256;

/// A stream that gives up where too much comes at once.
pub(super) struct Line<S> {
    stream: S,
    peer: SocketAddr,
    /// What came since something was last written.
    came: usize,
    /// How many ends of lines were among that.
    lines: usize,
}

impl<S> Line<S> {
    pub(super) fn new(stream: S, peer: SocketAddr) -> Self {
        Self { stream, peer, came: 0, lines: 0 }
    }
}

impl<S> fmt::Debug for Line<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Line").field("peer", &self.peer).finish_non_exhaustive()
    }
}

impl<S: AsyncRead + AsyncWrite + Send + Sync + Unpin> AsyncTokioStream for Line<S> {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.peer)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Line<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.came > MOST || self.lines > LINES {
            return Poll::Ready(Err(io::Error::other("a reply is too long")));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        let new = buffer.filled().get(before..).unwrap_or_default();
        let lines = new.iter().filter(|byte| **byte == b'\n').count();
        (self.came, self.lines) = (self.came.saturating_add(new.len()), self.lines.saturating_add(lines));
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Line<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        (self.came, self.lines) = (0, 0);
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;

    #[tokio::test]
    async fn a_reply_that_does_not_end_is_given_up_and_many_short_ones_are_not() {
        let (ours, mut theirs) = duplex(1024);
        let mut line = Line::new(ours, SocketAddr::from(([127, 0, 0, 1], 25)));
        let server = async move {
            let mut word = [0; 4];
            for _ in 0..100 {
                theirs.read_exact(&mut word).await.unwrap();
                theirs.write_all(&[b'x'; 1000]).await.unwrap();
            }
            while theirs.write_all(&[b'x'; 1000]).await.is_ok() {}
        };
        let client = async move {
            let mut reply = [0; 1000];
            for _ in 0..100 {
                line.write_all(b"EHLO").await.unwrap();
                line.read_exact(&mut reply).await.unwrap();
            }
            let mut all = Vec::new();
            let error = line.read_to_end(&mut all).await.unwrap_err();
            (error.to_string(), all.len())
        };
        let ((error, came), ()) = tokio::join!(client, server);
        assert!(error.contains("too long") && came <= MOST + 2000, "{error} {came}");
    }
}
