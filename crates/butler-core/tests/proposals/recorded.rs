//! Every recorded transaction is what it was for the contracts.

use butler_core::contracts::propose::attestation_signer;
use butler_core::domain::proposals::{ProposeVersion, Unreadable};
use butler_core::domain::proposers::proposer;
use ethers_core::types::{Address, U256};

use super::fixture::{Recorded, by_committee, clock, named, others, recorded};

#[test]
fn every_recorded_proposal_is_decoded_to_what_the_contracts_made_of_it() {
    assert_eq!(recorded().len(), 30);
    for one in recorded() {
        let (name, expected) = (format!("{} of {}", one.name, one.contracts), &one.expected);
        let proposal = one.proposal();
        let checkpoint = &proposal.checkpoint;
        let version = if one.contracts.starts_with('4') { ProposeVersion::V4 } else { ProposeVersion::V5 };
        assert_eq!(checkpoint.version, version, "{name}");
        assert_eq!((checkpoint.slot, checkpoint.timestamp), (expected.slot, expected.header_timestamp), "{name}");
        assert_eq!(checkpoint.coinbase, expected.coinbase, "{name}");
        assert_eq!(checkpoint.fee_recipient, expected.fee_recipient, "{name}");
        assert_eq!(checkpoint.archive, expected.archive, "{name}");
        assert_eq!(checkpoint.header_hash, expected.header_hash, "{name}");
        assert_eq!(checkpoint.payload_digest, expected.payload_digest, "{name}");
        assert_eq!(checkpoint.attestations_hash, expected.attestations_hash, "{name}");
        assert_eq!(proposal.attestation_digest, expected.member_signing_hash, "{name}");
        assert_eq!(proposal.proposer, expected.proposer, "{name}");
        assert_eq!(proposal.committee[expected.proposer_index].address, expected.proposer, "{name}");
        let committee: Vec<Address> = proposal.committee.iter().map(|member| member.address).collect();
        assert_eq!(committee, expected.committee, "{name}");
        let bits: Vec<u8> = proposal.committee.iter().map(|member| u8::from(member.attestation.is_some())).collect();
        assert_eq!(bits, expected.bits, "{name}");
        assert_eq!(proposal.attested().collect::<Vec<_>>(), expected.signers, "{name}");
        assert_eq!(proposal.missing().count(), committee.len() - expected.signers.len(), "{name}");
        assert_eq!(one.log().number, expected.checkpoint_number, "{name}");
        assert_eq!(checkpoint.slot / 32, expected.epoch, "{name}");
    }
}

#[test]
fn many_are_read_side_by_side_each_by_its_own_log() {
    let one = named("direct-call", "4");
    let of_this_rollup: Vec<_> = recorded().iter().filter(|other| other.rollup == one.rollup).collect();
    let mut all: Vec<_> = of_this_rollup.iter().map(|one| (one.calldata(), one.log())).collect();
    all.extend(of_this_rollup.iter().rev().map(|other| (other.calldata(), one.log())));
    all.extend(all.clone());
    let each: Vec<_> = all.iter().map(|(calldata, log)| one.decoder().logged(*calldata, log)).collect();
    assert_eq!(one.decoder().each_logged(&all), each);
    assert_eq!(each.iter().filter(|read| read.is_ok()).count(), 2 * (of_this_rollup.len() + 1));
}

#[test]
fn the_signature_of_every_member_is_recovered_to_whoever_made_it() {
    for one in recorded() {
        let proposal = one.proposal();
        let signer = |member| attestation_signer(&proposal, member);
        let signers: Vec<Option<Address>> = proposal.committee.iter().map(signer).collect();
        if let Some(expected) = &one.expected.recovered {
            assert_eq!(&signers, expected, "{}", one.name);
        }
        let members = proposal.committee.iter().zip(&signers);
        let attested: Vec<bool> = members.map(|(member, signer)| *signer == Some(member.address)).collect();
        assert_eq!(attested, one.expected.attested, "{}", one.name);
        assert_eq!(attested.iter().filter(|attested| **attested).count(), one.expected.attested_count);
    }
    let forged = named("wrong-signature-of-a-member", "4").proposal();
    let strangers = forged.committee.iter().filter_map(|member| attestation_signer(&forged, member));
    assert_eq!(strangers.filter(|signer| forged.committee.iter().all(|member| member.address != *signer)).count(), 1);
}

#[test]
fn without_a_log_the_same_proposals_are_read_and_none_is_proven() {
    for one in recorded() {
        let every = one.decoder().every(one.calldata()).unwrap();
        let every: Vec<_> = every.into_iter().map(|proposed| by_committee(proposed.unwrap())).collect();
        assert_eq!(every, [one.proposal()], "{}", one.name);
    }
}

#[test]
fn no_transaction_is_what_the_log_of_another_one_tells() {
    for one in recorded() {
        // Two committees were recorded on two chains with all the same but the seed, and so but the proposer: of that no log tells.
        for other in recorded().iter().filter(|other| other.log() != one.log()) {
            let problem = one.decoder().logged(one.calldata(), &other.log());
            assert_eq!(problem, Err(Unreadable::NotLogged), "{} by the log of {}", one.name, other.name);
        }
    }
}

#[test]
fn a_proposal_that_was_sent_again_and_failed_is_the_same_one_and_no_log_is_about_it() {
    for decoy in others().iter().filter(|other| other.name == "inner-failure") {
        let every = decoy.decoder().every(decoy.calldata()).unwrap();
        let again = by_committee(every.into_iter().next().unwrap().unwrap());
        let of_this_version = |one: &&Recorded| one.contracts == decoy.contracts;
        let same = recorded().iter().filter(of_this_version).filter(|one| one.proposal() == again);
        assert_eq!(same.count(), 1);
        let logs = recorded().iter().filter(of_this_version).filter(|one| one.proposal() != again);
        for one in logs {
            assert_eq!(decoy.decoder().logged(decoy.calldata(), &one.log()), Err(Unreadable::NotLogged));
        }
    }
}

#[test]
fn an_invalidation_alone_proposes_nothing() {
    let invalidations = others().iter().filter(|other| other.name == "invalidated-bad-attestation");
    let mut count = 0;
    for invalidation in invalidations {
        assert_eq!(invalidation.decoder().every(invalidation.calldata()), Err(Unreadable::NoProposal));
        count += 1;
    }
    assert_eq!(count, 3);
}

#[test]
fn another_rollup_chain_or_clock_makes_no_proposal_of_it() {
    for one in recorded() {
        let genesis = one.expected.header_timestamp - 72 * one.expected.slot;
        let logged = |chain_id, rollup, clock| {
            let decoder = butler_core::contracts::propose::ProposeDecoder::new(chain_id, rollup, clock);
            decoder.logged(one.calldata(), &one.log())
        };
        let elsewhere = logged(31_337, Address::repeat_byte(7), clock(genesis));
        assert_eq!(elsewhere, Err(Unreadable::Forwarded), "{}", one.name);
        let (slot, timestamp) = (one.expected.slot, one.expected.header_timestamp);
        let later = logged(31_337, one.rollup, clock(genesis + 1));
        assert_eq!(later, Err(Unreadable::Implausible { slot, timestamp }), "{}", one.name);
        // What 4.x signs is the same on every chain.
        let on_mainnet = logged(1, one.rollup, clock(genesis));
        assert_eq!(on_mainnet.is_ok(), one.contracts.starts_with('4'), "{}", one.name);
    }
}

#[test]
fn the_proposer_is_the_one_that_the_rule_draws_where_the_seed_is_known() {
    // `getSampleSeedAt` for the slots of the large committees of 4.1.2, by the recording.
    let seeds = [
        ("committee-of-48", "4", "0x24b384009d47c0b2f5e27cb71999f9471a98a1af9448fca540b3692987bcecbc"),
        ("committee-of-9", "4", "0x00b745e55f59a8cb019557fd0300b7e5be12e88c546eebd03190c3c76bffb22e"),
        ("committee-of-17", "4", "0x5e9f1fef6ad96a5590c7c1d93e7379f74e1b967f0fc0b1c14b87267898d16e01"),
    ];
    for (name, contracts, seed) in seeds {
        let one = named(name, contracts);
        let seed: U256 = seed.parse().unwrap();
        let drawn = proposer(&one.expected.committee, seed, one.expected.epoch, one.expected.slot);
        assert_eq!(drawn, Some(one.proposal().proposer), "{name}");
    }
}
