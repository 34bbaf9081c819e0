//! The rollup's events about checkpoints: proposed, pruned, invalidated. The same in 4.x, 5.x and 6.x.

use ethers_contract::{EthEvent as _, EthLogDecode as _};
use ethers_core::abi::RawLog;
use ethers_core::types::{H256, Log, U256};
use serde::{Deserialize, Serialize};

use super::bindings::rollup_checkpoints::{
    CheckpointInvalidatedFilter, CheckpointProposedFilter, PrunedPendingFilter, RollupCheckpointsEvents,
};
use super::events::{EventError, log_id, malformed};
use crate::domain::attester::delegation::LogId;
use crate::domain::proposals::LoggedCheckpoint;

/// What happened to a rollup's pending chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum CheckpointEvent {
    /// A checkpoint was proposed.
    Proposed(LoggedCheckpoint),
    /// What nobody proved in time is gone.
    Pruned {
        /// The newest number that stands.
        proven: u64,
        /// The newest number before.
        pending: u64,
    },
    /// This number and all after it are gone.
    Invalidated(u64),
}

/// First topics of the events that [`decode_checkpoint_event`] knows.
#[must_use]
pub fn checkpoint_topics() -> Vec<H256> {
    vec![
        CheckpointProposedFilter::signature(),
        PrunedPendingFilter::signature(),
        CheckpointInvalidatedFilter::signature(),
    ]
}

/// Decodes an event of one of [`checkpoint_topics`].
///
/// # Errors
/// See [`EventError`]; any other event is `Malformed`, and so is a number that cannot be.
pub fn decode_checkpoint_event(log: &Log) -> Result<(LogId, CheckpointEvent), EventError> {
    let id = log_id(log)?;
    let topic = log.topics.first().copied().unwrap_or_default();
    let raw = RawLog { topics: log.topics.clone(), data: log.data.to_vec() };
    let decoded = RollupCheckpointsEvents::decode_log(&raw);
    let number =
        |number: U256| u64::try_from(number).map_err(|_| malformed(id, topic, "a number that cannot be".to_owned()));
    let event = match decoded.map_err(|error| malformed(id, topic, error.to_string()))? {
        RollupCheckpointsEvents::CheckpointProposedFilter(event) => CheckpointEvent::Proposed(LoggedCheckpoint {
            number: number(event.checkpoint_number)?,
            archive: H256(event.archive),
            payload_digest: H256(event.payload_digest),
            attestations_hash: H256(event.attestations_hash),
        }),
        RollupCheckpointsEvents::PrunedPendingFilter(event) => CheckpointEvent::Pruned {
            proven: number(event.proven_checkpoint_number)?,
            pending: number(event.pending_checkpoint_number)?,
        },
        RollupCheckpointsEvents::CheckpointInvalidatedFilter(event) => {
            CheckpointEvent::Invalidated(number(event.checkpoint_number)?)
        }
    };
    Ok((id, event))
}

#[cfg(test)]
mod tests {
    use ethers_core::types::Address;

    use super::*;

    fn log(topics: Vec<H256>, words: &[u64]) -> Log {
        let data: Vec<u8> = words.iter().flat_map(|word| H256::from_low_u64_be(*word).0).collect();
        Log {
            address: Address::repeat_byte(1),
            topics,
            data: data.into(),
            block_number: Some(7.into()),
            block_hash: Some(H256::zero()),
            transaction_hash: Some(H256::repeat_byte(3)),
            log_index: Some(0.into()),
            ..Log::default()
        }
    }

    #[test]
    fn each_event_says_what_it_has_and_nothing_shorter_does() {
        let low = H256::from_low_u64_be;
        let [proposed, pruned, invalidated] = checkpoint_topics()[..] else { unreachable!() };
        let whole = log(vec![proposed, low(5), low(6)], &[96, 8, 9, 0]);
        let expected =
            LoggedCheckpoint { number: 5, archive: low(6), payload_digest: low(8), attestations_hash: low(9) };
        assert_eq!(decode_checkpoint_event(&whole).unwrap().1, CheckpointEvent::Proposed(expected));
        let whole = log(vec![pruned], &[4, 11]);
        assert_eq!(decode_checkpoint_event(&whole).unwrap().1, CheckpointEvent::Pruned { proven: 4, pending: 11 });
        let whole = log(vec![invalidated, low(5)], &[]);
        assert_eq!(decode_checkpoint_event(&whole).unwrap().1, CheckpointEvent::Invalidated(5));
        for short in [
            log(vec![proposed, low(5)], &[96, 8, 9, 0]),
            log(vec![proposed, low(5), low(6)], &[96, 8]),
            log(vec![proposed, H256::repeat_byte(0xff), low(6)], &[96, 8, 9, 0]),
            log(vec![pruned], &[4]),
            log(vec![invalidated], &[5]),
            log(vec![low(5)], &[5]),
            log(Vec::new(), &[]),
        ] {
            assert!(decode_checkpoint_event(&short).is_err(), "{short:?}");
        }
    }
}
