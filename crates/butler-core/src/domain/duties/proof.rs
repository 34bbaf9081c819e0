//! What an attester's own proposals prove of its coinbase: the only proof that there is, since no node tells which one it uses.

use std::collections::BTreeMap;

use ethers_core::types::Address;

use super::coinbase::{Used, used};
use super::former::{FormerDuties, has_left};
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
    /// The one since then that counts. Each rollup where the attester can have duties may have a node of its own, and the last proposal there
    /// tells what that one uses: a wrong one counts before a right one elsewhere. Where it made none there, the last one at all counts.
    pub last: Option<(SeenProposal, Used)>,
    /// Those that had another one and no right one behind them where they count, oldest first.
    pub run: Vec<SeenProposal>,
}

/// How far the coinbase of an attester is proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[derive(strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum ProofState {
    /// The last proposal, at each rollup where it has duties, paid the right one.
    Right,
    /// A last one paid the attester's own address.
    Unset,
    /// A last one paid another address.
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
        Self { expected, since, right: 0, astray: Vec::new(), last: None, run: Vec::new() }
    }

    /// Whether a last proposal paid another address: the node uses it still, as far as anybody knows.
    #[must_use]
    pub fn is_astray(&self) -> bool {
        self.last.is_some_and(|(_, used)| used.is_astray())
    }

    /// Whether the last proposals had the right one.
    #[must_use]
    pub fn is_proven(&self) -> bool {
        self.last.is_some_and(|(_, used)| !used.is_astray())
    }
}

/// What the proposals prove of each attester that must have a coinbase. `proposals` are in the order of their places.
#[must_use]
pub fn proofs(
    proposals: &[SeenProposal],
    former: &[FormerDuties],
    expected: &Expected,
) -> BTreeMap<Address, CoinbaseProof> {
    let mut proofs: BTreeMap<Address, (CoinbaseProof, Lasts)> = expected
        .iter()
        .map(|(attester, (coinbase, since))| (*attester, (CoinbaseProof::none(*coinbase, *since), Lasts::default())))
        .collect();
    for one in proposals {
        let Some((proof, lasts)) = proofs.get_mut(&one.proposer) else { continue };
        let judged = used(one.coinbase, one.proposer, one.block, Some((proof.expected, proof.since)));
        match judged {
            Used::Right => proof.right = proof.right.saturating_add(1),
            Used::Unset | Used::Wrong => proof.astray.push((*one, judged)),
            Used::Unjudged => continue,
        }
        lasts.add(*one, judged, has_left(one, former));
    }
    let decided = proofs.into_iter().map(|(attester, (proof, lasts))| (attester, lasts.decide(proof)));
    decided.collect()
}

/// The last proposals of one attester.
#[derive(Debug, Default)]
struct Lasts {
    /// At each rollup where it can have duties.
    there: BTreeMap<Option<Address>, Last>,
    /// Where it has none any more.
    left: Last,
}

/// The last proposals at one rollup.
#[derive(Debug, Default)]
struct Last {
    one: Option<(SeenProposal, Used)>,
    /// Those that went astray since the last right one.
    run: Vec<SeenProposal>,
    /// The place of the last right one.
    right: Option<(u64, u64)>,
}

impl Lasts {
    fn add(&mut self, one: SeenProposal, judged: Used, has_left: bool) {
        let last = if has_left { &mut self.left } else { self.there.entry(one.rollup).or_default() };
        last.one = Some((one, judged));
        if judged.is_astray() {
            last.run.push(one);
        } else {
            last.run.clear();
            last.right = Some(one.place());
        }
    }

    fn decide(self, proof: CoinbaseProof) -> CoinbaseProof {
        let Self { there, left } = self;
        let count = |last: &Last| last.one.map(|(one, used)| (used.is_astray(), one.place()));
        let Some(last) = there.values().max_by_key(|last| count(last)).and_then(|last| last.one) else {
            return CoinbaseProof { last: left.one, run: left.run, ..proof };
        };
        if !last.1.is_astray() {
            return CoinbaseProof { last: Some(last), ..proof };
        }
        // What went astray before it moved along goes on, unless a right one lies between.
        let right = there.values().filter_map(|last| last.right).max();
        let before = left.run.into_iter().filter(|one| Some(one.place()) > right);
        let mut run: Vec<SeenProposal> = there.into_values().flat_map(|last| last.run).chain(before).collect();
        run.sort_by_key(SeenProposal::place);
        CoinbaseProof { last: Some(last), run, ..proof }
    }
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
        proofs(&all, &[], &Expected::from([(ATTESTER, (coinbase, since))])).remove(&ATTESTER).unwrap()
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
            let since = proof.run.first().map(|one| one.slot);
            assert_eq!((proof.is_astray(), proof.is_proven(), since), expected, "{proposals:?}");
        }
        // Invalidated, and proposed again in the same slot.
        let again = |paid: [Address; 2]| {
            let [first, second] = paid.map(|paid| proposal(10, paid));
            let second = SeenProposal { block: first.block + 1, ..second };
            let coinbase = Coinbase::try_from(right).unwrap();
            proofs(&[first, second], &[], &Expected::from([(ATTESTER, (coinbase, 0))])).remove(&ATTESTER).unwrap()
        };
        assert_eq!(again([right, OTHER]).run.first().map(|one| one.block), Some(61));
        assert!(again([OTHER, right]).is_proven());
        let proof = proof(&[(10, OTHER), (20, right), (30, ATTESTER)], 0);
        let told: Vec<Used> = proof.astray.iter().map(|(_, used)| *used).collect();
        assert_eq!((proof.right, told), (1, vec![Used::Wrong, Used::Unset]));
    }
}
