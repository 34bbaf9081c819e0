//! What one endpoint says, or that it is being asked.

use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::settle::{Reverts, agree};
use crate::client::calls::{OnTimeout, read_calls};
use crate::client::endpoint::Endpoint;
use crate::client::error::RpcFailure;
use crate::contracts::call::Call;
use crate::contracts::multicall::Outcome;
use crate::domain::block::BlockRef;

/// After what time a third endpoint is asked beside the second, unless the first one took longer itself.
pub(super) const BESIDE: Duration = Duration::from_secs(1);

/// What came of asking one endpoint.
pub(super) type Answer = Result<Vec<Outcome>, RpcFailure>;
/// An endpoint that is being asked.
pub(super) type Asking<'c> = BoxFuture<'c, Answer>;
/// An endpoint's index, and what it says.
pub(super) type Voice = (usize, Vec<Outcome>);

/// Whether one that was waited for in vain a short while ago is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Late {
    Counts,
    IsForgiven,
}

pub(super) fn ask<'c>(endpoint: &'c Endpoint, pin: &'c BlockRef, calls: &'c [Call]) -> Asking<'c> {
    read_calls(endpoint, pin, calls, OnTimeout::PassOn).boxed()
}

/// What a call does with little gas is no endpoint's opinion, and is asked for elsewhere.
pub(super) fn is_comparable(calls: &[Call], place: usize) -> bool {
    calls.get(place).is_some_and(|call| call.limit.is_none())
}

pub(super) fn same(calls: &[Call], one: &[Outcome], other: &[Outcome]) -> bool {
    let differs = |(place, (one, other)): (usize, (&Outcome, &Outcome))| {
        is_comparable(calls, place) && !agree(one, other, Reverts::of(calls, place))
    };
    !one.iter().zip(other).enumerate().any(differs)
}

/// Takes an opinion, or notes that there is none.
pub(super) fn opinion(endpoint: &Endpoint, answer: Answer) -> Option<Voice> {
    match answer {
        Ok(outcomes) => {
            endpoint.note_heard();
            Some((endpoint.index(), outcomes))
        }
        Err(failure) => {
            tracing::debug!(endpoint = endpoint.name(), "no opinion of {}: {failure}", endpoint.name());
            endpoint.blame_for(&failure);
            None
        }
    }
}
