//! Answers, each with the headers that keep a browser from doing more than showing them.

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, REFERRER_POLICY, VARY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use hyper::{Response, StatusCode};

use super::routes::Reply;
use crate::daemon::telemetry::metrics::format::Coding;

/// Nothing may be loaded or run.
const POLICY: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A text.
#[must_use]
pub fn plain(status: StatusCode, text: &'static str) -> Reply {
    respond(status, "text/plain; charset=utf-8", Bytes::from_static(text.as_bytes()))
}

/// A text for either case; the bad one comes with the status 503.
#[must_use]
pub fn verdict(good: bool, yes: &'static str, no: &'static str) -> Reply {
    if good { plain(StatusCode::OK, yes) } else { plain(StatusCode::SERVICE_UNAVAILABLE, no) }
}

/// A body that was made for what the request accepts.
#[must_use]
pub fn coded(coding: Coding, content_type: &'static str, body: Bytes) -> Reply {
    let mut response = respond(StatusCode::OK, content_type, body);
    if coding == Coding::Gzip {
        response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response.headers_mut().insert(VARY, HeaderValue::from_static("Accept, Accept-Encoding"));
    response
}

/// An answer that no browser may run, frame, guess the type of, or keep.
#[must_use]
pub fn respond(status: StatusCode, content_type: &'static str, body: Bytes) -> Reply {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
        (CACHE_CONTROL, "no-store"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
