//! What newer and former rollups tell, with a liar among one, two and three endpoints, on a chain after a cut-over.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

#[allow(clippy::allow_attributes, dead_code, reason = "every test file uses another part of it")]
mod support;

use butler_core::chain::{NetworkSlashingReader, SnapshotError, SnapshotReader};
use butler_core::domain::slashing::NetworkSlashing;
use butler_core::domain::snapshot::NetworkSnapshot;
use butler_testkit::devnet::{Chain, DevnetSpec, ensure};
use butler_testkit::proxy::{Fault, FaultPlan, FaultProxy, Getter, Lie};

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

/// What nothing contradicts but another endpoint: it is the word of the only one there is.
fn is_plausible(lie: Lie) -> bool {
    matches!(
        lie,
        Lie::Forged(_)
            | Lie::WordMore(..)
            | Lie::Zero(_)
            | Lie::OneMore(Getter::RollupOfVersion)
            | Lie::Reverted(Getter::Withdrawal)
    )
}

fn is_asked_once(lie: Lie) -> bool {
    lie == Lie::WordMore(Getter::Withdrawal, 1)
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
    for (lie, count) in Lie::OF_ROLLUPS.into_iter().flat_map(|lie| [(lie, 1), (lie, 2), (lie, 3)]) {
        liar.set(FaultPlan::always(Fault::Lie(lie)));
        let others = ["one", "two"].map(|name| support::endpoint(name, chain.url()));
        let endpoints: Vec<_> =
            [support::endpoint("liar", &liar.url())].into_iter().chain(others).take(count).collect();
        let mut reader = support::reader_at(chain.oracle().unwrap(), &endpoints);
        let told = match read(&mut reader, &chain).await {
            Ok(facts) if facts == truth => "the truth",
            // What is hidden is missed, and said to be.
            Ok((snapshot, _)) if count == 1 && !snapshot.rollup.missing.is_empty() => "missing",
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
            // When exits unlock and why they began is asked of the only endpoint once a day.
            Ok(_) if count == 1 && is_asked_once(lie) => {}
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
                let rollups = |snapshot: &NetworkSnapshot| (snapshot.rollup.clone(), snapshot.former_rollups.clone());
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
