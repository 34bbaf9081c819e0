//! Whose deposits those of an attester are, and which made it a validator, where the state of one block leaves that open: the
//! rollup's events are read for these attesters alone, from the first delegation of the oldest of them.
//!
//! Each endpoint is asked on its own, and what it tells must fit the entry queue, the staking escrow and the delegations'
//! own transactions (`domain::attester::deposit`). Two must agree where there are two. Once it is settled it can never change, so it
//! is kept; what cannot be settled is `Unknown`, and no reason to have no snapshot.

mod cases;
mod reader;

use std::collections::{BTreeMap, BTreeSet};

use ethers_core::types::Address;

pub(super) use self::cases::{Case, open_cases, own_places, resting};
use self::reader::{Opinion, Reader};
use super::escrow::to_pass_over;
use super::memo::{Claim, Memo, Told};
use crate::client::l1::L1Client;
use crate::domain::attester::delegation::LogId;
use crate::domain::attester::deposit::{Settled, Winner};
use crate::domain::block::BlockRef;

/// The most attesters that are looked into for one snapshot.
const AT_MOST: usize = 300;
/// A success in a block this far behind survives the reorgs that happen.
const DEEP: u64 = 64;

/// What is known of whose deposits are whose.
#[derive(Debug, Default)]
pub(super) struct Owners {
    /// Of attesters that were validators once.
    pub(super) winners: BTreeMap<Address, Winner>,
    /// By delegation.
    pub(super) withdrawers: BTreeMap<LogId, Address>,
    /// The attesters of which one endpoint alone told it.
    pub(super) by_one: BTreeSet<Address>,
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
    memo.keep_withdrawers(cases.iter().flat_map(|case| case.delegations.iter().copied()));
    let mut owners = Owners::default();
    let mut open: Vec<&Case<'_>> = Vec::new();
    let mut known = BTreeMap::new();
    let is_again = memo.may_seek_second_word(client);
    for case in cases {
        if case.withdrawer.is_some() {
            owners.winners.insert(case.attester, Winner::Unknown);
        }
        match case.recall(client, pin, rollup, memo) {
            Some((settled, by)) if by == By::Two || !is_again => owners.take(case, &settled, by),
            recalled if open.len() < AT_MOST => {
                known.extend(recalled.map(|(settled, _)| (case.attester, settled)));
                open.push(case);
            }
            recalled => recalled.iter().for_each(|(settled, by)| owners.take(case, settled, *by)),
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
                let by = if is_agreed { By::Two } else { By::One };
                owners.take(case, &opinion.settled, by);
                reader.note(memo, case, opinion, by);
            }
            !is_agreed
        });
    }
    if !open.is_empty() {
        memo.note_no_second_word();
    }
    // Of several that should have answered only one did: its word is taken, and not kept for long.
    for case in open {
        match told.get(&case.attester).map(Vec::as_slice) {
            Some([opinion]) => {
                owners.take(case, &opinion.settled, By::One);
                reader.note(memo, case, opinion, By::One);
            }
            Some(_) => {}
            None => known.get(&case.attester).into_iter().for_each(|settled| owners.take(case, settled, By::One)),
        }
    }
    owners
}

/// How many endpoints told something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    One,
    Two,
}

impl Owners {
    fn take(&mut self, case: &Case<'_>, settled: &Settled, by: By) {
        if by == By::One {
            self.by_one.insert(case.attester);
        }
        self.winners.extend(settled.winner.map(|winner| (case.attester, winner)));
        self.withdrawers.extend(settled.withdrawers.iter().copied());
    }
}

impl Case<'_> {
    /// What was settled before, if that is all of it.
    fn recall(&self, client: &L1Client, pin: &BlockRef, rollup: Address, memo: &Memo) -> Option<(Settled, By)> {
        let mut by = By::Two;
        let mut heard = |told: &Told| {
            if matches!(told, Told::ByOne { .. }) {
                by = By::One;
            }
        };
        let mut withdrawers = Vec::with_capacity(self.delegations.len());
        for delegation in &self.delegations {
            let (withdrawer, told) = memo.withdrawer(client, pin.number, delegation)?;
            heard(told);
            withdrawers.push((delegation.log, withdrawer));
        }
        let mut winner = None;
        if self.withdrawer.is_some() {
            let known = memo.winner(client, pin.number, self.attester, self.claim(rollup));
            let (known, told) = known.filter(|(winner, _)| self.has(*winner))?;
            heard(told);
            winner = Some(known);
        }
        Some((Settled { winner, withdrawers }, by))
    }

    /// All that is told of it.
    fn claim(&self, rollup: Address) -> Claim {
        Claim::among(rollup, self.withdrawer, &self.delegations)
    }

    /// Whether a winner that was kept is one of this case's.
    fn has(&self, winner: Winner) -> bool {
        match winner {
            Winner::Delegation(log) => self.delegations.iter().any(|delegation| delegation.log == log),
            Winner::Stranger => true,
            Winner::Unknown | Winner::Unread => false,
        }
    }
}

impl Reader<'_> {
    fn note(&self, memo: &mut Memo, case: &Case<'_>, opinion: &Opinion, by: By) {
        let told = match by {
            By::One => Told::by_one(self.client, opinion.endpoint, self.pin.number),
            By::Two => Told::ByTwo,
        };
        let is_deep = |block: u64| block.saturating_add(DEEP) <= self.pin.number;
        if let Some(winner) = opinion.settled.winner.filter(|_| opinion.accepted.is_some_and(is_deep)) {
            memo.note_winner(case.attester, case.claim(self.rollup), winner, told.clone());
        }
        for (log, withdrawer) in opinion.settled.withdrawers.iter().filter(|(log, _)| is_deep(log.block_number)) {
            if let Some(delegation) = case.delegations.iter().find(|delegation| delegation.log == *log) {
                memo.note_withdrawer(delegation, *withdrawer, told.clone());
            }
        }
    }
}
