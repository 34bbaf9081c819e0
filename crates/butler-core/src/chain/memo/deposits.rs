//! What is remembered of deposits: whose succeeded, who may withdraw them, which were never refunded, and which delegation
//! counted for an attester as two endpoints told it.

use std::collections::{BTreeMap, BTreeSet};

use ethers_core::types::Address;

use super::Memo;
use super::claim::Claim;
use super::file::{Counted, Owner, Success, Unrefunded};
use super::refund_book::RefundBook;
use super::told::Told;
use crate::client::l1::L1Client;
use crate::domain::attester::delegation::Delegation;
use crate::domain::attester::deposit::Winner;
use crate::domain::provider::split::SplitRecord;

/// More delegations than anybody has.
const MOST_UNREFUNDED: usize = 50_000;

impl Memo {
    /// Whose deposit it was among what is told now, and who told it, when that need not be asked for at block `number`.
    pub(in crate::chain) fn winner(
        &self,
        client: &L1Client,
        number: u64,
        attester: Address,
        among: Claim,
    ) -> Option<(Winner, &Told)> {
        let known = self.successes.get(&attester).filter(|known| known.among == among)?;
        known.told.holds(client, number).then_some((known.winner, &known.told))
    }

    /// Keeps whose deposit it was.
    pub(in crate::chain) fn note_winner(&mut self, attester: Address, among: Claim, winner: Winner, told: Told) {
        let success = Success { attester, among, winner, told };
        if self.successes.get(&attester) != Some(&success) {
            self.successes.insert(attester, success);
            self.is_saved = false;
        }
    }

    /// Forgets successes of attesters of which nobody asks any more.
    pub(in crate::chain) fn keep_winners(&mut self, is_asked_for: impl Fn(Address) -> bool) {
        let before = self.successes.len();
        self.successes.retain(|attester, _| is_asked_for(*attester));
        self.is_saved &= self.successes.len() == before;
    }

    /// Who may withdraw what a delegation staked and who told it, when that need not be asked for at block `number`.
    pub(in crate::chain) fn withdrawer(
        &self,
        client: &L1Client,
        number: u64,
        delegation: &Delegation,
    ) -> Option<(Address, &Told)> {
        let known = self.owners.get(&Claim::of(delegation))?;
        known.told.holds(client, number).then_some((known.withdrawer, &known.told))
    }

    /// Keeps who may withdraw what a delegation staked.
    pub(in crate::chain) fn note_withdrawer(&mut self, delegation: &Delegation, withdrawer: Address, told: Told) {
        let delegation = Claim::of(delegation);
        let owner = Owner { delegation, withdrawer, told };
        if self.owners.get(&delegation) != Some(&owner) {
            self.owners.insert(delegation, owner);
            self.is_saved = false;
        }
    }

    /// Forgets who may withdraw what was staked by delegations that are none any more.
    pub(in crate::chain) fn keep_withdrawers<'a>(&mut self, there: impl Iterator<Item = &'a Delegation>) {
        let there: BTreeSet<Claim> = there.map(Claim::of).collect();
        let before = self.owners.len();
        self.owners.retain(|delegation, _| there.contains(delegation));
        self.is_saved &= self.owners.len() == before;
    }

    /// The refunds that an endpoint told before.
    pub(in crate::chain) fn refunds(&self, endpoint: &str) -> Option<&RefundBook> {
        self.refunds.get(endpoint)
    }

    /// Keeps the refunds that an endpoint told.
    pub(in crate::chain) fn keep_refunds(&mut self, book: RefundBook) {
        if self.refunds.get(&book.endpoint) != Some(&book) {
            self.refunds.insert(book.endpoint.clone(), book);
            self.is_saved = false;
        }
    }

    /// Whether it is known of no delegation that its attester was never refunded.
    pub(in crate::chain) fn knows_no_unrefunded(&self) -> bool {
        self.unrefunded.is_empty()
    }

    /// Who told that a delegation's attester became a validator and was never refunded since, if anybody ever did.
    pub(in crate::chain) fn told_unrefunded(&self, delegation: &Delegation) -> Option<&Told> {
        self.unrefunded.get(&Claim::of(delegation)).map(|(_, told)| told)
    }

    /// The same, when it need not be found out again at block `number`.
    pub(in crate::chain) fn unrefunded(
        &self,
        client: &L1Client,
        number: u64,
        delegation: &Delegation,
    ) -> Option<&Told> {
        self.told_unrefunded(delegation).filter(|told| told.holds(client, number))
    }

    /// Keeps that a delegation's attester was a validator at block `at` and was not refunded until then.
    pub(in crate::chain) fn note_unrefunded(&mut self, delegation: &Delegation, at: u64, told: Told) {
        if self.unrefunded.len() >= MOST_UNREFUNDED {
            self.unrefunded.clear();
        }
        self.unrefunded.insert(Claim::of(delegation), (at, told));
        self.is_saved = false;
    }

    /// Forgets what was found out at block `next` and after it: these blocks may be others now.
    pub(in crate::chain) fn forget_newer(&mut self, next: u64) {
        let before = self.unrefunded.len();
        self.unrefunded.retain(|_, (at, _)| *at < next);
        self.is_saved &= self.unrefunded.len() == before;
    }

    pub(super) fn unrefunded_groups(&self) -> Vec<Unrefunded> {
        let mut groups = BTreeMap::<&(u64, Told), Vec<Claim>>::new();
        for (delegation, found) in &self.unrefunded {
            groups.entry(found).or_default().push(*delegation);
        }
        let group =
            |((at, told), delegations): (&(u64, Told), _)| Unrefunded { at: *at, told: told.clone(), delegations };
        groups.into_iter().map(group).collect()
    }

    /// Whether two endpoints told before that this delegation with its split counts for its attester, when that was as active
    /// as it is now.
    pub(in crate::chain) fn has_counted(&self, delegation: &Delegation, split: &SplitRecord, is_active: bool) -> bool {
        let counted = Counted { claim: Claim::of(delegation).with(split), was_active: is_active };
        self.counted.get(&delegation.attester) == Some(&counted)
    }

    /// Keeps that two endpoints told that this delegation with its split counts for its attester.
    pub(in crate::chain) fn note_counted(&mut self, delegation: &Delegation, split: &SplitRecord, is_active: bool) {
        let counted = Counted { claim: Claim::of(delegation).with(split), was_active: is_active };
        self.is_saved &= self.counted.insert(delegation.attester, counted) == Some(counted);
    }

    /// Forgets what counted for attesters that have no delegation any more.
    pub(in crate::chain) fn keep_counted(&mut self, attesters: &BTreeSet<Address>) {
        let before = self.counted.len();
        self.counted.retain(|attester, _| attesters.contains(attester));
        self.is_saved &= self.counted.len() == before;
    }
}
