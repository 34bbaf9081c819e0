//! What was read of a span, as facts in the order of their blocks: what a replay is made of.

use std::collections::{BTreeMap, BTreeSet};

use ethers_core::types::Address;

use super::found::ReadDuties;
use crate::domain::backtest::{Fact, Moment, Past};
use crate::domain::block::BlockRef;
use crate::domain::duties::{Duty, DutyKind, Expected, Fate, KnownCheckpoint, NetworkRates, SeenProposal};
use crate::domain::rollup::RollupClock;

/// What a span is turned into facts with.
#[derive(Debug, Clone, Copy)]
pub struct PastRequest<'a> {
    /// The rollup's clock.
    pub clock: RollupClock,
    /// Whose facts they are; everybody's where it is `None`.
    pub own: Option<&'a BTreeSet<Address>>,
    /// What attesters must have.
    pub expected: &'a Expected,
    /// The first and the last block.
    pub blocks: (BlockRef, BlockRef),
}

impl ReadDuties {
    /// The facts of the span. Blocks of checkpoints have the time at which their slots began. A slot without a checkpoint is told of with
    /// the next checkpoint, or at the end.
    #[must_use]
    pub fn past(&self, request: &PastRequest<'_>) -> Vec<Past> {
        let times = Times::new(self, request);
        let mut past = Vec::new();
        for (attester, (coinbase, since)) in request.expected {
            if *since > request.blocks.1.number || request.own.is_some_and(|own| !own.contains(attester)) {
                continue;
            }
            let at = times.at(*since);
            past.push(Past { at, fact: Fact::Expects { attester: *attester, coinbase: *coinbase, since: *since } });
        }
        let hatches = self.hatches.iter().map(|epoch| {
            let time = request.clock.epoch_start(*epoch).unwrap_or_default();
            Past { at: times.after(time), fact: Fact::Hatch(*epoch) }
        });
        past.extend(hatches);
        past.extend(self.gap.map(|gap| Past { at: times.at(gap.block), fact: Fact::Gap(gap) }));
        let (mut turns, mut here) = (BTreeMap::<u64, Vec<Duty>>::new(), BTreeMap::<u64, Vec<Duty>>::new());
        for duty in &self.duties {
            let at = if duty.kind == DutyKind::Propose { &mut turns } else { &mut here };
            at.entry(duty.slot).or_default().push(*duty);
        }
        let mut told_slot = None;
        for one in &self.checkpoints {
            let at = times.at(one.block);
            let mut tell = |fact| past.push(Past { at, fact });
            // What passed without a checkpoint is over, and so is the turn of whoever proposed this one.
            let later = turns.split_off(&one.slots.0.saturating_add(1));
            std::mem::replace(&mut turns, later).into_values().flatten().for_each(|duty| tell(Fact::Duty(duty)));
            here.remove(&one.slots.0).into_iter().flatten().for_each(|duty| tell(Fact::Duty(duty)));
            tell(Fact::Rates { slot: one.slots.0, rates: rates(one, told_slot) });
            told_slot = told_slot.max(Some(one.slots.0));
            if let Some(why) = self.unread.get(&one.transaction).filter(|_| one.carried.is_none()) {
                tell(Fact::Unread(one.transaction, why.clone()));
            }
            past.extend(proposed(one, request, &times).into_iter().flatten());
        }
        let (_, last) = request.blocks;
        let at = Moment { block: last.number, time: last.timestamp };
        let rest = turns.into_values().chain(here.into_values()).flatten();
        past.extend(rest.map(|duty| Past { at, fact: Fact::Duty(duty) }));
        past.sort_by_key(|one| one.at.block);
        past
    }
}

/// What is told of a proposal of ours: that it was made, and that it was cut away.
fn proposed(one: &KnownCheckpoint, request: &PastRequest<'_>, times: &Times) -> Option<Vec<Past>> {
    let (carried, slot) = (one.carried.as_ref()?, one.slot()?);
    let proposer = carried.proposer;
    if request.own.is_some_and(|own| !own.contains(&proposer)) {
        return None;
    }
    let stood = match one.fate {
        Fate::Pruned(_) | Fate::Invalidated(_) => Fate::Stands,
        fate @ (Fate::Stands | Fate::Unknown) => fate,
    };
    let seen = SeenProposal {
        number: one.number,
        slot,
        proposer,
        coinbase: carried.coinbase,
        transaction: one.transaction,
        block: one.block,
        fate: stood,
        rollup: None,
    };
    let mut told = vec![Past { at: times.at(one.block), fact: Fact::Proposed(seen) }];
    if let Fate::Pruned(block) | Fate::Invalidated(block) = one.fate {
        told.push(Past { at: times.at(block), fact: Fact::Cut { proposer, slot, fate: one.fate } });
    }
    Some(told)
}

/// What everybody did up to a checkpoint since the one before.
fn rates(one: &KnownCheckpoint, before: Option<u64>) -> NetworkRates {
    let slots = before.map_or(1, |before| one.slots.0.saturating_sub(before));
    let count = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
    let committee = one.carried.iter().flat_map(|carried| &carried.committee);
    let (members, attested) =
        committee.fold((0, 0), |(members, attested), (_, sent)| (members + 1, attested + usize::from(*sent)));
    NetworkRates { slots, proposed: slots.min(1), members: count(members), attested: count(attested) }
}

/// Times of blocks, by the slots of their checkpoints.
struct Times {
    known: BTreeMap<u64, u64>,
    first: Moment,
    last: Moment,
}

impl Times {
    fn new(read: &ReadDuties, request: &PastRequest<'_>) -> Self {
        let [first, last] =
            [request.blocks.0, request.blocks.1].map(|block| Moment { block: block.number, time: block.timestamp });
        let time = |one: &KnownCheckpoint| request.clock.slot_start(one.slots.0).unwrap_or_default();
        let known = read.checkpoints.iter().map(|one| (one.block, time(one).clamp(first.time, last.time)));
        Self { known: known.collect(), first, last }
    }

    /// A block of the span, with the time of the last checkpoint up to it.
    fn at(&self, block: u64) -> Moment {
        let block = block.clamp(self.first.block, self.last.block);
        if block == self.last.block {
            return self.last;
        }
        let time = self.known.range(..=block).next_back().map_or(self.first.time, |(_, time)| *time);
        Moment { block, time }
    }

    /// The first known block at a time or after it.
    fn after(&self, time: u64) -> Moment {
        let known = self.known.iter().find(|(_, known)| **known >= time);
        known.map_or(self.last, |(block, time)| Moment { block: *block, time: *time })
    }
}

#[cfg(test)]
mod tests {
    use ethers_core::types::H256;

    use super::*;
    use crate::domain::duties::{Carried, Done};
    use crate::domain::ids::Coinbase;

    #[test]
    fn facts_come_at_the_first_block_at_which_anybody_could_know_them() {
        let clock = RollupClock { genesis_time: 1_000, slot_seconds: 72, epoch_slots: 32 };
        let [own, other] = [1, 2].map(Address::repeat_byte);
        let checkpoint = |number: u64, slot: u64, proposer: Address, fate: Fate| KnownCheckpoint {
            number,
            slots: (slot, slot),
            transaction: H256::from_low_u64_be(slot),
            block: slot * 6,
            fate,
            carried: Some(Carried { proposer, coinbase: other, committee: vec![(own, true), (other, false)] }),
        };
        let duty = |slot: u64, kind: DutyKind, done: Done| Duty { slot, attester: own, kind, done };
        let read = ReadDuties {
            checkpoints: vec![
                checkpoint(1, 10, other, Fate::Stands),
                checkpoint(2, 13, own, Fate::Pruned(90)),
                checkpoint(2, 16, other, Fate::Stands),
            ],
            duties: vec![
                duty(10, DutyKind::Attest, Done::Done),
                duty(12, DutyKind::Propose, Done::MissedAlone),
                duty(13, DutyKind::Propose, Done::Done),
                duty(17, DutyKind::Propose, Done::MissedAlone),
            ],
            ..ReadDuties::default()
        };
        let block = |number: u64| BlockRef { number, hash: H256::zero(), timestamp: 1_000 + number * 12 };
        let coinbase = Coinbase::try_from(Address::repeat_byte(3)).unwrap();
        let expected = Expected::from([(own, (coinbase, 5)), (other, (coinbase, 5))]);
        let all = BTreeSet::from([own]);
        let request = PastRequest { clock, own: Some(&all), expected: &expected, blocks: (block(50), block(110)) };
        let mut rates = Vec::new();
        let mut told = Vec::new();
        for Past { at, fact } in read.past(&request) {
            let what = match fact {
                Fact::Expects { since, .. } => format!("expects since {since}"),
                Fact::Proposed(one) => format!("proposed {} {}", one.slot, one.fate.name()),
                Fact::Cut { slot, .. } => format!("cut {slot}"),
                Fact::Duty(duty) => format!("{:?} {} {:?}", duty.kind, duty.slot, duty.done),
                Fact::Rates { rates: one, .. } => {
                    rates.push((one.slots, one.proposed, one.members, one.attested));
                    continue;
                }
                Fact::Hatch(_) | Fact::Gap(_) | Fact::Unread(..) | Fact::State(_) => "nothing of it".to_owned(),
            };
            told.push((at.block, at.time, what));
        }
        let expected = [
            (50, 1_600, "expects since 5"),
            (60, 1_720, "Attest 10 Done"),
            (78, 1_936, "Propose 12 MissedAlone"),
            (78, 1_936, "Propose 13 Done"),
            (78, 1_936, "proposed 13 stands"),
            (90, 1_936, "cut 13"),
            (110, 2_320, "Propose 17 MissedAlone"),
        ];
        assert_eq!(told, expected.map(|(block, time, what)| (block, time, what.to_owned())));
        assert_eq!(rates, [(1, 1, 2, 1), (3, 1, 2, 1), (3, 1, 2, 1)]);
    }
}
