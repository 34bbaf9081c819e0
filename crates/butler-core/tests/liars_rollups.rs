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
        if count == 1 && is_plausible(lie) {
            continue;
        }
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
            Err(SnapshotError::Rpc(_) | SnapshotError::Nonsense { .. } | SnapshotError::Unsupported { .. })
                if count < 3 =>
            {
                "an error"
            }
            Err(error) => {
                wrong.push(format!("{lie}, 1 of {count}: {error:?}"));
                continue;
            }
        };
        if told == "another network" {
            wrong.push(format!("{lie}, 1 of {count}: {told}"));
        }
        liar.set(FaultPlan::none());
        // Nothing of it outlives the lie.
        match read(&mut reader, &chain).await {
            Ok(facts) if facts == truth => {}
            Ok(_) => wrong.push(format!("{lie}, 1 of {count}, {told}: afterwards another network")),
            Err(error) => wrong.push(format!("{lie}, 1 of {count}, {told}: afterwards {error:?}")),
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
