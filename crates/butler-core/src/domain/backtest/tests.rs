//! The engine against whoever judges everything anew at every block.

use std::collections::{BTreeMap, BTreeSet};

use ethers_core::types::{Address, H256};
use proptest::prelude::*;

use super::*;
use crate::domain::duties::{DutiesSeen, Expected, Fate, SeenProposal, proofs, used};
use crate::domain::findings::{Finding, FindingKind, Severity, Subject};
use crate::domain::ids::Coinbase;
use crate::domain::rollup::RollupClock;

const CLOCK: RollupClock = RollupClock { genesis_time: 0, slot_seconds: 72, epoch_slots: 4 };
const FROM: Moment = Moment { block: 0, time: 0 };
const SETTING: Setting = Setting { rollup: Address::zero(), clock: CLOCK, from: FROM, slots: 1_000 };

fn attester(number: u8) -> Address {
    Address::repeat_byte(number + 1)
}

fn right(number: u8) -> Coinbase {
    Coinbase::try_from(Address::repeat_byte(number + 100)).unwrap()
}

/// What is wrong by proofs alone: the last proposal paid somebody else, which is worst at every third one.
fn by_proofs(seen: &DutiesSeen, expected: &Expected, _now: u64) -> Vec<Finding> {
    let proofs = proofs(&seen.proposals, expected);
    let astray = proofs.into_iter().filter(|(_, proof)| proof.is_astray());
    let finding = |(attester, proof): (Address, crate::domain::duties::CoinbaseProof)| {
        let severity = if proof.astray.len() % 3 == 0 { Severity::Critical } else { Severity::Warning };
        Finding::new(FindingKind::CoinbaseWrong, severity, Subject::Attester(attester), "it paid somebody else")
    };
    astray.map(finding).collect()
}

/// What happens at a slot: who proposes with which coinbase, and whether somebody is delegated before.
#[derive(Debug, Clone, Copy)]
struct Step {
    proposer: u8,
    coinbase: u8,
    delegated: Option<u8>,
    cut: bool,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (0_u8..4, 0_u8..3, prop::option::weighted(0.3, 0_u8..4), prop::bool::weighted(0.1));
    let step = step.prop_map(|(proposer, coinbase, delegated, cut)| Step { proposer, coinbase, delegated, cut });
    prop::collection::vec(step, 0..60)
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
            _ => Address::repeat_byte(0xee),
        };
        let (transaction, fate) = (H256::from_low_u64_be(slot), Fate::Stands);
        let one = SeenProposal { number: slot, slot, proposer, coinbase, transaction, block: at.block, fate };
        past.push(Past { at, fact: Fact::Proposed(one) });
        if step.cut {
            past.push(Past { at, fact: Fact::Cut { proposer, slot, fate: Fate::Invalidated(at.block) } });
        }
    }
    past
}

/// Everything that was known up to a block.
fn known(past: &[Past], block: u64) -> (Vec<SeenProposal>, Expected) {
    let (mut proposals, mut expected) = (Vec::new(), Expected::new());
    for one in past.iter().filter(|one| one.at.block <= block) {
        match &one.fact {
            Fact::Expects { attester, coinbase, since } => drop(expected.insert(*attester, (*coinbase, *since))),
            Fact::Proposed(one) => proposals.push(*one),
            Fact::Cut { .. }
            | Fact::Duty(_)
            | Fact::Rates { .. }
            | Fact::Hatch(_)
            | Fact::Gap(_)
            | Fact::Unread(..)
            | Fact::State(_) => {}
        }
    }
    (proposals, expected)
}

fn judged_at(past: &[Past], block: u64) -> BTreeMap<Subject, Severity> {
    let (proposals, expected) = known(past, block);
    let seen = DutiesSeen {
        rollup: SETTING.rollup,
        clock: CLOCK,
        blocks: (0, block),
        slots: (0, block / 6),
        proposals,
        duties: Vec::new(),
        network: crate::domain::duties::NetworkRates::default(),
        hatches: BTreeSet::new(),
        gap: None,
        unread: BTreeMap::new(),
    };
    by_proofs(&seen, &expected, 0).into_iter().map(|finding| (finding.subject, finding.severity)).collect()
}

proptest! {
    #[test]
    fn what_is_said_is_what_somebody_says_who_judges_everything_at_every_block(steps in steps()) {
        let past = past(&steps);
        let last = Moment { block: 10_000, time: 100_000 };
        let outcome = Backtest::new(SETTING, &by_proofs).run(past.clone(), last);
        let blocks: BTreeSet<u64> = past.iter().map(|one| one.at.block).collect();
        prop_assert_eq!(outcome.blocks, u64::try_from(blocks.len()).unwrap());
        let (mut open, mut expected) = (BTreeMap::<Subject, (Severity, Severity)>::new(), BTreeSet::new());
        for block in blocks {
            let now = judged_at(&past, block);
            for (subject, severity) in &now {
                let change = match open.get(subject) {
                    None => "began",
                    Some((before, _)) if severity < before => "worsened",
                    Some((before, _)) if severity > before => "eased",
                    Some(_) => continue,
                };
                expected.insert((block, change, subject.clone(), *severity));
            }
            open.retain(|subject, (_, worst)| {
                let stays = now.contains_key(subject);
                if !stays {
                    expected.insert((block, "ended", subject.clone(), *worst));
                }
                stays
            });
            for (subject, severity) in now {
                let (before, worst) = open.entry(subject).or_insert((severity, severity));
                (*before, *worst) = (severity, severity.min(*worst));
            }
        }
        let said = outcome.said.iter().map(|one| (one.at.block, one.change.name(), one.subject.clone(), one.severity));
        prop_assert_eq!(said.collect::<BTreeSet<_>>(), expected);
        let left: BTreeMap<Subject, (Severity, Severity)> =
            outcome.open.into_iter().map(|one| (one.subject, (one.severity, one.worst))).collect();
        prop_assert_eq!(left, open);
    }

    #[test]
    fn what_is_open_at_the_end_is_what_one_look_at_everything_finds(steps in steps()) {
        let past = past(&steps);
        let outcome = Backtest::new(SETTING, &by_proofs).run(past.clone(), Moment { block: 10_000, time: 100_000 });
        let open: BTreeSet<Subject> = outcome.open.iter().map(|one| one.subject.clone()).collect();
        prop_assert_eq!(open, judged_at(&past, 10_000).into_keys().collect::<BTreeSet<_>>());
        // A proposal before its delegation is nobody's loss.
        let (proposals, expected) = known(&past, 10_000);
        let astray = proposals.iter().filter(|one| {
            used(one.coinbase, one.proposer, one.block, expected.get(&one.proposer).copied()).is_astray()
        });
        prop_assert_eq!(outcome.losses.count(), u64::try_from(astray.count()).unwrap());
        let sum: u64 = outcome.losses.by_attester.values().map(|loss| loss.count).sum();
        prop_assert_eq!((sum, outcome.losses.by(u64::MAX)), (outcome.losses.count(), outcome.losses.count()));
    }
}

fn wrong(slot: u64, number: u8) -> Past {
    let at = Moment { block: slot * 6, time: slot * 72 };
    let (proposer, transaction) = (attester(number), H256::from_low_u64_be(slot));
    let coinbase = Address::repeat_byte(0xee);
    let one = SeenProposal { number: slot, slot, proposer, coinbase, transaction, block: at.block, fate: Fate::Stands };
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
    let outcome = Backtest::new(SETTING, &by_proofs).run(past, Moment { block: 100, time: 1_200 });
    let said: Vec<_> = outcome.said.iter().map(|one| (one.at.block, one.kind.code(), one.change, one.astray)).collect();
    assert_eq!(
        said,
        [
            (30, "coinbase_wrong", Change::Began, 1),
            (37, "publisher_low", Change::Began, 1),
            (48, "coinbase_wrong", Change::Worsened, 3),
            (55, "publisher_low", Change::Ended, 3),
        ]
    );
    assert_eq!(outcome.losses.told(), Some((Moment { block: 48, time: 576 }, 3)));
    assert_eq!((outcome.losses.by(420), outcome.losses.span().map(|(_, last)| last.block)), (1, Some(48)));
}
