//! What a program hands to the server.

use bytes::Bytes;
use http_body_util::Full;
use hyper::Response;
use hyper::http::request::Parts;

/// An answer, whole.
pub type Reply = Response<Full<Bytes>>;

/// Everything that a program answers to those who may ask. Only the head of a request is read.
pub trait Routes: Send + Sync + 'static {
    /// Answers one request.
    fn answer(&self, request: &Parts) -> impl Future<Output = Reply> + Send;
}
