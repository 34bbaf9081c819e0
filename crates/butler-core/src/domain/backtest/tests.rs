//! The engine against whoever judges everything anew at every block.

use std::collections::{BTreeMap, BTreeSet};

use ethers_core::types::{Address, H256};
use proptest::prelude::*;

use super::*;
use crate::domain::duties::{Done, DutiesSeen, Duty, DutyKind, Expected, Fate, NetworkRates, SeenProposal, used};
use crate::domain::findings::duties::of_seen;
use crate::domain::findings::{Finding, FindingKind, Severity, Subject, Thresholds};
use crate::domain::ids::Coinbase;
use crate::domain::rollup::RollupClock;

const CLOCK: RollupClock = RollupClock { genesis_time: 0, slot_seconds: 72, epoch_slots: 4 };
const FROM: Moment = Moment { block: 0, time: 0 };

fn attester(number: u8) -> Address {
    Address::repeat_byte(number + 1)
}

fn right(number: u8) -> Coinbase {
    Coinbase::try_from(Address::repeat_byte(number + 100)).unwrap()
}

const SLOTS: u64 = 1_000;
/// Beyond what is counted of the slots that have steps.
const LAST: Moment = Moment { block: 10_000, time: 100_000 };

fn replayed(past: &[Past]) -> Outcome {
    let validating = (0..3).map(attester).collect();
    let thresholds = Thresholds::default();
    let setting = Setting { rollup: Address::zero(), clock: CLOCK, from: FROM, slots: SLOTS, thresholds };
    Backtest::new(setting, &validating).run(past.to_vec(), LAST)
}

/// What happens at a slot: who proposes with which coinbase, or does not, and whether somebody is delegated before.
#[derive(Debug, Clone, Copy)]
struct Step {
    proposer: u8,
    coinbase: u8,
    delegated: Option<u8>,
    cut: bool,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (0_u8..4, 0_u8..4, prop::option::weighted(0.3, 0_u8..4), prop::bool::weighted(0.1));
    let step = step.prop_map(|(proposer, coinbase, delegated, cut)| Step { proposer, coinbase, delegated, cut });
    prop::collection::vec(step, 0..60)
}

fn turn(at: Moment, slot: u64, attester: Address, done: Done) -> Past {
    Past { at, fact: Fact::Duty(Duty { slot, attester, kind: DutyKind::Propose, done }) }
}

fn past(steps: &[Step]) -> Vec<Past> {
    let mut past = Vec::new();
    let mut delegated = BTreeSet::new();
    for (slot, step) in (1_u64..).zip(steps) {
        let at = Moment { block: slot * 6, time: slot * 72 };
        if let Some(number) = step.delegated.filter(|number| delegated.insert(*number)) {
            let (attester, coinbase, since) = (attester(number), right(number), at.block);
            past.push(Past { at, fact: Fact::Expects { attester, coinbase, since } });
        }
        let proposer = attester(step.proposer);
        let coinbase = match step.coinbase {
            0 => right(step.proposer).address(),
            1 => proposer,
            2 => Address::repeat_byte(0xee),
            _ => {
                past.push(turn(at, slot, proposer, Done::MissedAlone));
                continue;
            }
        };
        past.push(turn(at, slot, proposer, Done::Done));
        let (transaction, fate) = (H256::from_low_u64_be(slot), Fate::Stands);
        let (number, block, rollup) = (slot, at.block, None);
        let one = SeenProposal { number, slot, proposer, coinbase, transaction, block, fate, rollup };
        past.push(Past { at, fact: Fact::Proposed(one) });
        if step.cut {
            past.push(Past { at, fact: Fact::Cut { proposer, slot, fate: Fate::Invalidated(at.block) } });
        }
    }
    past
}

/// Everything that was known up to a block, seen in these slots.
fn known(past: &[Past], block: u64, slots: (u64, u64)) -> (DutiesSeen, Expected) {
    let mut seen = DutiesSeen {
        rollup: Address::zero(),
        clock: CLOCK,
        blocks: (0, block),
        slots,
        proposals: Vec::new(),
        duties: Vec::new(),
        network: NetworkRates::default(),
        hatches: BTreeSet::new(),
        gap: None,
        unread: BTreeMap::new(),
    };
    let mut expected = Expected::new();
    for one in past.iter().filter(|one| one.at.block <= block) {
        match &one.fact {
            Fact::Expects { attester, coinbase, since } => drop(expected.insert(*attester, (*coinbase, *since))),
            Fact::Proposed(one) => seen.proposals.push(*one),
            Fact::Cut { slot, fate, .. } => {
                seen.proposals.iter_mut().filter(|one| one.slot == *slot).for_each(|one| one.fate = *fate);
            }
            Fact::Duty(duty) if duty.slot >= slots.0 => seen.duties.push(*duty),
            Fact::Duty(_) | Fact::Rates { .. } | Fact::Hatch(_) | Fact::Gap(_) | Fact::Unread(..) | Fact::State(_) => {}
        }
    }
    (seen, expected)
}

type Key = (Subject, &'static str, String);

/// What one look at everything finds.
fn judged_at(past: &[Past], block: u64, slots: (u64, u64)) -> BTreeMap<Key, Severity> {
    let (seen, expected) = known(past, block, slots);
    let validating = (0..3).map(attester).collect();
    let found = of_seen(&seen, &expected, &validating, &Thresholds::default());
    let keyed =
        found.into_iter().map(|one| ((one.subject.clone(), one.kind.code(), one.mark().to_owned()), one.severity));
    keyed.collect()
}

proptest! {
    #[test]
    fn what_is_said_is_what_somebody_says_who_judges_everything_at_every_block(steps in steps()) {
        let past = past(&steps);
        let outcome = replayed(&past);
        let blocks: BTreeSet<u64> = past.iter().map(|one| one.at.block).collect();
        prop_assert_eq!(outcome.blocks, u64::try_from(blocks.len()).unwrap());
        let (mut open, mut expected) = (BTreeMap::<Key, (Severity, Severity)>::new(), BTreeSet::new());
        for block in blocks {
            // Findings about the network are looked at once an epoch.
            let mut now = judged_at(&past, block, (0, (block / 6).saturating_sub(1)));
            now.retain(|(subject, ..), _| *subject != Subject::Network);
            for ((subject, code, mark), severity) in &now {
                let change = match open.get(&(subject.clone(), *code, mark.clone())) {
                    None => "began",
                    Some((before, _)) if severity < before => "worsened",
                    Some((before, _)) if severity > before => "eased",
                    Some(_) => continue,
                };
                expected.insert((block, change, subject.clone(), *code, *severity));
            }
            open.retain(|key, (_, worst)| {
                let stays = now.contains_key(key);
                if !stays {
                    expected.insert((block, "ended", key.0.clone(), key.1, *worst));
                }
                stays
            });
            for (key, severity) in now {
                let (before, worst) = open.entry(key).or_insert((severity, severity));
                (*before, *worst) = (severity, severity.min(*worst));
            }
        }
        let said = outcome.said.iter().filter(|one| one.subject != Subject::Network && one.at.block < LAST.block);
        let said = said.map(|one| (one.at.block, one.change.name(), one.subject.clone(), one.kind.code(), one.severity));
        prop_assert_eq!(said.collect::<BTreeSet<_>>(), expected);
    }

    #[test]
    fn what_is_open_at_the_end_is_what_one_look_at_everything_finds(steps in steps()) {
        let past = past(&steps);
        let outcome = replayed(&past);
        let open: BTreeMap<Key, Severity> =
            outcome.open.iter().map(|one| ((one.subject.clone(), one.kind.code(), one.mark.clone()), one.severity)).collect();
        let last = LAST.time / 72 - 1;
        prop_assert_eq!(open, judged_at(&past, LAST.block, (last + 1 - SLOTS, last)));
        // A proposal before its delegation is nobody's loss.
        let (seen, expected) = known(&past, LAST.block, (0, last));
        let astray = seen.proposals.iter().filter(|one| {
            used(one.coinbase, one.proposer, one.block, expected.get(&one.proposer).copied()).is_astray()
        });
        prop_assert_eq!(outcome.losses.count(), u64::try_from(astray.count()).unwrap());
        let sum: u64 = outcome.losses.by_attester.values().map(|loss| loss.count).sum();
        prop_assert_eq!((sum, outcome.losses.by(u64::MAX)), (outcome.losses.count(), outcome.losses.count()));
        for loss in outcome.losses.by_attester.values() {
            prop_assert_eq!(loss.told, Some((loss.first.1, 1)), "it is told at the first one");
        }
    }
}

fn wrong(slot: u64, number: u8) -> Past {
    let at = Moment { block: slot * 6, time: slot * 72 };
    let (proposer, transaction) = (attester(number), H256::from_low_u64_be(slot));
    let coinbase = Address::repeat_byte(0xee);
    let (number, block, fate, rollup) = (slot, at.block, Fate::Stands, None);
    let one = SeenProposal { number, slot, proposer, coinbase, transaction, block, fate, rollup };
    Past { at, fact: Fact::Proposed(one) }
}

#[test]
fn what_an_archive_tells_is_said_beside_what_proposals_prove() {
    let expects = Past { at: FROM, fact: Fact::Expects { attester: attester(1), coinbase: right(1), since: 0 } };
    let dry = Finding::new(FindingKind::PublisherLow, Severity::Warning, Subject::Network, "low");
    let state = |slot: u64, found: &[Finding]| {
        let at = Moment { block: slot * 6 + 1, time: slot * 72 + 12 };
        Past { at, fact: Fact::State(found.to_vec()) }
    };
    let past = vec![expects, wrong(5, 1), state(6, &[dry]), wrong(7, 1), wrong(8, 1), state(9, &[])];
    let outcome = replayed(&past);
    let of_network = |one: &&Said| one.kind == FindingKind::CoinbaseUnproven;
    let said: Vec<_> = outcome
        .said
        .iter()
        .filter(|one| !of_network(one))
        .map(|one| (one.at.block, one.kind.code(), one.change, one.astray))
        .collect();
    assert_eq!(
        said,
        [
            (30, "coinbase_used_wrong", Change::Began, 1),
            (37, "publisher_low", Change::Began, 1),
            (55, "publisher_low", Change::Ended, 3),
        ]
    );
    assert_eq!(outcome.losses.told(), Some((Moment { block: 30, time: 360 }, 1)));
    assert_eq!((outcome.losses.by(420), outcome.losses.span().map(|(_, last)| last.block)), (1, Some(48)));
}
