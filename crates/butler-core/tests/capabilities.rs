//! Every read that some version lacks: where it is expected and not answered that is told, and where the version honestly lacks
//! it nothing is.

use std::collections::BTreeSet;

use butler_core::domain::capability::Capability::{self, *};
use butler_core::domain::findings::FindingKind;
use butler_core::domain::findings::rollups::of_rollups;
use butler_testkit::devnet::{Chain, DevnetSpec, ensure};
use butler_testkit::proxy::{Fault, FaultPlan, FaultProxy};
use ethers_core::utils::{hex, id};

use crate::support;

/// The function, what is missing without it at a rollup that is one of 6, and at one of 4.1.
const OPTIONAL: [(&str, &[Capability], &[Capability]); 19] = [
    ("getPendingSlasher()", &[PendingSlasher], &[]),
    ("getLegacySlasher()", &[LegacySlasher], &[]),
    ("getAttesterExitWindow()", &[ExitWindow, ExitLimit], &[]),
    ("getAttesterExitLimitState()", &[ExitLimit], &[]),
    ("isRewardsClaimable()", &[], &[SlasherChange]),
    ("getPendingCheckpointNumber()", &[Checkpoints], &[Checkpoints]),
    ("getProvenCheckpointNumber()", &[Checkpoints], &[Checkpoints]),
    ("getLocalEjectionThreshold()", &[LocalEjection], &[LocalEjection]),
    ("getLagInEpochsForValidatorSet()", &[SetLag], &[SetLag]),
    ("numberOfVersions()", &[RollupList], &[RollupList]),
    // Of the registry, and of the escrow.
    ("getGovernance()", &[WithdrawalDelay, CrossChecks], &[WithdrawalDelay, CrossChecks]),
    ("ROLLUP_REGISTRY()", &[CrossChecks], &[CrossChecks]),
    ("STAKING_ASSET()", &[CrossChecks], &[CrossChecks]),
    ("ASSET()", &[CrossChecks], &[CrossChecks]),
    ("getAttesterCountAtTime(address,uint256)", &[CrossChecks], &[CrossChecks]),
    ("getConfiguration()", &[WithdrawalDelay], &[WithdrawalDelay]),
    ("getWithdrawal(uint256)", &[Unlocks], &[Unlocks]),
    ("proofOfPossessionGasLimit()", &[ProofLimit], &[ProofLimit]),
    ("ownedPKs(bytes32)", &[UsedKeys], &[UsedKeys]),
];

async fn missing(chain: &Chain, of: impl Fn(usize) -> &'static [Capability]) -> Vec<String> {
    let oracle = chain.oracle().unwrap();
    let proxy = FaultProxy::start(chain.url()).await.unwrap();
    let mut wrong = Vec::new();
    for (index, (function, ..)) in OPTIONAL.iter().enumerate() {
        let selector = format!("0x{}", hex::encode(id(*function)));
        proxy.set(FaultPlan::always(Fault::RevertCalls(selector)));
        let mut reader = support::reader(oracle, &proxy.url());
        for how in ["at first", "as it is remembered"] {
            let snapshot = match reader.read(&support::request(oracle), &|_| ()).await {
                Ok(snapshot) => snapshot,
                Err(error) => {
                    wrong.push(format!("{function}, {how}: {error:?}"));
                    continue;
                }
            };
            let expected: BTreeSet<Capability> = of(index).iter().copied().collect();
            if snapshot.rollup.missing != expected {
                wrong.push(format!("{function}, {how}: {:?}", snapshot.rollup.missing));
            }
            let found = of_rollups(&snapshot);
            let told = found.iter().filter(|one| one.kind == FindingKind::CapabilityMissing).count();
            let former = snapshot.former_rollups.iter().filter_map(|former| former.figures.as_deref());
            let at_former: usize = former.map(|figures| figures.missing.len()).sum();
            if told != expected.len() + at_former {
                wrong.push(format!("{function}, {how}: {found:?}"));
            }
        }
    }
    wrong
}

#[tokio::test]
async fn each_read_that_a_rollup_of_6_is_expected_to_answer_is_missed_where_it_does_not() {
    let state = ensure(&DevnetSpec::scenario()).unwrap().upgrade();
    let mut chain = Chain::start(&state).await.unwrap();
    chain.cut_over(&state).await.unwrap();
    let wrong = missing(&chain, |index| OPTIONAL[index].1).await;
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn what_a_rollup_of_4_1_never_had_is_not_missed() {
    let chain = Chain::start(&ensure(&DevnetSpec::scenario()).unwrap()).await.unwrap();
    let wrong = missing(&chain, |index| OPTIONAL[index].2).await;
    assert!(wrong.is_empty(), "{wrong:#?}");
}
