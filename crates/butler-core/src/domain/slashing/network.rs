//! Everybody who may slash attesters of ours: at each rollup that holds some, its slasher, the one before while it may still
//! slash, and the one that waits to be installed, whose votes do not count yet.

use std::collections::{BTreeMap, BTreeSet};

use ethers_core::types::{Address, U256};
use serde::Serialize;
use strum::{EnumCount as _, VariantArray as _};

use super::facts::{Blindness, SlashingFacts, SlashingProposer};
use super::standing::{Standing, merge, standings};
use crate::domain::attester::view::OnChainStatus;
use crate::domain::block::BlockRef;
use crate::domain::capability::SlasherChange;
use crate::domain::rollup::{RollupClock, RollupFacts};
use crate::domain::rollups::RollupId;
use crate::domain::snapshot::NetworkSnapshot;
use crate::text::closed::every;

/// What a slasher is to its rollup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[derive(strum::IntoStaticStr, strum::VariantArray, strum::EnumCount)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum SlasherRole {
    /// The rollup's slasher.
    Current,
    /// The one before, which may still slash for a while.
    Legacy,
    /// The one that waits to be installed.
    Pending,
}

impl SlasherRole {
    /// Every role.
    pub const ALL: [Self; Self::COUNT] = every(Self::VARIANTS);

    /// The name that JSON and labels use.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// The name in a sentence.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Current => "slasher",
            Self::Legacy => "former slasher",
            Self::Pending => "pending slasher",
        }
    }
}

/// Who is to be asked at one rollup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlashingPlace {
    /// Which rollup.
    pub rollup: RollupId,
    /// Whether it is the canonical one.
    pub is_canonical: bool,
    /// Its clock, in which rounds are counted.
    pub clock: RollupClock,
    /// Its slashers by their roles, with the moment that matters for a legacy or a pending one.
    pub slashers: Vec<(SlasherRole, Address, Option<u64>)>,
    /// The attesters of ours that it may slash.
    pub own: BTreeSet<Address>,
}

/// Where attesters of ours can be slashed: at the canonical rollup, and at former ones that have some of ours and tell their
/// figures.
#[must_use]
pub fn places(snapshot: &NetworkSnapshot) -> Vec<SlashingPlace> {
    let now = snapshot.block.timestamp;
    let place = |figures: &RollupFacts, rollup, is_canonical, own| SlashingPlace {
        rollup,
        is_canonical,
        clock: figures.clock,
        slashers: slashers(figures.slasher, figures.slasher_change.as_ref(), now),
        own,
    };
    // Whoever waits for the next set is asked about, too: it may be in a committee before the next snapshot.
    let own = snapshot.attesters.keys().copied().collect();
    let canonical = place(&snapshot.rollup, snapshot.canonical(), true, own);
    let former = snapshot.former_rollups.iter().filter_map(|former| {
        let staked = former.attesters.iter().filter(|(_, view)| view.status != OnChainStatus::None);
        let own: BTreeSet<Address> = staked.map(|(attester, _)| *attester).collect();
        let figures = former.figures.as_deref().filter(|_| !own.is_empty())?;
        Some(place(figures, former.id, false, own))
    });
    std::iter::once(canonical).chain(former).collect()
}

fn slashers(current: Address, change: Option<&SlasherChange>, now: u64) -> Vec<(SlasherRole, Address, Option<u64>)> {
    let legacy = change.and_then(|change| change.legacy_at(now));
    let pending = change.and_then(|change| change.pending);
    let dated = [(SlasherRole::Legacy, legacy), (SlasherRole::Pending, pending)];
    let dated = dated.into_iter().filter_map(|(role, dated)| dated.map(|dated| (role, dated.slasher, Some(dated.at))));
    // Where another one waits, to have none now is no reason to be silent.
    std::iter::once((SlasherRole::Current, current, None)).chain(dated).collect()
}

/// What was read of one slasher.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlasherFacts {
    /// What it is to its rollup.
    pub role: SlasherRole,
    /// The contract; zero where a rollup has none.
    pub address: Address,
    /// From when a pending one may be installed, until when a legacy one may slash; in unix seconds.
    pub at: Option<u64>,
    /// Its votes. Of a pending one no more than whether they can be read.
    pub facts: SlashingFacts,
}

/// What was read at one rollup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RollupSlashing {
    /// Which rollup.
    pub rollup: RollupId,
    /// Whether it is the canonical one.
    pub is_canonical: bool,
    /// Its clock, in which rounds are counted.
    pub clock: RollupClock,
    /// Its slashers, the present one first.
    pub slashers: Vec<SlasherFacts>,
    /// The attesters of ours that it may slash.
    pub own: BTreeSet<Address>,
}

/// Slashing at every rollup that may slash attesters of ours, at one block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkSlashing {
    /// The block that every fact belongs to.
    pub block: BlockRef,
    /// The canonical rollup first.
    pub rollups: Vec<RollupSlashing>,
}

impl NetworkSlashing {
    /// Of a snapshot whose canonical rollup has this one slasher, and nobody else may slash.
    #[must_use]
    pub fn of_one(snapshot: &NetworkSnapshot, facts: SlashingFacts) -> Self {
        let slasher = SlasherFacts { role: SlasherRole::Current, address: snapshot.rollup.slasher, at: None, facts };
        let rollup = RollupSlashing {
            rollup: snapshot.canonical(),
            is_canonical: true,
            clock: snapshot.rollup.clock,
            slashers: vec![slasher],
            own: snapshot.attesters.keys().copied().collect(),
        };
        Self { block: snapshot.block, rollups: vec![rollup] }
    }

    /// Every slasher with its rollup.
    pub fn slashers(&self) -> impl Iterator<Item = (&RollupSlashing, &SlasherFacts)> {
        self.rollups.iter().flat_map(|rollup| rollup.slashers.iter().map(move |slasher| (rollup, slasher)))
    }

    /// The canonical rollup's present slasher.
    #[must_use]
    pub fn canonical(&self) -> Option<&SlasherFacts> {
        let mut present = self.slashers().filter(|(_, slasher)| slasher.role == SlasherRole::Current);
        present.find(|(rollup, _)| rollup.is_canonical).map(|(_, slasher)| slasher)
    }

    /// The figures of the rollup that has an attester, and what the least slash there takes, where that is known.
    #[must_use]
    pub fn figures_at<'a>(
        &self,
        snapshot: &'a NetworkSnapshot,
        attester: Address,
    ) -> Option<(&'a RollupFacts, Option<U256>)> {
        let at = snapshot.stands_at(attester)?;
        let figures = snapshot.figures_of(at.address)?;
        let mut here = self.slashers().filter(|(rollup, _)| rollup.rollup == at);
        let small = here.find_map(|(_, slasher)| Some(slasher.facts.proposer.tally()?.rules.amounts[0]));
        Some((figures, small))
    }

    /// Why votes of some slasher cannot be seen, each reason once.
    #[must_use]
    pub fn blindness(&self) -> BTreeSet<Blindness> {
        self.slashers().filter_map(|(_, slasher)| slasher.facts.blindness()).collect()
    }

    /// Where each attester of ours stands that any open round speaks of, all slashers taken together.
    ///
    /// `None` when a time does not fit.
    #[must_use]
    pub fn standings(&self) -> Option<BTreeMap<Address, Standing>> {
        let mut all = BTreeMap::<Address, Standing>::new();
        for (rollup, slasher) in self.slashers() {
            for (attester, found) in slasher.standings(rollup)? {
                all.entry(attester).and_modify(|known| *known = merge(known, &found)).or_insert(found);
            }
        }
        Some(all)
    }
}

impl SlasherFacts {
    /// Where each attester of ours stands by this slasher's rounds alone. `None` when a time does not fit.
    #[must_use]
    pub fn standings(&self, rollup: &RollupSlashing) -> Option<BTreeMap<Address, Standing>> {
        let mut found = standings(&self.facts, &rollup.clock)?;
        found.retain(|attester, _| rollup.own.contains(attester));
        Some(found)
    }

    /// The contract that counts its votes, as far as it is known.
    #[must_use]
    pub fn proposer(&self) -> Option<Address> {
        match &self.facts.proposer {
            SlashingProposer::Tally(tally) => Some(tally.address),
            SlashingProposer::Waiting(proposer) => Some(*proposer),
            SlashingProposer::NoSlasher | SlashingProposer::Unreadable(_) => None,
        }
    }
}
