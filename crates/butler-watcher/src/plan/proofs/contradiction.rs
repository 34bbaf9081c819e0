//! A run of proposals of one attester that had another coinbase than the one that it must have.

use butler_core::domain::duties::{SeenProposal, Used};
use butler_core::domain::ids::Coinbase;
use serde::{Deserialize, Serialize};

/// It is told again when there are so many times more of them.
pub(super) const RISE: u64 = 4;

/// Proposals with a wrong coinbase, without a right one between them that was read in time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contradiction {
    /// The slot that it is known by: that of the proposal that was read first. It stays when an earlier one turns up.
    pub id: u64,
    /// The L1 block of that proposal: each rollup counts its own slots, and one slot may have two proposals. Absent where an earlier program
    /// kept it, whose keys have the slot alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_block: Option<u64>,
    /// The coinbase that is right.
    pub right: Coinbase,
    /// The first of these proposals.
    pub first: SeenProposal,
    /// The last of them.
    pub last: SeenProposal,
    /// What the coinbase of the last one was.
    pub used: Used,
    /// How many there are.
    pub count: u64,
    /// How it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<End>,
}

/// How a run of wrong coinbases ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum End {
    /// This proposal had the right one.
    Right(SeenProposal),
    /// The attester must have another coinbase by now.
    Moot,
    /// It has no duties at that rollup any more, and proposes with a wrong one elsewhere, which is told by itself.
    Left,
}

impl Contradiction {
    pub(super) fn new(right: Coinbase, one: SeenProposal, used: Used, ended: Option<End>) -> Self {
        Self { id: one.slot, id_block: Some(one.block), right, first: one, last: one, used, count: 1, ended }
    }

    /// The proposals that are remembered of it.
    pub(super) fn proposals_mut(&mut self) -> impl Iterator<Item = &mut SeenProposal> {
        let end = match &mut self.ended {
            Some(End::Right(right)) => Some(right),
            Some(End::Moot | End::Left) | None => None,
        };
        [&mut self.first, &mut self.last].into_iter().chain(end)
    }

    pub(super) fn add(&mut self, one: SeenProposal, used: Used) {
        self.count = self.count.saturating_add(1);
        if one.place() < self.first.place() {
            self.first = one;
        }
        if one.place() > self.last.place() {
            (self.last, self.used) = (one, used);
        }
    }

    /// As how many it is told: the largest power of four that there are.
    #[must_use]
    pub fn rung(&self) -> u64 {
        let mut rung = 1_u64;
        while let Some(next) = rung.checked_mul(RISE).filter(|next| *next <= self.count) {
            rung = next;
        }
        rung
    }
}
