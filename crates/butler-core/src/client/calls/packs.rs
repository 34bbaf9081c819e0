//! How calls travel: several in one `aggregate3`, or one request each.

use ethers_core::types::H256;
use serde_json::json;

use super::proof;
use crate::client::endpoint::Endpoint;
use crate::client::wire::Request;
use crate::contracts::call::{Call, Target};
use crate::contracts::multicall::encode_aggregate;

/// The most calls of one pack, so that no single answer grows beyond a few hundred kilobytes.
const PACK_LIMIT: usize = 500;

/// Calls that travel together, by their place in the list.
#[derive(Debug)]
pub(super) enum Pack {
    /// In one `aggregate3`.
    Aggregate {
        calls: Vec<usize>,
        /// What they need together.
        gas: u64,
        /// Whether it is a part of a pack that was refused.
        is_part: bool,
    },
    /// One alone, as a request of its own.
    Direct(usize),
}

impl Pack {
    /// The first call, to try the endpoint with.
    pub(super) fn first(&self) -> Option<usize> {
        match self {
            Self::Aggregate { calls, .. } => calls.first().copied(),
            Self::Direct(call) => Some(*call),
        }
    }

    /// Whether asking for less is possible.
    pub(super) fn is_aggregate(&self) -> bool {
        matches!(self, Self::Aggregate { .. })
    }

    /// The same calls in two packs; a single one goes alone.
    pub(super) fn halves(self, calls: &[Call]) -> Vec<Self> {
        match self {
            Self::Aggregate { calls: mut members, .. } if members.len() > 1 => {
                let tail = members.split_off(members.len() / 2);
                [members, tail].map(|members| part(members, calls)).into()
            }
            Self::Aggregate { calls: members, .. } => members.into_iter().map(Self::Direct).collect(),
            Self::Direct(_) => vec![self],
        }
    }

    /// The request that carries it.
    pub(super) fn request(&self, endpoint: &Endpoint, calls: &[Call], pin: H256) -> Request {
        match self {
            Self::Aggregate { calls: members, .. } => {
                let proof = proof::calls(endpoint.multicall3());
                let members = members.iter().filter_map(|call| calls.get(*call)).chain(&proof);
                Request::eth_call(endpoint.multicall3(), &encode_aggregate(endpoint.multicall3(), members), pin)
            }
            Self::Direct(call) => match calls.get(*call).map(|call| &call.target) {
                Some(Target::Function { to, data }) => Request::eth_call(*to, data, pin),
                Some(Target::Balance(account)) => {
                    Request::new("eth_getBalance", &json!([account, { "blockHash": pin }]))
                }
                None => Request::new("eth_call", &json!([])),
            },
        }
    }
}

fn part(members: Vec<usize>, calls: &[Call]) -> Pack {
    let gas = members.iter().filter_map(|call| calls.get(*call)).fold(0_u64, |sum, call| sum.saturating_add(call.gas));
    Pack::Aggregate { calls: members, gas, is_part: true }
}

/// Packs all calls by the gas that the endpoint grants.
pub(super) fn first_packs(endpoint: &Endpoint, calls: &[Call]) -> Vec<Pack> {
    if endpoint.lacks_multicall() {
        return (0..calls.len()).map(Pack::Direct).collect();
    }
    let limit = endpoint.call_gas();
    let mut packs = Vec::new();
    let (mut members, mut gas) = (Vec::new(), 0_u64);
    for (index, call) in calls.iter().enumerate() {
        if !members.is_empty() && (gas.saturating_add(call.gas) > limit || members.len() >= PACK_LIMIT) {
            packs.push(Pack::Aggregate { calls: std::mem::take(&mut members), gas, is_part: false });
            gas = 0;
        }
        members.push(index);
        gas = gas.saturating_add(call.gas);
    }
    if !members.is_empty() {
        packs.push(Pack::Aggregate { calls: members, gas, is_part: false });
    }
    packs
}
