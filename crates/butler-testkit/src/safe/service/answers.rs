//! One request and its answer.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use ethers_core::types::{Address, H256};
use ethers_core::utils::to_checksum;
use http_body_util::BodyExt as _;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, body::Incoming};
use serde_json::json;

use super::state::{Query, Reply, Service, ServiceFault};
use super::{propose, removal};
use crate::server::{Body, full};

const BASE: &str = "/tx-service/dev/api/v2/";

pub(super) async fn answer(service: Arc<Service>, request: Request<Incoming>) -> io::Result<Response<Body>> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let (path, query) = (head.uri.path(), head.uri.query().unwrap_or_default());
    let taken = take(&service, &head, &body);
    let fault = match taken {
        Ok(fault) => fault,
        Err((reply, wait)) => return respond(&service, reply, wait),
    };
    match fault {
        Some(ServiceFault::Status(status)) => {
            return respond(&service, (status, Some(json!({ "detail": "no" }))), None);
        }
        Some(ServiceFault::RateLimited(wait)) => return respond(&service, (429, None), Some(wait)),
        Some(ServiceFault::Page) => {
            let page = Response::builder().header(CONTENT_TYPE, "text/html").body(full("<html><title>Sign in</title>"));
            return page.map_err(io::Error::other);
        }
        Some(ServiceFault::Hang) => return std::future::pending().await,
        Some(ServiceFault::LoseReply | ServiceFault::HangAfter) | None => {}
    }
    let query: BTreeMap<String, String> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let reply = reply(&service, &head.method, path, &query, &body).await.map_err(io::Error::other)?;
    if fault == Some(ServiceFault::HangAfter) {
        return std::future::pending().await;
    }
    if fault == Some(ServiceFault::LoseReply) {
        return Err(io::Error::other("closed without an answer"));
    }
    respond(&service, reply, None)
}

/// Notes a request; what goes wrong with it, or why it is refused and for how long.
fn take(service: &Service, head: &Parts, body: &[u8]) -> Result<Option<ServiceFault>, (Reply, Option<u64>)> {
    let mut state = service.state();
    state.requests.push(format!("{} {}?{}", head.method, head.uri.path(), head.uri.query().unwrap_or_default()));
    if head.method == Method::POST {
        state.bodies.push(body.to_vec());
    }
    let shown = head.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if state.key.as_ref().is_some_and(|key| shown != format!("Bearer {key}")) {
        return Err(((401, Some(json!({ "message": format!("Unauthorized: {shown}") }))), None));
    }
    if !state.spend() {
        return Err(((429, Some(json!({ "message": "API rate limit exceeded" }))), Some(60)));
    }
    if let Some((_, fault)) = state.fault_at.take_if(|(method, _)| *method == head.method.as_str()) {
        return Ok(Some(fault));
    }
    Ok(state.faults.pop_front())
}

async fn reply(
    service: &Service,
    method: &Method,
    path: &str,
    query: &BTreeMap<String, String>,
    body: &[u8],
) -> anyhow::Result<Reply> {
    let parts: Vec<&str> = path.strip_prefix(BASE).unwrap_or_default().split('/').collect();
    let query = Query(query);
    match (method, parts.as_slice()) {
        (&Method::GET, ["safes", safe, "multisig-transactions", ""]) => Ok(match checksummed(safe) {
            Ok(safe) => (200, Some(service.state().page(safe, &query))),
            Err(reply) => reply,
        }),
        (&Method::POST, ["safes", safe, "multisig-transactions", ""]) => match checksummed(safe) {
            Ok(safe) => propose::propose(service, safe, body).await,
            Err(reply) => Ok(reply),
        },
        (&Method::GET, ["multisig-transactions", hash, ""]) => {
            let state = service.state();
            let kept = hash.parse::<H256>().ok().and_then(|hash| state.transactions.get(&hash));
            Ok(kept.map_or((404, Some(json!({ "detail": "Not found." }))), |kept| {
                let mut told = kept.told.clone();
                state.tell(&mut told);
                (200, Some(told))
            }))
        }
        (&Method::DELETE, ["multisig-transactions", hash, ""]) => Ok(removal::remove(service, hash, body)),
        (&Method::GET, ["delegates", ""]) => Ok((200, Some(service.state().delegate_page(&query)))),
        _ => Ok((404, Some(json!({ "detail": "Not found." })))),
    }
}

/// An address whose letters are its checksum; any other is refused.
fn checksummed(text: &str) -> Result<Address, Reply> {
    let address = text.parse::<Address>().ok().filter(|address| to_checksum(address, None) == text);
    let told = json!({ "code": 1, "message": "Checksum address validation failed", "arguments": [text] });
    address.ok_or((422, Some(told)))
}

fn respond(service: &Service, (status, told): Reply, wait: Option<u64>) -> io::Result<Response<Body>> {
    let mut response = Response::builder().status(status).header(CONTENT_TYPE, "application/json");
    if let Some((limit, used)) = service.state().quota {
        response = response
            .header("x-ratelimit-limit", limit.to_string())
            .header("x-ratelimit-remaining", limit.saturating_sub(used).to_string())
            .header("x-ratelimit-reset", "86400");
    }
    if let Some(wait) = wait {
        response = response.header(RETRY_AFTER, wait.to_string());
    }
    response.body(full(told.map(|told| told.to_string()).unwrap_or_default())).map_err(io::Error::other)
}
