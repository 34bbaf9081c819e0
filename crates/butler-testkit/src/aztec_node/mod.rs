//! A fake Aztec node that repeats what real ones answered: right results, errors as HTTP 400, hanging calls, and all.
//!
//! It has the node's two ports. Single calls and batches work; ids are those of the request. A test may replace the answer
//! to a method.

mod capture;
pub mod cases;

use std::{
    collections::BTreeMap,
    future::pending,
    io,
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::{Method, Request, Response, StatusCode, body::Incoming, header::AUTHORIZATION, http::request::Parts};
use serde_json::{Value, json};

use crate::server::{Body, Server, full};
pub(crate) use capture::Port;
use capture::{Capture, Outcome, find, load_captures};

/// A running fake node; stops when dropped.
#[derive(Debug)]
pub struct FakeAztecNode {
    node: Server,
    admin: Server,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    captures: Vec<Capture>,
    replaced: Mutex<BTreeMap<String, Value>>,
    asked: Mutex<BTreeMap<String, u64>>,
    /// What `GET /status` of the public port answers instead of the recording.
    status: Mutex<Option<(u16, String)>>,
    /// Whether methods are known by their names of version 6 only.
    is_renamed: AtomicBool,
    /// Whether nothing is answered any more.
    is_hung: AtomicBool,
    /// The web page that answers everything.
    page: Mutex<Option<String>>,
}

impl FakeAztecNode {
    /// The key that the admin port wants in `x-api-key` or as a bearer token, on nodes that want one.
    pub const ADMIN_KEY: &str = "test-admin-key";

    /// Every node that can be replayed.
    pub const NAMES: [&str; 10] = [
        "validator-node-4.1.2",
        "validator-node-4.1.2-proven",
        "validator-node-4.1.2-slashed",
        "prover-node-4.1.2",
        "standby-4.1.2",
        "l1-down",
        "l1-paused",
        "l1-rate-limited",
        "l1-timed-out",
        "no-p2p",
    ];

    /// Starts a node that answers as `captures/<name>` did.
    ///
    /// # Errors
    /// When there is no such folder or no port is free.
    pub async fn replay(name: &str) -> anyhow::Result<Self> {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures").join(name);
        let shared = Arc::new(Shared {
            captures: load_captures(&directory)?,
            replaced: Mutex::default(),
            asked: Mutex::default(),
            status: Mutex::default(),
            is_renamed: AtomicBool::default(),
            is_hung: AtomicBool::default(),
            page: Mutex::default(),
        });
        let serve = |port: Port| {
            let shared = Arc::clone(&shared);
            Server::start(None, move |request| answer(Arc::clone(&shared), port, request))
        };
        Ok(Self { node: serve(Port::Node).await?, admin: serve(Port::Admin).await?, shared })
    }

    /// Address of the node's RPC.
    pub fn url(&self) -> String {
        format!("http://{}", self.node.address())
    }

    /// Address of the admin RPC.
    pub fn admin_url(&self) -> String {
        format!("http://{}", self.admin.address())
    }

    /// From now on, answers this method with this result.
    pub fn set_result(&self, method: &str, result: Value) {
        let mut answer = json!({ "jsonrpc": "2.0" });
        answer["result"] = result;
        lock(&self.shared.replaced).insert(method.to_owned(), answer);
    }

    /// From now on, answers this method with this error (HTTP 400, as the real node does).
    pub fn set_error(&self, method: &str, code: i64, message: &str) {
        let error = json!({ "jsonrpc": "2.0", "error": { "code": code, "message": message } });
        lock(&self.shared.replaced).insert(method.to_owned(), error);
    }

    /// From now on, answers `GET /status` of the public port so.
    pub fn set_status(&self, status: u16, body: &str) {
        *lock(&self.shared.status) = Some((status, body.to_owned()));
    }

    /// From now on, knows each method by its name of version 6 only: `aztec_` for `node_` and `p2p_`, `aztecAdmin_` for
    /// `nodeAdmin_`, and tips of the chain instead of L2 tips.
    pub fn rename_methods(&self) {
        self.shared.is_renamed.store(true, Ordering::Relaxed);
    }

    /// From now on, answers everything with this web page.
    pub fn set_page(&self, page: &str) {
        *lock(&self.shared.page) = Some(page.to_owned());
    }

    /// What the node answers to this method since a test said so; `null` where none did.
    pub fn result(&self, method: &str) -> Value {
        lock(&self.shared.replaced).get(method).map(|answer| answer["result"].clone()).unwrap_or_default()
    }

    /// From now on, takes every request and answers none, or answers again.
    pub fn set_hung(&self, is_hung: bool) {
        self.shared.is_hung.store(is_hung, Ordering::Relaxed);
    }

    /// What the recorded node answered to this method, for a test that changes a part of it.
    ///
    /// # Panics
    /// When there is no such recording.
    pub fn recorded(&self, method: &str, params: &Value) -> Value {
        let call = json!({ "method": method, "params": params });
        let found = [Port::Node, Port::Admin].into_iter().find_map(|port| find(&self.shared.captures, port, &call));
        match found.map(|capture| &capture.outcome) {
            Some(Outcome::Answer { body, .. }) => {
                let answer: Value = serde_json::from_str(body).unwrap_or_default();
                answer["result"].clone()
            }
            Some(Outcome::Hang | Outcome::Refused) | None => panic!("{method} was not recorded"),
        }
    }

    /// Answers a request that another fake took in its place.
    pub(crate) async fn answer(&self, port: Port, head: Parts, body: Bytes) -> io::Result<Response<Body>> {
        answer_read(Arc::clone(&self.shared), port, head, body).await
    }

    /// How often each method was called, on both ports.
    pub fn asked(&self) -> BTreeMap<String, u64> {
        lock(&self.shared.asked).clone()
    }
}

/// What version 4 called a method that version 6 knows by this name; nothing for a name of version 4.
fn former_names(method: &str) -> Vec<String> {
    if let Some(name) = method.strip_prefix("aztecAdmin_") {
        return vec![format!("nodeAdmin_{name}")];
    }
    match method.strip_prefix("aztec_") {
        Some("getChainTips") => vec!["node_getL2Tips".to_owned()],
        Some("getPeers") => vec!["p2p_getPeers".to_owned()],
        Some("getL2Tips") | None => Vec::new(),
        Some(name) => vec![format!("node_{name}")],
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn answer(shared: Arc<Shared>, port: Port, request: Request<Incoming>) -> io::Result<Response<Body>> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    answer_read(shared, port, head, body).await
}

async fn answer_read(shared: Arc<Shared>, port: Port, head: Parts, body: Bytes) -> io::Result<Response<Body>> {
    if shared.is_hung.load(Ordering::Relaxed) {
        return pending().await;
    }
    if let Some(page) = lock(&shared.page).clone() {
        return respond(200, &[("content-type".to_owned(), "text/html".to_owned())], page);
    }
    if head.method != Method::POST {
        let path = head.uri.path();
        let replaced = lock(&shared.status).clone().filter(|_| port == Port::Node && path == "/status");
        if let Some((status, body)) = replaced {
            return respond(status, &[], body);
        }
        let found = shared.captures.iter().find(|capture| capture.port == port && capture.get.as_deref() == Some(path));
        return match found {
            Some(capture) => replay(&capture.outcome, None).await,
            None => respond(404, &[], "Not Found".to_owned()),
        };
    }
    if port == Port::Admin
        && !has_key(&head.headers)
        && let Some(capture) = shared.named("nodeAdmin_getConfig_no_key")
    {
        return replay(&capture.outcome, None).await;
    }
    match serde_json::from_slice(&body) {
        Ok(Value::Array(calls)) => batch(&shared, port, &calls).await,
        Ok(call @ Value::Object(_)) => {
            let outcome = shared.outcome(port, &call);
            replay(&outcome, Some(&call)).await
        }
        Ok(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) | Err(_) => {
            match shared.named("err_bad_json") {
                Some(capture) => replay(&capture.outcome, None).await,
                None => respond(400, &[], parse_error().to_string()),
            }
        }
    }
}

async fn batch(shared: &Shared, port: Port, calls: &[Value]) -> io::Result<Response<Body>> {
    let mut answers = Vec::new();
    let mut all_headers = Vec::new();
    for call in calls {
        let outcome = shared.outcome(port, call);
        match &outcome {
            Outcome::Answer { headers, body, .. } => match with_id(body, call) {
                Some(answer) => {
                    answers.push(answer);
                    all_headers.clone_from(headers);
                }
                // The whole node speaks no JSON-RPC.
                None => return replay(&outcome, None).await,
            },
            Outcome::Hang | Outcome::Refused => return replay(&outcome, None).await,
        }
    }
    respond(200, &all_headers, Value::Array(answers).to_string())
}

impl Shared {
    fn named(&self, name: &str) -> Option<&Capture> {
        self.captures.iter().find(|capture| capture.name == name)
    }

    fn outcome(&self, port: Port, call: &Value) -> Outcome {
        let method = call["method"].as_str().unwrap_or_default();
        *lock(&self.asked).entry(method.to_owned()).or_default() += 1;
        let is_renamed = self.is_renamed.load(Ordering::Relaxed);
        let former = if is_renamed { former_names(method) } else { vec![method.to_owned()] };
        let named = |name: &String| json!({ "method": name, "params": call["params"] });
        let found = former.iter().find_map(|name| find(&self.captures, port, &named(name)));
        let replaced = lock(&self.replaced);
        if let Some(answer) = former.iter().find_map(|name| replaced.get(name)).or_else(|| replaced.get(method)) {
            let status = if answer.get("error").is_some() { 400 } else { 200 };
            return Outcome::Answer { status, headers: self.some_headers(), body: answer.to_string() };
        }
        drop(replaced);
        if let Some(capture) = found {
            return capture.outcome.clone();
        }
        let unknown = self.named("err_unknown_method").map(|capture| capture.outcome.clone());
        match unknown {
            Some(Outcome::Answer { status, headers, body }) => {
                let body = body.replace("node_doesNotExist", method);
                Outcome::Answer { status, headers, body }
            }
            Some(Outcome::Hang | Outcome::Refused) | None => Outcome::Answer {
                status: 400,
                headers: self.some_headers(),
                body: json!({
                    "jsonrpc": "2.0",
                    "error": { "code": -32601, "message": format!("Method not found: {method}") },
                })
                .to_string(),
            },
        }
    }

    /// Headers as this node sends them, for answers that it never gave.
    fn some_headers(&self) -> Vec<(String, String)> {
        let answers = self.captures.iter().filter(|capture| capture.call.is_some());
        let mut headers = answers.filter_map(|capture| match &capture.outcome {
            Outcome::Answer { headers, .. } => Some(headers.clone()),
            Outcome::Hang | Outcome::Refused => None,
        });
        headers.next().unwrap_or_default()
    }
}

pub(crate) fn has_key(headers: &hyper::HeaderMap) -> bool {
    let key = headers.get("x-api-key").is_some_and(|key| key == FakeAztecNode::ADMIN_KEY);
    let bearer = format!("Bearer {}", FakeAztecNode::ADMIN_KEY);
    key || headers.get(AUTHORIZATION).is_some_and(|value| *value == bearer)
}

async fn replay(outcome: &Outcome, call: Option<&Value>) -> io::Result<Response<Body>> {
    match outcome {
        Outcome::Answer { status, headers, body } => {
            let answer = call.and_then(|call| with_id(body, call)).map(|answer| answer.to_string());
            respond(*status, headers, answer.unwrap_or_else(|| body.clone()))
        }
        Outcome::Hang => pending().await,
        Outcome::Refused => Err(io::Error::other("nobody listens")),
    }
}

/// The recorded answer under the id of this request; `None` when it is no JSON-RPC.
fn with_id(body: &str, call: &Value) -> Option<Value> {
    let mut answer: Value = serde_json::from_str(body).ok()?;
    let object = answer.as_object_mut()?;
    match call.get("id") {
        Some(id) => object.insert("id".to_owned(), id.clone()),
        None => object.remove("id"),
    };
    Some(answer)
}

fn parse_error() -> Value {
    json!({ "jsonrpc": "2.0", "id": null, "error": { "code": -32700, "message": "Parse error" } })
}

fn respond(status: u16, headers: &[(String, String)], body: String) -> io::Result<Response<Body>> {
    let status = StatusCode::from_u16(status).map_err(io::Error::other)?;
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(name, value);
    }
    response.body(full(Bytes::from(body))).map_err(io::Error::other)
}
