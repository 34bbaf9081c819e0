//! Why an exchange broke, out of the chain of causes that hyper gives; no word of it leaves unseen.

use thiserror::Error;

use crate::client::connection::Traffic;
use crate::client::error::{Cause, RpcFailure};
use crate::client::secrets::Secrets;

pub(super) fn traffic(error: &hyper_util::client::legacy::Error) -> Option<Traffic> {
    let mut extensions = hyper::http::Extensions::new();
    error.connect_info()?.get_extras(&mut extensions);
    extensions.remove()
}

/// hyper-util says only "client error (Connect)": the kind is further down the chain of causes.
pub(super) fn connect_failure(secrets: &Secrets, error: &hyper_util::client::legacy::Error) -> RpcFailure {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    let mut tls = None;
    while let Some(inner) = cause {
        tls = inner.downcast_ref::<rustls::Error>().or(tls);
        // rustls hides in an io::Error within an io::Error, whose `source` skips the error that it wraps.
        let wrapped = inner.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        cause = wrapped.map_or_else(|| inner.source(), |wrapped| Some(wrapped));
    }
    if let Some(tls) = tls {
        let is_plain = matches!(tls, rustls::Error::InvalidMessage(_));
        let plain = || "the other side speaks plain HTTP, not TLS: try a URL that begins with http".into();
        RpcFailure::Tls(if is_plain { plain() } else { told(secrets, error) })
    } else if error.is_connect() {
        RpcFailure::Unreachable(told(secrets, error))
    } else if traffic(error).is_some_and(|traffic| traffic.is_tls()) {
        RpcFailure::Broken("the other side speaks TLS, not plain HTTP: try a URL that begins with https".into())
    } else {
        RpcFailure::Broken(told(secrets, error))
    }
}

/// An error whose words were looked through, as were those of its causes.
#[derive(Debug, Error)]
#[error("{text}")]
struct Told {
    text: String,
    #[source]
    source: Option<Cause>,
}

pub(super) fn told(secrets: &Secrets, error: &(dyn std::error::Error + 'static)) -> Cause {
    let source = error.source().map(|source| told(secrets, source));
    Box::new(Told { text: secrets.foreign(&error.to_string()), source })
}
