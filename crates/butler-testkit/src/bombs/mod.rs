//! A hostile endpoint on loopback: answers that cost a careless reader far more memory or time than they have bytes.
//!
//! It speaks HTTP by itself, since most of what it says no library would send. Requests that a [`Bomb`] does not concern are
//! passed on to an honest endpoint, so that a reader comes as far as the answer that is meant for it.

mod abi;
mod answer;
mod kind;
mod serve;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

pub use kind::{Bomb, Size};

use crate::http::Client;

/// What a server's handle and its connections share.
#[derive(Debug)]
struct Shared {
    bomb: Bomb,
    size: Size,
    upstream: Client,
    served: AtomicU64,
}

/// A running hostile endpoint; stops when dropped.
#[derive(Debug)]
pub struct BombServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    _tasks: JoinSet<()>,
}

impl BombServer {
    /// Starts it before `upstream`, an honest endpoint or node at an `http://` address.
    ///
    /// # Errors
    /// When the address is bad or no port is free.
    pub async fn start(bomb: Bomb, size: Size, upstream: &str) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("failed to listen on 127.0.0.1")?;
        let address = listener.local_addr().context("failed to learn the port")?;
        let shared = Arc::new(Shared { bomb, size, upstream: Client::new(upstream)?, served: AtomicU64::new(0) });
        let (mut tasks, handler) = (JoinSet::new(), Arc::clone(&shared));
        tasks.spawn(async move {
            // Owned by this task, so that they end together.
            let mut connections = JoinSet::new();
            loop {
                let Ok((stream, _)) = listener.accept().await else { continue };
                while connections.try_join_next().is_some() {}
                let handler = Arc::clone(&handler);
                connections.spawn(async move {
                    // Whoever hangs up on a bomb does what the test wants.
                    let _ = serve::serve(&handler, stream).await;
                });
            }
        });
        Ok(Self { address, shared, _tasks: tasks })
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How often the bomb was served, as a whole or in part: a test that never met it proves nothing.
    pub fn served(&self) -> u64 {
        self.shared.served.load(Ordering::Relaxed)
    }
}
