//! What is known of own proposals and duties at rollups that are not canonical any more.
//!
//! An attester stays there when it does not move along, and those that move along have duties there for some epochs, beside those at the
//! canonical one, which another node may do. Which coinbase the node of a rollup uses is told by the last proposal there; once its attester
//! has no duties there any more, what it proposes elsewhere counts.

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
    /// Others of ours that can have duties there still: they were sampled before they moved along or began to leave, or it does not tell
    /// whether they are there.
    pub may_draw_besides: BTreeSet<Address>,
    /// Why it could not be read the last time, in our own words.
    pub failed: Option<String>,
}

impl FormerDuties {
    /// How it is called in a sentence.
    #[must_use]
    pub fn words(&self) -> String {
        format!("former rollup (version {})", self.id.version)
    }

    /// Whether this attester can have duties there.
    fn may_draw(&self, attester: &Address) -> bool {
        self.validating.contains(attester) || self.may_draw_besides.contains(attester)
    }
}

/// Whether whoever made this proposal has no duties at its rollup any more: what it proposes elsewhere says more.
#[must_use]
pub fn has_left(one: &SeenProposal, former: &[FormerDuties]) -> bool {
    let at = former.iter().find(|former| Some(former.id.address) == one.rollup);
    at.is_some_and(|at| !at.may_draw(&one.proposer))
}

/// Own proposals at all rollups, in the order of their places.
#[must_use]
pub fn all_proposals(canonical: &[SeenProposal], former: &[FormerDuties]) -> Vec<SeenProposal> {
    let mut all: Vec<SeenProposal> = former.iter().flat_map(|one| &one.proposals).chain(canonical).copied().collect();
    all.sort_by_key(SeenProposal::place);
    all
}
