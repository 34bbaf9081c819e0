//! What came back, and what its head says: how it is packed, and where a redirect leads.

use std::time::Duration;

use bytes::Bytes;
use hyper::HeaderMap;
use hyper::header::{CONTENT_ENCODING, LOCATION};
use tokio::sync::OwnedSemaphorePermit;
use url::Url;

use super::headers::Quota;
use crate::client::body::Packing;
use crate::client::error::RpcFailure;
use crate::client::secrets::Secrets;
use crate::client::text::host_label;

/// What came back.
#[derive(Debug)]
pub struct HttpAnswer {
    /// The HTTP status.
    pub status: u16,
    /// What `Retry-After` said, at most [`LONGEST_WAIT`](super::LONGEST_WAIT).
    pub retry_after: Option<Duration>,
    /// What it says of the requests that are left.
    pub quota: Quota,
    /// The whole body, unpacked.
    pub body: Bytes,
    /// Where a redirect leads: scheme and host.
    pub(in crate::client) redirect: Option<String>,
    /// A large answer keeps the others waiting for as long as it is looked at.
    pub(super) _turn: Option<OwnedSemaphorePermit>,
}

/// How the body is packed.
pub(super) fn packing(secrets: &Secrets, headers: &HeaderMap) -> Result<Packing, RpcFailure> {
    let mut codings = headers.get_all(CONTENT_ENCODING).iter();
    let coding = codings.next().map(|coding| String::from_utf8_lossy(coding.as_bytes())).unwrap_or_default();
    match Packing::of(&coding) {
        Some(packing) if codings.next().is_none() => Ok(packing),
        _ => {
            let coding = secrets.foreign(&coding);
            Err(RpcFailure::Malformed(format!("the answer has the content coding `{coding}`, which was not asked for")))
        }
    }
}

/// Where a redirect leads, from the URL that was `asked`.
pub(super) fn redirect(secrets: &Secrets, asked: &Url, status: u16, headers: &HeaderMap) -> Option<String> {
    let location = headers.get(LOCATION).filter(|_| (300..400).contains(&status))?;
    let location = String::from_utf8_lossy(location.as_bytes());
    // Most name a path, some a host without a scheme: both are meant from where the request went.
    Some(match asked.join(&location) {
        Ok(url) if url == *asked => "the same address".to_owned(),
        Ok(url) if host_label(&url) == host_label(asked) => "another path of the same host".to_owned(),
        Ok(url) => secrets.foreign(&host_label(&url)),
        Err(_) => "an address that is no URL".to_owned(),
    })
}
