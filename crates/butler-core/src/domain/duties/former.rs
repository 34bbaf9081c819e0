//! What is known of own proposals and duties at rollups that are not canonical any more.
//!
//! An attester stays there when it does not move along, and those that move along have duties there for some epochs. Which coinbase a node
//! uses is told by the last proposal of its attester, wherever that was made.

use std::collections::BTreeSet;

use ethers_core::types::Address;

use super::proposal::SeenProposal;
use super::seen::DutiesSeen;
use crate::domain::rollups::RollupId;

/// What is known of one former rollup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormerDuties {
    /// Which it is.
    pub id: RollupId,
    /// Own proposals there, oldest first, as far back as they are kept.
    pub proposals: Vec<SeenProposal>,
    /// What was seen there last; absent where none of ours has duties any more, and where nothing was read yet.
    pub seen: Option<DutiesSeen>,
    /// Own attesters that validate there.
    pub validating: BTreeSet<Address>,
    /// Why it could not be read the last time, in our own words.
    pub failed: Option<String>,
}

impl FormerDuties {
    /// How it is called in a sentence.
    #[must_use]
    pub fn words(&self) -> String {
        format!("former rollup (version {})", self.id.version)
    }
}

/// Own proposals at all rollups, in the order of their places.
#[must_use]
pub fn all_proposals(canonical: &[SeenProposal], former: &[FormerDuties]) -> Vec<SeenProposal> {
    let mut all: Vec<SeenProposal> = former.iter().flat_map(|one| &one.proposals).chain(canonical).copied().collect();
    all.sort_by_key(SeenProposal::place);
    all
}
