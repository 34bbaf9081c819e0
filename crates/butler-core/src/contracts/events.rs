//! Logs to typed events, each with the place where it stands on the chain.
//!
//! A log whose first topic we do not know is not ours and decodes to `None`; a log of ours that does not decode is an
//! error, for a follower must never step over it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use ethers_contract::EthLogDecode;
use ethers_core::abi::{Abi, ParamType, RawLog, Token};
use ethers_core::types::{Address, H256, Log};
use serde::Serialize;
use serde_json::Value;
use thiserror::Error;

use super::bindings::{
    aztec_registry, gse, pull_split, rollup, slasher, split_factory, staking_registry, tally_slashing_proposer,
};
use super::guard;
use crate::domain::attester::delegation::{Delegation, LogId};
use crate::domain::ids::{Coinbase, ProviderId};
use crate::text::address::checksummed;

/// The contract that a log came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Aztec's registry of rollups.
    AztecRegistry,
    /// The registry of staking providers.
    StakingRegistry,
    /// The rollup.
    Rollup,
    /// The governance staking escrow.
    Gse,
    /// The factory of splits.
    SplitFactory,
    /// A split.
    PullSplit,
    /// The slasher.
    Slasher,
    /// The proposer of slashes.
    SlashingProposer,
}

/// An event, typed by its contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TypedEvent {
    /// Of Aztec's registry.
    AztecRegistry(aztec_registry::CanonicalRollupUpdatedFilter),
    /// Of the staking registry.
    StakingRegistry(staking_registry::StakingRegistryEvents),
    /// Of the rollup.
    Rollup(rollup::RollupEvents),
    /// Of the GSE.
    Gse(gse::GseEvents),
    /// Of the split factory.
    SplitFactory(split_factory::SplitCreatedFilter),
    /// Of a split.
    PullSplit(pull_split::PullSplitEvents),
    /// Of the slasher.
    Slasher(slasher::SlasherEvents),
    /// Of the slashing proposer.
    SlashingProposer(tally_slashing_proposer::TallySlashingProposerEvents),
}

/// A typed event with its place on the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Where it stands.
    pub id: LogId,
    /// The contract that emitted it.
    pub address: Address,
    /// What it says.
    pub event: TypedEvent,
}

/// An event by name, for people and for JSON.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NamedEvent {
    /// The event's name.
    pub name: String,
    /// Its arguments by name: structs as arrays, integers of types over 48 bits as
    /// decimal strings, addresses with checksum.
    pub arguments: serde_json::Map<String, Value>,
}

/// A log that cannot be believed or understood.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EventError {
    /// The endpoint left out where the log stands, as it does for pending blocks.
    #[error("a log of {address:?} has no place on the chain")]
    NoPlace {
        /// The contract.
        address: Address,
    },
    /// The log was removed by a reorg.
    #[error("a log of {address:?} was removed by a reorg")]
    Removed {
        /// The contract.
        address: Address,
    },
    /// The first topic is ours, the rest is not what the ABI says.
    #[error("log {log_index} of block {block_number} does not decode as {topic:?}: {problem}")]
    Malformed {
        /// Height of the block.
        block_number: u64,
        /// Index in the block.
        log_index: u64,
        /// The first topic.
        topic: H256,
        /// What the decoder said.
        problem: String,
    },
}

impl Source {
    /// The ABI that this source's logs follow.
    #[must_use]
    pub fn abi(self) -> &'static Abi {
        match self {
            Self::AztecRegistry => &aztec_registry::AZTECREGISTRY_ABI,
            Self::StakingRegistry => &staking_registry::STAKINGREGISTRY_ABI,
            Self::Rollup => &rollup::ROLLUP_ABI,
            Self::Gse => &gse::GSE_ABI,
            Self::SplitFactory => &split_factory::SPLITFACTORY_ABI,
            Self::PullSplit => &pull_split::PULLSPLIT_ABI,
            Self::Slasher => &slasher::SLASHER_ABI,
            Self::SlashingProposer => &tally_slashing_proposer::TALLYSLASHINGPROPOSER_ABI,
        }
    }

    /// Every source.
    const ALL: [Self; 8] = [
        Self::AztecRegistry,
        Self::StakingRegistry,
        Self::Rollup,
        Self::Gse,
        Self::SplitFactory,
        Self::PullSplit,
        Self::Slasher,
        Self::SlashingProposer,
    ];

    fn event_of(self, topic: H256) -> Option<&'static ethers_core::abi::Event> {
        /// A signature is a hash of text that is put together each time.
        static BY_TOPIC: LazyLock<BTreeMap<(Source, H256), &'static ethers_core::abi::Event>> = LazyLock::new(|| {
            let events = |source: Source| source.abi().events().map(move |event| ((source, event.signature()), event));
            Source::ALL.into_iter().flat_map(events).collect()
        });
        BY_TOPIC.get(&(self, topic)).copied()
    }
}

/// Where a log stands.
///
/// # Errors
/// `NoPlace` or `Removed`.
pub fn log_id(log: &Log) -> Result<LogId, EventError> {
    let address = log.address;
    if log.removed == Some(true) {
        return Err(EventError::Removed { address });
    }
    let place = || {
        Some(LogId {
            block_number: u64::try_from(log.block_number?).ok()?,
            log_index: u64::try_from(log.log_index?).ok()?,
            block_hash: log.block_hash?,
            transaction_hash: log.transaction_hash?,
        })
    };
    place().ok_or(EventError::NoPlace { address })
}

/// Decodes a log of `source`; `None` for events that the butler does not follow.
///
/// # Errors
/// See [`EventError`].
pub fn decode_event(source: Source, log: &Log) -> Result<Option<Event>, EventError> {
    let id = log_id(log)?;
    let Some(topic) = log.topics.first().copied() else {
        return Ok(None);
    };
    let Some(event) = source.event_of(topic) else {
        return Ok(None);
    };
    bounded(id, event, log)?;
    let raw = RawLog { topics: log.topics.clone(), data: log.data.to_vec() };
    let event = match source {
        Source::AztecRegistry => EthLogDecode::decode_log(&raw).map(TypedEvent::AztecRegistry),
        Source::StakingRegistry => EthLogDecode::decode_log(&raw).map(TypedEvent::StakingRegistry),
        Source::Rollup => EthLogDecode::decode_log(&raw).map(TypedEvent::Rollup),
        Source::Gse => EthLogDecode::decode_log(&raw).map(TypedEvent::Gse),
        Source::SplitFactory => EthLogDecode::decode_log(&raw).map(TypedEvent::SplitFactory),
        Source::PullSplit => EthLogDecode::decode_log(&raw).map(TypedEvent::PullSplit),
        Source::Slasher => EthLogDecode::decode_log(&raw).map(TypedEvent::Slasher),
        Source::SlashingProposer => EthLogDecode::decode_log(&raw).map(TypedEvent::SlashingProposer),
    }
    .map_err(|error| malformed(id, topic, error.to_string()))?;
    Ok(Some(Event { id, address: log.address, event }))
}

/// Names a log of `source` and its arguments; `None` for events that the butler does not follow.
///
/// # Errors
/// See [`EventError`].
pub fn name_event(source: Source, log: &Log) -> Result<Option<NamedEvent>, EventError> {
    let id = log_id(log)?;
    let Some(topic) = log.topics.first().copied() else {
        return Ok(None);
    };
    let Some(event) = source.event_of(topic) else {
        return Ok(None);
    };
    bounded(id, event, log)?;
    let raw = RawLog { topics: log.topics.clone(), data: log.data.to_vec() };
    let parsed = event.parse_log(raw).map_err(|error| malformed(id, topic, error.to_string()))?;
    let arguments = event
        .inputs
        .iter()
        .zip(&parsed.params)
        .map(|(input, param)| (param.name.clone(), token_value(&input.kind, &param.value)))
        .collect();
    Ok(Some(NamedEvent { name: event.name.clone(), arguments }))
}

/// Decodes a `StakedWithProvider`.
///
/// # Errors
/// `Malformed` for a provider id or a coinbase that cannot be, and for any other event.
pub fn decode_delegation(log: &Log) -> Result<Delegation, EventError> {
    let id = log_id(log)?;
    let topic = log.topics.first().copied().unwrap_or_default();
    let raw = RawLog { topics: log.topics.clone(), data: log.data.to_vec() };
    let event = <staking_registry::StakedWithProviderFilter as EthLogDecode>::decode_log(&raw)
        .map_err(|error| malformed(id, topic, error.to_string()))?;
    Ok(Delegation {
        log: id,
        provider_id: ProviderId::try_from(event.provider_identifier)
            .map_err(|error| malformed(id, topic, error.to_string()))?,
        rollup: event.rollup_address,
        attester: event.attester,
        coinbase: Coinbase::try_from(event.coinbase_split_contract_address)
            .map_err(|error| malformed(id, topic, error.to_string()))?,
        staker: event.staker_implementation,
        withdrawer: None,
        split: None,
    })
}

/// Refuses data that would become more than it is.
fn bounded(id: LogId, event: &ethers_core::abi::Event, log: &Log) -> Result<(), EventError> {
    let types: Vec<_> = event.inputs.iter().filter(|input| !input.indexed).map(|input| input.kind.clone()).collect();
    if guard::is_bounded(&types, &log.data) {
        return Ok(());
    }
    Err(malformed(id, event.signature(), "values that share their places".to_owned()))
}

/// A log that is not what the ABI says of its first topic.
pub(super) fn malformed(id: LogId, topic: H256, problem: String) -> EventError {
    EventError::Malformed { block_number: id.block_number, log_index: id.log_index, topic, problem }
}

/// The JSON form follows the ABI's type, not the value: integers of up to 48 bits are numbers, wider ones decimal strings.
fn token_value(kind: &ParamType, token: &Token) -> Value {
    match (kind, token) {
        (ParamType::Uint(bits), Token::Uint(number)) if *bits <= 48 => Value::from(number.low_u64()),
        (
            ParamType::Array(inner) | ParamType::FixedArray(inner, _),
            Token::Array(tokens) | Token::FixedArray(tokens),
        ) => Value::Array(tokens.iter().map(|token| token_value(inner, token)).collect()),
        (ParamType::Tuple(types), Token::Tuple(tokens)) => {
            Value::Array(types.iter().zip(tokens).map(|(kind, token)| token_value(kind, token)).collect())
        }
        (_, Token::Address(address)) => Value::String(checksummed(address).into()),
        (_, Token::Uint(number) | Token::Int(number)) => Value::String(number.to_string()),
        (_, Token::Bool(flag)) => Value::Bool(*flag),
        (_, Token::String(text)) => Value::String(text.clone()),
        (_, Token::Bytes(bytes) | Token::FixedBytes(bytes)) => {
            Value::String(format!("0x{}", ethers_core::utils::hex::encode(bytes)))
        }
        (_, Token::Array(_) | Token::FixedArray(_) | Token::Tuple(_)) => Value::Null,
    }
}
