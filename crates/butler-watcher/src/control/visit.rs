//! One visit: a request is read, looked at and answered.

use std::convert::Infallible;
use std::sync::Arc;

use butler_core::control::{Answer, ControlRequest, REQUEST_LIMIT, ROUTE};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::UnixStream;
use tokio::sync::watch;
use tokio::task::block_in_place;

use super::answers;
use super::record::{NowAndThen, record};
use super::rights::Rights;
use crate::health::Health;
use crate::journal::Journal;

/// The longest head of a request, in bytes: the least that hyper takes.
const HEAD: usize = 8 * 1024;

/// Who asks, and whom the answer comes from.
#[derive(Debug, Clone)]
pub(super) struct Visit {
    pub(super) user: u32,
    /// What the configuration gives to whom, at each moment.
    pub(super) rights: watch::Receiver<Rights>,
    pub(super) journal: Arc<dyn Journal>,
    pub(super) health: Arc<Health>,
}

impl Visit {
    /// Reads one request and answers it. A connection that breaks off is nobody's business.
    pub(super) async fn answer(self, stream: UnixStream) {
        let visit = &self;
        let service = service_fn(move |request| async move { Ok::<_, Infallible>(visit.reply(request).await) });
        let mut builder = http1::Builder::new();
        builder.keep_alive(false).half_close(true).max_buf_size(HEAD).max_headers(32);
        let _ = builder.serve_connection(TokioIo::new(stream), service).await;
    }

    async fn reply(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        if self.rights.borrow().access.right(self.user).is_none() {
            block_in_place(|| self.note_stranger());
            return response(StatusCode::FORBIDDEN, &Answer::Refused("you may not ask this watcher".to_owned()));
        }
        if request.method() != Method::POST || request.uri().path() != ROUTE {
            return refused(StatusCode::NOT_FOUND, format!("questions are posted to {ROUTE}"));
        }
        let Ok(body) = Limited::new(request.into_body(), REQUEST_LIMIT).collect().await else {
            let why = format!("a question has at most {REQUEST_LIMIT} bytes, and comes as a whole");
            return refused(StatusCode::PAYLOAD_TOO_LARGE, why);
        };
        let question = match ControlRequest::read(&body.to_bytes()) {
            Ok(question) => question,
            Err(why) => return refused(StatusCode::BAD_REQUEST, why),
        };
        // A new configuration may have come since the first byte.
        let rights = self.rights.borrow().clone();
        let answer = match rights.access.right(self.user) {
            Some(right) => block_in_place(|| {
                let asker = (self.user, right);
                answers::answer(&question.ask, asker, &rights, self.journal.as_ref(), &self.health)
            }),
            None => Answer::Refused("you may not ask this watcher".to_owned()),
        };
        let status = match &answer {
            Answer::Refused(_) => StatusCode::FORBIDDEN,
            Answer::Decided { refused, .. } if !refused.is_empty() => StatusCode::CONFLICT,
            Answer::Status(_)
            | Answer::Actions { .. }
            | Answer::Action(_)
            | Answer::Several(_)
            | Answer::Decided { .. }
            | Answer::Jobs(_)
            | Answer::Export(_)
            | Answer::History(_) => StatusCode::OK,
        };
        response(status, &answer)
    }

    /// Tells and records that a stranger asked, now and then.
    fn note_stranger(&self) {
        static TOLD: NowAndThen = NowAndThen::new();
        if !TOLD.is_time(self.user) {
            return;
        }
        let uid = self.user;
        tracing::warn!(uid, "user {uid} asked through the socket and may not");
        let what = json!({ "refused": "may not ask", "actor": format!("uid {uid}") });
        if let Err(error) = record(what, self.journal.as_ref()) {
            tracing::warn!("this is not in the history: {error}");
        }
    }
}

fn refused(status: StatusCode, why: String) -> Response<Full<Bytes>> {
    response(status, &Answer::Refused(why))
}

fn response(status: StatusCode, answer: &Answer) -> Response<Full<Bytes>> {
    // Our own types, without maps of odd keys.
    let text = serde_json::to_vec(answer).unwrap_or_default();
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static("application/json"));
    response
}
