//! JSON-RPC with one peer, whoever it is: an L1 endpoint, an Aztec node, what answers on a host.
//!
//! The one place where requests go out and answers are judged: ids, statuses, `Retry-After`, redirects, web pages, refusals. No
//! word of the other side leaves it but through the peer's [`Secrets`](super::secrets::Secrets). Nothing is asked twice here.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use tokio::sync::Semaphore;

use super::error::{RpcFailure, Unauthorized};
use super::http::{HttpAnswer, HttpPeer, HttpSettings, HttpSetupError, meaning};
use super::meter::Meter;
use super::page::web_page;
use super::payload::Payload;
use super::refusal;
use super::wire::{self, Answer, Request};
use crate::domain::credits::CreditPlan;

/// Whose words stand in an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Those of an L1 provider: they are told apart, see [`refusal`].
    Ethereum,
    /// Those of whomever an Aztec node asked: only the code of an error tells what it means.
    Aztec,
}

/// One peer that speaks JSON-RPC over HTTP.
#[derive(Debug)]
pub struct JsonRpcPeer {
    http: HttpPeer,
    dialect: Dialect,
    next_id: AtomicU64,
    turns: Semaphore,
    meter: Meter,
}

/// Bytes of answers that are held at the same time: each answer holds on to the body that it came in.
#[derive(Debug, Default)]
pub(super) struct HeldBytes(AtomicUsize);

impl HeldBytes {
    /// How many.
    pub(super) fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// What calls cost, which is counted when it is dropped: a provider counts calls also of whoever does not wait for their answers.
#[derive(Debug)]
struct Charge<'a> {
    meter: &'a Meter,
    /// A provider counts each call of a batch.
    requests: &'a [Request],
}

impl Charge<'_> {
    /// Ends it: where nobody was reached, nobody counted.
    fn unless_unreached<T>(mut self, posted: Result<T, RpcFailure>) -> Result<T, RpcFailure> {
        if let Err(RpcFailure::Unreachable(_) | RpcFailure::Tls(_)) = posted {
            self.requests = &[];
        }
        posted
    }
}

impl Drop for Charge<'_> {
    fn drop(&mut self) {
        self.requests.iter().for_each(|request| self.meter.count(request.method));
    }
}

impl JsonRpcPeer {
    /// Prepares a client; connects to nothing.
    ///
    /// # Errors
    /// See [`HttpSetupError`].
    pub fn new(settings: &HttpSettings, dialect: Dialect) -> Result<Self, HttpSetupError> {
        let turns = Semaphore::new(Semaphore::MAX_PERMITS);
        let meter = Meter::new(CreditPlan::default());
        Ok(Self { http: HttpPeer::new(settings)?, dialect, next_id: AtomicU64::new(1), turns, meter })
    }

    /// The same with no more than `most` exchanges under way at once.
    #[must_use]
    pub fn with_concurrency(self, most: usize) -> Self {
        Self { turns: Semaphore::new(most.clamp(1, Semaphore::MAX_PERMITS)), ..self }
    }

    /// The same, whose calls cost what the plan says.
    #[must_use]
    pub fn with_credits(self, plan: CreditPlan) -> Self {
        Self { meter: Meter::new(plan), ..self }
    }

    /// What its calls cost.
    pub(super) fn meter(&self) -> &Meter {
        &self.meter
    }

    /// The HTTP side: counters, deadline, secrets.
    #[must_use]
    pub fn http(&self) -> &HttpPeer {
        &self.http
    }

    /// Makes one call.
    ///
    /// # Errors
    /// What the peer did instead of answering.
    pub async fn call(&self, request: &Request) -> Answer {
        self.call_held(request, &HeldBytes::default()).await
    }

    /// Has something carried out that is answered with nothing. `hear` is shown the words of an error as they came, to tell which one it is:
    /// what could be a secret is hidden in the failure, and with it what says why.
    ///
    /// # Errors
    /// What the peer did instead.
    pub(super) async fn carry_out(&self, request: &Request, hear: impl FnOnce(&str)) -> Result<(), RpcFailure> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let answer = self.post(wire::encode_single(id, request), &HeldBytes::default()).await?;
        let secrets = self.http.secrets();
        let decoded = wire::decode_done(id, &answer.body, |error| {
            hear(&error.message);
            match self.dialect {
                Dialect::Ethereum => refusal::classify(secrets, request.method, error),
                Dialect::Aztec => refusal::by_code(secrets, error),
            }
        });
        self.judge(&answer, decoded)
    }

    /// Makes one call, and counts the bytes of its answer.
    pub(super) async fn call_held(&self, request: &Request, held: &HeldBytes) -> Answer {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let charge = Charge { meter: &self.meter, requests: std::slice::from_ref(request) };
        let answer = charge.unless_unreached(self.post(wire::encode_single(id, request), held).await)?;
        let secrets = self.http.secrets();
        let decoded = wire::decode_single_with(id, &answer.body, |error| match self.dialect {
            Dialect::Ethereum => refusal::classify(secrets, request.method, error),
            Dialect::Aztec => refusal::by_code(secrets, error),
        });
        self.judge(&answer, decoded)
    }

    /// Makes several calls in one batch, and counts the bytes of the answer. The answers are in the order of `requests`.
    pub(super) async fn batch_held(&self, requests: &[Request], held: &HeldBytes) -> Result<Vec<Answer>, RpcFailure> {
        let count = u64::try_from(requests.len()).unwrap_or(u64::MAX);
        let first_id = self.next_id.fetch_add(count, Ordering::Relaxed);
        let charge = Charge { meter: &self.meter, requests };
        let answer = charge.unless_unreached(self.post(wire::encode_batch(first_id, requests), held).await)?;
        let decoded = wire::decode_batch(self.http.secrets(), first_id, requests, &answer.body);
        self.judge(&answer, decoded)
    }

    async fn post(&self, body: Payload, held: &HeldBytes) -> Result<HttpAnswer, RpcFailure> {
        // The semaphore is never closed; should it be, the exchange goes on without a turn.
        let _turn = self.turns.acquire().await.ok();
        let answer = self.http.post(body).await?;
        held.0.fetch_add(answer.body.len(), Ordering::Relaxed);
        Ok(answer)
    }

    /// What an answer is worth whose body was read as JSON-RPC. Some put the limits of a plan under a status that means a
    /// missing key or too many requests: words that say what was too much count more than the status.
    fn judge<T>(&self, answer: &HttpAnswer, decoded: Result<T, RpcFailure>) -> Result<T, RpcFailure> {
        match (refused(answer), decoded) {
            (_, Err(failure @ (RpcFailure::BatchRefused | RpcFailure::RangeRefused { .. }))) => Err(failure),
            (Some(refusal), _) => Err(refusal),
            // A redirect is not followed, whatever stands in its body: what is meant to answer is elsewhere.
            (None, _) if (300..400).contains(&answer.status) => Err(self.misplaced(answer)),
            (None, decoded) => decoded.map_err(|failure| self.explain(answer, failure)),
        }
    }

    /// What an answer really is whose body is no JSON-RPC: the status, a redirect or a web page say more than the body's shape.
    fn explain(&self, answer: &HttpAnswer, failure: RpcFailure) -> RpcFailure {
        let RpcFailure::Malformed(_) = failure else { return failure };
        if !(200..300).contains(&answer.status) {
            return self.misplaced(answer);
        }
        match (web_page(self.http.secrets(), &answer.body), meaning(answer.status)) {
            (Some(page), _) => RpcFailure::Malformed(format!("{page} instead of a JSON-RPC answer")),
            (None, Some(meaning)) => RpcFailure::Malformed(format!("HTTP {}: {meaning}", answer.status)),
            (None, None) if answer.body.trim_ascii().is_empty() => {
                RpcFailure::Malformed("an empty body instead of a JSON-RPC answer".to_owned())
            }
            (None, None) => failure,
        }
    }

    /// What a status says that is no success, with where it leads or what it shows.
    fn misplaced(&self, answer: &HttpAnswer) -> RpcFailure {
        let (status, secrets) = (answer.status, self.http.secrets());
        let page = || web_page(secrets, &answer.body);
        let words = || Some(secrets.foreign_bytes(&answer.body)).filter(|words| !words.is_empty());
        let text = match (&answer.redirect, meaning(status)) {
            (Some(target), _) => format!("a redirect to {target}"),
            // A body that comes with it is meant for nobody who asked.
            (None, Some(meaning)) if status < 400 => {
                page().map_or_else(|| meaning.to_owned(), |page| format!("{meaning} ({page})"))
            }
            (None, meaning) => page().or_else(words).unwrap_or_else(|| meaning.unwrap_or("no word of why").to_owned()),
        };
        RpcFailure::Http { status, text }
    }
}

/// What the status alone says, whatever the body is.
fn refused(answer: &HttpAnswer) -> Option<RpcFailure> {
    match answer.status {
        401 | 403 => Some(RpcFailure::Unauthorized { refusal: Unauthorized::Status(answer.status) }),
        429 => Some(RpcFailure::RateLimited { retry_after: answer.retry_after }),
        503 if answer.retry_after.is_some() => Some(RpcFailure::RateLimited { retry_after: answer.retry_after }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::time::Duration;

    use serde_json::json;
    use tokio::net::{TcpListener, TcpSocket};

    use super::*;

    /// The credits of one call, and how it failed.
    async fn spent(address: SocketAddr) -> (u64, RpcFailure) {
        let settings = HttpSettings {
            url: format!("http://{address}").parse().unwrap(),
            authorization: None,
            api_key: None,
            timeout: Duration::from_millis(200),
            clock: || 0,
            max_response_bytes: 1 << 20,
            ca_file: None,
        };
        let peer = JsonRpcPeer::new(&settings, Dialect::Ethereum).unwrap();
        let failure = peer.call(&Request::new("eth_call", &json!([]))).await.unwrap_err();
        (peer.meter().credits(), failure)
    }

    #[tokio::test]
    async fn a_call_costs_nothing_where_nobody_was_reached_and_something_where_nobody_answered() {
        // It takes connections and never answers.
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (credits, failure) = spent(listener.local_addr().unwrap()).await;
        assert!(matches!(failure, RpcFailure::Timeout(_)) && credits > 0, "{credits}: {failure}");
        // Nobody listens on a port of which only the number is held.
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let (credits, failure) = spent(socket.local_addr().unwrap()).await;
        assert!(matches!(failure, RpcFailure::Unreachable(_)) && credits == 0, "{credits}: {failure}");
    }
}
