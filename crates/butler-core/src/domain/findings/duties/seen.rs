//! What was seen at all rollups together, and how slots of former ones are told.

use crate::domain::duties::{DutiesSeen, FormerDuties, SeenProposal};

/// What was seen at the canonical rollup and at former ones.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen<'a> {
    pub(super) canonical: &'a DutiesSeen,
    pub(super) former: &'a [FormerDuties],
}

impl Seen<'_> {
    /// The former rollup that a proposal was made at; `None` for the canonical one.
    fn former(&self, one: &SeenProposal) -> Option<&FormerDuties> {
        self.former.iter().find(|former| Some(former.id.address) == one.rollup)
    }

    /// Whether a proposal is of the span that duties are told of.
    pub(super) fn is_in_span(&self, one: &SeenProposal) -> bool {
        match self.former(one) {
            None => one.slot >= self.canonical.slots.0,
            Some(former) => match &former.seen {
                Some(seen) => one.slot >= seen.slots.0,
                None => one.block >= self.canonical.blocks.0,
            },
        }
    }

    /// The slot of a proposal in words. Each rollup counts its own.
    pub(super) fn slot(&self, one: &SeenProposal) -> String {
        match self.former(one) {
            None => format!("slot {}", one.slot),
            Some(former) => format!("slot {} of the {}", one.slot, former.words()),
        }
    }

    /// The slots from one proposal to another one in words.
    pub(super) fn slots(&self, first: &SeenProposal, last: &SeenProposal) -> String {
        let (from, to) = (self.former(first), self.former(last));
        if from.map(|former| former.id) != to.map(|former| former.id) {
            return format!("from {} to {}", self.slot(first), self.slot(last));
        }
        if first.slot == last.slot {
            return format!("in {}", self.slot(last));
        }
        let at = to.map(|former| format!(" of the {}", former.words())).unwrap_or_default();
        format!("in slots {} to {}{at}", first.slot, last.slot)
    }
}
