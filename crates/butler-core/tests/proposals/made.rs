//! Proposals that are made here: committees of any size, and any proposer.

use butler_core::contracts::propose::{Calldata, ProposeDecoder, attestation_signer};
use butler_core::domain::proposals::{LoggedCheckpoint, ProposeVersion, Proposed, Unreadable};
use ethers_core::types::Address;
use proptest::prelude::*;

use super::calls::{CHAIN, GENESIS};
pub(crate) use super::calls::{ROLLUP, Wish, address};
use super::fixture::{by_committee, clock};

pub(crate) fn decoder() -> ProposeDecoder {
    ProposeDecoder::new(CHAIN, ROLLUP, clock(GENESIS))
}

/// A committee of these sizes whose first members sign, and the first one proposes.
pub(crate) fn wish(version: ProposeVersion, members: u64, signing: u64) -> Wish {
    let committee = (0..members).map(|member| (member, member < signing)).collect();
    Wish { version, slot: 32, coinbase: Address::repeat_byte(0xc0), committee, proposer: 0 }
}

pub(crate) fn logged(call: &[u8], log: &LoggedCheckpoint) -> Result<Proposed, Unreadable> {
    decoder().logged(Calldata { to: Some(ROLLUP), input: call }, log)
}

const VERSIONS: [ProposeVersion; 3] = [ProposeVersion::V4, ProposeVersion::V5, ProposeVersion::V6];

#[test]
fn the_largest_committee_is_read_and_one_more_member_is_too_many() {
    for version in VERSIONS {
        let largest = wish(version, 1_024, 1).made();
        assert_eq!(by_committee(logged(&largest.call, &largest.log).unwrap()).committee.len(), 1_024);
        let larger = wish(version, 1_025, 1).made();
        let problem = Err(Unreadable::TooMany { what: "members of a committee" });
        assert_eq!(logged(&larger.call, &larger.log), problem);
    }
}

#[test]
fn what_came_without_attestations_is_left_out() {
    for version in VERSIONS {
        let made = wish(version, 0, 0).made();
        let proposed = logged(&made.call, &made.log).unwrap();
        assert!(matches!(proposed, Proposed::LeftOut(_)), "{proposed:?}");
        let checkpoint = proposed.checkpoint();
        assert_eq!((checkpoint.slot, checkpoint.coinbase), (32, Address::repeat_byte(0xc0)));
        // That it is the logged one is proven all the same.
        let other = wish(version, 1, 1).made();
        assert_eq!(logged(&made.call, &other.log), Err(Unreadable::NotLogged));
    }
}

#[test]
fn a_proposer_must_be_of_the_committee_and_have_attested() {
    for version in VERSIONS {
        for (proposer, is_right) in [(0, true), (2, true), (3, false), (9, false)] {
            let made = Wish { proposer, ..wish(version, 4, 3) }.made();
            let proposed = logged(&made.call, &made.log);
            let signer = address(proposer);
            match is_right {
                true => assert_eq!(by_committee(proposed.unwrap()).proposer, signer),
                false => assert_eq!(proposed, Err(Unreadable::SignedByStranger { signer })),
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn whatever_is_proposed_is_read(
        version in prop::sample::select(VERSIONS.to_vec()),
        slot in 0_u64..100_000_000,
        coinbase in any::<[u8; 20]>(),
        signing in prop::collection::vec(any::<bool>(), 1..20),
        chosen in any::<prop::sample::Index>(),
    ) {
        let mut committee: Vec<(u64, bool)> = (0..).zip(signing).collect();
        let index = chosen.index(committee.len());
        committee[index].1 = true;
        let (proposer, _) = committee[index];
        let wish = Wish { version, slot, coinbase: Address::from(coinbase), committee, proposer };
        let made = wish.made();
        let proposal = by_committee(logged(&made.call, &made.log).unwrap());
        prop_assert_eq!(proposal.checkpoint.version, version);
        prop_assert_eq!(proposal.checkpoint.slot, slot);
        prop_assert_eq!(proposal.checkpoint.coinbase, wish.coinbase);
        prop_assert_eq!(proposal.proposer, address(proposer));
        prop_assert_eq!(proposal.committee.len(), wish.committee.len());
        for (member, (number, signs)) in proposal.committee.iter().zip(wish.committee) {
            prop_assert_eq!(member.address, address(number));
            prop_assert_eq!(attestation_signer(&proposal, member), signs.then_some(member.address));
        }
    }
}
