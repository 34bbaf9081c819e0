//! Whose deposits those of an attester are, and which made it a validator, where the state of one block leaves that open: the
//! rollup's events are read for these attesters alone, from the first delegation of the oldest of them.
//!
//! Each endpoint is asked on its own, and what it tells must fit the entry queue, the staking escrow and the delegations'
//! own transactions (`domain::deposit`). Two must agree where there are two. Once it is settled it can never change, so it
//! is kept; what cannot be settled is `Unknown`, and no reason to have no snapshot.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use ethers_core::types::{Address, H256};
use tokio::time::timeout;

use super::escrow::to_pass_over;
use super::memo::{Memo, Told};
use crate::client::l1::L1Client;
use crate::client::logs::LogFilter;
use crate::contracts::deposit_events::{decode_deposit_event, deposit_topics};
use crate::domain::block::BlockRef;
use crate::domain::delegation::{Delegation, LogId};
use crate::domain::deposit::{DepositEvent, DepositEvidence, DepositStep, Settled, Winner, settle};
use crate::domain::entry_queue::contested;
use crate::domain::fate::{FateFacts, WaitingDeposit};
use crate::domain::rollup::QueuedDeposit;
use crate::domain::view::AttesterView;

/// Attesters that one query names: endpoints bound the length of a filter.
const NAMED: usize = 100;
/// The most attesters that are looked into for one snapshot.
const AT_MOST: usize = 300;
/// How long one endpoint may take for all of it.
const PATIENCE: Duration = Duration::from_secs(30);
/// A success in a block this far behind survives the reorgs that happen.
const DEEP: u64 = 64;

/// An attester of which the state does not say whose its deposits are, or which succeeded.
#[derive(Debug)]
pub(super) struct Case<'a> {
    attester: Address,
    /// Oldest first.
    delegations: Vec<&'a Delegation>,
    /// Of one that was a validator once.
    withdrawer: Option<Address>,
    /// The withdrawers of its deposits that wait on the canonical rollup, head first.
    waiting: Vec<Address>,
}

/// What is known of whose deposits are whose.
#[derive(Debug, Default)]
pub(super) struct Owners {
    /// Of attesters that were validators once.
    pub(super) winners: BTreeMap<Address, Winner>,
    /// By delegation.
    pub(super) withdrawers: BTreeMap<LogId, Address>,
}

/// The attesters to look into; of the delegations that rest on their withdrawers, those that refunds put in doubt.
pub(super) fn open_cases<'a>(
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
pub(super) fn resting<'a>(
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
pub(super) struct OwnPlaces {
    /// Every deposit of an attester of ours that was never a validator.
    pub(super) all: BTreeSet<usize>,
    /// Deposits that compete with one of ours: the first of them counts only if the staking escrow will take it.
    pub(super) contested: BTreeSet<usize>,
}

/// Where deposits of attesters that were staked with our providers wait, and what competes with them.
pub(super) fn own_places(
    delegations: &[Delegation],
    attesters: &BTreeMap<Address, AttesterView>,
    entry_queue: &[QueuedDeposit],
) -> OwnPlaces {
    let can_succeed = |attester: &Address| attesters.get(attester).is_some_and(|view| !view.was_active_once());
    let staked = delegations.iter().map(|delegation| delegation.attester);
    let own: BTreeSet<Address> = staked.filter(can_succeed).collect();
    let contested = contested(entry_queue, &own);
    let places = entry_queue.iter().enumerate().filter(|(_, deposit)| own.contains(&deposit.attester));
    let all = places.map(|(place, _)| place).chain(contested.iter().copied()).collect();
    OwnPlaces { all, contested }
}

/// Whose deposits they are, for each case.
pub(super) async fn owners(
    client: &L1Client,
    pin: &BlockRef,
    rollup: Address,
    cases: &[Case<'_>],
    memo: &mut Memo,
) -> Owners {
    let asked_for: BTreeSet<Address> = cases.iter().map(|case| case.attester).collect();
    memo.keep_winners(|attester| asked_for.contains(&attester));
    let told: BTreeSet<LogId> = cases.iter().flat_map(|case| &case.delegations).map(|one| one.log).collect();
    memo.keep_withdrawers(|log| told.contains(&log));
    let mut owners = Owners::default();
    let mut open: Vec<&Case<'_>> = Vec::new();
    for case in cases {
        if case.withdrawer.is_some() {
            owners.winners.insert(case.attester, Winner::Unknown);
        }
        match case.recall(client, pin, memo) {
            Some(settled) => owners.take(case, &settled),
            None if open.len() < AT_MOST => open.push(case),
            None => {}
        }
    }
    let reader = Reader { client, pin, rollup };
    let is_alone = client.endpoints().len() == 1;
    let mut told: BTreeMap<Address, Vec<Opinion>> = BTreeMap::new();
    let mut asked = BTreeSet::new();
    while !open.is_empty() {
        let Some(beside) = to_pass_over(client, asked.clone()) else { break };
        let Some(endpoint) = (0..client.endpoints().len()).find(|index| !beside.contains(index)) else { break };
        asked.insert(endpoint);
        let opinions = reader.opinions(endpoint, &open).await;
        open.retain(|case| {
            let Some(opinion) = opinions.get(&case.attester) else { return true };
            let others = told.entry(case.attester).or_default();
            let is_agreed = others.iter().any(|other| other.settled == opinion.settled);
            others.push(opinion.clone());
            if is_agreed || is_alone {
                owners.take(case, &opinion.settled);
                reader.note(memo, case, opinion, is_agreed);
            }
            !is_agreed
        });
    }
    // Of several that should have answered only one did: its word is taken, and not kept for long.
    for case in open {
        if let Some([opinion]) = told.get(&case.attester).map(Vec::as_slice) {
            owners.take(case, &opinion.settled);
            reader.note(memo, case, opinion, false);
        }
    }
    owners
}

impl Owners {
    fn take(&mut self, case: &Case<'_>, settled: &Settled) {
        self.winners.extend(settled.winner.map(|winner| (case.attester, winner)));
        self.withdrawers.extend(settled.withdrawers.iter().copied());
    }
}

impl Case<'_> {
    /// What was settled before, if that is all of it.
    fn recall(&self, client: &L1Client, pin: &BlockRef, memo: &Memo) -> Option<Settled> {
        let known = |delegation: &&Delegation| {
            memo.withdrawer(client, pin.number, delegation.log).map(|withdrawer| (delegation.log, withdrawer))
        };
        let withdrawers = self.delegations.iter().map(known).collect::<Option<Vec<_>>>()?;
        if self.withdrawer.is_none() {
            return Some(Settled { winner: None, withdrawers });
        }
        let winner = memo.winner(client, pin.number, self.attester).filter(|winner| self.has(*winner))?;
        Some(Settled { winner: Some(winner), withdrawers })
    }

    /// Whether a winner that was kept is one of this case's.
    fn has(&self, winner: Winner) -> bool {
        match winner {
            Winner::Delegation(log) => self.delegations.iter().any(|delegation| delegation.log == log),
            Winner::Stranger => true,
            Winner::Unknown => false,
        }
    }
}

/// What one endpoint told of one case.
#[derive(Debug, Clone)]
struct Opinion {
    settled: Settled,
    /// The block of the accepted deposit, where one was accepted.
    accepted: Option<u64>,
    endpoint: usize,
}

#[derive(Debug, Clone, Copy)]
struct Reader<'a> {
    client: &'a L1Client,
    pin: &'a BlockRef,
    rollup: Address,
}

impl Reader<'_> {
    fn note(&self, memo: &mut Memo, case: &Case<'_>, opinion: &Opinion, is_agreed: bool) {
        let name = self.client.endpoints().get(opinion.endpoint).map(|known| known.name().to_owned());
        let alone = Told::ByOne { endpoint: name.unwrap_or_default(), block: self.pin.number };
        let told = if is_agreed { Told::ByTwo } else { alone };
        let is_deep = |block: u64| block.saturating_add(DEEP) <= self.pin.number;
        if let Some(winner) = opinion.settled.winner.filter(|_| opinion.accepted.is_some_and(is_deep)) {
            memo.note_winner(case.attester, winner, told.clone());
        }
        for (log, withdrawer) in opinion.settled.withdrawers.iter().filter(|(log, _)| is_deep(log.block_number)) {
            memo.note_withdrawer(*log, *withdrawer, told.clone());
        }
    }

    /// What one endpoint's events say of the cases that they settle.
    async fn opinions(&self, endpoint: usize, cases: &[&Case<'_>]) -> BTreeMap<Address, Opinion> {
        let mut opinions = BTreeMap::new();
        for pack in cases.chunks(NAMED) {
            let events = match timeout(PATIENCE, self.events(endpoint, pack)).await {
                Ok(Some(events)) => events,
                Ok(None) => break,
                Err(_) => {
                    tracing::debug!("reading whose deposits succeeded takes too long");
                    break;
                }
            };
            for case in pack {
                let events = events.get(&case.attester).map_or(&[][..], Vec::as_slice);
                let evidence = DepositEvidence {
                    delegations: &case.delegations,
                    events,
                    withdrawer: case.withdrawer,
                    waiting: (self.rollup, &case.waiting),
                };
                let accepted = events.iter().find(|event| event.step == DepositStep::Accepted);
                match settle(&evidence) {
                    Ok(settled) => {
                        let accepted = accepted.map(|event| event.log.block_number);
                        opinions.insert(case.attester, Opinion { settled, accepted, endpoint });
                    }
                    Err(why) => {
                        tracing::debug!(attester = ?case.attester, "the deposits of {:?}: {why}", case.attester);
                    }
                }
            }
        }
        opinions
    }

    /// The events of these attesters since the first of their delegations.
    async fn events(&self, endpoint: usize, cases: &[&Case<'_>]) -> Option<BTreeMap<Address, Vec<DepositEvent>>> {
        let delegations = cases.iter().flat_map(|case| &case.delegations);
        let mut rollups: BTreeSet<Address> = delegations.clone().map(|delegation| delegation.rollup).collect();
        rollups.insert(self.rollup);
        let from = delegations.map(|delegation| delegation.log.block_number).min()?;
        let filter = LogFilter {
            addresses: rollups.into_iter().collect(),
            topics: vec![deposit_topics(), cases.iter().map(|case| H256::from(case.attester)).collect()],
        };
        let others = (0..self.client.endpoints().len()).filter(|index| *index != endpoint).collect();
        let mut scan = self.client.log_scan(&filter, (from, self.pin.number), Some(*self.pin), others);
        let mut events = BTreeMap::<Address, Vec<DepositEvent>>::new();
        loop {
            match scan.next().await {
                Ok(Some(step)) => {
                    for log in &step.logs {
                        let event = decode_deposit_event(log)
                            .inspect_err(|error| tracing::debug!("an event of a deposit: {error}"))
                            .ok()?;
                        events.entry(event.attester).or_default().push(event);
                    }
                }
                Ok(None) => return Some(events),
                Err(error) => {
                    tracing::debug!("whose deposits succeeded cannot be read: {error}");
                    return None;
                }
            }
        }
    }
}
