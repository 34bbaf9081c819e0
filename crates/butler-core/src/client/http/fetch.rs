//! A long answer, handed over piece by piece while it comes.

use std::io;
use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::Method;
use hyper::body::Body as _;
use hyper::header::{ACCEPT_ENCODING, HeaderValue};
use tokio::time::timeout;

use super::answer::packing;
use super::failure::connect_failure;
use super::fetch_error::FetchError;
use super::headers::retry_after;
use super::{Ask, HttpPeer, add};
use crate::client::body::Packing;
use crate::client::connection::Traffic;
use crate::client::error::RpcFailure;
use crate::client::payload::Payload;

impl HttpPeer {
    /// Gets what stands below the peer's URL, and hands each piece of it to `take`; how many bytes that were. The head, and each
    /// piece, may take as long as an exchange, and all of it `deadline`.
    ///
    /// # Errors
    /// See [`FetchError`]; `TooLarge` beyond `limit` bytes.
    pub async fn fetch(
        &self,
        path: &[&str],
        limit: usize,
        deadline: Duration,
        take: impl FnMut(&[u8]) -> io::Result<()>,
    ) -> Result<usize, FetchError> {
        let fetched = timeout(deadline, self.fetch_pieces(path, limit, take)).await;
        fetched.unwrap_or(Err(FetchError::Failure(RpcFailure::Timeout(deadline))))
    }

    async fn fetch_pieces(
        &self,
        path: &[&str],
        limit: usize,
        mut take: impl FnMut(&[u8]) -> io::Result<()>,
    ) -> Result<usize, FetchError> {
        let late = |_| FetchError::Failure(RpcFailure::Timeout(self.timeout));
        let uri = self.uri_below(path, &[]).map_err(FetchError::Failure)?;
        let headers = vec![(ACCEPT_ENCODING, HeaderValue::from_static("identity"))];
        let ask = Ask { method: Method::GET, uri, body: Payload::default(), headers };
        let answer = timeout(self.timeout, self.send_twice(ask)).await.map_err(late)?;
        let answer = answer.map_err(|error| FetchError::Failure(connect_failure(&self.secrets, &error)))?;
        let status = answer.status().as_u16();
        if status != 200 {
            return Err(FetchError::Status { status, retry_after: retry_after(answer.headers(), (self.clock)()) });
        }
        if packing(&self.secrets, answer.headers()).map_err(FetchError::Failure)? != Packing::None {
            let what = "the answer is packed, which was not asked for".to_owned();
            return Err(FetchError::Failure(RpcFailure::Malformed(what)));
        }
        let too_large = || FetchError::Failure(RpcFailure::TooLarge { limit });
        let traffic = answer.extensions().get::<Traffic>().cloned();
        let mut body = answer.into_body();
        if usize::try_from(body.size_hint().lower()).is_ok_and(|length| length > limit) {
            return Err(too_large());
        }
        let mut length = 0_usize;
        while let Some(frame) = timeout(self.timeout, body.frame()).await.map_err(late)? {
            let frame = frame.map_err(|error| FetchError::Failure(self.told(RpcFailure::Broken(error.into()))))?;
            let Ok(piece) = frame.into_data() else { continue };
            add(&self.counters.bytes_received, piece.len());
            length = length.saturating_add(piece.len());
            if length > limit {
                return Err(too_large());
            }
            take(&piece).map_err(FetchError::Kept)?;
        }
        if let Some(traffic) = traffic {
            traffic.settle();
        }
        add(&self.counters.bytes_decoded, length);
        Ok(length)
    }
}
