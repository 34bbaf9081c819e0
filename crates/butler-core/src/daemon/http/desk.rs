//! What a server answers from: the program's routes, and who may ask them.
//!
//! `/livez` and `/readyz` say whether the program is well and nothing else, so they are answered to whoever asks: a supervisor has no token.

use std::net::IpAddr;
use std::sync::Arc;

use arc_swap::ArcSwap;
use hyper::StatusCode;
use hyper::header::{HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use hyper::http::request::Parts;

use super::access::{Access, Standing, Verdict};
use super::host::{self, Addresses};
use super::origin::Origin;
use super::respond::plain;
use super::routes::{Reply, Routes};
use super::tls::{Tls, TlsError};
use crate::config::HttpConfig;
use crate::daemon::telemetry::metrics::process::ProcessFigures;

/// Routes behind their door. Address and certificate stay as long as it lives; who may ask can change.
#[derive(Debug)]
pub struct Desk<R> {
    routes: R,
    door: ArcSwap<Door>,
    started: HttpConfig,
    pub(super) tls: Option<Tls>,
    pub(super) process: Arc<ProcessFigures>,
}

/// Who may ask, and under which names.
#[derive(Debug)]
struct Door {
    access: Access,
    names: Vec<String>,
}

/// An answer.
pub(super) struct Answered {
    pub(super) reply: Reply,
    /// Whether it is for somebody who was let in, and not for anybody.
    pub(super) is_let_in: bool,
}

/// What is answered without a token.
const PROBES: [&str; 2] = ["/livez", "/readyz"];

impl<R: Routes> Desk<R> {
    /// Routes for those whom this configuration lets in. `tls` is its certificate, from [`load_certificate`].
    #[must_use]
    pub fn new(routes: R, config: &HttpConfig, tls: Option<Tls>, process: Arc<ProcessFigures>) -> Self {
        let door = ArcSwap::from_pointee(Door { access: Access::of(config), names: config.host_names.clone() });
        Self { routes, door, started: config.clone(), tls, process }
    }

    /// What is served.
    #[must_use]
    pub fn routes(&self) -> &R {
        &self.routes
    }

    /// From now on every request is held against the rule of this configuration, on open connections too. What only a restart
    /// can change is told.
    pub fn adopt(&self, config: &HttpConfig) {
        let access = Access::after(config, &self.door.load().access);
        self.door.store(Arc::new(Door { access, names: config.host_names.clone() }));
        let (section, listen) = (&config.section, self.started.listen);
        if config.listen != listen {
            tracing::warn!("`{section}.listen` stays {listen} (hint: a restart takes the new address)");
        }
        if config.tls != self.started.tls {
            tracing::warn!("`{section}.tls_…` stays as it was (hint: a restart takes the new files)");
        }
    }

    /// How often whoever comes from there brought something wrong.
    pub(super) fn standing(&self, origin: Origin) -> Standing {
        self.door.load().access.standing(origin)
    }

    pub(super) async fn answer(&self, request: &Parts, from: IpAddr) -> Answered {
        let door = self.door.load_full();
        let is_open = door.access.is_open();
        let is_loopback = self.started.listen.ip().is_loopback();
        let addresses = if is_loopback { Addresses::Loopback } else { Addresses::Any };
        let is_held = is_open && (is_loopback || !door.names.is_empty());
        if is_held && !host::is_ours(request, &door.names, addresses) {
            let hint = "this name is none of this service's (hint: `host_names` in its configuration)\n";
            return Answered { reply: plain(StatusCode::MISDIRECTED_REQUEST, hint), is_let_in: false };
        }
        if PROBES.contains(&request.uri.path()) {
            return Answered { reply: self.routes.answer(request).await, is_let_in: is_open };
        }
        let verdict = door.access.judge(&request.headers, from).await;
        let reply = match verdict {
            Verdict::Allowed => self.routes.answer(request).await,
            Verdict::Refused => {
                let mut response = plain(StatusCode::UNAUTHORIZED, "");
                response.headers_mut().insert(WWW_AUTHENTICATE, door.access.challenge());
                response
            }
            Verdict::Busy => {
                let mut response = plain(StatusCode::SERVICE_UNAVAILABLE, "");
                response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
                response
            }
        };
        Answered { reply, is_let_in: verdict == Verdict::Allowed }
    }
}

/// The certificate of this configuration, when HTTPS is to be served. Blocks.
///
/// # Errors
/// The certificate or its key cannot be used.
pub fn load_certificate(config: &HttpConfig) -> Result<Option<Tls>, TlsError> {
    config.tls.clone().map(Tls::load).transpose()
}
