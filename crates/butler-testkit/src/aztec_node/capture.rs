//! Recorded exchanges: reading them from disk, and finding the one that answers a request.
//!
//! A call is matched by method and parameters, then by method alone; an unknown method gets what the node answered to one.

use std::{fs, path::Path};

use anyhow::Context as _;
use serde::Deserialize;
use serde_json::Value;

/// Which of the node's two ports an exchange went to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Port {
    Node,
    Admin,
}

/// How the node answered.
#[derive(Clone, Debug)]
pub(super) enum Outcome {
    Answer {
        status: u16,
        headers: Vec<(String, String)>,
        body: String,
    },
    /// The request timed out.
    Hang,
    /// Nobody listened on the port.
    Refused,
}

#[derive(Clone, Debug)]
pub(super) struct Capture {
    pub(super) name: String,
    pub(super) port: Port,
    /// Path of a GET; RPC calls are POSTs to the root.
    pub(super) get: Option<String>,
    /// The JSON-RPC request, if it was one.
    pub(super) call: Option<Value>,
    pub(super) outcome: Outcome,
}

#[derive(Deserialize)]
struct File {
    request: RequestPart,
    response: Option<ResponsePart>,
    error: Option<String>,
}

#[derive(Deserialize)]
struct RequestPart {
    url: String,
    method: String,
    body: Option<String>,
}

#[derive(Deserialize)]
struct ResponsePart {
    status: u16,
    headers: serde_json::Map<String, Value>,
    body: String,
}

/// Headers that belong to one connection or one moment.
const NOT_REPLAYED: [&str; 5] = ["connection", "content-length", "date", "keep-alive", "transfer-encoding"];

pub(super) fn load_captures(directory: &Path) -> anyhow::Result<Vec<Capture>> {
    let read = |path: &Path| -> anyhow::Result<Capture> {
        let text = fs::read(path)?;
        Ok(from_file(path, serde_json::from_slice(&text)?))
    };
    let entries = fs::read_dir(directory).with_context(|| format!("failed to read `{}`", directory.display()))?;
    let mut captures = Vec::new();
    for entry in entries {
        let path = entry.with_context(|| format!("failed to read `{}`", directory.display()))?.path();
        captures.push(read(&path).with_context(|| format!("failed to read `{}`", path.display()))?);
    }
    captures.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(captures)
}

fn from_file(path: &Path, file: File) -> Capture {
    let outcome = match file.response {
        Some(ResponsePart { status, headers, body }) => {
            let headers = headers.into_iter().filter(|(name, _)| !NOT_REPLAYED.contains(&name.as_str()));
            let headers = headers.filter_map(|(name, value)| Some((name, value.as_str()?.to_owned()))).collect();
            Outcome::Answer { status, headers, body }
        }
        None if file.error.is_some_and(|error| error.contains("Timeout")) => Outcome::Hang,
        None => Outcome::Refused,
    };
    let url = file.request.url;
    let authority = url.strip_prefix("http://").unwrap_or(&url);
    let (authority, path_of_get) = authority.split_once('/').unwrap_or((authority, ""));
    Capture {
        name: path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
        port: if authority.ends_with(":18880") || authority.ends_with(":18881") { Port::Admin } else { Port::Node },
        get: (file.request.method == "GET").then(|| format!("/{path_of_get}")),
        call: file.request.body.and_then(|body| serde_json::from_str(&body).ok()),
        outcome,
    }
}

impl Capture {
    /// Recorded misuse answers its own request only, and "unknown" stands for whatever was not recorded.
    fn rank(&self) -> u8 {
        let is_misuse = self.name.starts_with("err_") || self.name.ends_with("_key");
        if is_misuse { 2 } else { u8::from(!self.name.ends_with("_unknown")) }
    }
}

/// The capture that answers this call on this port.
pub(super) fn find<'a>(captures: &'a [Capture], port: Port, call: &Value) -> Option<&'a Capture> {
    let same_method = captures.iter().filter(|capture| {
        let recorded = capture.call.as_ref().is_some_and(|recorded| recorded["method"] == call["method"]);
        capture.port == port && recorded && call["method"].is_string()
    });
    let mut candidates: Vec<_> = same_method.collect();
    candidates.sort_by_key(|capture| capture.rank());
    let params = |value: &Value| value["params"].to_string().to_lowercase();
    let wanted = params(call);
    let exact =
        candidates.iter().find(|capture| capture.call.as_ref().is_some_and(|recorded| params(recorded) == wanted));
    exact.or(candidates.first()).copied()
}
