//! What is remembered of each attester, and how one more proposal changes that.

use std::collections::{BTreeMap, BTreeSet};

use butler_core::domain::duties::{Expected, FormerDuties, SeenProposal, Used, has_left, used};
use butler_core::domain::ids::Coinbase;
use ethers_core::types::Address;
use serde::{Deserialize, Deserializer, Serialize};

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
    /// The last one that had, at each rollup. An earlier program kept one for all of them.
    #[serde(default, alias = "last_right", deserialize_with = "one_or_each", skip_serializing_if = "Vec::is_empty")]
    rights: Vec<SeenProposal>,
    /// Runs of proposals with other coinbases that are not over, or were not told to be. One goes on for each rollup where it has duties, as
    /// each may have a node of its own.
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
    /// Takes in what was proposed up to the L1 block `to`, as far as it was read. `proposals` are in any order; `former` says who has duties
    /// at former rollups.
    pub fn look(&mut self, proposals: &[SeenProposal], former: &[FormerDuties], expected: &Expected, to: u64) {
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
            let proposed = fresh.remove(attester).unwrap_or_default();
            let held = self.attesters.entry(*attester).or_insert_with(|| Held::new(*coinbase));
            if held.coinbase != *coinbase {
                held.begin_anew(*coinbase);
            }
            let past = if is_first { Past::of(&proposed, former) } else { Past::default() };
            held.floor = held.floor.max(past.first.1);
            for (_, (one, judged)) in proposed.into_iter().filter(|(place, _)| !past.over.contains(place)) {
                held.judge(one, judged, former);
            }
            held.skip(&past);
            held.leave(former);
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
        self.attesters.iter().flat_map(|(attester, held)| held.open().map(move |one| (*attester, one)))
    }

    /// How many attesters have the right coinbase by their last proposals, how many another one, and of how many nothing is known.
    #[must_use]
    pub fn counts(&self, expected: &Expected) -> [u64; 3] {
        let mut counts = [0_u64; 3];
        for (attester, (coinbase, _)) in expected {
            let held = self.attesters.get(attester).filter(|held| held.coinbase == *coinbase);
            let place = match held {
                Some(held) if held.open().next().is_some() => 1,
                Some(held) if !held.rights.is_empty() => 0,
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

/// What was proposed before the very first look.
#[derive(Debug, Default)]
struct Past {
    /// The place of the first proposal that is told all the same.
    first: (u64, u64),
    /// The places of those that are not: all but the last run at each rollup.
    over: BTreeSet<(u64, u64)>,
}

impl Past {
    fn of(proposed: &BTreeMap<(u64, u64), (SeenProposal, Used)>, former: &[FormerDuties]) -> Self {
        let mut nodes = BTreeMap::<Option<Address>, Vec<((u64, u64), bool)>>::new();
        for (place, (one, used)) in proposed {
            let at = one.rollup.filter(|_| !is_behind(one, former));
            nodes.entry(at).or_default().push((*place, used.is_astray()));
        }
        let begins: Vec<_> = nodes.values().filter_map(|all| Some((last_run(all)?, all))).collect();
        let first = begins.iter().map(|(begin, _)| *begin).min().unwrap_or_default();
        let over = begins
            .into_iter()
            .flat_map(|(begin, all)| all.iter().map(|(place, _)| *place).filter(move |place| *place < begin));
        Self { first, over: over.collect() }
    }
}

/// The place of the first of the last proposals that were all right, or all wrong.
fn last_run(proposed: &[((u64, u64), bool)]) -> Option<(u64, u64)> {
    let mut runs = proposed.iter().rev().copied();
    let (last, is_astray) = runs.next()?;
    Some(runs.take_while(|(_, other)| *other == is_astray).last().map_or(last, |(place, _)| place))
}

/// Whether whoever made this proposal has no duties at its rollup any more, or nothing says which that was.
fn is_behind(one: &SeenProposal, former: &[FormerDuties]) -> bool {
    one.rollup.is_none() || has_left(one, former)
}

fn one_or_each<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<SeenProposal>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Kept {
        One(SeenProposal),
        Each(Vec<SeenProposal>),
    }
    Ok(match Kept::deserialize(deserializer)? {
        Kept::One(one) => vec![one],
        Kept::Each(each) => each,
    })
}

impl Held {
    fn new(coinbase: Coinbase) -> Self {
        let (judged, contradictions) = (BTreeSet::new(), Vec::new());
        Self { coinbase, floor: 0, judged, proven: None, rights: Vec::new(), contradictions }
    }

    /// Another coinbase counts from now on: what contradicted the old one is of no concern any more.
    fn begin_anew(&mut self, coinbase: Coinbase) {
        let mut contradictions = std::mem::take(&mut self.contradictions);
        for one in contradictions.iter_mut().filter(|one| one.ended.is_none()) {
            one.ended = Some(End::Moot);
        }
        *self = Self { contradictions, ..Self::new(coinbase) };
    }

    /// The proposals that are remembered.
    fn proposals_mut(&mut self) -> impl Iterator<Item = &mut SeenProposal> {
        let proven = self.proven.as_mut().map(|proven| &mut proven.by);
        let right = proven.into_iter().chain(&mut self.rights);
        right.chain(self.contradictions.iter_mut().flat_map(Contradiction::proposals_mut))
    }

    /// Runs that are not over.
    fn open(&self) -> impl Iterator<Item = &Contradiction> {
        self.contradictions.iter().filter(|one| one.ended.is_none())
    }

    /// The run that a proposal goes on with or ends: that of its rollup, or one where its attester has no duties any more.
    fn open_at(&mut self, one: &SeenProposal, former: &[FormerDuties]) -> Option<&mut Contradiction> {
        let mut open: Vec<_> = self.contradictions.iter_mut().filter(|open| open.ended.is_none()).collect();
        let place = open.iter().position(|open| open.last.rollup == one.rollup);
        let place = place.or_else(|| open.iter().position(|open| is_behind(&open.last, former)))?;
        Some(open.swap_remove(place))
    }

    /// The last right one that says something of the node that made this proposal.
    fn right_at(&self, one: &SeenProposal, former: &[FormerDuties]) -> Option<SeenProposal> {
        let is_left = is_behind(one, former);
        // One that it left says nothing of the node of another one, though it was right there later.
        let tells = |right: &&SeenProposal| is_left || right.rollup.is_none() || right.rollup == one.rollup;
        self.rights.iter().filter(tells).max_by_key(|right| right.place()).copied()
    }

    /// What is over is not judged later, either. What lies before the first one is known by the floor.
    fn skip(&mut self, past: &Past) {
        self.judged.extend(past.over.iter().filter(|place| **place > past.first).map(|(block, slot)| (*slot, *block)));
    }

    /// The first one that was judged and is remembered.
    fn oldest(&self) -> Option<(u64, u64)> {
        self.judged.iter().copied().min_by_key(|(_, block)| *block)
    }

    fn judge(&mut self, one: SeenProposal, judged: Used, former: &[FormerDuties]) {
        if self.oldest().is_some_and(|(_, block)| self.floor > 0 && one.block < block)
            || !self.judged.insert((one.slot, one.block))
        {
            return;
        }
        while let Some(oldest) = self.oldest().filter(|_| self.judged.len() > KEPT) {
            self.judged.remove(&oldest);
            self.floor = oldest.0.saturating_add(1);
        }
        if judged.is_astray() { self.contradict(one, judged, former) } else { self.prove(one, former) }
    }

    fn prove(&mut self, one: SeenProposal, former: &[FormerDuties]) {
        let mut is_end = false;
        // One that turns up late says nothing of what was used after it.
        if let Some(open) = self.open_at(&one, former).filter(|open| open.last.place() < one.place()) {
            open.ended = Some(End::Right(one));
            is_end = true;
        }
        if self.proven.is_none() {
            self.proven = Some(Proven { by: one, is_told: is_end });
        }
        match self.rights.iter_mut().find(|right| right.rollup == one.rollup) {
            Some(right) if right.place() < one.place() => *right = one,
            Some(_) => {}
            None => self.rights.push(one),
        }
    }

    fn contradict(&mut self, one: SeenProposal, judged: Used, former: &[FormerDuties]) {
        let right_since = self.right_at(&one, former).filter(|right| right.place() > one.place());
        // What it left goes on where it proposes next, and what is read late of there is no next one.
        let is_next = |open: &Contradiction| right_since.is_none() && open.last.place() < one.place();
        let open = self.open_at(&one, former).filter(|open| open.last.rollup == one.rollup || is_next(open));
        match (open, right_since) {
            (Some(open), right) if right.is_none() || open.first.place() < one.place() => open.add(one, judged),
            (_, right) => {
                let ended = right.map(End::Right);
                self.contradictions.push(Contradiction::new(self.coinbase, one, judged, ended));
            }
        }
    }

    /// Ends runs at rollups where it has no duties any more, once it proposed elsewhere.
    fn leave(&mut self, former: &[FormerDuties]) {
        let is_astray = self.open().any(|open| !is_behind(&open.last, former));
        let rights = self.rights.iter().filter(|right| !is_behind(right, former));
        let end = rights.max_by_key(|right| right.place()).map(|right| End::Right(*right));
        let Some(end) = is_astray.then_some(End::Left).or(end) else { return };
        let open = self.contradictions.iter_mut().filter(|open| open.ended.is_none());
        for left in open.filter(|open| is_behind(&open.last, former)) {
            left.ended = Some(end);
        }
    }
}
