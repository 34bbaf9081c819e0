//! What is remembered of each attester, and how one more proposal changes that.

use std::collections::{BTreeMap, BTreeSet};

use butler_core::domain::duties::{Expected, SeenProposal, Used, used};
use butler_core::domain::ids::Coinbase;
use ethers_core::types::Address;
use serde::{Deserialize, Serialize};

use super::contradiction::{Contradiction, End};

/// How many slots of an attester are remembered as judged; what is older and turns up later is not judged any more.
const KEPT: usize = 256;

/// What the proposals of attesters proved so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proofs {
    /// Whether there was a look before.
    is_begun: bool,
    pub(super) attesters: BTreeMap<Address, Held>,
}

/// What is known of one attester.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Held {
    /// The coinbase that its proposals were held against.
    pub(super) coinbase: Coinbase,
    /// The first slot that is judged, where some are not. Slots of several rollups cannot be compared, so what counts is the block of the
    /// first one that was judged.
    floor: u64,
    /// Slots and blocks from there on that were judged: a slot may have another proposal after an invalidation.
    judged: BTreeSet<(u64, u64)>,
    /// The first proposal that had the right coinbase.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) proven: Option<Proven>,
    /// The last one that had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_right: Option<SeenProposal>,
    /// Runs of proposals with other coinbases that are not over, or were not told to be.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) contradictions: Vec<Contradiction>,
}

/// A coinbase that is proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Proven {
    pub(super) by: SeenProposal,
    /// Whether that was planned durably, or the end of a contradiction says it.
    pub(super) is_told: bool,
}

impl Proofs {
    /// Takes in what was proposed up to the L1 block `to`, as far as it was read. `proposals` are in any order.
    pub fn look(&mut self, proposals: &[SeenProposal], expected: &Expected, to: u64) {
        self.name_rollups(proposals);
        let mut fresh = BTreeMap::<Address, BTreeMap<(u64, u64), (SeenProposal, Used)>>::new();
        for one in proposals.iter().filter(|one| one.block <= to) {
            let judged = used(one.coinbase, one.proposer, one.block, expected.get(&one.proposer).copied());
            if judged != Used::Unjudged {
                fresh.entry(one.proposer).or_default().insert(one.place(), (*one, judged));
            }
        }
        let is_first = !std::mem::replace(&mut self.is_begun, true);
        for (attester, (coinbase, _)) in expected {
            let mut proposed = fresh.remove(attester).unwrap_or_default();
            let mut floor = 0;
            if is_first && let Some(begins) = last_run(&proposed) {
                proposed = proposed.split_off(&begins);
                floor = begins.1;
            }
            let held = self.attesters.entry(*attester).or_insert_with(|| Held::new(*coinbase, floor));
            if held.coinbase != *coinbase {
                held.begin_anew(*coinbase);
            }
            for (_, (one, judged)) in proposed {
                held.judge(one, judged);
            }
        }
    }

    /// Learns at which rollups proposals were made that an earlier program remembered without saying so.
    fn name_rollups(&mut self, proposals: &[SeenProposal]) {
        let all = self.attesters.values_mut().flat_map(Held::proposals_mut);
        let mut unnamed = all.filter(|one| one.rollup.is_none()).peekable();
        if unnamed.peek().is_none() {
            return;
        }
        let which = |one: &SeenProposal| (one.proposer, one.transaction, one.place());
        let rollups: BTreeMap<_, _> = proposals.iter().map(|one| (which(one), one.rollup)).collect();
        for one in unnamed {
            one.rollup = rollups.get(&which(one)).copied().flatten();
        }
    }

    /// Runs of wrong coinbases that are not over, each with its attester.
    pub fn open(&self) -> impl Iterator<Item = (Address, &Contradiction)> {
        self.attesters
            .iter()
            .filter_map(|(attester, held)| Some((*attester, held.contradictions.get(held.open_place()?)?)))
    }

    /// How many attesters have the right coinbase by their last proposal, how many another one, and of how many nothing is known.
    #[must_use]
    pub fn counts(&self, expected: &Expected) -> [u64; 3] {
        let mut counts = [0_u64; 3];
        for (attester, (coinbase, _)) in expected {
            let held = self.attesters.get(attester).filter(|held| held.coinbase == *coinbase);
            let place = match held {
                Some(held) if held.open_place().is_some() => 1,
                Some(held) if held.last_right.is_some() => 0,
                Some(_) | None => 2,
            };
            if let Some(count) = counts.get_mut(place) {
                *count = count.saturating_add(1);
            }
        }
        counts
    }

    /// Forgets what is over, and what needs not be told again. To be called once it was planned durably.
    pub fn settle(&mut self) {
        for held in self.attesters.values_mut() {
            held.contradictions.retain(|one| one.ended.is_none());
            if let Some(proven) = &mut held.proven {
                proven.is_told = true;
            }
        }
    }
}

/// The place of the first of the last proposals that were all right, or all wrong.
fn last_run(proposed: &BTreeMap<(u64, u64), (SeenProposal, Used)>) -> Option<(u64, u64)> {
    let mut runs = proposed.iter().rev().map(|(place, (_, used))| (*place, used.is_astray()));
    let (last, is_astray) = runs.next()?;
    Some(runs.take_while(|(_, other)| *other == is_astray).last().map_or(last, |(place, _)| place))
}

impl Held {
    fn new(coinbase: Coinbase, floor: u64) -> Self {
        let (judged, contradictions) = (BTreeSet::new(), Vec::new());
        Self { coinbase, floor, judged, proven: None, last_right: None, contradictions }
    }

    /// Another coinbase counts from now on: what contradicted the old one is of no concern any more.
    fn begin_anew(&mut self, coinbase: Coinbase) {
        let mut contradictions = std::mem::take(&mut self.contradictions);
        for one in contradictions.iter_mut().filter(|one| one.ended.is_none()) {
            one.ended = Some(End::Moot);
        }
        *self = Self { contradictions, ..Self::new(coinbase, 0) };
    }

    /// The proposals that are remembered.
    fn proposals_mut(&mut self) -> impl Iterator<Item = &mut SeenProposal> {
        let proven = self.proven.as_mut().map(|proven| &mut proven.by);
        let right = proven.into_iter().chain(&mut self.last_right);
        right.chain(self.contradictions.iter_mut().flat_map(Contradiction::proposals_mut))
    }

    fn open_place(&self) -> Option<usize> {
        self.contradictions.iter().position(|one| one.ended.is_none())
    }

    /// The first one that was judged and is remembered.
    fn oldest(&self) -> Option<(u64, u64)> {
        self.judged.iter().copied().min_by_key(|(_, block)| *block)
    }

    fn judge(&mut self, one: SeenProposal, judged: Used) {
        if self.oldest().is_some_and(|(_, block)| self.floor > 0 && one.block < block)
            || !self.judged.insert((one.slot, one.block))
        {
            return;
        }
        while let Some(oldest) = self.oldest().filter(|_| self.judged.len() > KEPT) {
            self.judged.remove(&oldest);
            self.floor = oldest.0.saturating_add(1);
        }
        if judged.is_astray() { self.contradict(one, judged) } else { self.prove(one) }
    }

    fn prove(&mut self, one: SeenProposal) {
        let place = self.open_place();
        let open = place.and_then(|place| self.contradictions.get_mut(place));
        let mut is_end = false;
        // One that turns up late says nothing of what was used after it.
        if let Some(open) = open.filter(|open| open.last.place() < one.place()) {
            open.ended = Some(End::Right(one));
            is_end = true;
        }
        if self.proven.is_none() {
            self.proven = Some(Proven { by: one, is_told: is_end });
        }
        if self.last_right.is_none_or(|last| last.place() < one.place()) {
            self.last_right = Some(one);
        }
    }

    fn contradict(&mut self, one: SeenProposal, judged: Used) {
        let right_since = self.last_right.filter(|right| right.place() > one.place());
        let place = self.open_place();
        match (place.and_then(|place| self.contradictions.get_mut(place)), right_since) {
            (Some(open), right) if right.is_none() || open.first.place() < one.place() => open.add(one, judged),
            (_, right) => {
                let ended = right.map(End::Right);
                self.contradictions.push(Contradiction::new(self.coinbase, one, judged, ended));
            }
        }
    }
}
