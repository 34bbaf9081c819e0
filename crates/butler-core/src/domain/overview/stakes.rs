//! The stakes of each attester, and the coinbase that follows from the one that counts.

use std::collections::BTreeMap;

use ethers_core::types::Address;
use serde::Serialize;

use crate::domain::coinbase::{Expectation, Unverified};
use crate::domain::delegation::Delegation;
use crate::domain::fate::{Counting, Fate, FateFacts, counting, fates};
use crate::domain::ids::{Coinbase, ProviderId};
use crate::domain::position::Position;
use crate::domain::rollup::QueuedDeposit;
use crate::domain::snapshot::NetworkSnapshot;
use crate::domain::split::{SplitCheck, Unconfirmed};
use crate::domain::view::AttesterView;

/// What became of one stake of an attester.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct StakeRow {
    /// Our provider, whose queue the key came from.
    pub provider_id: ProviderId,
    /// Who staked.
    pub staker: Address,
    /// The split of that delegation.
    pub coinbase: Coinbase,
    /// The block of the delegation.
    pub block: u64,
    /// What became of its deposit.
    pub fate: Fate,
    /// Whether this is the delegation that counts.
    pub counts: bool,
}

/// The stakes of one attester.
#[derive(Debug, Default)]
pub(super) struct Stakes<'a> {
    /// Oldest first.
    delegations: Vec<&'a Delegation>,
    fates: Vec<Fate>,
    counting: Option<Counting>,
}

/// The stakes of every attester that has any.
pub(super) fn stakes_of(snapshot: &NetworkSnapshot) -> BTreeMap<Address, Stakes<'_>> {
    let mut all = BTreeMap::<Address, Stakes<'_>>::new();
    for delegation in &snapshot.delegations {
        all.entry(delegation.attester).or_default().delegations.push(delegation);
    }
    let mut waiting = BTreeMap::<Address, Vec<&QueuedDeposit>>::new();
    for deposit in snapshot.entry_queue.iter().filter(|deposit| all.contains_key(&deposit.attester)) {
        waiting.entry(deposit.attester).or_default().push(deposit);
    }
    for (attester, stakes) in &mut all {
        stakes.delegations.sort_by_key(|delegation| delegation.log);
        let Some(view) = snapshot.attesters.get(attester) else { continue };
        let facts = FateFacts {
            rollup: snapshot.rollup.address,
            delegations: &stakes.delegations,
            view,
            waiting: waiting.get(attester).map_or(&[][..], Vec::as_slice),
            winner: snapshot.winners.get(attester).copied(),
        };
        stakes.fates = fates(&facts);
        stakes.counting = Some(counting(&stakes.fates, view.was_active_once()));
    }
    all
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
            | Position::Withdrawn => {}
        }
        let coinbase = match self.counting {
            None | Some(Counting::NoDelegation | Counting::Stranger) => return Expectation::Nothing,
            Some(Counting::Burnt) => return Expectation::Burnt,
            Some(Counting::Unknown) => {
                return Expectation::Unconfirmed { claimed: None, why: Unverified::SeveralDeposits };
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
    pub(super) fn rows(&self) -> Vec<StakeRow> {
        if let [Fate::Waiting | Fate::Succeeded | Fate::Elsewhere] | [] = self.fates.as_slice() {
            return Vec::new();
        }
        let counts = self.counts().map(|delegation| delegation.log);
        let row = |(delegation, fate): (&&Delegation, &Fate)| StakeRow {
            provider_id: delegation.provider_id,
            staker: delegation.staker,
            coinbase: delegation.coinbase,
            block: delegation.log.block_number,
            fate: *fate,
            counts: counts == Some(delegation.log),
        };
        self.delegations.iter().zip(&self.fates).map(row).collect()
    }
}
