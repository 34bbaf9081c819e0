//! A proxy on loopback in front of any JSON-RPC endpoint. It passes requests on, breaks those that the [`FaultPlan`]
//! says, and counts what went through.
//!
//! The endpoint behind it stays healthy: what a test sees is only what the plan asked for.

mod active;
mod authorization;
mod calls;
mod compress;
mod fault;
mod lies;
mod limits;
mod overrides;
mod serve;
mod stats;
pub(crate) mod tls;

use std::{
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

pub use authorization::Authorization;
pub use fault::{BatchRefusal, Change, Fault, FaultPlan, Hook, OverrideRefusal, PackRefusal, PruneStyle, When};
pub use lies::{ForgedCoinbase, Getter, Lie, LogFault, LogKind, STRANGE_ATTESTER, STRANGER, SplitEvent};
pub use limits::{LogLimit, LogLimitStyle};
pub use stats::ProxyStats;

use crate::{http::Client, server::Server};
use lies::Memory;
use serve::Shared;
use stats::Recorder;
use tls::TestAuthority;

/// A running proxy; stops when dropped.
#[derive(Debug)]
pub struct FaultProxy {
    server: Server,
    authority: Option<TestAuthority>,
    shared: Arc<Shared>,
}

impl FaultProxy {
    /// Starts a proxy in front of `upstream`, an `http://` address. It passes everything on until a plan is set.
    ///
    /// # Errors
    /// When the address is bad or no port is free.
    pub async fn start(upstream: &str) -> anyhow::Result<Self> {
        Self::launch(upstream, None).await
    }

    /// The same behind TLS, with a certificate for 127.0.0.1 and localhost from an authority of its own.
    ///
    /// # Errors
    /// When the address is bad, no port is free, or the certificate cannot be made.
    pub async fn start_tls(upstream: &str) -> anyhow::Result<Self> {
        Self::launch(upstream, Some(TestAuthority::new(Self::CERTIFICATE_YEAR)?)).await
    }

    /// The year at whose beginning the certificates of [`FaultProxy::start_tls`] end.
    pub const CERTIFICATE_YEAR: i32 = 2096;

    /// The same with a certificate that ended with the year 2019.
    ///
    /// # Errors
    /// As [`FaultProxy::start_tls`].
    pub async fn start_tls_expired(upstream: &str) -> anyhow::Result<Self> {
        Self::launch(upstream, Some(TestAuthority::new(2020)?)).await
    }

    async fn launch(upstream: &str, authority: Option<TestAuthority>) -> anyhow::Result<Self> {
        let shared = Arc::new(Shared {
            upstream: Client::new(upstream)?,
            plan: Mutex::default(),
            authorization: Mutex::default(),
            memory: Memory::default(),
            recorder: Recorder::default(),
            compresses: AtomicBool::new(false),
        });
        let acceptor = authority.as_ref().map(TestAuthority::acceptor);
        let handler = Arc::clone(&shared);
        let server = Server::start(acceptor, move |request| compress::answer(Arc::clone(&handler), request)).await?;
        Ok(Self { server, authority, shared })
    }

    /// Its address.
    pub fn url(&self) -> String {
        let scheme = if self.authority.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.server.address())
    }

    /// The PEM file of the authority, with TLS only.
    pub fn ca_pem_path(&self) -> Option<&Path> {
        self.authority.as_ref().map(TestAuthority::pem_path)
    }

    /// Replaces the plan and counts its requests from 1 again.
    pub fn set(&self, plan: FaultPlan) {
        let mut current = self.shared.plan.lock().unwrap_or_else(PoisonError::into_inner);
        *current = plan.into();
    }

    /// Answers 401 to whoever does not send this; `None` lets everybody in.
    pub fn require(&self, authorization: Option<Authorization>) {
        let mut current = self.shared.authorization.lock().unwrap_or_else(PoisonError::into_inner);
        *current = authorization;
    }

    /// From now on, compresses answers for whoever accepts gzip, as public endpoints do.
    pub fn compress(&self) {
        self.shared.compresses.store(true, Ordering::Relaxed);
    }

    /// What went through since the start or the last reset.
    pub fn stats(&self) -> ProxyStats {
        self.shared.recorder.snapshot()
    }

    /// Sets the counts back to zero.
    pub fn reset(&self) {
        self.shared.recorder.reset();
    }
}
