//! A call that failed is believed when a second endpoint says so, where there is a second one.
//!
//! The failed calls alone are asked again elsewhere. Whoever answers a call that the other one lets revert is right, for a
//! revert is easily said and an answer is not; only when a third reverts as well, most decide. What two agree on is
//! remembered for a while, so that a getter that an old rollup lacks does not cost a request each time.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ethers_core::types::H256;
use ethers_core::utils::keccak256;
use tokio::time::Instant;

use super::calls::{OnTimeout, read_calls};
use super::endpoint::Endpoint;
use super::error::RpcFailure;
use super::l1::L1Client;
use crate::contracts::call::{Call, Target};
use crate::contracts::multicall::Outcome;
use crate::domain::block::BlockRef;

/// How long it is believed that a call fails.
const BELIEVED: Duration = Duration::from_secs(3_600);
/// The most calls that are remembered.
const MOST: usize = 4_096;

/// The calls that two endpoints let fail.
#[derive(Debug, Default)]
pub(super) struct KnownFailures(Mutex<BTreeMap<H256, Instant>>);

impl KnownFailures {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<H256, Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has(&self, call: &Call, now: Instant) -> bool {
        self.lock().get(&key(call)).is_some_and(|until| now < *until)
    }

    fn remember(&self, call: &Call, now: Instant) {
        let mut known = self.lock();
        known.retain(|_, until| now < *until);
        if known.len() < MOST {
            known.insert(key(call), now + BELIEVED);
        }
    }
}

fn key(call: &Call) -> H256 {
    let data: &[u8] = match &call.target {
        Target::Function { data, .. } => data,
        Target::Balance(_) => &[],
    };
    H256(keccak256([call.address().as_bytes(), data].concat()))
}

/// Whether the call failed, or was answered as by an account without code.
fn failed(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Failed(_) => true,
        Outcome::Returned(data) => data.is_empty(),
    }
}

impl L1Client {
    /// Has the failures among `outcomes`, which the endpoint `first` gave, confirmed or put right by others.
    pub(super) async fn confirm_failures(
        &self,
        first: usize,
        pin: &BlockRef,
        calls: &[Call],
        outcomes: &mut [Outcome],
    ) {
        let now = Instant::now();
        let mut doubtful: Vec<(&Call, &mut Outcome)> = calls
            .iter()
            .zip(outcomes)
            .filter(|(call, outcome)| failed(outcome) && !self.failures.has(call, now))
            .collect();
        let mut others = self
            .order()
            .into_iter()
            .filter(|endpoint| endpoint.index() != first && !endpoint.health().is_distrusted(now));
        let Some(second) = self.opinions(&mut others, pin, &doubtful).await else { return };
        let mut contested = Vec::new();
        for ((call, outcome), opinion) in doubtful.drain(..).zip(second) {
            if failed(&opinion) {
                self.failures.remember(call, now);
            } else {
                contested.push(((call, outcome), opinion));
            }
        }
        let (doubtful, second): (Vec<_>, Vec<_>) = contested.into_iter().unzip();
        let third = self.opinions(&mut others, pin, &doubtful).await;
        for (place, ((call, outcome), opinion)) in doubtful.into_iter().zip(second).enumerate() {
            if third.as_ref().and_then(|third| third.get(place)).is_some_and(failed) {
                tracing::warn!("one endpoint of three answers `{}`, which reverts at the others", call.function);
                self.failures.remember(call, now);
                continue;
            }
            *outcome = opinion;
            self.blame_once(first, &RpcFailure::Contradicted { function: call.function.clone().into_owned() });
        }
    }

    /// Asks the next of `others` that answers at all.
    async fn opinions<'e>(
        &'e self,
        others: &mut impl Iterator<Item = &'e Endpoint>,
        pin: &BlockRef,
        doubtful: &[(&Call, &mut Outcome)],
    ) -> Option<Vec<Outcome>> {
        if doubtful.is_empty() {
            return None;
        }
        let calls: Vec<Call> = doubtful.iter().map(|(call, _)| (*call).clone()).collect();
        for endpoint in others {
            match read_calls(endpoint, pin, &calls, OnTimeout::PassOn).await {
                Ok(outcomes) => return Some(outcomes),
                // It may not have the block yet: no reason to ask it after the others next time.
                Err(failure) => endpoint.count_failure(failure.kind()),
            }
        }
        None
    }
}
