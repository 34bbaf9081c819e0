//! How calls travel: several in one `eth_call`, or one request each.

use ethers_core::types::H256;
use serde_json::json;

use super::proof;
use crate::client::capped::CappedCall;
use crate::client::endpoint::Endpoint;
use crate::client::limits::Refusal;
use crate::client::wire::Request;
use crate::contracts::call::{Call, Target};
use crate::contracts::multicall::encode_aggregate;
use crate::contracts::packed;

/// The most calls of one pack, so that no single answer grows beyond a few hundred kilobytes.
const PACK_LIMIT: usize = 500;

/// How many calls that failed in a pack are asked again one by one.
const FEW: usize = 8;
/// How often a pack for our own program is halved before its calls are tried without a state override.
const MOST_HALVINGS: u32 = 3;

/// How calls were packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Packed,
    Aggregate,
}

/// Calls that travel together, by their place in the list.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) calls: Vec<usize>,
    /// What they need together.
    pub(super) gas: u64,
    /// Why they travel together.
    pub(super) origin: Origin,
}

/// Where the calls of a group come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// They are as many as the endpoint grants.
    Whole,
    /// A pack was refused, and halved so often.
    Halved(u32),
    /// They failed without a reason in a pack of more.
    Failed,
}

/// Several calls, or one.
#[derive(Debug)]
pub(super) enum Pack {
    /// For our own program, with a state override.
    Packed(Group),
    /// In one `aggregate3`.
    Aggregate {
        group: Group,
        /// How the same calls were refused with a state override, when they were.
        instead: Option<Refusal>,
    },
    /// One alone, as a request of its own.
    Direct(usize),
}

impl Pack {
    /// The first call, to try the endpoint with.
    pub(super) fn first(&self) -> Option<usize> {
        match self {
            Self::Packed(group) | Self::Aggregate { group, .. } => group.calls.first().copied(),
            Self::Direct(call) => Some(*call),
        }
    }

    /// Whether asking for less is possible.
    pub(super) fn is_group(&self) -> bool {
        match self {
            Self::Packed(_) | Self::Aggregate { .. } => true,
            Self::Direct(_) => false,
        }
    }

    /// Whether it needs a state override.
    pub(super) fn is_packed(&self) -> bool {
        matches!(self, Self::Packed(_))
    }

    /// The same calls without a state override.
    pub(super) fn plainly(self, how: Refusal, endpoint: &Endpoint) -> Vec<Self> {
        match self {
            Self::Packed(group) if endpoint.lacks_multicall() => {
                // Nothing else tells whether the override was at fault.
                endpoint.note_no_overrides(how);
                group.calls.into_iter().map(Self::Direct).collect()
            }
            Self::Packed(group) => vec![Self::Aggregate { group, instead: Some(how) }],
            Self::Aggregate { .. } | Self::Direct(_) => vec![self],
        }
    }

    /// The same calls in two packs; a single one goes alone. What is refused with a state override however small it gets is
    /// tried without one.
    pub(super) fn halves(self, calls: &[Call], endpoint: &Endpoint) -> Vec<Self> {
        match self {
            Self::Packed(group) if group.origin == Origin::Halved(MOST_HALVINGS) => {
                Self::Packed(group).plainly(Refusal::Unspoken, endpoint)
            }
            Self::Packed(group) => halved(group, calls, Self::Packed),
            Self::Aggregate { group, instead } => halved(group, calls, |group| Self::Aggregate { group, instead }),
            Self::Direct(_) => vec![self],
        }
    }

    /// Calls of a pack that failed without a reason: many may have run out of gas together.
    pub(super) fn again(members: Vec<usize>, calls: &[Call], form: Form) -> Vec<Self> {
        if members.len() <= FEW {
            return members.into_iter().map(Self::Direct).collect();
        }
        let group = group(members, calls, Origin::Failed);
        vec![match form {
            Form::Packed => Self::Packed(group),
            Form::Aggregate => Self::Aggregate { group, instead: None },
        }]
    }

    /// The calls of an aggregate one by one where nothing is at Multicall3's address.
    pub(super) fn alone_without_multicall(self, endpoint: &Endpoint) -> Vec<Self> {
        match self {
            Self::Aggregate { group, .. } if endpoint.lacks_multicall() => {
                group.calls.into_iter().map(Self::Direct).collect()
            }
            Self::Packed(_) | Self::Aggregate { .. } | Self::Direct(_) => vec![self],
        }
    }

    /// The request that carries it.
    pub(super) fn request(&self, endpoint: &Endpoint, calls: &[Call], pin: H256) -> Request {
        match self {
            Self::Packed(group) => {
                let data = packed::encode(group.calls.iter().filter_map(|call| calls.get(*call)));
                Request::eth_call_of_code(packed::ADDRESS, packed::program(), &data, pin)
            }
            Self::Aggregate { group, .. } => {
                let proof = proof::calls(endpoint.multicall3());
                let members = group.calls.iter().filter_map(|call| calls.get(*call)).chain(&proof);
                Request::eth_call(endpoint.multicall3(), &encode_aggregate(endpoint.multicall3(), members), pin)
            }
            Self::Direct(call) => match calls.get(*call).map(|call| &call.target) {
                Some(Target::Function { to, data }) if calls.get(*call).is_some_and(|call| call.limit.is_some()) => {
                    let gas = calls.get(*call).and_then(|call| call.limit).unwrap_or_default();
                    CappedCall { to: *to, data: data.clone(), gas }.request(pin)
                }
                Some(Target::Function { to, data }) => Request::eth_call(*to, data, pin),
                Some(Target::Balance(account)) => {
                    Request::new("eth_getBalance", &json!([account, { "blockHash": pin }]))
                }
                None => Request::new("eth_call", &json!([])),
            },
        }
    }
}

fn halved(whole: Group, calls: &[Call], pack: impl Fn(Group) -> Pack) -> Vec<Pack> {
    let origin = match whole.origin {
        Origin::Halved(times) => Origin::Halved(times + 1),
        Origin::Whole | Origin::Failed => Origin::Halved(1),
    };
    let mut members = whole.calls;
    if members.len() < 2 {
        return members.into_iter().map(Pack::Direct).collect();
    }
    let tail = members.split_off(members.len() / 2);
    [members, tail].map(|members| pack(group(members, calls, origin))).into()
}

fn group(members: Vec<usize>, calls: &[Call], origin: Origin) -> Group {
    let gas = members.iter().filter_map(|call| calls.get(*call)).fold(0_u64, |sum, call| sum.saturating_add(call.gas));
    Group { calls: members, gas, origin }
}

/// Packs all calls by the gas that the endpoint grants.
pub(super) fn first_packs(endpoint: &Endpoint, calls: &[Call]) -> Vec<Pack> {
    let pack: fn(Group) -> Pack = if endpoint.takes_overrides() {
        Pack::Packed
    } else if endpoint.lacks_multicall() {
        return (0..calls.len()).map(Pack::Direct).collect();
    } else {
        |group| Pack::Aggregate { group, instead: None }
    };
    let limit = endpoint.call_gas();
    let mut packs = Vec::new();
    let (mut members, mut gas) = (Vec::new(), 0_u64);
    for (index, call) in calls.iter().enumerate() {
        if call.goes_alone {
            packs.push(Pack::Direct(index));
            continue;
        }
        if !members.is_empty() && (gas.saturating_add(call.gas) > limit || members.len() >= PACK_LIMIT) {
            packs.push(pack(Group { calls: std::mem::take(&mut members), gas, origin: Origin::Whole }));
            gas = 0;
        }
        members.push(index);
        gas = gas.saturating_add(call.gas);
    }
    if !members.is_empty() {
        packs.push(pack(Group { calls: members, gas, origin: Origin::Whole }));
    }
    packs
}
