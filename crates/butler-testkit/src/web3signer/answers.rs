//! What the signer answers on each path.

use std::{future::pending, io, sync::Arc};

use http_body_util::BodyExt as _;
use hyper::{Method, Request, Response, StatusCode, body::Incoming};
use serde_json::{Value, json};

use super::{Fault, Release, Signer, reloading::Reloading};
use crate::server::{Body, full};

const JSON: &str = "application/json; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";

/// Answers one request.
pub(super) async fn answer(signer: Arc<Signer>, request: Request<Incoming>) -> io::Result<Response<Body>> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let (method, path) = (head.method, head.uri.path());
    let call: Value = serde_json::from_slice(&body).unwrap_or_default();
    let what = match call["method"].as_str() {
        Some(method) => method.to_owned(),
        None => format!("{method} {path}"),
    };
    signer.order.note(&signer.name, &what);
    signer.state().settle();
    match (&method, path) {
        (&Method::POST, "/reload") => reload(&signer).await,
        (&Method::GET, "/reload") => status(&signer),
        (&Method::GET, "/upcheck") => respond(200, TEXT, "OK".to_owned()),
        (&Method::GET, "/healthcheck") => {
            let health = json!({ "status": "UP", "checks": [], "outcome": "UP" });
            respond(200, JSON, health.to_string())
        }
        (&Method::GET, "/api/v1/eth1/publicKeys") => {
            let keys: Vec<_> = signer.state().loaded.iter().map(|key| key.public.clone()).collect();
            respond(200, JSON, json!(keys).to_string())
        }
        // What a node asks at each load of its keystore.
        (&Method::POST, _) if what == "eth_accounts" => {
            let accounts: Vec<_> = signer.state().loaded.iter().map(|key| format!("{:?}", key.address)).collect();
            respond(200, JSON, json!({ "jsonrpc": "2.0", "id": call["id"], "result": accounts }).to_string())
        }
        _ => respond(404, TEXT, "Resource not found".to_owned()),
    }
}

async fn reload(signer: &Signer) -> io::Result<Response<Body>> {
    let (fault, release) = {
        let mut state = signer.state();
        state.reloads = state.reloads.saturating_add(1);
        (state.fault.clone(), state.release)
    };
    match fault {
        Some(Fault::Hang) => return pending().await,
        Some(Fault::Status(status)) => return respond(status, TEXT, "upstream error".to_owned()),
        Some(Fault::Page) => return respond(200, "text/html", "<html><body>Please log in</body></html>".to_owned()),
        Some(Fault::Close | Fault::Fails | Fault::Errors(_) | Fault::Slow(_)) | None => {}
    }
    let mut state = signer.state();
    if release != Release::Silent && matches!(state.reloading, Reloading::Running { .. }) {
        let words = "A reload operation is already in progress. Please try again later.";
        return told(release, 409, "error", words);
    }
    state.begin(fault.clone());
    state.settle();
    if fault == Some(Fault::Close) {
        return Err(io::Error::other("closed without an answer"));
    }
    let words = "Reload operation accepted and is running in the background. Use GET /reload to check status.";
    told(release, 202, "accepted", words)
}

fn told(release: Release, status: u16, word: &str, message: &str) -> io::Result<Response<Body>> {
    match release {
        Release::Silent => respond(200, TEXT, String::new()),
        Release::Told => respond(status, "application/json", json!({ "status": word, "message": message }).to_string()),
        Release::Coded => {
            respond(status, "application/json", json!({ "code": status, "message": message }).to_string())
        }
    }
}

fn status(signer: &Signer) -> io::Result<Response<Body>> {
    let state = signer.state();
    if state.release == Release::Silent {
        return respond(405, TEXT, String::new());
    }
    let mut answer = json!({ "status": state.reloading.status() });
    if state.reloading != Reloading::Idle {
        answer["lastOperationTime"] = json!("2026-11-26T05:19:40.528Z");
    }
    if let Reloading::Done(_, Some(error)) = &state.reloading {
        answer["lastError"] = json!(error);
    }
    respond(200, "application/json", answer.to_string())
}

fn respond(status: u16, kind: &str, body: String) -> io::Result<Response<Body>> {
    let status = StatusCode::from_u16(status).map_err(io::Error::other)?;
    Response::builder().status(status).header("content-type", kind).body(full(body)).map_err(io::Error::other)
}
