//! What an attester's own proposals prove of its coinbase: the only proof that there is, since no node tells which one it uses.

use std::collections::BTreeMap;

use ethers_core::types::Address;

use super::coinbase::{Used, used};
use super::proposal::SeenProposal;
use crate::domain::attester::delegation::Delegation;
use crate::domain::attester::overview::AttesterRow;
use crate::domain::ids::Coinbase;

/// The coinbase that each attester must have, and the L1 block since which it must.
pub type Expected = BTreeMap<Address, (Coinbase, u64)>;

/// What each attester of these rows must have, since the L1 block of the delegation that made it so.
#[must_use]
pub fn expected(rows: &[AttesterRow], delegations: &[Delegation]) -> Expected {
    let delegated: BTreeMap<(Address, Coinbase), u64> =
        delegations.iter().map(|one| ((one.attester, one.coinbase), one.log.block_number)).collect();
    let expected = rows.iter().filter_map(|row| {
        let coinbase = row.coinbase_expected?;
        Some((row.attester, (coinbase, delegated.get(&(row.attester, coinbase)).copied().unwrap_or_default())))
    });
    expected.collect()
}

/// What the proposals of one attester prove. Pruned and invalid ones prove what its node uses, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoinbaseProof {
    /// The coinbase that it must have.
    pub expected: Coinbase,
    /// The L1 block since which it must.
    pub since: u64,
    /// Proposals since then that had the right one.
    pub right: u64,
    /// Proposals since then that had another one, oldest first.
    pub astray: Vec<(SeenProposal, Used)>,
    /// The last one since then.
    pub last: Option<(SeenProposal, Used)>,
    /// The place of the last one that had the right one.
    pub last_right: Option<(u64, u64)>,
}

/// How far the coinbase of an attester is proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[derive(strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum ProofState {
    /// The last proposal paid the right one.
    Right,
    /// The last one paid the attester's own address.
    Unset,
    /// The last one paid another address.
    Wrong,
    /// None is known since the coinbase counts.
    Unproven,
}

impl ProofState {
    /// The name that labels use.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }
}

impl CoinbaseProof {
    /// How far it is proven.
    #[must_use]
    pub fn state(&self) -> ProofState {
        match self.last.map(|(_, used)| used) {
            Some(Used::Right) => ProofState::Right,
            Some(Used::Unset) => ProofState::Unset,
            Some(Used::Wrong) => ProofState::Wrong,
            Some(Used::Unjudged) | None => ProofState::Unproven,
        }
    }

    /// Nothing is proven yet.
    fn none(expected: Coinbase, since: u64) -> Self {
        Self { expected, since, right: 0, astray: Vec::new(), last: None, last_right: None }
    }

    /// Whether the last proposal paid another address: the node uses it still, as far as anybody knows.
    #[must_use]
    pub fn is_astray(&self) -> bool {
        self.last.is_some_and(|(_, used)| used.is_astray())
    }

    /// Whether the last proposal had the right one.
    #[must_use]
    pub fn is_proven(&self) -> bool {
        self.last.is_some_and(|(_, used)| !used.is_astray())
    }

    /// The first of the proposals that paid another address without a right one behind it.
    #[must_use]
    pub fn astray_since(&self) -> Option<SeenProposal> {
        if !self.is_astray() {
            return None;
        }
        // After an invalidation a slot may have another one.
        self.astray.iter().map(|(one, _)| *one).find(|one| Some(one.place()) > self.last_right)
    }
}

/// What the proposals prove of each attester that must have a coinbase. `proposals` are in the order of their places.
#[must_use]
pub fn proofs(proposals: &[SeenProposal], expected: &Expected) -> BTreeMap<Address, CoinbaseProof> {
    let mut proofs: BTreeMap<Address, CoinbaseProof> = expected
        .iter()
        .map(|(attester, (coinbase, since))| (*attester, CoinbaseProof::none(*coinbase, *since)))
        .collect();
    for one in proposals {
        let Some(proof) = proofs.get_mut(&one.proposer) else { continue };
        let judged = used(one.coinbase, one.proposer, one.block, Some((proof.expected, proof.since)));
        match judged {
            Used::Right => {
                proof.right = proof.right.saturating_add(1);
                proof.last_right = Some(one.place());
            }
            Used::Unset | Used::Wrong => proof.astray.push((*one, judged)),
            Used::Unjudged => continue,
        }
        proof.last = Some((*one, judged));
    }
    proofs
}

#[cfg(test)]
mod tests {
    use ethers_core::types::H256;

    use super::super::fate::Fate;
    use super::*;

    const ATTESTER: Address = Address::repeat_byte(7);
    const OTHER: Address = Address::repeat_byte(8);

    fn proposal(slot: u64, coinbase: Address) -> SeenProposal {
        let (transaction, fate) = (H256::from_low_u64_be(slot), Fate::Stands);
        let block = slot * 6;
        SeenProposal { number: slot, slot, proposer: ATTESTER, coinbase, transaction, block, fate, rollup: None }
    }

    fn proof(proposals: &[(u64, Address)], since: u64) -> CoinbaseProof {
        let all: Vec<SeenProposal> = proposals.iter().map(|(slot, coinbase)| proposal(*slot, *coinbase)).collect();
        let coinbase = Coinbase::try_from(Address::repeat_byte(1)).unwrap();
        proofs(&all, &Expected::from([(ATTESTER, (coinbase, since))])).remove(&ATTESTER).unwrap()
    }

    #[test]
    fn the_last_proposal_says_what_the_node_uses_and_the_first_after_a_right_one_since_when() {
        let right = Address::repeat_byte(1);
        for (proposals, since, expected) in [
            (&[][..], 0, (false, false, None)),
            (&[(10, right)], 0, (false, true, None)),
            (&[(10, right)], 61, (false, false, None)),
            (&[(10, OTHER), (20, right)], 0, (false, true, None)),
            (&[(10, OTHER), (20, right), (30, ATTESTER), (40, OTHER)], 0, (true, false, Some(30))),
            (&[(10, OTHER), (20, OTHER)], 61, (true, false, Some(20))),
        ] {
            let proof = proof(proposals, since);
            let since = proof.astray_since().map(|one| one.slot);
            assert_eq!((proof.is_astray(), proof.is_proven(), since), expected, "{proposals:?}");
        }
        // Invalidated, and proposed again in the same slot.
        let again = |paid: [Address; 2]| {
            let [first, second] = paid.map(|paid| proposal(10, paid));
            let second = SeenProposal { block: first.block + 1, ..second };
            let coinbase = Coinbase::try_from(right).unwrap();
            proofs(&[first, second], &Expected::from([(ATTESTER, (coinbase, 0))])).remove(&ATTESTER).unwrap()
        };
        assert_eq!(again([right, OTHER]).astray_since().map(|one| one.block), Some(61));
        assert!(again([OTHER, right]).is_proven());
        let proof = proof(&[(10, OTHER), (20, right), (30, ATTESTER)], 0);
        let told: Vec<Used> = proof.astray.iter().map(|(_, used)| *used).collect();
        assert_eq!((proof.right, told), (1, vec![Used::Wrong, Used::Unset]));
    }
}
