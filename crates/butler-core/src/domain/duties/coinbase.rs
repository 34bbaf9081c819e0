//! Whether a proposal paid whom it had to: the proof that no node and no file can give.

use ethers_core::types::Address;
use serde::{Deserialize, Serialize};

use crate::domain::ids::Coinbase;

/// What the coinbase of a proposal was to its proposer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[derive(strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Used {
    /// The one that it must have.
    Right,
    /// The proposer's own address, which a node takes where nothing is set.
    Unset,
    /// Another one.
    Wrong,
    /// Which one it must have is not known.
    Unjudged,
}

impl Used {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Right, Self::Unset, Self::Wrong, Self::Unjudged];

    /// Its name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Whether rewards went where they must not go.
    #[must_use]
    pub fn is_astray(self) -> bool {
        match self {
            Self::Unset | Self::Wrong => true,
            Self::Right | Self::Unjudged => false,
        }
    }
}

/// Judges the coinbase of a proposal. `expected` is the one that counts for the proposer since the L1 block `since`; what was proposed
/// before that is not judged.
#[must_use]
pub fn used(coinbase: Address, proposer: Address, block: u64, expected: Option<(Coinbase, u64)>) -> Used {
    match expected {
        Some((expected, since)) if block >= since => {
            if coinbase == expected.address() {
                Used::Right
            } else if coinbase == proposer {
                Used::Unset
            } else {
                Used::Wrong
            }
        }
        Some(_) | None => Used::Unjudged,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proposal_is_judged_from_the_delegation_on_and_only_where_its_coinbase_is_known() {
        let [proposer, right, other] = [1, 2, 3].map(Address::repeat_byte);
        let expected = Some((Coinbase::try_from(right).unwrap(), 100));
        assert_eq!(used(right, proposer, 100, expected), Used::Right);
        assert_eq!(used(proposer, proposer, 101, expected), Used::Unset);
        assert_eq!(used(other, proposer, 101, expected), Used::Wrong);
        assert_eq!(used(other, proposer, 99, expected), Used::Unjudged);
        assert_eq!(used(other, proposer, 101, None), Used::Unjudged);
        assert!(Used::Unset.is_astray() && !Used::Unjudged.is_astray());
    }
}
