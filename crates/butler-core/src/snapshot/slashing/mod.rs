//! Reading how slashing stands: the slasher, its tally proposer, and every round that may still be executed.
//!
//! Everything is read at one block. Rounds in which no attester of ours can be slashed cost their committees only, and
//! what a round that ended long ago holds is read once. Votes are added up here; what they lead to is the contract's word.

mod rules;

use std::collections::{BTreeMap, BTreeSet};

use ethers_core::types::{Address, Bytes, U256};

use self::rules::{RuleSlots, if_answered, read_kind};
use super::convicts::Convicts;
use super::error::{Contract, Giver, SnapshotError};
use super::reads::{Answers, Reads, Slot};
use crate::client::l1::L1Client;
use crate::contracts::bindings::{slasher, tally_slashing_proposer as proposer};
use crate::contracts::call::{DecodeError, GETTER_GAS};
use crate::contracts::decode;
use crate::domain::block::BlockRef;
use crate::domain::rollup::RollupClock;
use crate::domain::slashing::{
    Blindness, OpenRound, PositionVotes, ProposerFacts, SlashAction, SlashingFacts, SlashingProposer, SlashingRules,
    decide, reaches_nobody, tally,
};

/// Gas of sampling one committee, and of adding up one vote.
const COMMITTEE_GAS: u64 = 2_500_000;
const VOTE_GAS: u64 = 120_000;
/// A round that ended this many seconds ago is not reorged any more.
const SETTLED_SECONDS: u64 = 3_600;
/// How many blocks later the only endpoint is asked once more about what it told of such a round.
const SECOND_LOOK: u64 = 64;

/// What to read.
#[derive(Debug, Clone, Copy)]
pub struct SlashingRequest<'a> {
    /// The rollup's slasher; zero where there is none.
    pub slasher: Address,
    /// The rollup's clock.
    pub clock: RollupClock,
    /// The attesters that matter.
    pub own: &'a BTreeSet<Address>,
}

/// Reads slashing again and again, and remembers what cannot change.
#[derive(Debug, Default)]
pub struct SlashingReader {
    /// The proposer that was found last.
    proposer: Option<Address>,
    settled: BTreeMap<u64, Ballot>,
    /// The first block at which something that is still remembered was read.
    settled_at: Option<u64>,
}

/// What the votes of one round amount to.
#[derive(Debug, Clone, Default)]
struct Ballot {
    vote_count: u64,
    committees: Vec<Vec<Address>>,
    votes: Vec<PositionVotes>,
    actions: Vec<SlashAction>,
    payload: Option<Address>,
}

impl SlashingReader {
    /// Reads slashing at `pin`.
    ///
    /// # Errors
    /// See [`SnapshotError`]; nothing partial is ever returned. A slasher whose votes cannot be read is no error: the facts
    /// say so.
    pub async fn read(
        &mut self,
        client: &L1Client,
        pin: &BlockRef,
        request: &SlashingRequest<'_>,
    ) -> Result<SlashingFacts, SnapshotError> {
        let mut convicts = Convicts::default();
        loop {
            match self.read_once(client, pin, request).await {
                Err(error) if convicts.take(client, &error) => *self = Self::default(),
                result => return result,
            }
        }
    }

    async fn read_once(
        &mut self,
        client: &L1Client,
        pin: &BlockRef,
        request: &SlashingRequest<'_>,
    ) -> Result<SlashingFacts, SnapshotError> {
        // What one endpoint alone told is not believed for ever.
        let is_old = |at: &mut u64| pin.number >= at.saturating_add(SECOND_LOOK);
        if client.endpoints().len() < 2 && self.settled_at.take_if(is_old).is_some() {
            self.settled.clear();
        }
        let (found, paused_until) = self.recognise(client, pin, request.slasher).await?;
        let proposer = match found {
            Found::NoSlasher => SlashingProposer::NoSlasher,
            Found::Blind(why) => SlashingProposer::Unreadable(why),
            Found::Tally(address, rules, giver) => {
                self.settled_at.get_or_insert(pin.number);
                let tallied = Tallied { client, pin, address, rules: *rules, giver, request };
                SlashingProposer::Tally(tallied.read(&mut self.settled).await?)
            }
        };
        Ok(SlashingFacts { block: *pin, paused_until, proposer })
    }

    /// Why votes cannot be seen at `pin`; `None` when they can, or when there is no slasher. Reads no votes.
    ///
    /// # Errors
    /// See [`SnapshotError`].
    pub async fn blindness(
        &mut self,
        client: &L1Client,
        pin: &BlockRef,
        slasher: Address,
    ) -> Result<Option<Blindness>, SnapshotError> {
        let mut convicts = Convicts::default();
        loop {
            match self.recognise(client, pin, slasher).await {
                Ok((Found::Blind(why), _)) => return Ok(Some(why)),
                Ok((Found::NoSlasher | Found::Tally(..), _)) => return Ok(None),
                Err(error) if convicts.take(client, &error) => *self = Self::default(),
                Err(error) => return Err(error),
            }
        }
    }

    /// Finds out who proposes slashes, and until when slashing is paused.
    async fn recognise(
        &mut self,
        client: &L1Client,
        pin: &BlockRef,
        slasher: Address,
    ) -> Result<(Found, Option<u64>), SnapshotError> {
        if slasher.is_zero() {
            return Ok((Found::NoSlasher, None));
        }
        let mut reads = Reads::default();
        let contract = Contract::Slasher;
        let address: Slot<Address> = reads.push_if_supported(contract, slasher, GETTER_GAS, slasher::ProposerCall);
        let paused: Slot<U256> =
            reads.push_if_supported(contract, slasher, GETTER_GAS, slasher::SlashingDisabledUntilCall);
        // Asked beside the slasher: a proposer that was known before is most likely still the one.
        let known = self.proposer.map(|known| (known, RuleSlots::plan(&mut reads, known)));
        let answers = reads.fetch(client, pin).await?;
        // The first slashers could not be paused.
        let until = answers.get_if_supported(&paused)?.map(|until| u64::try_from(until).unwrap_or(u64::MAX));
        let paused_until = until.filter(|until| *until > pin.timestamp);
        let Some(address) = if_answered(answers.get(&address))?.and_then(decode::optional) else {
            return Ok((Found::Blind(Blindness::NoProposer), paused_until));
        };
        let (slots, answers) = match known {
            Some((known, slots)) if known == address => (slots, answers),
            Some(_) | None => {
                *self = Self { proposer: Some(address), ..Self::default() };
                let mut reads = Reads::default();
                let slots = RuleSlots::plan(&mut reads, address);
                (slots, reads.fetch(client, pin).await?)
            }
        };
        let found = match slots.take(&answers, address)? {
            Some(rules) => Found::Tally(address, Box::new(rules), answers.only_giver().cloned()),
            None => {
                self.settled.clear();
                Found::Blind(read_kind(client, pin, address).await?)
            }
        };
        Ok((found, paused_until))
    }
}

/// Who proposes slashes.
enum Found {
    NoSlasher,
    Blind(Blindness),
    /// With whoever alone told the rules.
    Tally(Address, Box<SlashingRules>, Option<Giver>),
}

/// One reading of the rounds of a tally proposer.
struct Tallied<'a> {
    client: &'a L1Client,
    pin: &'a BlockRef,
    address: Address,
    rules: SlashingRules,
    giver: Option<Giver>,
    request: &'a SlashingRequest<'a>,
}

impl Tallied<'_> {
    async fn read(&self, settled: &mut BTreeMap<u64, Ballot>) -> Result<ProposerFacts, SnapshotError> {
        let (rules, clock) = (&self.rules, &self.request.clock);
        let times = || {
            let round = rules.round_at(clock, self.pin.timestamp)?;
            Some((round, rules.voting_end(clock, round)?))
        };
        let (current_round, current_end) = times().ok_or_else(|| SnapshotError::Nonsense {
            contract: Contract::SlashingProposer,
            address: self.address,
            giver: self.giver.clone(),
            source: DecodeError::nonsense("ROUND_SIZE", "a round that lies in no time"),
        })?;
        let counts = self.vote_counts(current_round).await?;
        let current_votes = counts.get(&current_round).copied().unwrap_or_default();
        settled.retain(|round, ballot| counts.get(round) == Some(&ballot.vote_count));
        let mut ballots = self.ballots(&counts, settled).await?;
        self.decide(&mut ballots).await?;
        let vetoed = self.vetoed(ballots.iter().chain(&*settled)).await?;
        ballots.extend(settled.iter().map(|(round, ballot)| (*round, ballot.clone())));
        let is_settled = |round: u64| {
            let end = rules.voting_end(clock, round).and_then(|end| end.checked_add(SETTLED_SECONDS));
            end.is_some_and(|end| end <= self.pin.timestamp)
        };
        settled.extend(ballots.iter().filter(|(round, _)| is_settled(**round)).map(|(r, b)| (*r, b.clone())));
        let rounds = ballots.into_iter().map(|(round, ballot)| OpenRound {
            round,
            vote_count: ballot.vote_count,
            committees: ballot.committees,
            votes: ballot.votes,
            actions: ballot.actions,
            is_vetoed: vetoed.contains(&round),
        });
        Ok(ProposerFacts { rules: *rules, current_round, current_votes, current_end, rounds: rounds.collect() })
    }

    fn itself(&self) -> (Contract, Address) {
        (Contract::SlashingProposer, self.address)
    }

    fn push<C, R>(&self, reads: &mut Reads, gas: u64, call: C) -> Slot<R>
    where
        C: ethers_contract::EthCall + ethers_core::abi::AbiEncode,
    {
        reads.push(Contract::SlashingProposer, self.address, gas, call)
    }

    /// Votes in each round that may still be executed and was not.
    async fn vote_counts(&self, current: u64) -> Result<BTreeMap<u64, u64>, SnapshotError> {
        let mut reads = Reads::default();
        let slots: Vec<(u64, Slot<proposer::GetRoundReturn>)> = self
            .rules
            .open_rounds(current)
            .map(|round| (round, self.push(&mut reads, GETTER_GAS, proposer::GetRoundCall { round: round.into() })))
            .collect();
        let answers = reads.fetch(self.client, self.pin).await?;
        let mut counts = BTreeMap::new();
        for (round, slot) in &slots {
            let limit = self.rules.round_slots;
            let (is_executed, votes) = answers
                .checked(slot, |found| Ok((found.is_executed, decode::length("getRound", found.vote_count, limit)?)))?;
            if !is_executed && votes > 0 {
                counts.insert(*round, votes);
            }
        }
        Ok(counts)
    }

    fn concerns_us(&self, committees: &[Vec<Address>]) -> bool {
        committees.iter().flatten().any(|attester| self.request.own.contains(attester))
    }

    /// Committees and votes of the rounds that are not known yet. A settled one that concerns us only now is read again.
    async fn ballots(
        &self,
        counts: &BTreeMap<u64, u64>,
        settled: &mut BTreeMap<u64, Ballot>,
    ) -> Result<BTreeMap<u64, Ballot>, SnapshotError> {
        settled.retain(|_, ballot| !ballot.votes.is_empty() || !self.concerns_us(&ballot.committees));
        let wanted: Vec<(u64, u64)> =
            counts.iter().filter(|(round, _)| !settled.contains_key(round)).map(|(r, c)| (*r, *c)).collect();
        let mut reads = Reads::default();
        let gas = COMMITTEE_GAS.saturating_mul(self.rules.round_epochs);
        let slots: Vec<Slot<proposer::GetSlashTargetCommitteesReturn>> = wanted
            .iter()
            .map(|(round, _)| {
                let call = proposer::GetSlashTargetCommitteesCall { round: (*round).into() };
                self.push(&mut reads, gas, call)
            })
            .collect();
        let answers = reads.fetch(self.client, self.pin).await?;
        let mut ballots = BTreeMap::new();
        for ((round, vote_count), slot) in wanted.iter().zip(&slots) {
            let committees = answers.checked(slot, |found| checked_committees(&self.rules, found.committees))?;
            ballots.insert(*round, Ballot { vote_count: *vote_count, committees, ..Ballot::default() });
        }
        let mut reads = Reads::default();
        let mut slots: BTreeMap<u64, Vec<Slot<Bytes>>> = BTreeMap::new();
        for (round, ballot) in ballots.iter().filter(|(_, ballot)| self.concerns_us(&ballot.committees)) {
            let of_round = (0..ballot.vote_count).map(|index| {
                let call = proposer::GetVotesCall { round: (*round).into(), index: index.into() };
                self.push(&mut reads, GETTER_GAS, call)
            });
            slots.insert(*round, of_round.collect());
        }
        let answers = reads.fetch(self.client, self.pin).await?;
        for (round, slots) in &slots {
            let votes = self.add_up(&answers, slots)?;
            if let Some(ballot) = ballots.get_mut(round) {
                ballot.votes = votes;
            }
        }
        Ok(ballots)
    }

    fn add_up(&self, answers: &Answers, slots: &[Slot<Bytes>]) -> Result<Vec<PositionVotes>, SnapshotError> {
        let votes: Vec<Bytes> = slots.iter().map(|slot| answers.get(slot)).collect::<Result<_, _>>()?;
        tally(&self.rules, votes.iter().map(|vote| &vote[..]))
            .map_err(|error| answers.nonsense(self.itself(), "getVotes", error.to_string()))
    }

    fn reaches_nobody(&self, ballot: &Ballot) -> bool {
        reaches_nobody(&self.rules, &ballot.committees, &ballot.votes)
    }

    /// Asks the contract what it would do in rounds whose votes reach the quorum, and under which payload.
    async fn decide(&self, ballots: &mut BTreeMap<u64, Ballot>) -> Result<(), SnapshotError> {
        let mut reads = Reads::default();
        let mut slots: Vec<(u64, Vec<SlashAction>, Slot<Vec<proposer::SlashAction>>)> = Vec::new();
        for (round, ballot) in ballots.iter() {
            let ours = decide(&self.rules, &ballot.committees, &ballot.votes);
            if !ours.is_empty() {
                let call = proposer::GetTallyCall { round: (*round).into(), committees: ballot.committees.clone() };
                let gas = VOTE_GAS.saturating_mul(ballot.vote_count).saturating_add(GETTER_GAS);
                slots.push((*round, ours, self.push(&mut reads, gas, call)));
            }
        }
        let answers = reads.fetch(self.client, self.pin).await?;
        let mut reads = Reads::default();
        let mut payloads: Vec<(u64, Slot<Address>)> = Vec::new();
        for (round, ours, slot) in &slots {
            let actions = match answers.get_if_supported(slot)? {
                Some(actions) => actions,
                // The round cannot be executed either.
                None if ballots.get(round).is_some_and(|ballot| self.reaches_nobody(ballot)) => Vec::new(),
                None => answers.get(slot)?,
            };
            let found: Vec<SlashAction> = actions
                .iter()
                .map(|action| SlashAction { attester: action.validator, amount: action.slash_amount })
                .collect();
            // The contract may leave out whole epochs, and nothing else.
            if !found.iter().all(|action| ours.contains(action)) {
                return Err(answers.nonsense(self.itself(), "getTally", "slashes that the votes do not decide"));
            }
            if !found.is_empty() {
                let call = proposer::GetPayloadAddressCall { round: (*round).into(), actions };
                payloads.push((*round, self.push(&mut reads, VOTE_GAS, call)));
            }
            if let Some(ballot) = ballots.get_mut(round) {
                ballot.actions = found;
            }
        }
        let answers = reads.fetch(self.client, self.pin).await?;
        for (round, slot) in &payloads {
            if let Some(ballot) = ballots.get_mut(round) {
                ballot.payload = Some(answers.get(slot)?);
            }
        }
        Ok(())
    }

    /// The rounds whose payloads are vetoed, which may happen at any time.
    async fn vetoed<'a>(
        &self,
        ballots: impl Iterator<Item = (&'a u64, &'a Ballot)>,
    ) -> Result<BTreeSet<u64>, SnapshotError> {
        let mut reads = Reads::default();
        let slots: Vec<(u64, Slot<bool>)> = ballots
            .filter_map(|(round, ballot)| {
                let call = slasher::VetoedPayloadsCall { payload: ballot.payload? };
                Some((*round, reads.push(Contract::Slasher, self.request.slasher, GETTER_GAS, call)))
            })
            .collect();
        let answers = reads.fetch(self.client, self.pin).await?;
        let mut vetoed = BTreeSet::new();
        for (round, slot) in &slots {
            if answers.get(slot)? {
                vetoed.insert(*round);
            }
        }
        Ok(vetoed)
    }
}

fn checked_committees(rules: &SlashingRules, committees: Vec<Vec<Address>>) -> Result<Vec<Vec<Address>>, DecodeError> {
    let is_one =
        |committee: &Vec<Address>| committee.is_empty() || u64::try_from(committee.len()) == Ok(rules.committee_size);
    if u64::try_from(committees.len()) == Ok(rules.round_epochs) && committees.iter().all(is_one) {
        return Ok(committees);
    }
    Err(DecodeError::nonsense("getSlashTargetCommittees", "committees of another number or size than the rules say"))
}
