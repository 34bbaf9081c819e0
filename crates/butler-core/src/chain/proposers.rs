//! Reading which of the coming slots belong to our attesters: committee and seed of the epoch at hand and of the next one.
//!
//! What is drawn for an epoch is fixed once it has begun, so that is asked once in each epoch. The next one's seed is another
//! after the first proposal of the epoch at hand (the seed lags by one epoch on mainnet, and committee and proposers follow from it),
//! so the next epoch is asked about again at every new block. A rollup with fewer active attesters than a committee has lets
//! nobody propose: that is an answer. What one of several endpoints told alone is not kept.

use std::collections::{BTreeMap, BTreeSet};

use ethers_contract::EthError as _;
use ethers_core::types::{Address, U256};

use super::convicts::Convicts;
use super::error::{Contract, SnapshotError};
use super::reads::{Answers, Reads, Slot};
use crate::client::l1::L1Client;
use crate::contracts::bindings::rollup;
use crate::contracts::call::{DecodeError, GETTER_GAS};
use crate::contracts::decode;
use crate::domain::block::BlockRef;
use crate::domain::duties::Draw;
use crate::domain::proposers::{COMMITTEE_LIMIT, ComingProposals, own_slots};
use crate::domain::rollup::RollupClock;

/// The function that draws a committee.
const COMMITTEE: &str = "getEpochCommittee";
/// The most slots of an epoch for which proposers are drawn; mainnet has 32.
const SLOT_LIMIT: u64 = 4_096;
/// Gas of drawing one member: about 9,000 where few attesters are, and more cold slots in a long history.
const MEMBER_GAS: u64 = 50_000;
/// Members that a committee is taken to have before one was read.
const PRESUMED_MEMBERS: u64 = 48;

/// What to read.
#[derive(Debug, Clone, Copy)]
pub struct ProposersRequest<'a> {
    /// The rollup.
    pub rollup: Address,
    /// The rollup's clock.
    pub clock: RollupClock,
    /// The attesters that concern us.
    pub own: &'a BTreeSet<Address>,
}

/// Reads coming proposals again and again, at any number of rollups, and remembers what cannot change.
#[derive(Debug, Default)]
pub struct ProposersReader {
    known: BTreeMap<Address, Known>,
    /// Members of the largest committee that was read.
    members: u64,
}

/// What was read of one rollup last.
#[derive(Debug, Clone)]
struct Known {
    block: BlockRef,
    epoch: u64,
    present: Draw,
    /// As of `block`; `None` while it cannot be told.
    next: Option<Draw>,
}

impl ProposersReader {
    /// Reads who proposes from the slot of `pin` to the end of the next epoch. `pin` is the newest block where the answer is for
    /// acting upon: a final one is some slots old.
    ///
    /// # Errors
    /// See [`SnapshotError`]; nothing partial is ever returned. That there is no committee is no error, and neither is that the
    /// next epoch cannot be told yet.
    pub async fn read(
        &mut self,
        client: &L1Client,
        pin: &BlockRef,
        request: &ProposersRequest<'_>,
    ) -> Result<ComingProposals, SnapshotError> {
        let mut convicts = Convicts::default();
        loop {
            match self.read_once(client, pin, request).await {
                Err(error) if convicts.take(client, &error) => {
                    self.known.remove(&request.rollup);
                }
                result => return result,
            }
        }
    }

    async fn read_once(
        &mut self,
        client: &L1Client,
        pin: &BlockRef,
        request: &ProposersRequest<'_>,
    ) -> Result<ComingProposals, SnapshotError> {
        let times = Times::at(pin, request)?;
        // A block before the one that was read is of another branch.
        let is_valid = |known: &&Known| known.epoch == times.present.number && known.block.number <= pin.number;
        let known = self.known.get(&request.rollup).filter(is_valid);
        if let Some(known) = known.filter(|known| known.block.hash == pin.hash) {
            return Ok(times.coming(request, &known.present, known.next.as_ref()));
        }
        let present = known.map(|known| known.present.clone());
        let (draws, is_confirmed) = self.draws(client, pin, request, &times, present).await?;
        let (present, next) = &draws;
        let coming = times.coming(request, present, next.as_ref());
        let largest = next.iter().chain([present]).map(|draw| u64::try_from(draw.committee.len()).unwrap_or(u64::MAX));
        self.members = largest.max().unwrap_or_default().max(self.members);
        // While the next epoch cannot be told its seed lags by no epoch, and so this one may still change as well.
        if is_confirmed && next.is_some() {
            let (present, next) = draws;
            self.known.insert(request.rollup, Known { block: *pin, epoch: times.present.number, present, next });
        }
        Ok(coming)
    }

    /// The draws of both epochs, and whether as many endpoints say so as can be had.
    async fn draws(
        &self,
        client: &L1Client,
        pin: &BlockRef,
        request: &ProposersRequest<'_>,
        times: &Times,
        present: Option<Draw>,
    ) -> Result<((Draw, Option<Draw>), bool), SnapshotError> {
        let gas = committee_gas(self.members.max(PRESUMED_MEMBERS));
        let mut reads = Reads::default();
        let present = present.ok_or_else(|| DrawSlots::plan(&mut reads, request.rollup, times.present, gas));
        let next = DrawSlots::plan(&mut reads, request.rollup, times.next, gas);
        let answers = reads.fetch(client, pin).await?;
        let present = match present {
            Ok(known) => known,
            // An epoch that has begun can be told by every rollup that is known.
            Err(slots) => slots.take(&answers)?.ok_or_else(|| SnapshotError::Unsupported {
                contract: Contract::Rollup,
                address: request.rollup,
                function: COMMITTEE.to_owned(),
            })?,
        };
        let next = next.take(&answers)?;
        let is_confirmed = client.endpoints().len() < 2 || answers.only_giver().is_none();
        Ok(((present, next), is_confirmed))
    }
}

/// What a draw of that many members costs at most.
pub(super) fn committee_gas(members: u64) -> u64 {
    MEMBER_GAS.saturating_mul(members).saturating_add(2 * GETTER_GAS)
}

/// One epoch of the rollup.
#[derive(Debug, Clone, Copy)]
pub(super) struct Epoch {
    pub(super) number: u64,
    /// Its first second.
    start: u64,
    last_slot: u64,
}

impl Epoch {
    /// `None` where it does not fit the clock.
    pub(super) fn of(clock: &RollupClock, number: u64) -> Option<Self> {
        let last_slot = clock.slots_of(number)?.last()?;
        Some(Self { number, start: clock.epoch_start(number)?, last_slot })
    }
}

/// Where in the rollup's time a block lies.
struct Times {
    slot: u64,
    present: Epoch,
    next: Epoch,
}

impl Times {
    fn at(pin: &BlockRef, request: &ProposersRequest<'_>) -> Result<Self, SnapshotError> {
        let clock = &request.clock;
        let nonsense = |problem: &str| SnapshotError::Nonsense {
            contract: Contract::Rollup,
            address: request.rollup,
            giver: None,
            source: DecodeError::nonsense("getEpochDuration", problem),
        };
        // Each slot costs a hash.
        if clock.epoch_slots > SLOT_LIMIT {
            return Err(nonsense("an epoch of too many slots"));
        }
        let times = || {
            let (slot, epoch) = (clock.slot_at(pin.timestamp)?, clock.epoch_at(pin.timestamp)?);
            let next = Epoch::of(clock, epoch.checked_add(1)?)?;
            Some(Self { slot, present: Epoch::of(clock, epoch)?, next })
        };
        times().ok_or_else(|| nonsense("a clock in which the block lies in no epoch"))
    }

    fn coming(&self, request: &ProposersRequest<'_>, present: &Draw, next: Option<&Draw>) -> ComingProposals {
        let of = |draw: &Draw, epoch: Epoch| {
            own_slots(&draw.committee, draw.seed, epoch.number, &request.clock, request.own)
        };
        let mut own = of(present, self.present).split_off(&self.slot);
        own.extend(next.map(|draw| of(draw, self.next)).unwrap_or_default());
        let last = if next.is_some() { self.next.last_slot } else { self.present.last_slot };
        ComingProposals { now: self.slot, last, own }
    }
}

/// What the rollup says of an epoch's committee.
#[derive(Debug)]
enum Told {
    Committee(Vec<Address>),
    /// There are too few attesters.
    Nobody,
    /// Its seed is not fixed yet.
    NotYet,
}

/// Where the answers about one epoch are.
pub(super) struct DrawSlots {
    epoch: u64,
    committee: Slot<Vec<Address>>,
    seed: Slot<U256>,
}

impl DrawSlots {
    pub(super) fn plan(reads: &mut Reads, rollup: Address, epoch: Epoch, gas: u64) -> Self {
        let call = rollup::GetEpochCommitteeCall { epoch: epoch.number.into() };
        let committee = reads.push_telling(Contract::Rollup, rollup, gas, call);
        let call = rollup::GetSampleSeedAtCall { timestamp: epoch.start.into() };
        let seed = reads.push(Contract::Rollup, rollup, GETTER_GAS, call);
        Self { epoch: epoch.number, committee, seed }
    }

    /// The draw; `None` while it cannot be told.
    pub(super) fn take(&self, answers: &Answers) -> Result<Option<Draw>, SnapshotError> {
        match answers.checked_or_reason(&self.committee, committee, |data| reason(data, self.epoch))? {
            // No committee at all: the rollup lets anybody propose, and so nobody in turn.
            Told::Committee(committee) if committee.is_empty() => Ok(Some(Draw::default())),
            Told::Committee(committee) => {
                let seed = answers.checked(&self.seed, seed)?;
                Ok(Some(Draw { committee, seed }))
            }
            Told::Nobody => Ok(Some(Draw::default())),
            Told::NotYet => Ok(None),
        }
    }
}

fn committee(members: Vec<Address>) -> Result<Told, DecodeError> {
    decode::length(COMMITTEE, members.len().into(), COMMITTEE_LIMIT)?;
    members.into_iter().map(|member| decode::present(COMMITTEE, member)).collect::<Result<_, _>>().map(Told::Committee)
}

/// The seed is a hash: an answer that is left empty would be another order of proposers.
fn seed(seed: U256) -> Result<U256, DecodeError> {
    if seed.is_zero() { Err(DecodeError::nonsense("getSampleSeedAt", "a seed of zero")) } else { Ok(seed) }
}

/// What a revert says of `epoch`, for the two reasons that are known.
fn reason(data: &[u8], epoch: u64) -> Option<Told> {
    if let Some(few) = rollup::ValidatorSelection__InsufficientValidatorSetSize::decode_with_selector(data) {
        return (few.actual < few.expected).then_some(Told::Nobody);
    }
    let early = rollup::ValidatorSelection__EpochNotStable::decode_with_selector(data)?;
    (early.queried_epoch == epoch.into()).then_some(Told::NotYet)
}

#[cfg(test)]
mod tests {
    use ethers_core::abi::AbiEncode as _;

    use super::*;

    #[test]
    fn a_committee_that_is_too_long_or_has_a_member_that_is_nobody_and_a_seed_of_zero_cannot_be() {
        let of = |size| committee((1..=size).map(Address::from_low_u64_be).collect());
        assert!(matches!(of(COMMITTEE_LIMIT), Ok(Told::Committee(members)) if members.len() == 1_024));
        assert!(of(COMMITTEE_LIMIT + 1).is_err());
        assert!(committee(vec![Address::repeat_byte(1), Address::zero()]).is_err());
        assert!(seed(U256::zero()).is_err() && seed(U256::one()).is_ok());
    }

    #[test]
    fn only_the_two_reasons_that_fit_the_question_say_something() {
        type Few = rollup::ValidatorSelection__InsufficientValidatorSetSize;
        type Early = rollup::ValidatorSelection__EpochNotStable;
        let few = |actual: u64, expected: u64| Few { actual: actual.into(), expected: expected.into() }.encode();
        let early = |epoch: u64| Early { queried_epoch: epoch.into(), current_timestamp: 1 }.encode();
        assert!(few(3, 4).starts_with(&Few::selector()) && early(7).starts_with(&Early::selector()));
        assert!(matches!(reason(&few(3, 4), 7), Some(Told::Nobody)));
        assert!(reason(&few(4, 4), 7).is_none(), "there are enough");
        assert!(matches!(reason(&early(7), 7), Some(Told::NotYet)));
        assert!(reason(&early(8), 7).is_none(), "it was asked for another epoch");
        for other in [&[][..], &[1, 2, 3, 4], &few(3, 4)[..20]] {
            assert!(reason(other, 7).is_none(), "{other:?}");
        }
    }

    #[test]
    fn the_gas_of_a_draw_grows_with_the_committee() {
        assert_eq!(committee_gas(PRESUMED_MEMBERS), 2_520_000);
        assert!(committee_gas(96) > committee_gas(48) && committee_gas(u64::MAX) == u64::MAX);
    }
}
