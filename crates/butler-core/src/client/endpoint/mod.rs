//! One L1 endpoint: its URL, its limits as learnt, its health, and one exchange of JSON-RPC with it.
//!
//! What an endpoint refuses is remembered for a while (see `limits`): batches, gas of one call, width of a log range.
//! Nothing is retried here; that is the business of `l1`.

mod exchange;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ethers_core::types::Address;
use tokio::time::Instant;

use super::error::{ErrorKind, RpcFailure};
use super::health::Health;
use super::http::{HttpPeer, HttpSettings, HttpSetupError};
use super::jsonrpc::{Dialect, JsonRpcPeer};
use super::limits::{Learnt, Limits, Refusal};
use crate::domain::credits::CreditPlan;

/// How to reach one endpoint.
#[derive(Debug, Clone)]
pub struct EndpointSettings {
    /// The name that messages and metrics use; never the URL.
    pub name: String,
    /// Where and how.
    pub http: HttpSettings,
    /// The most exchanges under way at once.
    pub max_concurrency: usize,
    /// The most calls of one batch; 1 sends none.
    pub max_batch: usize,
    /// Blocks of the first log range to try.
    pub log_range_blocks: u64,
    /// Where Multicall3 is on this chain.
    pub multicall3: Address,
    /// What its calls cost, and what may be spent.
    pub credits: CreditPlan,
}

/// One endpoint.
#[derive(Debug)]
pub struct Endpoint {
    index: usize,
    name: String,
    peer: JsonRpcPeer,
    multicall3: Address,
    learnt: Mutex<Learnt>,
    health: Mutex<Health>,
    record: Mutex<Record>,
    late: Mutex<Late>,
}

/// How an endpoint's opinion was waited for in vain.
#[derive(Debug, Default)]
struct Late {
    /// Until when it is not waited for again.
    until: Option<Instant>,
    /// Whether all of the time for an opinion passed, and not only the time until another one was there.
    is_silent: bool,
    /// How long it was waited for since its last answer.
    waited: Duration,
}

/// How an opinion did not come in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lateness {
    /// Another one was quicker.
    Outpaced,
    /// It did not come at all.
    Silent,
}

/// How long an endpoint's opinion is not asked for after it was waited for in vain.
const LATE: Duration = Duration::from_secs(60);

/// What an endpoint did, for metrics.
#[derive(Debug, Clone, Default)]
pub struct Record {
    /// How often each kind of failure occurred.
    pub failures: BTreeMap<ErrorKind, u64>,
    /// Its newest block when it was last asked for that; absent when it did not tell.
    pub head: Option<u64>,
}

impl Endpoint {
    /// Prepares the endpoint with that place in the configuration; connects to nothing.
    ///
    /// # Errors
    /// See [`HttpSetupError`].
    pub fn new(index: usize, settings: &EndpointSettings) -> Result<Self, HttpSetupError> {
        Ok(Self {
            index,
            name: settings.name.clone(),
            peer: JsonRpcPeer::new(&settings.http, Dialect::Ethereum)?
                .with_concurrency(settings.max_concurrency)
                .with_credits(settings.credits.clone()),
            multicall3: settings.multicall3,
            learnt: Mutex::new(Learnt::new(settings.max_batch, settings.log_range_blocks, Instant::now())),
            health: Mutex::new(Health::default()),
            record: Mutex::default(),
            late: Mutex::default(),
        })
    }

    /// Its place in the configuration, which is its index in [`L1Client::endpoints`](super::l1::L1Client::endpoints).
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }

    /// The endpoint's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The HTTP side, for its counters.
    #[must_use]
    pub fn peer(&self) -> &HttpPeer {
        self.peer.http()
    }

    /// Credits that its calls are estimated to have cost since the start.
    #[must_use]
    pub fn credits(&self) -> u64 {
        self.peer.meter().credits()
    }

    /// The credits of one day, where they are given.
    #[must_use]
    pub fn credits_per_day(&self) -> Option<u64> {
        self.peer.meter().per_day()
    }

    /// How long the next look should wait so that the day's credits last. Nothing is refused before.
    #[must_use]
    pub fn pause(&self) -> Duration {
        self.peer.meter().pause()
    }

    /// A copy of the endpoint's health.
    #[must_use]
    pub fn health(&self) -> Health {
        self.with_health(|health| health.clone())
    }

    /// Whether it stands back at present.
    #[must_use]
    pub fn is_quarantined(&self) -> bool {
        self.with_health(|health| health.is_quarantined(Instant::now()))
    }

    /// Notes that its answer was waited for in vain while another one's was there. That is no failure before all the waiting since its last answer is as long
    /// as its own deadline.
    pub(super) fn note_late(&self, waited: Duration, how: Lateness) {
        let deadline = self.peer().timeout();
        let mut late = self.late.lock().unwrap_or_else(PoisonError::into_inner);
        late.is_silent = how == Lateness::Silent;
        late.until = Instant::now().checked_add(LATE);
        late.waited = late.waited.saturating_add(waited);
        if late.waited >= deadline {
            late.waited = Duration::ZERO;
            drop(late);
            self.blame_for(&RpcFailure::Timeout(deadline));
        }
    }

    /// Notes that it gave an opinion.
    pub(super) fn note_heard(&self) {
        let mut late = self.late.lock().unwrap_or_else(PoisonError::into_inner);
        (late.waited, late.is_silent) = (Duration::ZERO, false);
    }

    /// Whether its opinion was waited for in vain a short while ago.
    pub(super) fn is_late(&self) -> bool {
        let until = self.late.lock().unwrap_or_else(PoisonError::into_inner).until;
        until.is_some_and(|until| Instant::now() < until)
    }

    /// Whether nothing at all came when it was waited for a short while ago.
    pub(super) fn is_silent(&self) -> bool {
        self.is_late() && self.late.lock().unwrap_or_else(PoisonError::into_inner).is_silent
    }

    /// Notes how an exchange ended.
    pub fn note(&self, failure: Option<&RpcFailure>) {
        let now = Instant::now();
        self.with_health(|health| match failure {
            None => health.succeeded(now),
            Some(RpcFailure::RateLimited { retry_after }) => {
                health.failed(ErrorKind::RateLimited, *retry_after, now);
            }
            Some(failure) => health.failed(failure.kind(), None, now),
        });
    }

    /// Counts a failure, and notes it where the endpoint is to blame for it.
    pub(super) fn blame_for(&self, failure: &RpcFailure) {
        self.count_failure(failure.kind());
        if failure.kind().is_endpoints_fault() {
            self.note(Some(failure));
        }
    }

    /// A copy of what the endpoint did.
    #[must_use]
    pub fn record(&self) -> Record {
        self.with_record().clone()
    }

    /// Counts a failure, whoever is to blame for it.
    pub fn count_failure(&self, kind: ErrorKind) {
        let mut record = self.with_record();
        let count = record.failures.entry(kind).or_default();
        *count = count.saturating_add(1);
    }

    /// Notes the endpoint's newest block, or that it is not known.
    pub fn note_head(&self, head: Option<u64>) {
        self.with_record().head = head;
    }

    fn with_record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with_health<T>(&self, change: impl FnOnce(&mut Health) -> T) -> T {
        // A panic while the lock was held leaves plain numbers behind, which are still good.
        change(&mut self.health.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What the endpoint grants at present.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.with_learnt(|learnt, now| learnt.limits(now))
    }

    fn with_learnt<T>(&self, change: impl FnOnce(&mut Learnt, Instant) -> T) -> T {
        change(&mut self.learnt.lock().unwrap_or_else(PoisonError::into_inner), Instant::now())
    }

    /// Gas that one `eth_call` may need here.
    #[must_use]
    pub fn call_gas(&self) -> u64 {
        self.limits().call_gas
    }

    /// Halves the gas of one `eth_call`; false when it is as low as is useful.
    pub fn lower_call_gas(&self, refused: u64) -> bool {
        self.with_learnt(|learnt, now| learnt.lower_gas(refused, now))
    }

    /// Where Multicall3 is.
    #[must_use]
    pub fn multicall3(&self) -> Address {
        self.multicall3
    }

    /// Whether Multicall3 has no code on this chain, as far as the endpoint has told lately.
    #[must_use]
    pub fn lacks_multicall(&self) -> bool {
        !self.limits().uses_multicall
    }

    /// Notes that Multicall3 has no code on this chain.
    pub fn note_no_multicall(&self) {
        self.with_learnt(Learnt::refuse_multicall);
    }

    /// Whether calls go with a state override, as far as the endpoint has told lately.
    #[must_use]
    pub fn takes_overrides(&self) -> bool {
        self.limits().uses_overrides
    }

    /// Notes that a state override was not taken.
    pub(super) fn note_no_overrides(&self, how: Refusal) {
        self.with_learnt(|learnt, now| learnt.refuse_overrides(how, now));
        tracing::debug!(endpoint = %self.name, "endpoint {} takes no state overrides at present", self.name);
    }

    /// Whether the silence of contracts inside a state override was lately found to be what they do outside of it, too.
    pub(super) fn is_silence_proven(&self) -> bool {
        self.with_learnt(|learnt, now| learnt.is_silence_proven(now))
    }

    /// Notes that it was.
    pub(super) fn note_silence_proven(&self) {
        self.with_learnt(Learnt::prove_silence);
    }

    /// Blocks of the next log range to try.
    #[must_use]
    pub fn log_range(&self) -> u64 {
        self.limits().log_range_blocks
    }

    /// The width with which a scan begins, and the widest that it may try, where a wider one is refused at present.
    pub(super) fn begin_log_range(&self) -> (u64, Option<u64>) {
        self.with_learnt(Learnt::begin_log_range)
    }

    /// A range of `refused` blocks was refused: try `next`, and not as many as were refused for some time.
    pub(super) fn shrink_log_range(&self, refused: u64, next: u64, how: Refusal) {
        self.with_learnt(|learnt, now| learnt.refuse_log_range(refused, next, how, now));
    }

    /// Begins with the width that an earlier run ended with: a wider range is tried as if more had just been refused.
    pub fn restore_log_range(&self, blocks: u64) {
        self.with_learnt(|learnt, now| {
            learnt.refuse_log_range(blocks.saturating_add(1), blocks, Refusal::Spoken, now);
        });
    }

    /// The next range has as many blocks: what was asked for was granted, or its results were many.
    pub fn set_log_range(&self, next: u64) {
        self.with_learnt(|learnt, _| learnt.set_log_range(next));
    }

    /// Whether it said of late that it gives no logs at all, not even of one block, as some plans have it. It cannot be a witness
    /// of what is in logs then. Being silent, slow or out of order is no such refusal.
    #[must_use]
    pub fn refuses_logs(&self) -> bool {
        self.with_learnt(|learnt, _| learnt.refuses_logs())
    }

    /// Notes how logs were asked for in vain, or answered.
    pub(super) fn note_logs(&self, are_refused: bool) {
        self.with_learnt(|learnt, _| learnt.note_logs(are_refused));
    }

    /// Whether batches are sent.
    #[must_use]
    pub fn takes_batches(&self) -> bool {
        self.limits().batch_calls > 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn waiting_in_vain_is_a_failure_once_it_adds_up_to_the_endpoints_own_deadline() {
        let http = HttpSettings {
            url: "http://127.0.0.1:1".parse().unwrap(),
            authorization: None,
            api_key: None,
            timeout: Duration::from_secs(12),
            clock: || 0,
            max_response_bytes: 1 << 20,
            ca_file: None,
        };
        let settings = EndpointSettings {
            name: "slow".to_owned(),
            http,
            max_concurrency: 1,
            max_batch: 1,
            log_range_blocks: 1,
            multicall3: Address::zero(),
            credits: CreditPlan::default(),
        };
        let endpoint = Endpoint::new(0, &settings).unwrap();
        let waited = |endpoint: &Endpoint| {
            endpoint.note_late(Duration::from_secs(5), Lateness::Silent);
            (endpoint.is_late(), endpoint.health().last_failure())
        };
        assert_eq!([waited(&endpoint), waited(&endpoint)], [(true, None); 2]);
        // An answer in between begins anew.
        endpoint.note_heard();
        assert_eq!([waited(&endpoint), waited(&endpoint)], [(true, None); 2]);
        assert_eq!(waited(&endpoint), (true, Some(ErrorKind::Timeout)));
        assert_eq!(endpoint.record().failures[&ErrorKind::Timeout], 1);
        assert_eq!(waited(&endpoint), (true, Some(ErrorKind::Timeout)), "what was booked is not booked twice");
        assert_eq!(endpoint.record().failures[&ErrorKind::Timeout], 1);
        tokio::time::advance(LATE).await;
        assert!(!endpoint.is_late());
    }
}
