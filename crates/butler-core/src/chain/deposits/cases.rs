//! Attesters of which the state of one block does not say whose their deposits are, or which of them succeeded.

use std::collections::{BTreeMap, BTreeSet};

use ethers_core::types::{Address, H256};

use crate::domain::attester::delegation::{Delegation, LogId};
use crate::domain::attester::entry_queue::contested;
use crate::domain::attester::fate::{FateFacts, WaitingDeposit};
use crate::domain::attester::view::AttesterView;
use crate::domain::ids::ProviderId;
use crate::domain::provider::facts::ProviderFacts;
use crate::domain::rollup::QueuedDeposit;

/// An attester of which the state does not say whose its deposits are, or which succeeded.
#[derive(Debug)]
pub(in crate::chain) struct Case<'a> {
    pub(super) attester: Address,
    /// Oldest first.
    pub(super) delegations: Vec<&'a Delegation>,
    /// Of one that was a validator once.
    pub(super) withdrawer: Option<Address>,
    /// The withdrawers of its deposits that wait on the canonical rollup, head first.
    pub(super) waiting: Vec<Address>,
}

/// The attesters to look into; of the delegations that rest on their withdrawers, those that refunds put in doubt.
pub(in crate::chain) fn open_cases<'a>(
    rollup: Address,
    delegations: &'a [Delegation],
    (attesters, entry_queue): (&BTreeMap<Address, AttesterView>, &'a [QueuedDeposit]),
    doubtful: &BTreeSet<LogId>,
) -> Vec<Case<'a>> {
    let case = |attester: Address, facts: &FateFacts<'_, 'a>| {
        let is_doubtful = facts.resting().is_some_and(|delegation| doubtful.contains(&delegation.log));
        let waiting = facts.waiting.iter().map(|waiting| waiting.deposit.withdrawer).collect();
        let (delegations, withdrawer) = (facts.delegations.to_vec(), facts.view.withdrawer);
        (is_doubtful || facts.needs_events()).then_some(Case { attester, delegations, withdrawer, waiting })
    };
    let mut cases: Vec<Case<'a>> = of_each(rollup, delegations, attesters, entry_queue, case);
    // Those of which nothing else tells the winner come first.
    cases.sort_by_key(|case| std::cmp::Reverse(case.delegations.len()));
    cases
}

/// Delegations for whose success nothing but their withdrawer speaks.
pub(in crate::chain) fn resting<'a>(
    rollup: Address,
    delegations: &'a [Delegation],
    attesters: &BTreeMap<Address, AttesterView>,
    entry_queue: &'a [QueuedDeposit],
) -> Vec<&'a Delegation> {
    of_each(rollup, delegations, attesters, entry_queue, |_, facts: &FateFacts<'_, 'a>| facts.resting())
}

/// What follows from the facts of each attester that was delegated to.
fn of_each<'a, T>(
    rollup: Address,
    delegations: &'a [Delegation],
    attesters: &BTreeMap<Address, AttesterView>,
    entry_queue: &'a [QueuedDeposit],
    follow: impl Fn(Address, &FateFacts<'_, 'a>) -> Option<T>,
) -> Vec<T> {
    let mut of_attester = BTreeMap::<Address, Vec<&'a Delegation>>::new();
    for delegation in delegations {
        of_attester.entry(delegation.attester).or_default().push(delegation);
    }
    let mut waiting = BTreeMap::<Address, Vec<WaitingDeposit<'a>>>::new();
    for (place, deposit) in (0..).zip(entry_queue).filter(|(_, deposit)| of_attester.contains_key(&deposit.attester)) {
        waiting.entry(deposit.attester).or_default().push(WaitingDeposit { rollup, place, deposit, refusal: None });
    }
    let one = |(attester, delegations): (Address, Vec<&'a Delegation>)| {
        let view = attesters.get(&attester)?;
        let waiting = waiting.get(&attester).map_or(&[][..], Vec::as_slice);
        follow(attester, &FateFacts { rollup, former: &[], delegations: &delegations, view, waiting, winner: None })
    };
    of_attester.into_iter().filter_map(one).collect()
}

/// Places of the entry queue whose keys are held against the staking escrow.
#[derive(Debug, Default)]
pub(in crate::chain) struct OwnPlaces {
    /// Every deposit of an attester of ours that was never a validator, and every one with the address or BLS key of a key in a queue of ours.
    pub(in crate::chain) all: BTreeSet<usize>,
    /// Deposits that compete with one of ours: the first of them counts only if the staking escrow will take it.
    pub(in crate::chain) contested: BTreeSet<usize>,
}

/// Where deposits of attesters that were staked with our providers wait, what competes with them, and what competes with the keys that wait
/// in our queues.
pub(in crate::chain) fn own_places(
    delegations: &[Delegation],
    attesters: &BTreeMap<Address, AttesterView>,
    entry_queue: &[QueuedDeposit],
    providers: &BTreeMap<ProviderId, ProviderFacts>,
) -> OwnPlaces {
    let can_succeed = |attester: &Address| attesters.get(attester).is_some_and(|view| !view.was_active_once());
    let staked = delegations.iter().map(|delegation| delegation.attester);
    let own: BTreeSet<Address> = staked.filter(can_succeed).collect();
    let contested = contested(entry_queue, &own);
    let queued = || providers.values().flat_map(|provider| &provider.queue);
    let addresses: BTreeSet<Address> = queued().map(|entry| entry.attester).collect();
    let bls_keys: BTreeSet<H256> = queued().filter_map(|entry| entry.bls_public_key).collect();
    let is_looked_at = |deposit: &QueuedDeposit| {
        let has_queued_key = deposit.bls_public_key.is_some_and(|key| bls_keys.contains(&key));
        own.contains(&deposit.attester) || addresses.contains(&deposit.attester) || has_queued_key
    };
    let places = entry_queue.iter().enumerate().filter(|(_, deposit)| is_looked_at(deposit));
    let all = places.map(|(place, _)| place).chain(contested.iter().copied()).collect();
    OwnPlaces { all, contested }
}
