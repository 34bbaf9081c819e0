//! Slashing, governance and coming proposals are read as from three honest endpoints when one of three lies.

use std::collections::BTreeSet;

use butler_core::chain::{
    GovernanceReader, GovernanceRequest, ProposersReader, ProposersRequest, SlashingReader, SlashingRequest,
    SnapshotError,
};
use butler_core::client::l1::{BlockTag, L1Client};
use butler_core::domain::governance::GovernanceFacts;
use butler_core::domain::proposers::ComingProposals;
use butler_core::domain::rollup::RollupClock;
use butler_core::domain::slashing::SlashingFacts;
use butler_testkit::devnet::{Chain, DevnetSpec, Move, ensure};
use butler_testkit::proxy::{Fault, FaultPlan, FaultProxy, Lie};
use ethers_core::types::Address;

use crate::support;

type Read = (SlashingFacts, GovernanceFacts, ComingProposals);

async fn read(chain: &Chain, client: &L1Client) -> Result<Read, SnapshotError> {
    let oracle = chain.oracle().unwrap();
    let own: BTreeSet<Address> = oracle.attesters.values().map(|attester| attester.address).collect();
    let clock = RollupClock {
        genesis_time: oracle.rollup.genesis_time,
        slot_seconds: oracle.rollup.slot_duration,
        epoch_slots: oracle.rollup.epoch_duration,
    };
    let head = client.head(BlockTag::Latest, &[]).await.map_err(SnapshotError::Rpc)?.block;
    let rollup = oracle.contracts.rollup_address;
    let request = SlashingRequest { rollup, slasher: oracle.contracts.slasher_address, clock, own: &own };
    let slashing = SlashingReader::default().read(client, &head, &request).await?;
    let request = GovernanceRequest {
        aztec_registry: oracle.contracts.registry_address,
        rollup: oracle.contracts.rollup_address,
        clock,
    };
    let governance = GovernanceReader::default().read(client, &head, &request).await?;
    let request = ProposersRequest { rollup, clock, own: &own };
    Ok((slashing, governance, ProposersReader::default().read(client, &head, &request).await?))
}

#[tokio::test]
async fn one_liar_of_three_changes_nothing_about_slashing_governance_and_coming_proposals() {
    let chain = Chain::start(&ensure(&DevnetSpec::scenario()).unwrap()).await.unwrap();
    let payload = chain.oracle().unwrap().contracts.staking_registry_address;
    for _ in 0..6 {
        chain.play(Move::VoteToSlash { votes: vec![0x1b, 0x2d, 0, 0] }).await.unwrap();
    }
    chain.play(Move::Signal { payload }).await.unwrap();
    chain.play(Move::Propose { payload }).await.unwrap();
    for _ in 0..3 {
        chain.mine().await.unwrap();
    }
    let honest = support::client(&[support::endpoint("honest", chain.url())]);
    let truth = read(&chain, &honest).await.unwrap();
    assert_eq!(truth.0.proposer.tally().unwrap().current_votes, 6);
    assert_eq!(truth.1.proposal_count, 1);
    assert!(!truth.2.own.is_empty());
    let mut proxies = Vec::new();
    for _ in 0..3 {
        proxies.push(FaultProxy::start(chain.url()).await.unwrap());
    }
    let mut wrong = Vec::new();
    for lie in Lie::ALL.into_iter().chain(Lie::OF_PROPOSERS) {
        proxies[0].set(FaultPlan::always(Fault::Lie(lie)));
        let endpoints: Vec<_> = ["liar", "one", "two"]
            .iter()
            .zip(&proxies)
            .map(|(name, proxy)| support::endpoint(name, &proxy.url()))
            .collect();
        match read(&chain, &support::client(&endpoints)).await {
            Ok(read) if read == truth => {}
            Ok(_) => wrong.push(format!("{lie}: other facts")),
            Err(error) => wrong.push(format!("{lie}: {error:?}")),
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
