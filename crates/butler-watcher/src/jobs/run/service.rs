//! Work that a service does: submitted under a key of its own, looked at until it is over, and its artifact fetched.
//!
//! The key is durable before the first byte leaves, and what the service calls the work as soon as it said so. A reply that was
//! lost is asked for again under the same key. Only work that the service has forgotten, says has failed, or whose artifact
//! the check refuses is submitted anew, under the next key: so one answer counts, however often the service did the work.

use std::fs::File;
use std::time::Duration;

use butler_core::client::error::RpcFailure;
use butler_core::client::http::HttpAnswer;
use butler_core::client::payload::Payload;
use butler_core::runtime::report::one_line;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::time::sleep;

use super::argv::word;
use super::desk::Desk;
use super::fetch::{Taken, take};
use super::task::{Ended, Record, Task};

/// How often a reply that was lost is asked for at once, and the pause before.
const AT_ONCE: u32 = 3;
const PAUSE: Duration = Duration::from_millis(500);
/// The longest name of work.
const LONGEST_ID: usize = 128;

/// What is durable of a submission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Sent {
    way: Way,
    /// The how manieth submission it is, from 1: a part of the key.
    number: u32,
    key: String,
    /// What the service calls it, once it said so.
    id: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Way {
    Service,
}

/// How the work stands.
enum Standing {
    /// The service is about it.
    Runs(String),
    /// It is over.
    Done,
    /// The service says that it failed, or knows nothing of it.
    Over(String),
    /// The service does not say.
    Unclear { reason: String, after: Option<Duration> },
    /// A person must change something.
    Refused(String),
}

impl Sent {
    fn of(intent: Option<&Value>) -> Option<Self> {
        Self::deserialize(intent?).ok()
    }

    fn new(task: &Task, number: u32) -> Self {
        Self { way: Way::Service, number, key: format!("{}.{number}", task.key), id: None }
    }
}

impl Desk<'_> {
    /// Submits the work unless the service has it.
    pub(super) async fn process(&self, intent: Option<&Value>, record: &impl Record) -> Ended {
        let task = self.judge.task;
        let number = match Sent::of(intent) {
            None => 1,
            // Whether it came is not known: the same key finds out.
            Some(Sent { number, id: None, .. }) => number,
            Some(Sent { number, id: Some(id), .. }) => match self.standing(&id).await {
                Standing::Runs(_) => return self.submitted(id),
                Standing::Unclear { reason, after } => return Ended::Retry { after, reason },
                Standing::Refused(reason) => return Ended::Refused { reason },
                Standing::Done => match take(self, &id).await {
                    Taken::Ended(ended) => return ended,
                    Taken::Refused(_) => number.saturating_add(1),
                },
                Standing::Over(_) => number.saturating_add(1),
            },
        };
        self.submit(Sent::new(task, number), record).await
    }

    /// Looks how the work stands, and fetches what is done.
    pub(super) async fn look(&self, intent: Option<&Value>) -> Ended {
        let Some(Sent { id, .. }) = Sent::of(intent) else { return Ended::retry("nothing was submitted") };
        let Some(id) = id else { return Ended::retry("whether the service has it is not known") };
        match self.standing(&id).await {
            Standing::Runs(reason) => Ended::Pending { reason },
            Standing::Unclear { reason, .. } => Ended::Unknown { reason },
            Standing::Refused(reason) => Ended::Refused { reason },
            Standing::Over(reason) => Ended::retry(reason),
            Standing::Done => match take(self, &id).await {
                Taken::Ended(ended) => ended,
                Taken::Refused(reason) => Ended::retry(reason),
            },
        }
    }

    fn submitted(&self, id: String) -> Ended {
        Ended::Submitted { id, look_after: self.service.look_interval }
    }

    async fn submit(&self, mut sent: Sent, record: &impl Record) -> Ended {
        let (body, kind) = match self.body() {
            Ok(body) => body,
            Err(ended) => return ended,
        };
        if let Err(ended) = note(&sent, record).await {
            return ended;
        }
        let path = self.path(&self.service.submit, "");
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let headers = [("idempotency-key", sent.key.as_str()), ("content-type", kind)];
        let mut answer = self.peer.post_at(&path, body.clone(), &headers).await;
        for _ in 1..AT_ONCE {
            if !matches!(answer, Err(RpcFailure::Timeout(_) | RpcFailure::Broken(_))) {
                break;
            }
            sleep(PAUSE).await;
            answer = self.peer.post_at(&path, body.clone(), &headers).await;
        }
        let answer = match answer {
            Ok(answer) if (200..300).contains(&answer.status) => answer,
            Ok(answer) => return not_taken(&answer, &self.said(&answer)),
            Err(failure) => return Ended::retry(format!("the service does not answer: {}", one_line(&failure))),
        };
        let id = serde_json::from_slice(&answer.body).ok().and_then(|answer| name_of(&answer, &self.service.id));
        let Some(id) = id else {
            return Ended::retry("the service does not say what it calls the work");
        };
        sent.id = Some(id.clone());
        match note(&sent, record).await {
            Ok(()) => self.submitted(id),
            Err(_) => Ended::Unknown { reason: "it was submitted, and somebody else carries it out by now".to_owned() },
        }
    }

    /// What is posted, and of what kind it is.
    fn body(&self) -> Result<(Payload, &'static str), Ended> {
        let task = self.judge.task;
        if let Some(job) = &self.service.upload {
            let input = task.inputs.get(job.as_str());
            let input = input.ok_or_else(|| Ended::refused(format!("there is no artifact of `{job}` to send")))?;
            let opened = File::open(&input.path).and_then(|file| Ok((file.metadata()?.len(), file)));
            let (length, file) = opened.map_err(|error| Ended::retry(format!("the artifact of `{job}`: {error}")))?;
            return Ok((Payload::of_file(file, length), "application/octet-stream"));
        }
        let mut body = Map::new();
        for (name, argument) in &self.service.body {
            let word = word(argument, task, None).map_err(Ended::refused)?;
            body.insert(name.clone(), word.into());
        }
        Ok((Payload::from(Value::Object(body).to_string().into_bytes()), "application/json"))
    }

    async fn standing(&self, id: &str) -> Standing {
        let path = self.path(&self.service.status, id);
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let unclear = |reason: String, after| Standing::Unclear { reason, after };
        let answer = match self.peer.get(&path, &[]).await {
            Ok(answer) => answer,
            Err(failure) => return unclear(format!("the service does not answer: {}", one_line(&failure)), None),
        };
        match answer.status {
            200..300 => {}
            404 | 410 => return Standing::Over("the service does not know the work any more".to_owned()),
            300..400 => return Standing::Refused(self.said(&answer)),
            _ => return unclear(self.said(&answer), answer.retry_after),
        }
        let Ok(told) = serde_json::from_slice::<Value>(&answer.body) else {
            return unclear("the service answers something that is no JSON".to_owned(), None);
        };
        if name_of(&told, &self.service.id).is_some_and(|other| other != id) {
            return unclear("the service answers for other work than it was asked for".to_owned(), None);
        }
        let Some(state) = told.pointer(&self.service.state).and_then(plain) else {
            return unclear("the service does not say how the work stands".to_owned(), None);
        };
        if self.service.done.contains(&state) {
            return Standing::Done;
        }
        let shown = self.peer.secrets().foreign(&state);
        if self.service.failed.contains(&state) {
            return Standing::Over(format!("the service says `{shown}`"));
        }
        Standing::Runs(format!("the service says `{shown}`"))
    }

    /// What a status other than success says.
    fn said(&self, answer: &HttpAnswer) -> String {
        let text = self.peer.secrets().foreign_bytes(&answer.body);
        let what = if (300..400).contains(&answer.status) { ", a redirect, which is not followed" } else { "" };
        let between = if text.is_empty() { "" } else { ": " };
        format!("the service answers HTTP {}{what}{between}{text}", answer.status)
    }
}

async fn note(sent: &Sent, record: &impl Record) -> Result<(), Ended> {
    let intent = serde_json::to_value(sent).map_err(|error| Ended::refused(one_line(&error)))?;
    record.record(intent).await.map_err(|lost| Ended::retry(lost.to_string()))
}

/// What the service calls the work: letters, digits and some signs, so that it stands in a path as it is.
fn name_of(answer: &Value, pointer: &str) -> Option<String> {
    let id = plain(answer.pointer(pointer)?)?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:~".contains(&byte);
    let is_name = (1..=LONGEST_ID).contains(&id.len()) && id.bytes().all(is_plain);
    (is_name && id.bytes().any(|byte| byte.is_ascii_alphanumeric())).then_some(id)
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(is_so) => Some(is_so.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Work that was not taken, by status: what may pass by itself is tried again under the same key.
fn not_taken(answer: &HttpAnswer, said: &str) -> Ended {
    match answer.status {
        408 | 425 | 429 | 500.. => Ended::Retry { after: answer.retry_after, reason: said.to_owned() },
        _ => Ended::refused(said),
    }
}
