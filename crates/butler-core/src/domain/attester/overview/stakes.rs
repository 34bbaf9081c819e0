//! The stakes of each attester, and the coinbase that follows from the one that counts.

use std::collections::{BTreeMap, BTreeSet};

use ethers_core::types::Address;
use serde::Serialize;

use crate::domain::attester::coinbase::{Expectation, Unverified};
use crate::domain::attester::delegation::Delegation;
use crate::domain::attester::deposit::Winner;
use crate::domain::attester::entry_queue::{Refusal, refusals, refusals_at_former};
use crate::domain::attester::fate::{Counting, Fate, FateFacts, WaitingDeposit, counting, fates};
use crate::domain::attester::position::Position;
use crate::domain::attester::view::AttesterView;
use crate::domain::ids::{Coinbase, ProviderId};
use crate::domain::provider::split::{SplitCheck, Unconfirmed};
use crate::domain::rollups::RollupId;
use crate::domain::snapshot::NetworkSnapshot;

/// What became of one stake of an attester.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct StakeRow {
    /// Our provider, whose queue the key came from.
    pub provider_id: ProviderId,
    /// Who staked.
    pub staker: Address,
    /// The rollup that it was staked for; `None` for one of which nothing is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rollup: Option<RollupId>,
    /// Whether that is not the canonical one any more.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_at_former: bool,
    /// The split of that delegation.
    pub coinbase: Coinbase,
    /// The block of the delegation.
    pub block: u64,
    /// What became of its deposit.
    pub fate: Fate,
    /// Whether this is the delegation that counts.
    pub counts: bool,
    /// Why its deposit, which waits, will be refunded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refusal: Option<Refusal>,
    /// The deposit that comes before it and takes its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rival: Option<Rival>,
}

/// A deposit that has the address or the BLS key of another one and comes before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Rival {
    /// How many deposits are before it.
    pub place: u64,
    /// The attester that it is for.
    pub attester: Address,
    /// Who may withdraw it.
    pub withdrawer: Address,
    /// Whether a delegation of our providers made it.
    pub is_ours: bool,
}

/// The stakes of one attester.
#[derive(Debug, Default)]
pub(super) struct Stakes<'a> {
    /// Oldest first.
    delegations: Vec<&'a Delegation>,
    fates: Vec<Fate>,
    counting: Option<Counting>,
    /// The deposits of the delegations, where they wait.
    waiting: Vec<Option<WaitingDeposit<'a>>>,
    /// What comes before them, by rollup and place.
    rivals: BTreeMap<(Address, u64), Rival>,
}

/// The entry queues of all rollups with what is known of their deposits.
#[derive(Debug)]
pub(super) struct EntryQueue<'a> {
    canonical: Address,
    by_attester: BTreeMap<Address, Vec<WaitingDeposit<'a>>>,
}

impl<'a> EntryQueue<'a> {
    pub(super) fn new(snapshot: &'a NetworkSnapshot) -> Self {
        let (attesters, active) = (&snapshot.attesters, snapshot.active_set.as_slice());
        let canonical = refusals(&snapshot.entry_queue, attesters, active);
        let mut queues = vec![(snapshot.rollup.address, &snapshot.entry_queue, canonical)];
        for former in snapshot.former_rollups.iter().rev() {
            let refusals = refusals_at_former(&former.entry_queue, attesters, active);
            queues.push((former.id.address, &former.entry_queue, refusals));
        }
        let mut by_attester = BTreeMap::<Address, Vec<WaitingDeposit<'_>>>::new();
        for (rollup, queue, refusals) in queues {
            for ((place, deposit), refusal) in (0..).zip(queue).zip(refusals) {
                let waiting = WaitingDeposit { rollup, place, deposit, refusal };
                by_attester.entry(deposit.attester).or_default().push(waiting);
            }
        }
        Self { canonical: snapshot.rollup.address, by_attester }
    }

    /// Where an attester waits: the first of its deposits that nothing speaks against, or else the first. Those at the
    /// canonical rollup come before those at former ones.
    pub(super) fn place(&self, attester: Address) -> Option<&WaitingDeposit<'a>> {
        let deposits = self.by_attester.get(&attester)?;
        let good = deposits.iter().find(|waiting| waiting.refusal.is_none());
        good.or(deposits.first())
    }

    /// Whether it is known what the escrow's verifier says of the deposit that has that place.
    pub(super) fn is_checked(&self, attester: Address) -> Option<bool> {
        // Proofs of deposits at former rollups are not looked at.
        let deposit = self.place(attester).filter(|waiting| waiting.rollup == self.canonical)?.deposit;
        Some(deposit.escrow.is_some_and(|escrow| escrow.proof.is_some()))
    }

    fn of(&self, attester: Address) -> &[WaitingDeposit<'a>] {
        self.by_attester.get(&attester).map_or(&[][..], Vec::as_slice)
    }
}

/// The stakes of every attester that has any.
pub(super) fn stakes_of<'a>(snapshot: &'a NetworkSnapshot, queue: &EntryQueue<'a>) -> BTreeMap<Address, Stakes<'a>> {
    let mut all = BTreeMap::<Address, Stakes<'_>>::new();
    for delegation in &snapshot.delegations {
        all.entry(delegation.attester).or_default().delegations.push(delegation);
    }
    for (attester, stakes) in &mut all {
        stakes.delegations.sort_by_key(|delegation| delegation.log);
        let Some(view) = snapshot.attesters.get(attester) else { continue };
        // What a rollup does not tell of it is no fate.
        let known = snapshot.former_rollups.iter().filter(|rollup| !rollup.may_have(*attester, view));
        let former: Vec<Address> = known.map(|rollup| rollup.id.address).collect();
        let facts = FateFacts {
            rollup: snapshot.rollup.address,
            former: &former,
            delegations: &stakes.delegations,
            view,
            waiting: queue.of(*attester),
            winner: snapshot.winners.get(attester).copied(),
        };
        stakes.waiting = facts.waiting_of_each();
        stakes.fates = fates(&facts);
        stakes.counting = Some(counting(&stakes.fates, view.was_active_once()));
    }
    note_rivals(snapshot, &mut all);
    all
}

/// The delegation that counts for each attester, where the chain confirms its split, and whether the attester was ever active.
#[must_use]
pub fn counting_delegations(snapshot: &NetworkSnapshot) -> Vec<(Delegation, bool)> {
    let queue = EntryQueue::new(snapshot);
    let counts = |(attester, stakes): (Address, Stakes<'_>)| {
        stakes.split(snapshot)?;
        Some((*stakes.counts()?, snapshot.attesters.get(&attester)?.was_active_once()))
    };
    stakes_of(snapshot, &queue).into_iter().filter_map(counts).collect()
}

/// Notes at each stake that is overtaken by whom it is.
fn note_rivals(snapshot: &NetworkSnapshot, all: &mut BTreeMap<Address, Stakes<'_>>) {
    let of = |stakes: &Stakes<'_>| {
        stakes.waiting.iter().flatten().map(|waiting| (waiting.rollup, waiting.place)).collect::<Vec<_>>()
    };
    let ours: BTreeSet<(Address, u64)> = all.values().flat_map(of).collect();
    let queue_of = |rollup: Address| {
        let former = snapshot.former_rollups.iter().find(|former| former.id.address == rollup);
        former.map_or(&snapshot.entry_queue, |former| &former.entry_queue)
    };
    for stakes in all.values_mut() {
        for waiting in stakes.waiting.iter().flatten() {
            let Some(Refusal::Overtaken { place }) = waiting.refusal else { continue };
            let first = usize::try_from(place).ok().and_then(|place| queue_of(waiting.rollup).get(place));
            stakes.rivals.extend(first.map(|deposit| {
                let at = (waiting.rollup, place);
                let is_ours = ours.contains(&at);
                (at, Rival { place, attester: deposit.attester, withdrawer: deposit.withdrawer, is_ours })
            }));
        }
    }
}

impl<'a> Stakes<'a> {
    /// The delegation that counts, or the last one where none does.
    pub(super) fn delegation(&self) -> Option<&'a Delegation> {
        self.counts().or_else(|| self.delegations.last().copied())
    }

    fn counts(&self) -> Option<&'a Delegation> {
        match self.counting? {
            Counting::Delegation(place) => self.delegations.get(place).copied(),
            Counting::NoDelegation | Counting::Stranger | Counting::Burnt | Counting::Unknown => None,
        }
    }

    /// Whether all of them were refunded, or will be.
    pub(super) fn are_burnt(&self) -> bool {
        self.counting == Some(Counting::Burnt)
    }

    /// Whether somebody else's deposit made it a validator.
    pub(super) fn are_a_strangers(&self) -> bool {
        self.counting == Some(Counting::Stranger)
    }

    /// The split of the delegation that counts, as far as the chain confirms it.
    pub(super) fn split(&self, snapshot: &NetworkSnapshot) -> Option<Coinbase> {
        let coinbase = self.counts()?.coinbase;
        snapshot.splits.get(&coinbase)?.confirmed().map(|_| coinbase)
    }

    /// Whether the delegation that counts made it what it is, or can.
    fn is_staked(&self) -> bool {
        let Some(Counting::Delegation(place)) = self.counting else { return false };
        matches!(self.fates.get(place), Some(Fate::Succeeded | Fate::Waiting))
    }

    /// What is known of the right coinbase of an attester with these stakes.
    pub(super) fn expectation(
        &self,
        snapshot: &NetworkSnapshot,
        view: &AttesterView,
        position: Position,
        is_dripped: bool,
    ) -> Expectation {
        match position {
            // An address that was a validator once never becomes one again.
            Position::EntryQueue | Position::ProviderQueue if view.was_active_once() => return Expectation::Burnt,
            // The next delegation makes the next split.
            Position::ProviderQueue => return Expectation::Nothing,
            // A key that is there by a stake of ours may have been registered, and taken out, once more since.
            Position::EntryQueue | Position::Validating if is_dripped && !self.is_staked() => {
                let claimed = self.delegation().map(|delegation| delegation.coinbase);
                return Expectation::Unconfirmed { claimed, why: Unverified::Dripped };
            }
            Position::EntryQueue
            | Position::Validating
            | Position::Unregistered
            | Position::Zombie
            | Position::Exiting
            | Position::Withdrawn
            | Position::Unknown => {}
        }
        let coinbase = match self.counting {
            None | Some(Counting::NoDelegation) => return Expectation::Nothing,
            Some(Counting::Stranger) => return Expectation::Strangers,
            Some(Counting::Burnt) => return Expectation::Burnt,
            Some(Counting::Unknown) => {
                let why = match self.delegations.as_slice() {
                    [only] if snapshot.winners.get(&only.attester) == Some(&Winner::Unread) => {
                        let claimed = Some(only.coinbase);
                        return Expectation::Unconfirmed { claimed, why: Unverified::RefundsUnread };
                    }
                    // One of several deposits with that withdrawer was refunded.
                    [only] if view.withdrawer == Some(only.withdrawer.unwrap_or(only.staker)) => {
                        Unverified::SeveralDeposits
                    }
                    [_] => Unverified::OtherWithdrawer,
                    [_, _, ..] | [] => Unverified::SeveralDeposits,
                };
                return Expectation::Unconfirmed { claimed: None, why };
            }
            Some(Counting::Delegation(_)) => match self.counts() {
                Some(delegation) => delegation.coinbase,
                None => return Expectation::Nothing,
            },
        };
        let unconfirmed = |why: Unconfirmed| Expectation::Unconfirmed { claimed: Some(coinbase), why: why.into() };
        match snapshot.splits.get(&coinbase) {
            Some(SplitCheck::Confirmed(_)) => Expectation::Confirmed(coinbase),
            Some(SplitCheck::Unconfirmed(why)) => unconfirmed(*why),
            None => unconfirmed(Unconfirmed::NoSplitBeside),
        }
    }

    /// What became of each, where that is not the plain story of one.
    pub(super) fn rows(&self, snapshot: &NetworkSnapshot) -> Vec<StakeRow> {
        if let [Fate::Waiting | Fate::Succeeded | Fate::Elsewhere] | [] = self.fates.as_slice() {
            return Vec::new();
        }
        let counts = self.counts().map(|delegation| delegation.log);
        let row = |((delegation, fate), waiting): ((&&Delegation, &Fate), &Option<WaitingDeposit<'_>>)| {
            let refusal = waiting.and_then(|waiting| waiting.refusal).filter(|_| *fate == Fate::Doomed);
            let rival = match refusal {
                Some(Refusal::Overtaken { place }) => {
                    waiting.and_then(|waiting| self.rivals.get(&(waiting.rollup, place)).copied())
                }
                Some(
                    Refusal::RollupReplaced
                    | Refusal::AddressUsed
                    | Refusal::BlsKeyUsed
                    | Refusal::ProofTooDear { .. }
                    | Refusal::ProofWrong,
                )
                | None => None,
            };
            StakeRow {
                provider_id: delegation.provider_id,
                staker: delegation.staker,
                rollup: snapshot.rollup_id(delegation.rollup),
                is_at_former: snapshot.former_rollups.iter().any(|former| former.id.address == delegation.rollup),
                coinbase: delegation.coinbase,
                block: delegation.log.block_number,
                fate: *fate,
                counts: counts == Some(delegation.log),
                refusal,
                rival,
            }
        };
        self.delegations.iter().zip(&self.fates).zip(&self.waiting).map(row).collect()
    }
}
