//! The rollup's events that tell why an attester is a zombie: it began its exit itself, or it was slashed.

use ethers_contract::{EthEvent as _, EthLogDecode};
use ethers_core::abi::RawLog;
use ethers_core::types::{Address, H256, Log, U256};

use super::bindings::rollup::{SlashedFilter, WithdrawInitiatedByAttesterFilter};
use super::events::{EventError, log_id, malformed};

/// What happened to an attester.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitEvent {
    /// It began its exit itself, with the number of the withdrawal.
    Began(U256),
    /// It was slashed.
    Slashed,
}

/// First topics of the events that [`decode_exit_event`] knows. The second topic of each is the attester.
#[must_use]
pub fn exit_topics() -> Vec<H256> {
    vec![WithdrawInitiatedByAttesterFilter::signature(), SlashedFilter::signature()]
}

/// Decodes an event of one of [`exit_topics`]: whose, in which block, and what.
///
/// # Errors
/// See [`EventError`]; any other event is `Malformed`.
pub fn decode_exit_event(log: &Log) -> Result<(Address, u64, ExitEvent), EventError> {
    let id = log_id(log)?;
    let topic = log.topics.first().copied().unwrap_or_default();
    let malformed = |problem: String| malformed(id, topic, problem);
    let raw = RawLog { topics: log.topics.clone(), data: log.data.to_vec() };
    let failed = |error: ethers_core::abi::Error| malformed(error.to_string());
    if topic == WithdrawInitiatedByAttesterFilter::signature() {
        let event = <WithdrawInitiatedByAttesterFilter as EthLogDecode>::decode_log(&raw).map_err(failed)?;
        Ok((event.attester, id.block_number, ExitEvent::Began(event.withdrawal_id)))
    } else if topic == SlashedFilter::signature() {
        let event = <SlashedFilter as EthLogDecode>::decode_log(&raw).map_err(failed)?;
        Ok((event.attester, id.block_number, ExitEvent::Slashed))
    } else {
        Err(malformed("an event that was not asked for".to_owned()))
    }
}
