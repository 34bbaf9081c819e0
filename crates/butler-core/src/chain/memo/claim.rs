//! What was told of a delegation, in one number: whoever tells it otherwise in any part tells another claim.
//!
//! What is remembered of a delegation is remembered of all that was told of it. A block's hash and a place there do not say
//! which coinbase, attester or staker was told, and a liar tells others of the same place.

use ethers_core::types::{Address, H256};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::domain::attester::delegation::Delegation;
use crate::domain::provider::split::SplitRecord;

/// The hash of all that was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(in crate::chain) struct Claim(H256);

impl Claim {
    /// What the registry's event says, and where it stands. Who may withdraw is no part of it, nor is the split.
    pub(in crate::chain) fn of(delegation: &Delegation) -> Self {
        let Delegation { log, provider_id, rollup, attester, coinbase, staker, withdrawer: _, split: _ } = delegation;
        let coinbase = coinbase.address();
        // Each part has one length, so that no two claims make the same bytes.
        let parts: [&[u8]; 9] = [
            &log.block_number.to_be_bytes(),
            &log.log_index.to_be_bytes(),
            log.block_hash.as_bytes(),
            log.transaction_hash.as_bytes(),
            &u64::from(*provider_id).to_be_bytes(),
            rollup.as_bytes(),
            attester.as_bytes(),
            coinbase.as_bytes(),
            staker.as_bytes(),
        ];
        Self(digest(&parts.concat()))
    }

    /// All that was told of the delegations among which one is looked for that made their attester a validator of `rollup`,
    /// whose stake `withdrawer` may withdraw.
    pub(in crate::chain) fn among(rollup: Address, withdrawer: Option<Address>, delegations: &[&Delegation]) -> Self {
        let claims = delegations.iter().map(|delegation| Self::of(delegation).0);
        let head = [rollup.into(), withdrawer.map(H256::from).unwrap_or_default()];
        let words: Vec<H256> = head.into_iter().chain(claims).collect();
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.as_bytes()).copied().collect();
        Self(digest(&bytes))
    }

    /// The same with the terms of its split.
    pub(in crate::chain) fn with(self, split: &SplitRecord) -> Self {
        let SplitRecord { provider_recipient, delegator_recipient, provider_bps } = split;
        let parts: [&[u8]; 4] = [
            self.0.as_bytes(),
            provider_recipient.as_bytes(),
            delegator_recipient.as_bytes(),
            &provider_bps.to_be_bytes(),
        ];
        Self(digest(&parts.concat()))
    }
}

/// SHA-256, for which processors have instructions: one is made of each delegation at each reading.
fn digest(bytes: &[u8]) -> H256 {
    H256(Sha256::digest(bytes).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::attester::delegation::LogId;
    use crate::domain::samples::{address, coinbase, delegation, provider_id, record};

    #[test]
    fn a_claim_that_differs_in_any_part_is_another_one() {
        let told = delegation(10, 1, coinbase(110));
        let log = told.log;
        let other = H256::repeat_byte(0xee);
        let same = Delegation { withdrawer: Some(address(9)), split: Some(record()), ..told };
        assert_eq!(Claim::of(&same), Claim::of(&told), "it says nothing of withdrawers");
        for (what, changed) in [
            ("coinbase", Delegation { coinbase: coinbase(66), ..told }),
            ("attester", Delegation { attester: address(66), ..told }),
            ("staker", Delegation { staker: address(66), ..told }),
            ("rollup", Delegation { rollup: address(66), ..told }),
            ("provider", Delegation { provider_id: provider_id(66), ..told }),
            ("block", Delegation { log: LogId { block_number: 66, ..log }, ..told }),
            ("index", Delegation { log: LogId { log_index: 66, ..log }, ..told }),
            ("hash of the block", Delegation { log: LogId { block_hash: other, ..log }, ..told }),
            ("transaction", Delegation { log: LogId { transaction_hash: other, ..log }, ..told }),
        ] {
            assert_ne!(Claim::of(&changed), Claim::of(&told), "{what}");
        }
        let split = Claim::of(&told).with(&record());
        for (what, changed) in [
            ("provider's", SplitRecord { provider_recipient: address(66), ..record() }),
            ("delegator's", SplitRecord { delegator_recipient: address(66), ..record() }),
            ("share", SplitRecord { provider_bps: 66, ..record() }),
        ] {
            assert_ne!(Claim::of(&told).with(&changed), split, "{what}");
        }
        assert_ne!(split, Claim::of(&told));
        let among = Claim::among(address(1), Some(address(2)), &[&told]);
        let twice = Delegation { log: LogId { block_number: 66, ..log }, ..told };
        for (what, changed) in [
            ("rollup", Claim::among(address(66), Some(address(2)), &[&told])),
            ("withdrawer", Claim::among(address(1), Some(address(66)), &[&told])),
            ("delegation", Claim::among(address(1), Some(address(2)), &[&twice])),
            ("one more", Claim::among(address(1), Some(address(2)), &[&told, &twice])),
            ("none", Claim::among(address(1), Some(address(2)), &[])),
        ] {
            assert_ne!(changed, among, "{what}");
        }
    }
}
