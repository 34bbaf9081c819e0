//! A fake service that makes proofs: submitted under an idempotency key, asked how they stand, fetched. It breaks on request.
//!
//! Routes: `POST /proofs`, `GET /proofs/{id}`, `GET /proofs/{id}/artifact`. Work stays `running` until a test ends it.

use std::{
    collections::{BTreeMap, VecDeque},
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use futures_util::stream;
use http_body_util::{BodyExt, StreamBody};
use hyper::{Method, Request, Response, body::Frame, body::Incoming};
use serde_json::json;

use crate::server::{Body, Server, full};

/// What goes wrong with one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// That status, and a page that quotes the request; nothing is done.
    Status(u16),
    /// 429, and `Retry-After` with so many seconds.
    TooOften(u64),
    /// It does what it is asked, and closes without an answer.
    LostReply,
    /// 200, and something that is no JSON.
    Nonsense,
    /// 200, and an answer without an end.
    Endless,
    /// 307 to there.
    Redirect(String),
    /// 200, and this body, whatever was asked; nothing is done.
    Says(String),
}

/// Work that was submitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// `Idempotency-Key`.
    pub key: String,
    /// `Content-Type`.
    pub kind: String,
    /// What was posted.
    pub body: Bytes,
}

#[derive(Debug, Default)]
struct State {
    /// The script of faults; an honest answer in between is `None`.
    script: VecDeque<Option<Fault>>,
    ignores_keys: bool,
    submissions: Vec<Submission>,
    /// Ids by key.
    known: BTreeMap<String, String>,
    /// How work stands, and its artifact, by id.
    work: BTreeMap<String, (String, Bytes)>,
    made: u64,
    asked: u64,
}

/// A running service. It ends when it is dropped.
#[derive(Debug)]
pub struct FakeProver {
    state: Arc<Mutex<State>>,
    server: Server,
}

impl FakeProver {
    /// Starts a service that knows no work.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn start() -> anyhow::Result<Self> {
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        let server = Server::start(None, move |request| answer(Arc::clone(&shared), request)).await?;
        Ok(Self { state, server })
    }

    /// Its address, without a path.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.server.address())
    }

    /// The next requests go wrong like this, in order; `None` is answered honestly.
    pub fn break_next(&self, faults: impl IntoIterator<Item = Option<Fault>>) {
        self.state().script = faults.into_iter().collect();
    }

    /// From now on the same key gets other work at each submission.
    pub fn ignore_keys(&self) {
        self.state().ignores_keys = true;
    }

    /// Everything unfinished ends with that state and artifact.
    pub fn end_all(&self, state: &str, artifact: &[u8]) {
        for (is, made) in self.state().work.values_mut().filter(|(is, _)| is == "running") {
            *is = state.to_owned();
            *made = Bytes::copy_from_slice(artifact);
        }
    }

    /// Forgets all work and all keys.
    pub fn forget(&self) {
        let mut state = self.state();
        state.work.clear();
        state.known.clear();
    }

    /// Forgets all work, and goes on to answer a known key with the work that it forgot.
    pub fn forget_work(&self) {
        self.state().work.clear();
    }

    /// What was submitted so far, each time that it was.
    #[must_use]
    pub fn submissions(&self) -> Vec<Submission> {
        self.state().submissions.clone()
    }

    /// How many pieces of work were begun.
    #[must_use]
    pub fn begun(&self) -> u64 {
        self.state().made
    }

    /// How many requests came.
    #[must_use]
    pub fn asked(&self) -> u64 {
        self.state().asked
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn answer(state: Arc<Mutex<State>>, request: Request<Incoming>) -> io::Result<Response<Body>> {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let header = |name: &str| {
        let value = request.headers().get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    let (key, kind) = (header("idempotency-key"), header("content-type"));
    let body = request.into_body().collect().await.map_err(io::Error::other)?.to_bytes();
    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
    state.asked += 1;
    let quoted = format!("<html>{method} {path} {key} {}</html>", String::from_utf8_lossy(&body));
    match state.script.pop_front().flatten() {
        Some(Fault::Status(status)) => Ok(respond(status, quoted)),
        Some(Fault::TooOften(seconds)) => {
            let mut response = respond(429, "too often".to_owned());
            response.headers_mut().insert("retry-after", seconds.into());
            Ok(response)
        }
        Some(Fault::Nonsense) => Ok(respond(200, quoted)),
        Some(Fault::Says(text)) => Ok(respond(200, text)),
        Some(Fault::Endless) => {
            let piece = || Ok::<_, io::Error>(Frame::data(Bytes::from_static(&[b'['; 16 * 1024])));
            let pieces = stream::repeat_with(piece);
            Ok(Response::new(BodyExt::boxed(StreamBody::new(pieces))))
        }
        Some(Fault::Redirect(to)) => {
            let mut response = respond(307, String::new());
            if let Ok(to) = to.parse() {
                response.headers_mut().insert("location", to);
            }
            Ok(response)
        }
        Some(Fault::LostReply) => {
            state.honest(&method, &path, Submission { key, kind, body });
            Err(io::ErrorKind::ConnectionReset.into())
        }
        None => Ok(state.honest(&method, &path, Submission { key, kind, body })),
    }
}

impl State {
    fn honest(&mut self, method: &Method, path: &str, submission: Submission) -> Response<Body> {
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        match (method.as_str(), parts.as_slice()) {
            ("POST", ["proofs"]) => self.submit(submission),
            ("GET", ["proofs", id]) => match self.work.get(*id) {
                Some((is, _)) => respond(200, json!({ "id": id, "status": is }).to_string()),
                None => respond(404, "unknown".to_owned()),
            },
            ("GET", ["proofs", id, "artifact"]) => match self.work.get(*id) {
                Some((_, artifact)) if !artifact.is_empty() => Response::new(full(artifact.clone())),
                _ => respond(404, "unknown".to_owned()),
            },
            _ => respond(405, "not here".to_owned()),
        }
    }

    fn submit(&mut self, submission: Submission) -> Response<Body> {
        let known = self.known.get(&submission.key).filter(|_| !self.ignores_keys).cloned();
        let id = known.unwrap_or_else(|| {
            self.made += 1;
            let id = format!("proof-{}", self.made);
            self.work.insert(id.clone(), ("running".to_owned(), Bytes::new()));
            id
        });
        self.known.insert(submission.key.clone(), id.clone());
        self.submissions.push(submission);
        respond(201, json!({ "id": id, "status": "queued" }).to_string())
    }
}

fn respond(status: u16, body: String) -> Response<Body> {
    let mut response = Response::new(full(body));
    *response.status_mut() = hyper::StatusCode::from_u16(status).unwrap_or_default();
    response
}
