//! What is told of an action: one line of a log, and one JSON object for a webhook.

use butler_core::domain::action::{
    ActionKind, ActionSubject, Assurance, EffectKey, Evidence, Goal, Priority, ProposedCall,
};
use butler_core::text::address::checksummed;
use ethers_core::types::H256;
use ethers_core::utils::{hex, keccak256};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use super::turn::{Common, Turn};
use crate::journal::Entry;

/// The version of what is posted.
const VERSION: u32 = 1;
/// Bytes of a message's id.
const ID_BYTES: usize = 16;

/// What tells one message to one receiver from all others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stamp {
    /// The same at each try, and of nothing else.
    pub(super) id: String,
    /// Its number among all messages to this receiver, from 1. None is left out.
    pub(super) sequence: u64,
}

impl Stamp {
    /// The stamp of an action's message, from the journal's name, the receiver's, and the message's number there.
    pub(super) fn new(journal: &str, receiver: &str, sequence: u64, key: &EffectKey) -> Self {
        let digest = digest(&SHA256, format!("{journal}\n{receiver}\n{sequence}\n{key}").as_bytes());
        let id = hex::encode(digest.as_ref().iter().take(ID_BYTES).copied().collect::<Vec<u8>>());
        Self { id, sequence }
    }
}

/// The JSON of an action for one receiver, who knows by the id what it has already, and by the sequence what it lacks.
pub(super) fn body(entry: &Entry, stamp: &Stamp) -> Value {
    let action = &entry.action;
    json!({
        "version": VERSION,
        "id": stamp.id,
        "sequence": stamp.sequence,
        "retracted": false,
        "key": action.key,
        "attempt": entry.standing.generation,
        "kind": action.kind,
        "priority": action.priority,
        "chain_id": action.place.chain_id,
        "contract": checksummed(&action.place.contract).to_string(),
        "subject": subject(&action.subject),
        "goal": goal(&action.goal),
        "until": action.until,
        "why": action.why,
        "evidence": action.evidence.iter().map(evidence).collect::<Vec<_>>(),
        "assurance": action.assurance,
        "approved_by": entry.standing.approved_by,
    })
}

/// The JSON that says that an action of an earlier message is not asked for any more.
pub(super) fn retraction(key: &EffectKey, why: &str, stamp: &Stamp) -> Value {
    json!({
        "version": VERSION,
        "id": stamp.id,
        "sequence": stamp.sequence,
        "retracted": true,
        "key": key,
        "kind": key.as_str().split('/').next(),
        "why": why,
    })
}

/// The JSON that says what became of actions later: `keys` are the first of so many.
pub(super) fn turned(common: &Common, keys: &[EffectKey], count: usize, stamp: &Stamp) -> Value {
    let first = keys.first();
    json!({
        "version": VERSION,
        "id": stamp.id,
        "sequence": stamp.sequence,
        "retracted": false,
        "kind": match common.turn {
            Turn::Parked => "parked",
            Turn::AsksAgain => ActionKind::ApprovalNeeded.name(),
        },
        "priority": common.priority(),
        "of": common.kind,
        "key": first,
        "keys": keys,
        "count": count,
        "why": first.map(|first| common.sentence(first, count)),
        "reason": common.why,
    })
}

fn subject(subject: &ActionSubject) -> Value {
    match subject {
        ActionSubject::Attester(address) => json!({ "attester": checksummed(address).to_string() }),
        ActionSubject::Provider(id) => json!({ "provider": id.get() }),
        ActionSubject::Rollup(address) => json!({ "rollup": checksummed(address).to_string() }),
        ActionSubject::Named(name) => json!({ "name": name }),
        ActionSubject::Network => json!({ "network": true }),
        ActionSubject::Job { job, item } => json!({ "job": job, "item": item.to_string() }),
    }
}

fn goal(goal: &Goal) -> Value {
    match goal {
        Goal::Told => json!("told"),
        Goal::JobDone { definition, .. } => json!({ "job_done": { "definition": format!("{definition:x}") } }),
        Goal::KeystoreLoaded { server, nodes, content } => json!({
            "keystore_loaded": {
                "server": server,
                "nodes": nodes,
                "digest": format!("{:x}", content.digest),
                "files": content.count,
            }
        }),
        Goal::Executed(proposal) => json!({
            "executed": {
                "safe": checksummed(&proposal.from).to_string(),
                "effect": proposal.effect,
                "effects": proposal.effects,
                "remarks": proposal.remarks,
                "calls": proposal.calls.iter().map(call).collect::<Vec<_>>(),
            }
        }),
        Goal::CoinbaseConfigured { provider_id, rollup, coinbase } => json!({
            "coinbase_configured": {
                "provider": provider_id.get(),
                "rollup": checksummed(rollup).to_string(),
                "coinbase": coinbase.to_string(),
            }
        }),
    }
}

/// A call in words, with what tells it from any other one.
fn call(call: &ProposedCall) -> Value {
    json!({
        "says": call.says,
        "to": checksummed(&call.to).to_string(),
        "value": call.value.to_string(),
        "data_keccak256": format!("0x{:x}", H256(keccak256(&call.data))),
    })
}

fn evidence(evidence: &Evidence) -> Value {
    match evidence {
        Evidence::Log(log) => json!({
            "block_number": log.block_number,
            "block_hash": log.block_hash,
            "transaction_hash": log.transaction_hash,
            "log_index": log.log_index,
        }),
        Evidence::Finding { code, block_number, block_hash } => {
            json!({ "finding": code, "block_number": block_number, "block_hash": block_hash })
        }
        Evidence::State { block_number, block_hash } => {
            json!({ "state": true, "block_number": block_number, "block_hash": block_hash })
        }
        Evidence::Proposal { slot, transaction, block_number } => {
            json!({ "proposal": true, "slot": slot, "transaction_hash": transaction, "block_number": block_number })
        }
    }
}

/// Writes the line of an action.
pub(super) fn log(entry: &Entry) {
    let action = &entry.action;
    let (kind, key) = (action.kind.name(), action.key.as_str());
    let why = match entry.standing.approved_by.as_slice() {
        [] => action.why.clone(),
        persons => format!("approved by {}: {}", persons.join(" and "), action.why),
    };
    let seen = match action.assurance {
        Assurance::OneEndpoint => "one_endpoint",
        Assurance::TwoEndpoints => "two_endpoints",
    };
    match action.priority {
        Priority::Urgent => tracing::error!(kind, key, seen, until = action.until, "{why}"),
        Priority::High => tracing::warn!(kind, key, seen, until = action.until, "{why}"),
        Priority::Normal => tracing::info!(kind, key, seen, until = action.until, "{why}"),
    }
}
