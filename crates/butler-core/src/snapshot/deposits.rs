//! Whose deposit made an attester a validator, where the state of one block leaves that open: the rollup's events are read
//! for these attesters alone, from the first delegation of the oldest of them.
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
use crate::domain::delegation::Delegation;
use crate::domain::deposit::{DepositEvent, DepositEvidence, DepositStep, Winner, winner};
use crate::domain::fate::FateFacts;
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

/// An attester of which the state does not say whose deposit succeeded.
#[derive(Debug)]
pub(super) struct Case<'a> {
    attester: Address,
    /// Oldest first.
    delegations: Vec<&'a Delegation>,
    withdrawer: Address,
    /// How many of its deposits wait on the canonical rollup.
    waiting: usize,
}

/// The attesters to look into.
pub(super) fn open_cases<'a>(
    rollup: Address,
    delegations: &'a [Delegation],
    attesters: &BTreeMap<Address, AttesterView>,
    entry_queue: &[QueuedDeposit],
) -> Vec<Case<'a>> {
    let mut of_attester = BTreeMap::<Address, Vec<&Delegation>>::new();
    for delegation in delegations {
        of_attester.entry(delegation.attester).or_default().push(delegation);
    }
    let mut waiting = BTreeMap::<Address, Vec<&QueuedDeposit>>::new();
    for deposit in entry_queue.iter().filter(|deposit| of_attester.contains_key(&deposit.attester)) {
        waiting.entry(deposit.attester).or_default().push(deposit);
    }
    let case = |(attester, delegations): (Address, Vec<&'a Delegation>)| {
        let view = attesters.get(&attester)?;
        let waiting = waiting.get(&attester).map_or(&[][..], Vec::as_slice);
        let facts = FateFacts { rollup, delegations: &delegations, view, waiting, winner: None };
        let is_open = facts.needs_events();
        let (withdrawer, waiting) = (view.withdrawer?, waiting.len());
        is_open.then_some(Case { attester, delegations, withdrawer, waiting })
    };
    let mut cases: Vec<Case<'_>> = of_attester.into_iter().filter_map(case).collect();
    // Those of which nothing else tells the winner come first.
    cases.sort_by_key(|case| std::cmp::Reverse(case.delegations.len()));
    cases
}

/// Attesters of which several stakes wait together: the first counts only if the staking escrow will take it.
pub(super) fn waiting_together(
    delegations: &[Delegation],
    attesters: &BTreeMap<Address, AttesterView>,
    entry_queue: &[QueuedDeposit],
) -> BTreeSet<Address> {
    let mut waiting = BTreeMap::<Address, usize>::new();
    for deposit in entry_queue {
        *waiting.entry(deposit.attester).or_default() += 1;
    }
    waiting.retain(|_, deposits| *deposits > 1);
    let can_succeed = |attester: &Address| attesters.get(attester).is_some_and(|view| !view.was_active_once());
    let staked = delegations.iter().map(|delegation| delegation.attester);
    staked.filter(|attester| waiting.contains_key(attester) && can_succeed(attester)).collect()
}

/// Whose deposit it was, for each case.
pub(super) async fn winners(
    client: &L1Client,
    pin: &BlockRef,
    rollup: Address,
    cases: &[Case<'_>],
    memo: &mut Memo,
) -> BTreeMap<Address, Winner> {
    let asked_for: BTreeSet<Address> = cases.iter().map(|case| case.attester).collect();
    memo.keep_winners(|attester| asked_for.contains(&attester));
    let mut found: BTreeMap<Address, Winner> = cases.iter().map(|case| (case.attester, Winner::Unknown)).collect();
    let mut open: Vec<&Case<'_>> = Vec::new();
    for case in cases {
        match memo.winner(client, pin.number, case.attester).filter(|winner| case.has(*winner)) {
            Some(winner) => {
                found.insert(case.attester, winner);
            }
            None if open.len() < AT_MOST => open.push(case),
            None => {}
        }
    }
    let reader = Reader { client, pin, rollup };
    let is_alone = client.endpoints().len() == 1;
    let mut told: BTreeMap<Address, Vec<Settled>> = BTreeMap::new();
    let mut asked = BTreeSet::new();
    while !open.is_empty() {
        let Some(beside) = to_pass_over(client, asked.clone()) else { break };
        let Some(endpoint) = (0..client.endpoints().len()).find(|index| !beside.contains(index)) else { break };
        asked.insert(endpoint);
        let opinion = reader.opinion(endpoint, &open).await;
        open.retain(|case| {
            let Some(settled) = opinion.get(&case.attester) else { return true };
            let others = told.entry(case.attester).or_default();
            let is_agreed = others.iter().any(|other| other.winner == settled.winner);
            others.push(*settled);
            if is_agreed || is_alone {
                found.insert(case.attester, settled.winner);
                reader.note(memo, case, settled, is_agreed, endpoint);
            }
            !is_agreed
        });
    }
    // Of several that should have answered only one did: its word is taken, and not kept for long.
    for case in open {
        if let Some([settled]) = told.get(&case.attester).map(Vec::as_slice) {
            found.insert(case.attester, settled.winner);
            reader.note(memo, case, settled, false, settled.endpoint);
        }
    }
    found
}

impl Case<'_> {
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
#[derive(Debug, Clone, Copy)]
struct Settled {
    winner: Winner,
    /// The block of the accepted deposit.
    block: u64,
    endpoint: usize,
}

#[derive(Debug, Clone, Copy)]
struct Reader<'a> {
    client: &'a L1Client,
    pin: &'a BlockRef,
    rollup: Address,
}

impl Reader<'_> {
    fn note(&self, memo: &mut Memo, case: &Case<'_>, settled: &Settled, is_agreed: bool, endpoint: usize) {
        if settled.block.saturating_add(DEEP) > self.pin.number {
            return;
        }
        let name = self.client.endpoints().get(endpoint).map(|known| known.name().to_owned()).unwrap_or_default();
        let told = if is_agreed { Told::ByTwo } else { Told::ByOne { endpoint: name, block: self.pin.number } };
        memo.note_winner(case.attester, settled.winner, told);
    }

    /// What one endpoint's events say of the cases that they settle.
    async fn opinion(&self, endpoint: usize, cases: &[&Case<'_>]) -> BTreeMap<Address, Settled> {
        let mut settled = BTreeMap::new();
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
                    waiting: (self.rollup, case.waiting),
                };
                let accepted = events.iter().find(|event| event.step == DepositStep::Accepted);
                match (winner(&evidence), accepted) {
                    (Ok(winner), Some(accepted)) => {
                        let block = accepted.log.block_number;
                        settled.insert(case.attester, Settled { winner, block, endpoint });
                    }
                    (Ok(_), None) => {}
                    (Err(why), _) => {
                        tracing::debug!(attester = ?case.attester, "the deposits of {:?}: {why}", case.attester);
                    }
                }
            }
        }
        settled
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
