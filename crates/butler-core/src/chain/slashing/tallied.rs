//! The rounds of one tally proposer: who sits in their committees, how they voted, and what that leads to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};

use ethers_core::types::{Address, Bytes};

use super::ballot::Ballot;
use super::request::SlashingRequest;
use crate::chain::error::{Contract, Giver, SnapshotError};
use crate::chain::reads::{Answers, Reads, Slot};
use crate::client::l1::L1Client;
use crate::contracts::bindings::{slasher, tally_slashing_proposer as proposer};
use crate::contracts::call::{DecodeError, GETTER_GAS};
use crate::contracts::decode;
use crate::domain::block::BlockRef;
use crate::domain::slashing::{
    OpenRound, PositionVotes, ProposerFacts, SlashAction, SlashingRules, decide, reaches_nobody, tally,
};

/// Gas of sampling one committee, and of adding up one vote.
const COMMITTEE_GAS: u64 = 2_500_000;
const VOTE_GAS: u64 = 120_000;
/// A round that ended this many seconds ago is not reorged any more.
const SETTLED_SECONDS: u64 = 3_600;

/// One reading of the rounds of a tally proposer.
pub(super) struct Tallied<'a> {
    client: &'a L1Client,
    pin: &'a BlockRef,
    address: Address,
    rules: SlashingRules,
    giver: Option<Giver>,
    request: &'a SlashingRequest<'a>,
    /// Whether one of several endpoints told some of it alone, which is not kept.
    is_unconfirmed: AtomicBool,
}

impl<'a> Tallied<'a> {
    pub(super) fn new(
        (client, pin): (&'a L1Client, &'a BlockRef),
        address: Address,
        rules: SlashingRules,
        giver: Option<Giver>,
        request: &'a SlashingRequest<'a>,
    ) -> Self {
        Self { client, pin, address, rules, giver, request, is_unconfirmed: AtomicBool::new(false) }
    }

    async fn fetch(&self, reads: Reads) -> Result<Answers, SnapshotError> {
        let answers = reads.fetch(self.client, self.pin).await?;
        if self.client.endpoints().len() > 1 && answers.only_giver().is_some() {
            self.is_unconfirmed.store(true, Ordering::Relaxed);
        }
        Ok(answers)
    }

    pub(super) async fn read(&self, settled: &mut BTreeMap<u64, Ballot>) -> Result<ProposerFacts, SnapshotError> {
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
        if !self.is_unconfirmed.load(Ordering::Relaxed) {
            settled.extend(ballots.iter().filter(|(round, _)| is_settled(**round)).map(|(r, b)| (*r, b.clone())));
        }
        let rounds = ballots.into_iter().map(|(round, ballot)| OpenRound {
            round,
            vote_count: ballot.vote_count,
            committees: ballot.committees,
            votes: ballot.votes,
            actions: ballot.actions,
            is_vetoed: vetoed.contains(&round),
        });
        let rounds = rounds.collect();
        Ok(ProposerFacts { address: self.address, rules: *rules, current_round, current_votes, current_end, rounds })
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
        let answers = self.fetch(reads).await?;
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
        let answers = self.fetch(reads).await?;
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
        let answers = self.fetch(reads).await?;
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
        let answers = self.fetch(reads).await?;
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
        let answers = self.fetch(reads).await?;
        for (round, slot) in &payloads {
            if let Some(ballot) = ballots.get_mut(round) {
                ballot.payload = Some(answers.get(slot)?);
            }
        }
        Ok(())
    }

    /// The rounds whose payloads are vetoed, which may happen at any time.
    async fn vetoed<'b>(
        &self,
        ballots: impl Iterator<Item = (&'b u64, &'b Ballot)>,
    ) -> Result<BTreeSet<u64>, SnapshotError> {
        let mut reads = Reads::default();
        let slots: Vec<(u64, Slot<bool>)> = ballots
            .filter_map(|(round, ballot)| {
                let call = slasher::VetoedPayloadsCall { payload: ballot.payload? };
                Some((*round, reads.push(Contract::Slasher, self.request.slasher, GETTER_GAS, call)))
            })
            .collect();
        let answers = self.fetch(reads).await?;
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
