//! What the service keeps, and the pages that it tells of it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ethers_core::types::{Address, H256};
use serde_json::{Value, json};

use crate::http::Client;

/// Status and body; none for an empty one.
pub(super) type Reply = (u16, Option<Value>);

/// Changes what is told of a transaction, or of a delegate.
pub type Twist = Arc<dyn Fn(&mut Value) + Send + Sync>;

/// How lists are behind what was proposed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Lag {
    /// They have it at once.
    #[default]
    None,
    /// They have it after `FakeSafeService::index`.
    UntilIndexed,
}

/// What goes wrong with one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServiceFault {
    /// It is done, and the connection closes without an answer.
    LoseReply,
    /// It is not done, and this status is answered.
    Status(u16),
    /// It is not done: 429, and how many seconds to wait.
    RateLimited(u64),
    /// It is not done, and a web page is answered with status 200.
    Page,
    /// It is not done, and nothing is ever answered.
    Hang,
    /// It is done, and nothing is ever answered.
    HangAfter,
}

/// Shared with whoever answers.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) chain: Client,
    pub(super) chain_id: u64,
    pub(super) state: Mutex<State>,
}

impl Service {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The most that one page has, and what it has when nothing is asked for.
const LARGEST_PAGE: usize = 200;
const USUAL_PAGE: usize = 100;

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) key: Option<String>,
    /// Delegate, who named it, and for which Safe.
    pub(super) delegates: Vec<(Address, Address, Option<Address>)>,
    pub(super) transactions: BTreeMap<H256, Kept>,
    pub(super) faults: VecDeque<ServiceFault>,
    /// What goes wrong with the next request of that method.
    pub(super) fault_at: Option<(String, ServiceFault)>,
    pub(super) twist: Option<Twisted>,
    pub(super) lag: Lag,
    /// The monthly quota, and how much of it is used.
    pub(super) quota: Option<(u64, u64)>,
    pub(super) bodies: Vec<Vec<u8>>,
    pub(super) requests: Vec<String>,
}

/// A transaction that was proposed.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    pub(super) safe: Address,
    pub(super) nonce: u64,
    pub(super) is_trusted: bool,
    pub(super) is_executed: bool,
    pub(super) is_listed: bool,
    /// In the order of arrival.
    pub(super) number: usize,
    pub(super) proposer: Address,
    pub(super) delegate: Option<Address>,
    /// As it is told.
    pub(super) told: Value,
}

pub(super) struct Twisted(pub(super) Twist);

impl std::fmt::Debug for Twisted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Twisted")
    }
}

/// What a query asks for, by name.
pub(super) struct Query<'a>(pub(super) &'a BTreeMap<String, String>);

impl Query<'_> {
    fn number(&self, name: &str) -> Option<u64> {
        self.0.get(name)?.parse().ok()
    }

    fn flag(&self, name: &str) -> Option<bool> {
        self.0.get(name).map(|value| value.eq_ignore_ascii_case("true"))
    }
}

impl State {
    /// A page of a Safe's transactions: the newest nonces first, only trusted ones unless others are asked for, which are
    /// told alone.
    pub(super) fn page(&self, safe: Address, query: &Query<'_>) -> Value {
        let is_trusted = query.flag("trusted").unwrap_or(true);
        let from = query.number("nonce__gte").unwrap_or(0);
        let executed = query.flag("executed");
        let mut kept: Vec<&Kept> = self
            .transactions
            .values()
            .filter(|kept| kept.safe == safe && kept.is_listed && kept.is_trusted == is_trusted && kept.nonce >= from)
            .filter(|kept| executed.is_none_or(|executed| executed == kept.is_executed))
            .collect();
        kept.sort_by_key(|kept| (kept.nonce, kept.number));
        if query.0.get("ordering").is_none_or(|ordering| ordering != "nonce") {
            kept.reverse();
        }
        self.cut(kept.into_iter().map(|kept| kept.told.clone()).collect(), query)
    }

    /// A page of delegates.
    pub(super) fn delegate_page(&self, query: &Query<'_>) -> Value {
        let is = |name: &str, address: Option<Address>| {
            let asked = query.0.get(name).and_then(|text| text.parse::<Address>().ok());
            asked.is_none_or(|asked| Some(asked) == address)
        };
        let told = |(delegate, delegator, safe): &(Address, Address, Option<Address>)| {
            let is_asked = is("delegate", Some(*delegate)) && is("delegator", Some(*delegator)) && is("safe", *safe);
            is_asked.then(|| {
                json!({ "safe": safe, "delegate": delegate, "delegator": delegator, "label": "butler", "expiryDate": null })
            })
        };
        self.cut(self.delegates.iter().filter_map(told).collect(), query)
    }

    fn cut(&self, all: Vec<Value>, query: &Query<'_>) -> Value {
        let limit = query.number("limit").and_then(|limit| usize::try_from(limit).ok()).unwrap_or(USUAL_PAGE);
        let offset = query.number("offset").and_then(|offset| usize::try_from(offset).ok()).unwrap_or(0);
        let count = all.len();
        let mut results: Vec<Value> = all.into_iter().skip(offset).take(limit.min(LARGEST_PAGE)).collect();
        results.iter_mut().for_each(|one| self.tell(one));
        json!({ "count": count, "next": null, "previous": null, "results": results })
    }

    /// Lies, where it is told to.
    pub(super) fn tell(&self, one: &mut Value) {
        if let Some(Twisted(twist)) = &self.twist {
            twist(one);
        }
    }

    /// One request more of the quota; whether it is within.
    pub(super) fn spend(&mut self) -> bool {
        match &mut self.quota {
            None => true,
            Some((limit, used)) => {
                *used += 1;
                *used <= *limit
            }
        }
    }
}
