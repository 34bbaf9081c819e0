//! What a server answers from: the program's routes, and who may ask them.

use std::sync::Arc;

use arc_swap::ArcSwap;
use hyper::StatusCode;
use hyper::header::WWW_AUTHENTICATE;
use hyper::http::request::Parts;

use super::access::{Access, Verdict};
use super::respond::plain;
use super::routes::{Reply, Routes};
use super::tls::{Tls, TlsError};
use crate::config::HttpConfig;
use crate::daemon::telemetry::metrics::process::ProcessFigures;

/// Routes behind their door. Address and certificate stay as long as it lives; who may ask can change.
#[derive(Debug)]
pub struct Desk<R> {
    routes: R,
    access: ArcSwap<Access>,
    started: HttpConfig,
    pub(super) tls: Option<Tls>,
    pub(super) process: Arc<ProcessFigures>,
}

impl<R: Routes> Desk<R> {
    /// Routes for those whom this configuration lets in. `tls` is its certificate, from [`load_certificate`].
    #[must_use]
    pub fn new(routes: R, config: &HttpConfig, tls: Option<Tls>, process: Arc<ProcessFigures>) -> Self {
        let access = ArcSwap::from_pointee(Access::of(config));
        Self { routes, access, started: config.clone(), tls, process }
    }

    /// What is served.
    #[must_use]
    pub fn routes(&self) -> &R {
        &self.routes
    }

    /// From now on every request is held against the rule of this configuration, on open connections too. What only a restart
    /// can change is told.
    pub fn adopt(&self, config: &HttpConfig) {
        self.access.store(Arc::new(Access::of(config)));
        let (section, listen) = (&config.section, self.started.listen);
        if config.listen != listen {
            tracing::warn!("`{section}.listen` stays {listen} (hint: a restart takes the new address)");
        }
        if config.tls != self.started.tls {
            tracing::warn!("`{section}.tls_…` stays as it was (hint: a restart takes the new files)");
        }
    }

    pub(super) async fn answer(&self, request: &Parts) -> Reply {
        let access = self.access.load_full();
        match access.judge(&request.headers).await {
            Verdict::Allowed => self.routes.answer(request).await,
            Verdict::Refused => {
                let mut response = plain(StatusCode::UNAUTHORIZED, "");
                response.headers_mut().insert(WWW_AUTHENTICATE, access.challenge());
                response
            }
            Verdict::Busy => plain(StatusCode::SERVICE_UNAVAILABLE, ""),
        }
    }
}

/// The certificate of this configuration, when HTTPS is to be served. Blocks.
///
/// # Errors
/// The certificate or its key cannot be used.
pub fn load_certificate(config: &HttpConfig) -> Result<Option<Tls>, TlsError> {
    config.tls.clone().map(Tls::load).transpose()
}
