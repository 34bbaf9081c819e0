//! An HTTP server on loopback whose tasks end with it: what the proxy and the fake node are made of.
//!
//! It has no limits on purpose. A handler that fails closes the connection without an answer, which is one of the things
//! that tests ask for.

use std::{convert::Infallible, io, net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context as _;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, combinators::BoxBody};
use hyper::{Request, Response, body::Incoming, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    task::JoinSet,
    time::timeout,
};
use tokio_rustls::TlsAcceptor;

/// A body that may break off.
pub(crate) type Body = BoxBody<Bytes, io::Error>;

/// A server on a free port of 127.0.0.1. Its tasks stop when it is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    _tasks: JoinSet<()>,
}

impl Server {
    /// Serves `handler`; an `Err` from it closes the connection without an answer.
    pub(crate) async fn start<H, F>(tls: Option<TlsAcceptor>, handler: H) -> anyhow::Result<Self>
    where
        H: Fn(Request<Incoming>) -> F + Send + Sync + 'static,
        F: Future<Output = io::Result<Response<Body>>> + Send + 'static,
    {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("failed to listen on 127.0.0.1")?;
        Self::serve(listener, tls, handler)
    }

    /// Serves `handler` where another server was until now: its port is free once its tasks have ended.
    pub(crate) async fn start_again<H, F>(address: SocketAddr, handler: H) -> anyhow::Result<Self>
    where
        H: Fn(Request<Incoming>) -> F + Send + Sync + 'static,
        F: Future<Output = io::Result<Response<Body>>> + Send + 'static,
    {
        let bind = async {
            loop {
                match TcpListener::bind(address).await {
                    Err(error) if error.kind() == io::ErrorKind::AddrInUse => tokio::task::yield_now().await,
                    bound => return bound,
                }
            }
        };
        let listener = timeout(Duration::from_secs(10), bind).await.context("the port stays taken")?;
        Self::serve(listener.context("failed to listen again")?, None, handler)
    }

    fn serve<H, F>(listener: TcpListener, tls: Option<TlsAcceptor>, handler: H) -> anyhow::Result<Self>
    where
        H: Fn(Request<Incoming>) -> F + Send + Sync + 'static,
        F: Future<Output = io::Result<Response<Body>>> + Send + 'static,
    {
        let address = listener.local_addr().context("failed to learn the port")?;
        let handler = Arc::new(handler);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            // Owned by this task, so that they end together.
            let mut connections = JoinSet::new();
            loop {
                let Ok((stream, _)) = listener.accept().await else {
                    continue;
                };
                while connections.try_join_next().is_some() {}
                let handler = Arc::clone(&handler);
                match tls.clone() {
                    None => {
                        connections.spawn(serve(stream, handler));
                    }
                    Some(tls) => {
                        connections.spawn(async move {
                            if let Ok(stream) = tls.accept(stream).await {
                                serve(stream, handler).await;
                            }
                        });
                    }
                }
            }
        });
        Ok(Self { address, _tasks: tasks })
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }
}

async fn serve<S, H, F>(stream: S, handler: Arc<H>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    H: Fn(Request<Incoming>) -> F + Send + Sync + 'static,
    F: Future<Output = io::Result<Response<Body>>> + Send + 'static,
{
    let service = service_fn(move |request| handler(request));
    // A broken connection is often what the test asked for.
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

/// A whole body.
pub(crate) fn full(content: impl Into<Bytes>) -> Body {
    Full::new(content.into()).map_err(|never: Infallible| match never {}).boxed()
}
