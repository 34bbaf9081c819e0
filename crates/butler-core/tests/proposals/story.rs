//! The story of two months: when butler speaks, and how many proposals were lost by then.

use std::collections::BTreeMap;

use butler_core::contracts::propose::Calldata;
use butler_core::domain::backtest::{Change, Said};
use butler_core::domain::duties::Carried;
use butler_core::domain::findings::{FindingKind, Severity};
use butler_core::domain::proposals::ProposeVersion;
use butler_core::text::address::checksummed;
use ethers_core::types::Address;

use super::fixture::by_committee;
use super::made::{self, ROLLUP, Wish, decoder};
use super::two_months::{CLOCK, Turn, TwoMonths, WRONG, block_of};

/// The exporter's usual pace in seconds, and how far its ticks are from the slots'.
const SCRAPE: u64 = 60;
const TICK: u64 = 37;
const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;

/// What the product reads of a real transaction that proposes this.
fn through_calldata(turn: &Turn<'_>) -> Carried {
    let committee = turn.committee.iter().map(|one| (*one, *one == turn.proposer)).collect();
    let (slot, coinbase, proposer) = (turn.slot, turn.coinbase, turn.proposer);
    let made = Wish { version: ProposeVersion::V4, slot, coinbase, committee, proposer }.made();
    let proposal = by_committee(decoder().logged(Calldata { to: Some(ROLLUP), input: &made.call }, &made.log).unwrap());
    assert_eq!(proposal.checkpoint.slot, slot);
    Carried { proposer: proposal.proposer, coinbase: proposal.checkpoint.coinbase, committee: Vec::new() }
}

/// The first time at or after `time` at which the exporter looks.
fn looked(time: u64) -> u64 {
    (time - TICK).div_ceil(SCRAPE) * SCRAPE + TICK
}

/// The first such change of each attester.
fn of_change(said: &[&Said], is_it: impl Fn(&Said) -> bool) -> BTreeMap<String, u64> {
    let mut first = BTreeMap::new();
    for one in said.iter().filter(|one| is_it(one)) {
        first.entry(one.subject.to_string()).or_insert(one.at.block);
    }
    first
}

#[test]
fn butler_speaks_at_the_first_of_thousands_of_wrong_proposals() {
    let (mut decoded, sorted) = (0_u64, CLOCK.slot_start(WRONG.start).unwrap());
    // Those of whom there are keys, in the first five days.
    let story = TwoMonths::new(made::address, false, |turn| {
        let is_real = turn.proposer < 100 && (WRONG.start..WRONG.start + 6_000).contains(&turn.slot);
        is_real.then(|| {
            decoded += 1;
            through_calldata(turn)
        })
    });
    let outcome = story.replayed();
    let losses = &outcome.losses;

    // Counted by hand: every proposal of ours between the two dates.
    let mut lost = BTreeMap::<Address, Vec<u64>>::new();
    for one in &story.read.checkpoints {
        let proposer = one.carried.as_ref().unwrap().proposer;
        if story.own.contains(&proposer) && WRONG.contains(&one.slots.0) {
            lost.entry(proposer).or_default().push(one.slots.0);
        }
    }
    let count: usize = lost.values().map(Vec::len).sum();
    assert_eq!((losses.count(), losses.by_attester.len()), (u64::try_from(count).unwrap(), lost.len()));
    for (attester, slots) in &lost {
        let loss = losses.by_attester[attester];
        let (at, when_told) = loss.told.unwrap();
        assert_eq!((at.block, when_told), (block_of(slots[0]), 1), "each is told at its own first one");
    }

    // What is said, and nothing else of coinbases.
    let of_coinbases = |one: &&Said| one.kind == FindingKind::CoinbaseUsedWrong;
    let said: Vec<&Said> = outcome.said.iter().filter(of_coinbases).collect();
    let began: BTreeMap<String, u64> = of_change(&said, |one| one.change == Change::Began);
    let firsts = lost.iter().map(|(attester, slots)| (checksummed(attester).to_string(), block_of(slots[0])));
    assert_eq!(began, firsts.collect(), "at its own first one, and once");
    assert!(said.iter().all(|one| one.change != Change::Began || one.severity == Severity::Critical));
    // It is not critical any more, or over where the last wrong one is more than a day ago, at the first right one.
    let mended = of_change(&said, |one| one.change == Change::Eased || one.change == Change::Ended);
    let mut right = BTreeMap::new();
    for one in story.read.checkpoints.iter().filter(|one| one.slots.0 >= WRONG.end) {
        let proposer = one.carried.as_ref().unwrap().proposer;
        if lost.contains_key(&proposer) {
            right.entry(checksummed(&proposer).to_string()).or_insert(one.block);
        }
    }
    assert_eq!(mended, right);

    // The figures of docs/duties.md.
    let (told, when_told) = losses.told().unwrap();
    let seen = looked(told.time + 12);
    let epoch_ends = CLOCK.epoch_start(CLOCK.epoch_at(told.time).unwrap() + 1).unwrap();
    let firsts: Vec<u64> = losses.by_attester.values().map(|loss| loss.first.1.time).collect();
    let by = |time: u64| firsts.iter().filter(|first| **first <= time).count();
    let last = *firsts.iter().max().unwrap();
    let figures = [
        ("real transactions", decoded),
        ("lost in all", losses.count()),
        ("attesters", u64::try_from(lost.len()).unwrap()),
        ("seconds until the first one", told.time - sorted),
        ("lost when a replay speaks", when_told),
        ("seconds until a scrape a minute sees it", seen - told.time),
        ("lost by then", losses.by(seen)),
        ("lost by the end of its epoch", losses.by(epoch_ends)),
        ("lost an hour later", losses.by(told.time + HOUR)),
        ("lost a day later", losses.by(told.time + DAY)),
        ("attesters told after a day", u64::try_from(by(told.time + DAY)).unwrap()),
        ("attesters told after a week", u64::try_from(by(told.time + 7 * DAY)).unwrap()),
        ("days until the last attester is told", (last - sorted) / DAY),
    ];
    let page = include_str!("../../../../docs/duties.md");
    let table: String = figures.iter().map(|(what, figure)| format!("| {what} | {figure} |\n")).collect();
    assert!(page.contains(&table), "docs/duties.md must have\n{table}");
}
