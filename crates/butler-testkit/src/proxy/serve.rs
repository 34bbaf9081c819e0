//! The life of one request: count it, let the plan's faults act on it, pass on what is left.
//!
//! Faults of the whole request are here; those that change single JSON-RPC calls are in `calls`.

use std::{
    future::pending,
    io,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use bytes::Bytes;
use futures_util::stream;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::{
    Request, Response, StatusCode,
    body::{Frame, Incoming},
    header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE},
};
use serde_json::{Value, json};

use super::{
    active::{Active, ActivePlan},
    authorization::Authorization,
    calls,
    fault::{BatchRefusal, Fault, OverrideRefusal, PackRefusal},
    lies::{Memory, pack_size},
    overrides,
    stats::{InWork, Recorder},
};
use crate::{
    http::Client,
    server::{Body, full},
};

/// What the proxy's handle and its requests share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) upstream: Client,
    pub(super) plan: Mutex<ActivePlan>,
    pub(super) authorization: Mutex<Option<Authorization>>,
    pub(super) memory: Memory,
    pub(super) recorder: Recorder,
    pub(super) compresses: AtomicBool,
}

impl Shared {
    /// Whether answers are compressed for whoever accepts that.
    pub(super) fn compresses(&self) -> bool {
        self.compresses.load(Ordering::Relaxed)
    }
}

/// Answers one request; an error closes the connection.
pub(super) async fn answer(shared: Arc<Shared>, request: Request<Incoming>) -> io::Result<Response<Body>> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let parsed: Value = serde_json::from_slice(&body).unwrap_or_default();
    let (calls, is_batch) = match parsed {
        Value::Array(calls) => (calls, true),
        Value::Object(_) => (vec![parsed], false),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => (Vec::new(), false),
    };
    let in_work = shared.recorder.begin(body.len(), calls.iter().filter_map(|call| call["method"].as_str()));

    let required = shared.authorization.lock().unwrap_or_else(PoisonError::into_inner).clone();
    if required.is_some_and(|required| !required.is_met_by(&head.headers)) {
        let mut response = respond(&in_work, StatusCode::UNAUTHORIZED, Bytes::from_static(b"unauthorized\n"))?;
        response
            .headers_mut()
            .insert(WWW_AUTHENTICATE, hyper::header::HeaderValue::from_static("Basic realm=\"test\""));
        return Ok(response);
    }

    let faults = shared.plan.lock().unwrap_or_else(PoisonError::into_inner).faults_for(&calls);
    for Active { fault, .. } in &faults {
        if let Some(response) = act_before(fault, &calls, is_batch, &in_work).await? {
            return Ok(response);
        }
    }
    let calls = ask_renamed(calls, &faults)?;
    let (status, answer) = if calls.is_empty() {
        shared.upstream.post(body).await.map_err(io::Error::other)?
    } else {
        calls::answer(&shared.upstream, &shared.memory, &calls, is_batch, &faults).await.map_err(io::Error::other)?
    };
    let answer = tell_renamed(answer, &faults);
    for Active { fault, .. } in &faults {
        if let Some(response) = act_after(fault, &answer, &in_work)? {
            return Ok(response);
        }
    }
    respond(&in_work, status, answer)
}

/// What happens instead of asking the endpoint.
async fn act_before(
    fault: &Fault,
    calls: &[Value],
    is_batch: bool,
    in_work: &InWork,
) -> io::Result<Option<Response<Body>>> {
    match fault {
        Fault::BeforeEachRequest(hook) => hook().await,
        Fault::Latency(duration) => tokio::time::sleep(*duration).await,
        Fault::Hang => pending().await,
        Fault::Close => return Err(io::Error::other("closed on purpose")),
        Fault::Status { code, retry_after, body } => {
            let status = StatusCode::from_u16(*code).map_err(io::Error::other)?;
            let mut response = respond(in_work, status, Bytes::from(body.clone()))?;
            if let Some(seconds) = retry_after {
                response.headers_mut().insert(RETRY_AFTER, (*seconds).into());
            }
            return Ok(Some(response));
        }
        Fault::RefuseBatches { max, style } if is_batch && calls.len() > *max => {
            let (status, answer) = refuse_batch(*style, *max, calls)?;
            return respond(in_work, status, Bytes::from(answer.to_string())).map(Some);
        }
        Fault::NotJson => {
            let page = "<!DOCTYPE html><html><head><title>Just a moment...</title></head><body></body></html>";
            let mut response = respond(in_work, StatusCode::OK, Bytes::from_static(page.as_bytes()))?;
            response.headers_mut().insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static("text/html"));
            return Ok(Some(response));
        }
        Fault::Oversized(bytes) => {
            let id = calls.first().map(|call| call["id"].clone()).unwrap_or_default();
            let answer = json!({ "jsonrpc": "2.0", "id": id, "result": "0".repeat(*bytes) });
            return respond(in_work, StatusCode::OK, Bytes::from(answer.to_string())).map(Some);
        }
        Fault::RefusePacks { max, style } if calls.iter().any(|call| pack_size(call) > *max) => match style {
            PackRefusal::Error { .. } => {}
            PackRefusal::Status(code) => {
                let status = StatusCode::from_u16(*code).map_err(io::Error::other)?;
                let page = "<html><head><title>upstream request timeout</title></head></html>";
                return respond(in_work, status, Bytes::from_static(page.as_bytes())).map(Some);
            }
            PackRefusal::Hang => pending().await,
            PackRefusal::Close => return Err(io::Error::other("pack refused by closing")),
        },
        Fault::RefuseOverrides(style) if calls.iter().any(overrides::has_one) => match style {
            OverrideRefusal::Status(code) => {
                let status = StatusCode::from_u16(*code).map_err(io::Error::other)?;
                let page = "<html><head><title>Attention Required!</title></head></html>";
                return respond(in_work, status, Bytes::from_static(page.as_bytes())).map(Some);
            }
            OverrideRefusal::Hang => pending().await,
            OverrideRefusal::Close => return Err(io::Error::other("override refused by closing")),
            OverrideRefusal::Error { .. }
            | OverrideRefusal::Ignored
            | OverrideRefusal::Answered(_)
            | OverrideRefusal::AtLatest
            | OverrideRefusal::AloneInTheState
            | OverrideRefusal::BalancesOnly
            | OverrideRefusal::FailAfter(_)
            | OverrideRefusal::EverySecondSilent => {}
        },
        Fault::RefuseOverrides(_)
        | Fault::RefuseBatches { .. }
        | Fault::RefusePacks { .. }
        | Fault::Truncate
        | Fault::WrongId
        | Fault::MissingResult
        | Fault::LaggingHead(_)
        | Fault::WrongChain(_)
        | Fault::LogLimit(_)
        | Fault::PruneHistory { .. }
        | Fault::RevertCalls(_)
        | Fault::RefuseLogs(_)
        | Fault::RefuseAllLogs { .. }
        | Fault::Lie(_)
        | Fault::Changed(_)
        | Fault::Renamed { .. } => {}
    }
    Ok(None)
}

/// The calls with the names that the chain has.
fn ask_renamed(calls: Vec<Value>, faults: &[Active]) -> io::Result<Vec<Value>> {
    let mut calls = calls;
    for Active { fault, .. } in faults {
        if let Fault::Renamed { real, told } = fault {
            let text = serde_json::to_string(&calls)?.replace(told, real);
            calls = serde_json::from_str(&text)?;
        }
    }
    Ok(calls)
}

/// The answer with the names that are told.
fn tell_renamed(answer: Bytes, faults: &[Active]) -> Bytes {
    let mut answer = answer;
    for Active { fault, .. } in faults {
        if let (Fault::Renamed { real, told }, Ok(text)) = (fault, std::str::from_utf8(&answer)) {
            answer = text.replace(real, told).into();
        }
    }
    answer
}

fn act_after(fault: &Fault, answer: &Bytes, in_work: &InWork) -> io::Result<Option<Response<Body>>> {
    if !matches!(fault, Fault::Truncate) {
        return Ok(None);
    }
    let half = answer.slice(..answer.len() / 2);
    in_work.answered(half.len());
    let parts = stream::iter([Ok(Frame::data(half)), Err(io::Error::other("cut on purpose"))]);
    Response::builder()
        .header(CONTENT_TYPE, "application/json")
        .header(CONTENT_LENGTH, answer.len())
        .body(StreamBody::new(parts).boxed())
        .map(Some)
        .map_err(io::Error::other)
}

fn refuse_batch(style: BatchRefusal, max: usize, calls: &[Value]) -> io::Result<(StatusCode, Value)> {
    let error = |id: &Value, code: i64, message: String| json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": message } });
    let first = calls.first().map(|call| call["id"].clone()).unwrap_or_default();
    Ok(match style {
        BatchRefusal::Geth => (StatusCode::OK, json!([error(&first, -32600, "batch too large".to_owned())])),
        BatchRefusal::Drpc => {
            let message = format!("Batch of more than {max} requests are not allowed on free plan");
            let errors = calls.iter().map(|call| error(&call["id"], 31, message.clone())).collect();
            (StatusCode::INTERNAL_SERVER_ERROR, Value::Array(errors))
        }
        BatchRefusal::Besu => {
            let message = "Number of requests in batch exceeds --rpc-max-batch-size.".to_owned();
            (StatusCode::OK, error(&Value::Null, -32602, message))
        }
        BatchRefusal::Unsupported => {
            (StatusCode::BAD_REQUEST, error(&Value::Null, -32600, "batch requests are not supported".to_owned()))
        }
        BatchRefusal::Close => return Err(io::Error::other("batch refused by closing")),
    })
}

fn respond(in_work: &InWork, status: StatusCode, body: Bytes) -> io::Result<Response<Body>> {
    in_work.answered(body.len());
    Response::builder()
        .status(status)
        .header(CONTENT_TYPE, "application/json")
        .body(full(body))
        .map_err(io::Error::other)
}
