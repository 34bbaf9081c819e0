//! A connection that knows what came over it: how many bytes, how many at the end of the last answer, and how it began.
//!
//! A server closes idle connections when it likes. A request that meets such a close got no byte of an answer on a connection
//! that gave one before: it may be sent again. The first bytes tell a TLS server that was spoken to in plain HTTP.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use hyper::Uri;
use hyper::rt::{Read, ReadBuf, ReadBufCursor, Write};
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower_service::Service;

/// What came over one connection.
#[derive(Debug, Clone, Default)]
pub(super) struct Traffic(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    received: AtomicU64,
    settled: AtomicU64,
    first: AtomicU64,
}

impl Traffic {
    /// An answer came whole.
    pub(super) fn settle(&self) {
        self.0.settled.store(self.0.received.load(Ordering::Relaxed), Ordering::Relaxed);
    }

    /// Whether the connection gave an answer before, and nothing since.
    pub(super) fn is_silent_since_an_answer(&self) -> bool {
        let received = self.0.received.load(Ordering::Relaxed);
        received > 0 && received == self.0.settled.load(Ordering::Relaxed)
    }

    /// Whether the first bytes are those of a TLS record: an alert or a handshake of version 3.
    pub(super) fn is_tls(&self) -> bool {
        let [_, _, _, _, _, _, kind, version] = self.0.first.load(Ordering::Relaxed).to_be_bytes();
        matches!(kind, 0x15 | 0x16) && version == 3
    }

    fn note(&self, bytes: &[u8]) {
        let count = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if self.0.received.fetch_add(count, Ordering::Relaxed) == 0
            && let [kind, version, ..] = bytes
        {
            self.0.first.store(u64::from(*kind) << 8 | u64::from(*version), Ordering::Relaxed);
        }
    }
}

/// Opens connections that know their traffic.
#[derive(Debug, Clone)]
pub(super) struct Connector(pub(super) HttpsConnector<HttpConnector>);

impl Service<Uri> for Connector {
    type Response = Counted;
    type Error = Box<dyn std::error::Error + Send + Sync>;
    type Future = BoxFuture<'static, Result<Counted, Self::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connecting = self.0.call(uri);
        async { Ok(Counted { inner: connecting.await?, traffic: Traffic::default() }) }.boxed()
    }
}

/// A connection with its traffic.
#[derive(Debug)]
pub(super) struct Counted {
    inner: MaybeHttpsStream<TokioIo<TcpStream>>,
    traffic: Traffic,
}

impl Connection for Counted {
    fn connected(&self) -> Connected {
        self.inner.connected().extra(self.traffic.clone())
    }
}

/// The most bytes of one read. The bytes go through a buffer of our own, for what hyper gives can only be looked at unsafely.
const READ: usize = 64 * 1024;

impl Read for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        mut into: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let mut bytes = [0; READ];
        let room = into.remaining().min(READ);
        let Some(free) = bytes.get_mut(..room) else { return Poll::Ready(Ok(())) };
        let mut buffer = ReadBuf::new(free);
        ready!(Pin::new(&mut self.inner).poll_read(context, buffer.unfilled()))?;
        self.traffic.note(buffer.filled());
        into.put_slice(buffer.filled());
        Poll::Ready(Ok(()))
    }
}

impl Write for Counted {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(context, buffers)
    }
}
