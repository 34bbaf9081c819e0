//! A Safe's own word that a transaction was executed: the proof that counts, whatever a service says.
//!
//! `txHash` is a topic in 1.4.1 and 1.5.0 and data in 1.3.0, under the same first topic: both forms are read.

use ethers_core::types::{Address, H256, Log};
use ethers_core::utils::keccak256;

use crate::contracts::events::{EventError, log_id, malformed};
use crate::contracts::words::WORD;
use crate::domain::attester::delegation::LogId;

const SUCCESS: &str = "ExecutionSuccess(bytes32,uint256)";
const FAILURE: &str = "ExecutionFailure(bytes32,uint256)";

/// How a transaction of a Safe ended. Its nonce is used in either case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// What it called did not revert.
    Success,
    /// What it called reverted, and nothing of it happened.
    Failure,
}

/// A transaction of a Safe that was executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Execution {
    /// The Safe.
    pub safe: Address,
    /// The hash that was signed.
    pub transaction: H256,
    /// How it ended.
    pub outcome: Outcome,
    /// Where that stands.
    pub log: LogId,
}

/// First topics of the logs that [`decode_execution`] reads.
#[must_use]
pub fn execution_topics() -> Vec<H256> {
    [SUCCESS, FAILURE].map(|signature| H256(keccak256(signature))).to_vec()
}

/// Reads a log of one of [`execution_topics`].
///
/// # Errors
/// See [`EventError`]; any other log is `Malformed`.
pub fn decode_execution(log: &Log) -> Result<Execution, EventError> {
    let id = log_id(log)?;
    let topic = log.topics.first().copied().unwrap_or_default();
    let outcome = match execution_topics().iter().position(|known| *known == topic) {
        Some(0) => Outcome::Success,
        Some(_) => Outcome::Failure,
        None => return Err(malformed(id, topic, "an event that was not asked for".to_owned())),
    };
    let transaction = match (log.topics.as_slice(), log.data.len()) {
        // txHash, payment
        ([_], data) if data == 2 * WORD => log.data.first_chunk().map(|word| H256(*word)),
        // payment
        ([_, hash], WORD) => Some(*hash),
        _ => None,
    };
    let Some(transaction) = transaction else {
        return Err(malformed(id, topic, "neither form of an execution".to_owned()));
    };
    Ok(Execution { safe: log.address, transaction, outcome, log: id })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(topics: Vec<H256>, data: usize) -> Log {
        let mut bytes = vec![7; data.min(WORD)];
        bytes.resize(data, 0);
        Log {
            address: Address::repeat_byte(1),
            topics,
            data: bytes.into(),
            block_number: Some(5.into()),
            log_index: Some(0.into()),
            block_hash: Some(H256::repeat_byte(2)),
            transaction_hash: Some(H256::repeat_byte(3)),
            ..Log::default()
        }
    }

    #[test]
    fn both_forms_name_the_same_transaction() {
        let hash = H256::repeat_byte(7);
        for (topic, outcome) in execution_topics().into_iter().zip([Outcome::Success, Outcome::Failure]) {
            for log in [log(vec![topic], 2 * WORD), log(vec![topic, hash], WORD)] {
                let execution = decode_execution(&log).unwrap();
                assert_eq!((execution.transaction, execution.outcome, execution.safe), (hash, outcome, log.address));
            }
        }
    }

    #[test]
    fn what_is_neither_form_is_no_execution() {
        let topic = execution_topics()[0];
        let other = H256::repeat_byte(9);
        for (topics, data) in [
            (vec![], 2 * WORD),
            (vec![other], 2 * WORD),
            (vec![topic], WORD),
            (vec![topic], 0),
            (vec![topic], 3 * WORD),
            (vec![topic, other], 2 * WORD),
            (vec![topic, other], 0),
            (vec![topic, other, other], WORD),
        ] {
            let log = log(topics, data);
            assert!(decode_execution(&log).is_err(), "{log:?}");
        }
    }
}
