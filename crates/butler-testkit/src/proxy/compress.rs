//! Answers compressed for whoever accepts gzip, as public endpoints do, and counted as they travel.

use std::io::{self, Write as _};
use std::sync::Arc;

use flate2::Compression;
use flate2::write::GzEncoder;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::header::{ACCEPT_ENCODING, CONTENT_ENCODING, HeaderValue};
use hyper::{Request, Response};

use super::serve::{self, Shared};
use crate::server::{Body, full};

/// Answers one request, compressed when the proxy compresses and the request accepts that.
pub(super) async fn answer(shared: Arc<Shared>, request: Request<Incoming>) -> io::Result<Response<Body>> {
    let accepted = request.headers().get(ACCEPT_ENCODING).and_then(|accepted| accepted.to_str().ok());
    if !shared.compresses() || !accepted.is_some_and(|accepted| accepted.contains("gzip")) {
        return serve::answer(shared, request).await;
    }
    let (mut head, body) = serve::answer(Arc::clone(&shared), request).await?.into_parts();
    let body = body.collect().await?.to_bytes();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(&body)?;
    let packed = encoder.finish()?;
    shared.recorder.saved(body.len().saturating_sub(packed.len()));
    head.headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    Ok(Response::from_parts(head, full(packed)))
}
