//! HTTP for a machine whose clock stands before 1970.
//!
//! hyper's server writes the date down for each connection, whether it is to be sent or not, and panics with such a clock. Here
//! each connection gets one answer, without a date, and ends. Nothing of a request but its head is read.

use std::convert::Infallible;

use http_body_util::BodyExt as _;
use hyper::header::{CONNECTION, CONTENT_LENGTH, HeaderName, HeaderValue};
use hyper::{Method, Request};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::timeout;

use super::limits::{GRACE, HEADER_BYTES, HEADER_TIME};
use super::routes::Reply;

/// The most headers of a request; hyper allows as many.
const HEADERS: usize = 100;

/// Answers one request.
pub(super) async fn exchange<A>(mut stream: impl AsyncRead + AsyncWrite + Unpin, answer: impl FnOnce(Request<()>) -> A)
where
    A: Future<Output = Result<Reply, Infallible>>,
{
    let Ok(Some(request)) = timeout(HEADER_TIME, read(&mut stream)).await else { return };
    let has_body = request.method() != Method::HEAD;
    let Ok(response) = answer(request).await;
    let _ = timeout(GRACE, write(&mut stream, response, has_body)).await;
}

/// Reads the head of a request; `None` for what is none.
async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<Request<()>> {
    let mut head = Vec::new();
    loop {
        let room = HEADER_BYTES.checked_sub(head.len()).filter(|room| *room > 0)?;
        let room = u64::try_from(room).ok()?;
        if (&mut *stream).take(room).read_buf(&mut head).await.ok()? == 0 {
            return None;
        }
        let mut headers = [httparse::EMPTY_HEADER; HEADERS];
        let mut parsed = httparse::Request::new(&mut headers);
        if parsed.parse(&head).ok()?.is_complete() {
            let mut request = Request::builder().method(parsed.method?).uri(parsed.path?);
            for header in parsed.headers.iter() {
                let name = HeaderName::try_from(header.name).ok()?;
                request = request.header(name, HeaderValue::from_bytes(header.value).ok()?);
            }
            return request.body(()).ok();
        }
    }
}

async fn write(stream: &mut (impl AsyncWrite + Unpin), response: Reply, has_body: bool) -> std::io::Result<()> {
    let (mut head, body) = response.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    head.headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    head.headers.insert(CONNECTION, HeaderValue::from_static("close"));
    let mut bytes = format!("HTTP/1.1 {}\r\n", head.status).into_bytes();
    for (name, value) in &head.headers {
        bytes.extend_from_slice(name.as_str().as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"\r\n");
    if has_body {
        bytes.extend_from_slice(&body);
    }
    stream.write_all(&bytes).await?;
    stream.shutdown().await
}
