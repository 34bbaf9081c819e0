//! What newer and former rollups tell, with a liar among one, two and three endpoints, on a chain after a cut-over.

use butler_core::chain::{NetworkSlashingReader, SnapshotError, SnapshotReader};
use butler_core::domain::rollup::RollupFacts;
use butler_core::domain::rollups::FormerRollup;
use butler_core::domain::slashing::NetworkSlashing;
use butler_core::domain::snapshot::NetworkSnapshot;
use butler_testkit::devnet::{Chain, DevnetSpec, ensure};
use butler_testkit::proxy::{Fault, FaultPlan, FaultProxy, Getter, Lie, STRANGER};

use crate::support;

type Facts = (NetworkSnapshot, NetworkSlashing);

/// After a cut-over, with an exit that an attester began and a slasher that waits.
async fn chain() -> Chain {
    let state = ensure(&DevnetSpec::scenario()).unwrap().upgrade();
    let mut chain = Chain::start(&state).await.unwrap();
    chain.cut_over(&state).await.unwrap();
    let leaving = chain.oracle().unwrap().attester("A1").unwrap().address;
    chain.exit_by_attester(leaving).await.unwrap();
    let second = chain.another_slasher(chain.oracle().unwrap().contracts.rollup_address).await.unwrap();
    chain.queue_slasher(second.slasher).await.unwrap();
    for _ in 0..3 {
        chain.mine().await.unwrap();
    }
    chain
}

async fn read(reader: &mut SnapshotReader, chain: &Chain) -> Result<Facts, SnapshotError> {
    let snapshot = reader.read(&support::request(chain.oracle().unwrap()), &|_| ()).await?;
    let slashing = NetworkSlashingReader::default().read(reader.client(), &snapshot.block, &snapshot).await?;
    Ok((snapshot, slashing))
}

fn rollups(snapshot: &NetworkSnapshot) -> (&RollupFacts, &[FormerRollup]) {
    (&snapshot.rollup, &snapshot.former_rollups)
}

/// What nothing contradicts but another endpoint: it is the word of the only one there is.
fn is_plausible(lie: Lie) -> bool {
    matches!(
        lie,
        Lie::Forged(_)
            | Lie::WordMore(..)
            | Lie::Zero(
                Getter::VersionCount | Getter::AttesterView | Getter::SequencerRewards | Getter::PendingSlasher
            )
            | Lie::Reverted(Getter::Withdrawal)
    )
}

/// Lies about what two contracts say: each names a contract that is there, has all getters, and is another one.
async fn about_pairs(chain: &Chain) -> Vec<Lie> {
    let oracle = chain.oracle().unwrap();
    let (canonical, former) = (oracle.contracts.rollup_address, oracle.upgrade.as_ref().unwrap().former.address);
    let (current, before) = (chain.slashers(canonical).await.unwrap(), chain.slashers(former).await.unwrap());
    assert!(current.slasher != before.slasher && current.proposer != before.proposer);
    vec![
        Lie::Names(Getter::RollupOfVersion, canonical),
        Lie::Names(Getter::RollupOfVersion, oracle.contracts.staking_registry_address),
        Lie::Names(Getter::RollupOfVersion, STRANGER),
        Lie::Names(Getter::CanonicalRollup, former),
        Lie::Names(Getter::SlashingProposer, current.proposer),
        Lie::Names(Getter::SlashingProposer, before.proposer),
        Lie::Names(Getter::Slasher, current.slasher),
        Lie::Names(Getter::Slasher, before.slasher),
        Lie::Names(Getter::Governance, oracle.contracts.staking_registry_address),
        Lie::OneMore(Getter::RollupVersion),
        Lie::OneMore(Getter::VersionCount),
        Lie::OneMore(Getter::StakingAsset),
        Lie::Zero(Getter::EntryQueueLength),
        Lie::Zero(Getter::ActiveCount),
    ]
}

/// Of what the only endpoint tells so, nothing is told at all: what cannot be read is said to be.
fn is_left_untold(lie: Lie, (snapshot, slashing): &Facts) -> bool {
    if matches!(lie, Lie::Names(Getter::Slasher | Getter::SlashingProposer, _)) {
        return !slashing.blindness().is_empty();
    }
    if matches!(lie, Lie::Names(Getter::Governance, _)) {
        let mut exits = snapshot.attesters.values().filter_map(|view| view.exit);
        return snapshot.withdrawal_delay_seconds.is_none() && exits.all(|exit| exit.unlocks_at.is_none());
    }
    !snapshot.rollup.missing.is_empty() || snapshot.former_rollups.iter().any(|former| former.unread.is_some())
}

#[tokio::test]
async fn whatever_one_of_them_tells_of_rollups_it_is_the_truth_an_error_or_told_to_be_missing() {
    let chain = chain().await;
    let honest = [support::endpoint("honest", chain.url())];
    let truth = read(&mut support::reader_at(chain.oracle().unwrap(), &honest), &chain).await.unwrap();
    assert!(truth.0.rollup.slasher_change.unwrap().pending.is_some());
    assert_eq!(truth.0.rollup.attester_exits.unwrap().limit.unwrap().used, 1);
    assert_eq!(truth.0.former_rollups.len(), 1);
    let liar = FaultProxy::start(chain.url()).await.unwrap();
    let mut wrong = Vec::new();
    let lies = Lie::OF_ROLLUPS.into_iter().chain(about_pairs(&chain).await);
    for (lie, count) in lies.flat_map(|lie| [(lie, 1), (lie, 2), (lie, 3)]) {
        liar.set(FaultPlan::always(Fault::Lie(lie)));
        let others = ["one", "two"].map(|name| support::endpoint(name, chain.url()));
        let endpoints: Vec<_> =
            [support::endpoint("liar", &liar.url())].into_iter().chain(others).take(count).collect();
        let mut reader = support::reader_at(chain.oracle().unwrap(), &endpoints);
        let told = match read(&mut reader, &chain).await {
            Ok(facts) if facts == truth => "the truth",
            // What is hidden is missed, and said to be.
            Ok(facts) if count == 1 && is_left_untold(lie, &facts) => "missing",
            // Whoever of two was caught stands back, and the other one is alone.
            Ok((snapshot, _))
                if count == 2 && snapshot.unconfirmed.is_some() && rollups(&snapshot) == rollups(&truth.0) =>
            {
                "the truth by one"
            }
            Ok(_) => "another network",
            Err(
                SnapshotError::Rpc(_)
                | SnapshotError::Nonsense { .. }
                | SnapshotError::Unsupported { .. }
                | SnapshotError::NoContract { .. },
            ) if count < 3 => "an error",
            Err(error) => {
                wrong.push(format!("{lie}, 1 of {count}: {error:?}"));
                continue;
            }
        };
        if told == "another network" && !(count == 1 && is_plausible(lie)) {
            wrong.push(format!("{lie}, 1 of {count}: {told}"));
        }
        liar.set(FaultPlan::none());
        // Nothing of it outlives the lie.
        match read(&mut reader, &chain).await {
            Ok(facts) if facts == truth => {}
            Ok((snapshot, _)) if told == "the truth by one" && rollups(&snapshot) == rollups(&truth.0) => {}
            Ok(_) => wrong.push(format!("{lie}, 1 of {count}, {told}: afterwards another network")),
            Err(error) => wrong.push(format!("{lie}, 1 of {count}, {told}: afterwards {error:?}")),
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn what_one_of_two_told_of_rollups_while_the_other_was_down_is_asked_again() {
    let chain = chain().await;
    let oracle = chain.oracle().unwrap();
    let honest = [support::endpoint("honest", chain.url())];
    let truth = read(&mut support::reader_at(oracle, &honest), &chain).await.unwrap();
    let (liar, other) = (FaultProxy::start(chain.url()).await.unwrap(), FaultProxy::start(chain.url()).await.unwrap());
    let mut wrong = Vec::new();
    for lie in Lie::OF_ROLLUPS {
        liar.set(FaultPlan::always(Fault::Lie(lie)));
        other.set(FaultPlan::always(Fault::Close));
        let endpoints = [support::endpoint("liar", &liar.url()), support::endpoint("other", &other.url())];
        let mut reader = support::reader_at(oracle, &endpoints);
        let _: Result<Facts, SnapshotError> = read(&mut reader, &chain).await;
        liar.set(FaultPlan::none());
        other.set(FaultPlan::none());
        // Splits may go on being unconfirmed for a while; what rollups hold is asked again.
        match read(&mut reader, &chain).await {
            Ok((snapshot, slashing)) => {
                let is_truth = (rollups(&snapshot), &slashing) == (rollups(&truth.0), &truth.1);
                if !is_truth && snapshot.unconfirmed.is_none() {
                    wrong.push(format!("{lie}: afterwards another network"));
                }
            }
            Err(error) => wrong.push(format!("{lie}: afterwards {error:?}")),
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
