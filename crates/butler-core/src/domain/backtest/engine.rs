//! From facts to what would have been said.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::mem::swap;

use ethers_core::types::Address;

use super::episodes::{Change, Episodes, Open, Said};
use super::losses::Losses;
use super::past::{Fact, Moment, Past};
use crate::domain::duties::{DutiesSeen, Duty, Expected, Fate, NetworkRates, SeenProposal};
use crate::domain::findings::duties::of_seen;
use crate::domain::findings::{Finding, FindingKind, Subject, Thresholds};
use crate::domain::rollup::RollupClock;

/// Whose past is replayed.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// The rollup.
    pub rollup: Address,
    /// Its clock.
    pub clock: RollupClock,
    /// The first block.
    pub from: Moment,
    /// For so many slots duties are counted. Proposals are kept for ever.
    pub slots: u64,
    /// Limits of findings.
    pub thresholds: Thresholds,
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// What would have been said, in its order.
    pub said: Vec<Said>,
    /// What is wrong at the end.
    pub open: Vec<Open>,
    /// What was lost by when.
    pub losses: Losses,
    /// Blocks at which something happened.
    pub blocks: u64,
}

/// What one attester did, or all of them, and what they must have.
#[derive(Debug, Default)]
struct Record {
    proposals: Vec<SeenProposal>,
    duties: Vec<Duty>,
    expected: Expected,
}

impl Record {
    fn cut(&mut self, proposer: Address, slot: u64, fate: Fate) {
        let is_it = |one: &&mut SeenProposal| one.slot == slot && one.proposer == proposer;
        if let Some(one) = self.proposals.iter_mut().rev().find(is_it) {
            one.fate = fate;
        }
    }

    /// Forgets duties of slots before this one.
    fn forget(&mut self, first: u64) {
        if self.duties.first().is_some_and(|duty| duty.slot < first) {
            self.duties.retain(|duty| duty.slot >= first);
        }
    }
}

/// A replay under way.
#[derive(Debug)]
pub struct Backtest<'a> {
    setting: Setting,
    /// Own attesters that validate; of now, since no log says when they began.
    validating: &'a BTreeSet<Address>,
    /// What is the same for all attesters; its proposals and duties are those of whoever is judged.
    frame: DutiesSeen,
    all: Record,
    each: BTreeMap<Address, Record>,
    rates: VecDeque<(u64, NetworkRates)>,
    duties: Episodes,
    state: Episodes,
    now: Moment,
    /// The epoch in which everything was judged last.
    epoch: Option<u64>,
    outcome: Outcome,
}

impl<'a> Backtest<'a> {
    /// Begins one. `validating` are own attesters that can have duties.
    #[must_use]
    pub fn new(setting: Setting, validating: &'a BTreeSet<Address>) -> Self {
        let Setting { rollup, clock, from, .. } = setting;
        let first = clock.slot_at(from.time).unwrap_or_default();
        let frame = DutiesSeen {
            rollup,
            clock,
            blocks: (from.block, from.block),
            slots: (first, first),
            proposals: Vec::new(),
            duties: Vec::new(),
            network: NetworkRates::default(),
            hatches: BTreeSet::new(),
            gap: None,
            unread: BTreeMap::new(),
        };
        Self {
            setting,
            validating,
            frame,
            all: Record::default(),
            each: BTreeMap::new(),
            rates: VecDeque::new(),
            duties: Episodes::default(),
            state: Episodes::default(),
            now: from,
            epoch: None,
            outcome: Outcome { said: Vec::new(), open: Vec::new(), losses: Losses::default(), blocks: 0 },
        }
    }

    /// Replays facts in the order of their blocks, up to a last moment at which everything is judged once more.
    #[must_use]
    pub fn run(mut self, past: Vec<Past>, last: Moment) -> Outcome {
        let mut past = past.into_iter().peekable();
        while let Some(first) = past.next() {
            let at = first.at;
            let mut facts = vec![first.fact];
            while let Some(more) = past.next_if(|more| more.at.block == at.block) {
                facts.push(more.fact);
            }
            self.block(at, facts);
        }
        self.pass(last);
        self.judge_all();
        let mut open = self.duties.into_open();
        open.extend(self.state.into_open());
        Outcome { open, ..self.outcome }
    }

    /// Takes in what happened in one block.
    fn block(&mut self, at: Moment, facts: Vec<Fact>) {
        self.pass(at);
        self.outcome.blocks = self.outcome.blocks.saturating_add(1);
        let mut touched = BTreeSet::new();
        for fact in facts {
            self.take(fact, &mut touched);
        }
        let epoch = self.setting.clock.epoch_at(self.now.time);
        if epoch != self.epoch {
            self.epoch = epoch;
            self.judge_all();
        } else {
            touched.iter().for_each(|attester| self.judge_one(attester));
        }
    }

    /// Time goes on.
    fn pass(&mut self, at: Moment) {
        self.now = Moment { block: at.block, time: at.time.max(self.now.time) };
        self.frame.blocks.1 = at.block;
        let (first, _) = self.frame.slots;
        let last = self.setting.clock.slot_at(self.now.time).unwrap_or_default().saturating_sub(1);
        self.frame.slots = (first.max(last.saturating_add(1).saturating_sub(self.setting.slots)), last);
    }

    fn take(&mut self, fact: Fact, touched: &mut BTreeSet<Address>) {
        match fact {
            Fact::Expects { attester, coinbase, since } => {
                self.all.expected.insert(attester, (coinbase, since));
                self.each.entry(attester).or_default().expected.insert(attester, (coinbase, since));
                touched.insert(attester);
            }
            Fact::Proposed(one) => {
                self.outcome.losses.note(&one, self.now, &self.all.expected);
                self.all.proposals.push(one);
                self.each.entry(one.proposer).or_default().proposals.push(one);
                touched.insert(one.proposer);
            }
            Fact::Cut { proposer, slot, fate } => {
                self.all.cut(proposer, slot, fate);
                self.each.entry(proposer).or_default().cut(proposer, slot, fate);
                touched.insert(proposer);
            }
            Fact::Duty(duty) => {
                self.all.duties.push(duty);
                self.each.entry(duty.attester).or_default().duties.push(duty);
                touched.insert(duty.attester);
            }
            Fact::Rates { slot, rates } => self.rates.push_back((slot, rates)),
            Fact::Hatch(epoch) => {
                self.frame.hatches.insert(epoch);
            }
            Fact::Gap(gap) => {
                self.frame.gap.get_or_insert(gap);
            }
            Fact::Unread(transaction, why) => {
                self.frame.unread.insert(transaction, why);
            }
            Fact::State(found) => {
                let (astray, said) = (self.outcome.losses.count(), &mut self.outcome.said);
                self.state.look(found, self.now, astray, said);
            }
        }
    }

    /// Judges one attester, by what it did alone.
    fn judge_one(&mut self, attester: &Address) {
        let Some(record) = self.each.get_mut(attester) else { return };
        record.forget(self.frame.slots.0);
        let mut found = judged(&mut self.frame, record, self.validating, &self.setting.thresholds);
        let subject = Subject::Attester(*attester);
        // What is said of the network follows from all of them.
        found.retain(|finding| finding.subject == subject);
        let before = self.outcome.said.len();
        let astray = self.outcome.losses.count();
        self.duties.look_at(&subject, &found, self.now, astray, &mut self.outcome.said);
        self.note_told(before);
    }

    /// Judges all of them, as whoever looks at a duties book does.
    fn judge_all(&mut self) {
        self.all.forget(self.frame.slots.0);
        while self.rates.front().is_some_and(|(slot, _)| *slot < self.frame.slots.0) {
            self.rates.pop_front();
        }
        self.frame.network = self.rates.iter().fold(NetworkRates::default(), |sum, (_, more)| added(sum, more));
        let found = judged(&mut self.frame, &mut self.all, self.validating, &self.setting.thresholds);
        let before = self.outcome.said.len();
        let astray = self.outcome.losses.count();
        self.duties.look(found, self.now, astray, &mut self.outcome.said);
        self.note_told(before);
    }

    fn note_told(&mut self, before: usize) {
        for said in self.outcome.said.iter().skip(before).filter(|said| said.change != Change::Ended) {
            if let (Subject::Attester(attester), FindingKind::CoinbaseUsedWrong) = (&said.subject, said.kind) {
                self.outcome.losses.tell(attester, said.at);
            }
        }
    }
}

/// What is wrong by these records.
fn judged(
    frame: &mut DutiesSeen,
    record: &mut Record,
    validating: &BTreeSet<Address>,
    thresholds: &Thresholds,
) -> Vec<Finding> {
    // Lent for the moment: they are too many to be copied for each block.
    swap(&mut frame.proposals, &mut record.proposals);
    swap(&mut frame.duties, &mut record.duties);
    let found = of_seen(frame, &record.expected, validating, thresholds);
    swap(&mut frame.proposals, &mut record.proposals);
    swap(&mut frame.duties, &mut record.duties);
    found
}

fn added(sum: NetworkRates, more: &NetworkRates) -> NetworkRates {
    NetworkRates {
        slots: sum.slots.saturating_add(more.slots),
        proposed: sum.proposed.saturating_add(more.proposed),
        members: sum.members.saturating_add(more.members),
        attested: sum.attested.saturating_add(more.attested),
    }
}
