//! The rollup's events about deposits: queued, accepted, refunded.

use ethers_contract::{EthEvent as _, EthLogDecode};
use ethers_core::abi::RawLog;
use ethers_core::types::{H256, Log};

use super::bindings::rollup::{DepositFilter, FailedDepositFilter, ValidatorQueuedFilter};
use super::events::{EventError, log_id, malformed};
use crate::domain::attester::deposit::{DepositEvent, DepositStep};

/// First topics of the events that [`decode_deposit_event`] knows. The second topic of each is the attester.
#[must_use]
pub fn deposit_topics() -> Vec<H256> {
    vec![ValidatorQueuedFilter::signature(), DepositFilter::signature(), FailedDepositFilter::signature()]
}

/// The first topic of refunds alone.
#[must_use]
pub fn refund_topics() -> Vec<H256> {
    vec![FailedDepositFilter::signature()]
}

/// Decodes an event of one of [`deposit_topics`].
///
/// # Errors
/// See [`EventError`]; any other event is `Malformed`.
pub fn decode_deposit_event(log: &Log) -> Result<DepositEvent, EventError> {
    let id = log_id(log)?;
    let topic = log.topics.first().copied().unwrap_or_default();
    let malformed = |problem: String| malformed(id, topic, problem);
    let raw = RawLog { topics: log.topics.clone(), data: log.data.to_vec() };
    let (attester, withdrawer, step) = if topic == ValidatorQueuedFilter::signature() {
        let event =
            <ValidatorQueuedFilter as EthLogDecode>::decode_log(&raw).map_err(|error| malformed(error.to_string()))?;
        (event.attester, event.withdrawer, DepositStep::Queued)
    } else if topic == DepositFilter::signature() {
        let event = <DepositFilter as EthLogDecode>::decode_log(&raw).map_err(|error| malformed(error.to_string()))?;
        (event.attester, event.withdrawer, DepositStep::Accepted)
    } else if topic == FailedDepositFilter::signature() {
        let event =
            <FailedDepositFilter as EthLogDecode>::decode_log(&raw).map_err(|error| malformed(error.to_string()))?;
        (event.attester, event.withdrawer, DepositStep::Refunded)
    } else {
        return Err(malformed("an event that was not asked for".to_owned()));
    };
    Ok(DepositEvent { log: id, rollup: log.address, attester, withdrawer, step })
}
