//! Splits as their factory tells of them and as they keep themselves.

use ethers_contract::EthLogDecode as _;
use ethers_core::abi::RawLog;
use ethers_core::types::{Address, H256, Log};
use ethers_core::utils::keccak256;

use super::bindings::split_factory::SplitCreatedFilter;
use super::events::{EventError, log_id};
use crate::domain::attester::delegation::LogId;
use crate::domain::provider::split::{SplitRecord, WHOLE_BPS};

const WORD: usize = 32;
/// Words of the parameters: where they begin, four fields, then two lists of two.
const WORDS: usize = 11;

/// What one `SplitCreated` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SplitCreation {
    /// Where the event stands.
    pub log: LogId,
    /// The split.
    pub split: Address,
    /// Its parameters; `None` when they are not of the form that the StakingRegistry gives, or when it was made for somebody
    /// else or can be changed by somebody.
    pub record: Option<SplitRecord>,
}

/// Decodes a `SplitCreated` of a split that `registry` should have made.
///
/// # Errors
/// See [`EventError`].
pub fn decode_split_creation(log: &Log, registry: Address) -> Result<SplitCreation, EventError> {
    let id = log_id(log)?;
    let topic = log.topics.first().copied().unwrap_or_default();
    let raw = RawLog { topics: log.topics.clone(), data: log.data.to_vec() };
    let event = SplitCreatedFilter::decode_log(&raw).map_err(|error| EventError::Malformed {
        block_number: id.block_number,
        log_index: id.log_index,
        topic,
        problem: error.to_string(),
    })?;
    let parameters = &event.split_params;
    let record = SplitRecord::new(
        &parameters.recipients,
        &parameters.allocations,
        parameters.total_allocation,
        parameters.distribution_incentive,
    );
    let is_the_registrys = event.creator == registry && event.owner.is_zero();
    Ok(SplitCreation { log: id, split: event.split, record: record.filter(|_| is_the_registrys) })
}

/// The hash that a split with these parameters keeps: that of their ABI encoding (0xSplits v2, `SplitV2Lib.getHash`).
#[must_use]
pub fn split_hash(record: &SplitRecord) -> H256 {
    let mut words = [[0; WORD]; WORDS];
    let numbers: [(usize, u16); 8] = [
        (0, 32),
        // Where the lists begin, counted from the first field.
        (1, 128),
        (2, 224),
        (3, WHOLE_BPS),
        (5, 2),
        (8, 2),
        (9, record.provider_bps),
        (10, WHOLE_BPS.saturating_sub(record.provider_bps)),
    ];
    for (word, number) in numbers {
        if let Some(tail) = words.get_mut(word).and_then(|word| word.last_chunk_mut::<2>()) {
            *tail = number.to_be_bytes();
        }
    }
    for (word, address) in [(6, record.provider_recipient), (7, record.delegator_recipient)] {
        if let Some(tail) = words.get_mut(word).and_then(|word| word.last_chunk_mut::<20>()) {
            *tail = address.0;
        }
    }
    H256(keccak256(words.as_flattened()))
}

#[cfg(test)]
mod tests {
    use ethers_core::abi::{Tokenizable as _, encode};
    use ethers_core::types::U256;
    use proptest::prelude::*;

    use super::*;
    use crate::contracts::bindings::split_factory::Split as Parameters;

    proptest! {
        #[test]
        fn the_hash_is_that_of_the_parameters_as_ethers_encodes_them(
            recipients in any::<[[u8; 20]; 2]>(),
            provider_bps in 0..=WHOLE_BPS,
        ) {
            let recipients = recipients.map(Address::from);
            let parameters = Parameters {
                recipients: recipients.to_vec(),
                allocations: vec![provider_bps.into(), U256::from(WHOLE_BPS - provider_bps)],
                total_allocation: WHOLE_BPS.into(),
                distribution_incentive: 0,
            };
            let [provider_recipient, delegator_recipient] = recipients;
            let record = SplitRecord { provider_recipient, delegator_recipient, provider_bps };
            prop_assert_eq!(split_hash(&record).0, keccak256(encode(&[parameters.into_token()])));
        }
    }
}
