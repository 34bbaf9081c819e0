//! A provider that proposed with wrong coinbases for two months, made anew from one number: as its own tool had sorted them, each of its
//! attesters had the coinbase of another one, while every delegation stayed what it was.
//!
//! The figures are those of the incident that the butler was built for (444 attesters, 63 days) on a network like mainnet: 4,000
//! attesters, committees of 48, slots of 72 seconds, epochs of 32 slots.

use std::collections::{BTreeMap, BTreeSet};

use butler_core::chain::{PastRequest, ReadDuties};
use butler_core::domain::backtest::{Backtest, Moment, Outcome, Setting};
use butler_core::domain::block::BlockRef;
use butler_core::domain::duties::{
    Carried, Done, Draw, Duty, DutyKind, EpochFacts, Expected, Fate, KnownCheckpoint, duties_of,
};
use butler_core::domain::findings::Thresholds;
use butler_core::domain::ids::Coinbase;
use butler_core::domain::proposers::proposer;
use butler_core::domain::rollup::RollupClock;
use ethers_core::types::{Address, H256, U256};

const NETWORK: u64 = 4_000;
const OWN: u64 = 444;
const COMMITTEE: usize = 48;
const DAY: u64 = 1_200;
pub(crate) const CLOCK: RollupClock = RollupClock { genesis_time: 1_700_000_000, slot_seconds: 72, epoch_slots: 32 };
const EPOCHS: std::ops::Range<u64> = 28_140..30_840;
/// The first slot after the file was sorted, on 6 December 2025, and the first one after it was mended, on 7 February 2026.
pub(crate) const WRONG: std::ops::Range<u64> = 902_489..902_489 + 63 * DAY;

/// What happened.
pub(crate) struct TwoMonths {
    pub(crate) own: BTreeSet<Address>,
    pub(crate) expected: Expected,
    pub(crate) read: ReadDuties,
}

/// What is proposed in a slot: slot, the committee by number, the proposer's place in it, and the coinbase.
pub(crate) struct Turn<'a> {
    pub(crate) slot: u64,
    pub(crate) committee: &'a [u64],
    pub(crate) proposer: u64,
    pub(crate) coinbase: Address,
}

/// Chance that is the same every time: splitmix64.
struct Chance(u64);

impl Chance {
    fn draw(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (word ^ (word >> 31)) % below
    }
}

pub(crate) fn block_of(slot: u64) -> u64 {
    (slot - EPOCHS.start * CLOCK.epoch_slots) * 6 + 23_000_000
}

fn block(slot: u64) -> BlockRef {
    BlockRef { number: block_of(slot), hash: H256::zero(), timestamp: CLOCK.slot_start(slot).unwrap() }
}

fn coinbase(number: u64) -> Coinbase {
    Coinbase::try_from(Address::from_low_u64_be(0x00c0_0000 + number)).unwrap()
}

impl TwoMonths {
    /// Attester `n` has the address that `address` says. What a transaction carried is what `carried` makes of it, else what the turn
    /// says. Without `attestations` only turns to propose are told, and only own members of committees.
    pub(crate) fn new(
        address: impl Fn(u64) -> Address,
        attestations: bool,
        mut carried: impl FnMut(&Turn<'_>) -> Option<Carried>,
    ) -> Self {
        let addresses: Vec<Address> = (0..NETWORK).map(address).collect();
        let at = |number: u64| addresses[usize::try_from(number).unwrap()];
        let own: BTreeSet<Address> = (0..OWN).map(at).collect();
        let expected = (0..OWN).map(|number| (at(number), (coinbase(number), 22_000_000))).collect();
        let (mut chance, mut read) = (Chance(444), ReadDuties::default());
        let (first, last) = (EPOCHS.start * CLOCK.epoch_slots, EPOCHS.end * CLOCK.epoch_slots - 1);
        for epoch in EPOCHS {
            let mut members = Vec::with_capacity(COMMITTEE);
            while members.len() < COMMITTEE {
                let member = chance.draw(NETWORK);
                if !members.contains(&member) {
                    members.push(member);
                }
            }
            let draw = Draw {
                committee: members.iter().map(|one| at(*one)).collect(),
                seed: U256::from(chance.draw(u64::MAX)),
            };
            let numbers: BTreeMap<Address, u64> = members.iter().map(|one| (at(*one), *one)).collect();
            let before = read.checkpoints.len();
            for slot in CLOCK.slots_of(epoch).unwrap() {
                let attester = proposer(&draw.committee, draw.seed, epoch, slot).unwrap();
                let number = numbers[&attester];
                // Three slots in a hundred have no checkpoint.
                let is_missed = chance.draw(100) < 3;
                if !attestations && number < OWN {
                    let done = if is_missed { Done::MissedAlone } else { Done::Done };
                    read.duties.push(Duty { slot, attester, kind: DutyKind::Propose, done });
                }
                if is_missed {
                    continue;
                }
                let coinbase = match number {
                    0..OWN if WRONG.contains(&slot) => coinbase((number + 1) % OWN).address(),
                    0..OWN => coinbase(number).address(),
                    _ => Address::repeat_byte(0xee),
                };
                let turn = Turn { slot, committee: &members, proposer: number, coinbase };
                let shown = members.iter().filter(|one| attestations || **one < OWN);
                // Three attestations in two hundred are missing.
                let committee = shown.map(|one| (at(*one), *one == number || chance.draw(200) >= 3)).collect();
                let stated = carried(&turn).map(|carried| Carried { committee: Vec::clone(&committee), ..carried });
                let stated = stated.unwrap_or(Carried { proposer: at(number), coinbase, committee });
                read.checkpoints.push(KnownCheckpoint {
                    number: slot - first,
                    slots: (slot, slot),
                    transaction: H256::from_low_u64_be(slot),
                    block: block_of(slot),
                    fate: Fate::Stands,
                    carried: Some(stated),
                });
            }
            if attestations {
                let checkpoints: Vec<&KnownCheckpoint> = read.checkpoints[before..].iter().collect();
                let facts = EpochFacts {
                    epoch,
                    draw: &draw,
                    clock: &CLOCK,
                    checkpoints: &checkpoints,
                    read: (first, last),
                    is_complete: true,
                };
                read.duties.extend(duties_of(&facts, &own));
            }
        }
        Self { own, expected, read }
    }

    pub(crate) fn replayed(&self) -> Outcome {
        let (first, last) = (block(EPOCHS.start * CLOCK.epoch_slots), block(EPOCHS.end * CLOCK.epoch_slots));
        let request =
            PastRequest { clock: CLOCK, own: Some(&self.own), expected: &self.expected, blocks: (first, last) };
        let [from, to] = [first, last].map(|block| Moment { block: block.number, time: block.timestamp });
        let thresholds = Thresholds::default();
        let setting = Setting { rollup: Address::repeat_byte(0x51), clock: CLOCK, from, slots: DAY, thresholds };
        Backtest::new(setting, &self.own).run(self.read.past(&request), to)
    }
}
