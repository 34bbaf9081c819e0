//! Discord, Slack and Telegram as far as a message is concerned: what they refuse, and how they say that they are asked too often.

use std::{
    collections::VecDeque,
    io,
    sync::{Arc, Mutex, PoisonError},
};

use http_body_util::BodyExt as _;
use hyper::{Request, Response, body::Incoming};
use serde_json::{Value, json};

use crate::server::{Body, Server, full};

/// Which platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A channel's webhook.
    Discord,
    /// An incoming webhook.
    Slack,
    /// A bot.
    Telegram,
    /// Whoever takes JSON.
    Webhook,
}

/// An answer other than the platform's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// Asked too often: again after so many milliseconds, said as that platform says it.
    TooOften(u32),
    /// That status, and a page that quotes the request.
    Status(u16),
    /// 200, and a page that is nothing of the platform's.
    Nonsense,
    /// Takes the message and closes without an answer.
    Silence,
    /// Never answers.
    Hang,
}

/// A message that was taken: the path, the signature's headers, and the body.
#[derive(Debug, Clone)]
pub struct Message {
    /// Path and query.
    pub path: String,
    /// `x-butler-timestamp` and `x-butler-signature`, where they are there.
    pub signature: Option<(String, String)>,
    /// As it came.
    pub raw: String,
    /// The body.
    pub body: Value,
}

#[derive(Debug, Default)]
struct State {
    script: VecDeque<Reply>,
    taken: Vec<Message>,
    refused: Vec<String>,
    asked: usize,
}

/// A platform on loopback. It ends when it is dropped.
#[derive(Debug)]
pub struct Platform {
    kind: Kind,
    secret: String,
    state: Arc<Mutex<State>>,
    server: Server,
}

impl Platform {
    /// Starts one, whose URL holds that secret. It gives the replies of the script first, and its own from then on.
    ///
    /// # Errors
    /// There is no port.
    pub async fn start(kind: Kind, secret: &str, script: &[Reply]) -> anyhow::Result<Self> {
        let state = Arc::new(Mutex::new(State { script: script.iter().copied().collect(), ..State::default() }));
        let (shared, path) = (Arc::clone(&state), path_of(kind, secret));
        let server =
            Server::start(None, move |request| answer(kind, path.clone(), Arc::clone(&shared), request)).await?;
        Ok(Self { kind, secret: secret.to_owned(), state, server })
    }

    /// The URL to configure: for Telegram that of the API.
    #[must_use]
    pub fn url(&self) -> String {
        let base = format!("http://{}", self.server.address());
        if self.kind == Kind::Telegram { base } else { format!("{base}{}", path_of(self.kind, &self.secret)) }
    }

    /// What was taken so far.
    #[must_use]
    pub fn taken(&self) -> Vec<Message> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).taken.clone()
    }

    /// The texts of what was taken.
    #[must_use]
    pub fn texts(&self) -> Vec<String> {
        self.taken().iter().filter_map(|message| text(self.kind, &message.body)).collect()
    }

    /// Why the platform itself refused messages.
    #[must_use]
    pub fn refused(&self) -> Vec<String> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).refused.clone()
    }

    /// How often it was asked.
    #[must_use]
    pub fn asked(&self) -> usize {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).asked
    }
}

fn path_of(kind: Kind, secret: &str) -> String {
    match kind {
        Kind::Discord => format!("/api/webhooks/1234/{secret}"),
        Kind::Slack => format!("/services/T0/B0/{secret}"),
        Kind::Telegram => format!("/bot{secret}/sendMessage"),
        Kind::Webhook => format!("/{secret}"),
    }
}

fn text(kind: Kind, body: &Value) -> Option<String> {
    let text = match kind {
        Kind::Discord => body.get("content"),
        Kind::Slack | Kind::Telegram => body.get("text"),
        Kind::Webhook => body.get("why"),
    };
    Some(text?.as_str()?.to_owned())
}

async fn answer(
    kind: Kind,
    path: String,
    state: Arc<Mutex<State>>,
    request: Request<Incoming>,
) -> io::Result<Response<Body>> {
    let asked = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
    let header = |name: &str| Some(request.headers().get(name)?.to_str().ok()?.to_owned());
    let signature = header("x-butler-timestamp").zip(header("x-butler-signature"));
    let is_there = request.uri().path() == path;
    let bytes = request.into_body().collect().await.map_err(io::Error::other)?.to_bytes();
    let raw = String::from_utf8_lossy(&bytes).into_owned();
    let reply = {
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        state.asked += 1;
        state.script.pop_front()
    };
    let keep = || {
        let body = serde_json::from_str(&raw).unwrap_or_default();
        let message = Message { path: asked.clone(), signature: signature.clone(), raw: raw.clone(), body };
        state.lock().unwrap_or_else(PoisonError::into_inner).taken.push(message);
    };
    match reply {
        Some(Reply::Hang) => std::future::pending().await,
        Some(Reply::Silence) => {
            keep();
            Err(io::ErrorKind::ConnectionReset.into())
        }
        Some(Reply::Nonsense) => Ok(respond(200, None, format!("<html>{asked}</html>"))),
        Some(Reply::Status(status)) => Ok(respond(status, None, format!("<html>{asked} {raw}</html>"))),
        Some(Reply::TooOften(millis)) => Ok(too_often(kind, millis)),
        None if !is_there => Ok(respond(404, None, format!("{{\"message\":\"unknown {asked}\"}}"))),
        None => match fault(kind, &asked, &raw) {
            Some(why) => {
                state.lock().unwrap_or_else(PoisonError::into_inner).refused.push(why.clone());
                Ok(respond(400, None, json!({ "ok": false, "error_code": 400, "message": why }).to_string()))
            }
            None => {
                keep();
                Ok(match kind {
                    Kind::Discord => respond(200, None, json!({ "id": "99", "type": 0 }).to_string()),
                    Kind::Slack => respond(200, None, "ok".to_owned()),
                    Kind::Telegram => {
                        respond(200, None, json!({ "ok": true, "result": { "message_id": 1 } }).to_string())
                    }
                    Kind::Webhook => respond(204, None, String::new()),
                })
            }
        },
    }
}

fn respond(status: u16, retry_after: Option<String>, body: String) -> Response<Body> {
    let mut response = Response::new(full(body));
    *response.status_mut() = hyper::StatusCode::from_u16(status).unwrap_or_default();
    if let Some(wait) = retry_after.and_then(|wait| wait.parse().ok()) {
        response.headers_mut().insert("retry-after", wait);
    }
    response
}

fn too_often(kind: Kind, millis: u32) -> Response<Body> {
    let (exact, whole) = (f64::from(millis) / 1000.0, millis.div_ceil(1000));
    match kind {
        Kind::Discord => {
            let body = json!({ "message": "You are being rate limited.", "retry_after": exact, "global": false });
            respond(429, Some(exact.to_string()), body.to_string())
        }
        Kind::Telegram => {
            let body = json!({
                "ok": false,
                "error_code": 429,
                "description": format!("Too Many Requests: retry after {whole}"),
                "parameters": { "retry_after": whole },
            });
            respond(429, None, body.to_string())
        }
        Kind::Slack | Kind::Webhook => respond(429, Some(whole.to_string()), "rate_limited".to_owned()),
    }
}

/// Why the platform does not take a message.
fn fault(kind: Kind, asked: &str, raw: &str) -> Option<String> {
    let Ok(body) = serde_json::from_str::<Value>(raw) else { return Some("not JSON".to_owned()) };
    let length = |text: &Value| text.as_str().map(|text| text.chars().count()).unwrap_or_default();
    let is_within = |text: &Value, most: usize| (1..=most).contains(&length(text));
    match kind {
        Kind::Discord => {
            let content = &body["content"];
            if !asked.ends_with("?wait=true") {
                return Some("nobody waits for whether it is kept".to_owned());
            }
            if !is_within(content, 2000) {
                return Some(format!("BASE_TYPE_MAX_LENGTH: {} characters", length(content)));
            }
            (body["allowed_mentions"] != json!({ "parse": [] })).then(|| "somebody could be called".to_owned())
        }
        Kind::Slack => {
            let blocks = body["blocks"].as_array().cloned().unwrap_or_default();
            let texts: Vec<&Value> = blocks.iter().map(|block| &block["text"]["text"]).collect();
            if !is_within(&body["text"], 40_000) || blocks.len() > 50 || !texts.iter().all(|text| is_within(text, 3000))
            {
                return Some("invalid_blocks".to_owned());
            }
            let raw_sign = texts.iter().filter_map(|text| text.as_str()).find(|text| text.contains(['<', '>']));
            raw_sign.map(|text| format!("not escaped: {text}"))
        }
        Kind::Telegram => {
            if body["chat_id"].as_str().is_none_or(str::is_empty) {
                return Some("Bad Request: chat_id is empty".to_owned());
            }
            let units = body["text"].as_str().map(|text| text.encode_utf16().count()).unwrap_or_default();
            if !(1..=4096).contains(&units) {
                return Some("Bad Request: message is too long".to_owned());
            }
            (!body["parse_mode"].is_null()).then(|| "Bad Request: can't parse entities".to_owned())
        }
        Kind::Webhook => None,
    }
}
