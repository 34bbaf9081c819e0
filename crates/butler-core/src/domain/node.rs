//! How an Aztec node stands to the rollup on L1: whether it follows the canonical one, and how far it is behind.

use ethers_core::types::Address;

use super::rollup::RollupFacts;

/// Whether a node follows the canonical rollup: the same contract and the same version.
#[must_use]
pub fn follows_canonical(rollup: &RollupFacts, address: Address, version: u64) -> bool {
    rollup.address == address && rollup.version == version.into()
}

/// How far a node's head is behind L1's; 0 for a node that saw more than the snapshot did.
#[must_use]
pub fn lag(l1: Option<u64>, node: u64) -> Option<u64> {
    Some(l1?.saturating_sub(node))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::samples::{address, network};

    #[test]
    fn another_contract_or_another_version_is_another_rollup() {
        let rollup = network().rollup;
        assert!(follows_canonical(&rollup, address(9_000), 1));
        assert!(!follows_canonical(&rollup, address(9_001), 1));
        assert!(!follows_canonical(&rollup, address(9_000), 2));
        let huge = RollupFacts { version: ethers_core::types::U256::MAX, ..rollup };
        assert!(!follows_canonical(&huge, address(9_000), u64::MAX));
    }

    #[test]
    fn a_node_ahead_of_the_snapshot_does_not_lag() {
        assert_eq!([lag(Some(40), 18), lag(Some(40), 40), lag(Some(40), 41)], [Some(22), Some(0), Some(0)]);
        assert_eq!(lag(None, 5), None, "the rollup does not say");
    }
}
