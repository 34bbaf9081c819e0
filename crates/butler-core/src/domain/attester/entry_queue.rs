//! Which of the deposits that wait in the rollup's entry queue will be refunded, as far as one block tells.
//!
//! The rollup lets deposits in from the head, each address and each BLS key once for ever, whoever deposited it. So of several
//! with the same address or key the first that nothing speaks against is let in, and those behind it are refunded. Anybody can
//! copy a key that stands in a provider's queue, with its proof, and deposit it first.

use std::collections::{BTreeMap, BTreeSet};

use ethers_core::types::{Address, H256};
use serde::Serialize;

use crate::domain::attester::proof::ProofVerdict;
use crate::domain::attester::view::AttesterView;
use crate::domain::rollup::QueuedDeposit;

/// Why a deposit will be refunded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[derive(strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum Refusal {
    /// It moves along with the latest rollup, and waits at one that is not the latest any more.
    RollupReplaced,
    /// Its address was let in once: it is refused for ever.
    AddressUsed,
    /// Its BLS key was registered once, with whatever address: it is refused for ever.
    BlsKeyUsed,
    /// Its proof of possession is right and needs more gas than the staking escrow grants.
    ProofTooDear {
        /// What the escrow grants, in gas.
        cap: u64,
    },
    /// Its proof of possession is wrong.
    ProofWrong,
    /// A deposit with its address or its BLS key waits before it, and nothing speaks against that one.
    Overtaken {
        /// How many deposits are before that one.
        place: u64,
    },
}

impl Refusal {
    /// The name that JSON uses.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// What the staking escrow has against these keys by themselves.
    fn of_keys(deposit: &QueuedDeposit) -> Option<Self> {
        let escrow = deposit.escrow?;
        if escrow.bls_key_used {
            return Some(Self::BlsKeyUsed);
        }
        match escrow.proof? {
            ProofVerdict::TooDear { cap } => Some(Self::ProofTooDear { cap }),
            ProofVerdict::Wrong => Some(Self::ProofWrong),
            ProofVerdict::Valid => None,
        }
    }
}

/// Why each deposit of the queue will be refunded, head first; `None` for one that nothing speaks against. Of attesters that are
/// in neither `attesters` nor `active` nothing is known, and nothing is held against them.
#[must_use]
pub fn refusals(
    queue: &[QueuedDeposit],
    attesters: &BTreeMap<Address, AttesterView>,
    active: &[Address],
) -> Vec<Option<Refusal>> {
    judge(queue, attesters, active, |_| None)
}

/// The same of the queue of a rollup that is not the latest any more: it refuses whatever moves along with the latest one.
#[must_use]
pub fn refusals_at_former(
    queue: &[QueuedDeposit],
    attesters: &BTreeMap<Address, AttesterView>,
    active: &[Address],
) -> Vec<Option<Refusal>> {
    judge(queue, attesters, active, |deposit| deposit.move_with_latest_rollup.then_some(Refusal::RollupReplaced))
}

fn judge(
    queue: &[QueuedDeposit],
    attesters: &BTreeMap<Address, AttesterView>,
    active: &[Address],
    at_once: impl Fn(&QueuedDeposit) -> Option<Refusal>,
) -> Vec<Option<Refusal>> {
    let active: BTreeSet<&Address> = if queue.is_empty() { BTreeSet::new() } else { active.iter().collect() };
    let is_used = |attester: &Address| {
        active.contains(attester) || attesters.get(attester).is_some_and(AttesterView::was_active_once)
    };
    let mut addresses = BTreeMap::<Address, u64>::new();
    let mut bls_keys = BTreeMap::<H256, u64>::new();
    let mut found = Vec::with_capacity(queue.len());
    for (place, deposit) in (0..).zip(queue) {
        let used = || is_used(&deposit.attester).then_some(Refusal::AddressUsed);
        let refusal = at_once(deposit).or_else(used).or_else(|| Refusal::of_keys(deposit));
        let before = || {
            let by_address = addresses.get(&deposit.attester);
            let by_key = deposit.bls_public_key.and_then(|key| bls_keys.get(&key));
            by_address.into_iter().chain(by_key).min().map(|place| Refusal::Overtaken { place: *place })
        };
        let refusal = refusal.or_else(before);
        if refusal.is_none() {
            addresses.insert(deposit.attester, place);
            bls_keys.extend(deposit.bls_public_key.map(|key| (key, place)));
        }
        found.push(refusal);
    }
    found
}

/// The places of deposits that compete with one of these attesters': every deposit that has its address or its BLS key with
/// another one, where one of them is theirs.
#[must_use]
pub fn contested(queue: &[QueuedDeposit], own: &BTreeSet<Address>) -> BTreeSet<usize> {
    let mut by_address = BTreeMap::<Address, Vec<usize>>::new();
    let mut by_key = BTreeMap::<H256, Vec<usize>>::new();
    for (place, deposit) in queue.iter().enumerate() {
        by_address.entry(deposit.attester).or_default().push(place);
        if let Some(key) = deposit.bls_public_key {
            by_key.entry(key).or_default().push(place);
        }
    }
    let is_own = |place: &usize| queue.get(*place).is_some_and(|deposit| own.contains(&deposit.attester));
    let groups = by_address.into_values().chain(by_key.into_values());
    groups.filter(|group| group.len() > 1 && group.iter().any(is_own)).flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::attester::view::OnChainStatus;
    use crate::domain::provider::facts::EscrowView;
    use crate::domain::samples::{address, deposit, view};

    fn with_key(attester: u64, key: u64) -> QueuedDeposit {
        QueuedDeposit { bls_public_key: Some(H256::from_low_u64_be(key)), ..deposit(attester) }
    }

    fn judged(deposit: QueuedDeposit, bls_key_used: bool, proof: Option<ProofVerdict>) -> QueuedDeposit {
        QueuedDeposit { escrow: Some(EscrowView { bls_key_used, proof }), ..deposit }
    }

    #[test]
    fn the_first_of_several_that_nothing_speaks_against_is_let_in() {
        let overtaken = |place| Some(Refusal::Overtaken { place });
        let of = |queue: &[QueuedDeposit]| refusals(queue, &BTreeMap::new(), &[]);
        assert_eq!(of(&[with_key(1, 1), with_key(2, 2)]), [None, None]);
        assert_eq!(of(&[with_key(1, 1), with_key(1, 2), with_key(2, 1)]), [None, overtaken(0), overtaken(0)]);
        assert_eq!(of(&[deposit(1), deposit(2), deposit(1)]), [None, None, overtaken(0)], "no key is no common key");
        let wrong = judged(with_key(1, 1), false, Some(ProofVerdict::Wrong));
        assert_eq!(of(&[wrong, with_key(1, 1)]), [Some(Refusal::ProofWrong), None]);
        let used = judged(with_key(1, 1), true, None);
        assert_eq!(of(&[used, with_key(1, 2)]), [Some(Refusal::BlsKeyUsed), None]);
        let dear = judged(with_key(1, 1), false, Some(ProofVerdict::TooDear { cap: 7 }));
        assert_eq!(of(&[dear, with_key(1, 1)]), [Some(Refusal::ProofTooDear { cap: 7 }), None]);
        let unknown = judged(with_key(1, 1), false, None);
        assert_eq!(of(&[unknown, with_key(1, 1)]), [None, overtaken(0)], "who is not known to fail may succeed");
    }

    #[test]
    fn an_address_that_was_let_in_once_lets_the_others_pass() {
        let queue = [with_key(1, 1), with_key(2, 1), with_key(3, 1)];
        let attesters = BTreeMap::from([(address(1), view(OnChainStatus::None, true))]);
        let used = Some(Refusal::AddressUsed);
        assert_eq!(refusals(&queue, &attesters, &[address(2)]), [used, used, None]);
    }

    #[test]
    fn a_former_rollup_refuses_what_moves_along_with_the_latest() {
        let stays = QueuedDeposit { move_with_latest_rollup: false, ..with_key(1, 1) };
        let moves = QueuedDeposit { move_with_latest_rollup: true, ..with_key(1, 1) };
        let at_former = |queue: &[QueuedDeposit]| refusals_at_former(queue, &BTreeMap::new(), &[]);
        assert_eq!(at_former(&[moves, stays]), [Some(Refusal::RollupReplaced), None]);
        assert_eq!(at_former(&[stays, moves]), [None, Some(Refusal::RollupReplaced)]);
    }

    #[test]
    fn what_competes_with_an_own_deposit_is_looked_into() {
        let own = BTreeSet::from([address(1)]);
        let queue = [with_key(8, 1), with_key(7, 7), with_key(1, 1), with_key(1, 3), with_key(7, 9)];
        assert_eq!(contested(&queue, &own), BTreeSet::from([0, 2, 3]));
        assert_eq!(contested(&queue[1..3], &own), BTreeSet::new());
    }
}
