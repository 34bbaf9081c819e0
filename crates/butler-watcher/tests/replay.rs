//! What `replay` would have had said of own proposals.

use std::collections::BTreeSet;

use butler_testkit::devnet::CheckpointWish;
use ethers_core::types::Address;
use ethers_core::utils::to_checksum;

use crate::support::Bench;

#[tokio::test(flavor = "multi_thread")]
async fn wrong_proposals_are_said_once_for_each_attester_and_critically() {
    let bench = Bench::start().await;
    let first = bench.last_block().await + 1;
    let (own, mut wrong) = (bench.oracle().coinbases(), BTreeSet::new());
    for _ in 0..10 {
        let wish = CheckpointWish { coinbase: Address::repeat_byte(0x77), ..CheckpointWish::default() };
        let one = bench.chain.propose_checkpoint(&wish).await.unwrap();
        wrong.extend(own.contains_key(&one.proposer).then(|| to_checksum(&one.proposer, None)));
    }
    bench.settle().await;
    let (code, report, stderr) = bench.replay(first, None).await;
    assert_eq!((code, &report["unsaid"]), (0, &serde_json::Value::Null), "{stderr} {report:#}");
    let said = report["said"].as_array().unwrap().iter().filter(|one| one["kind"] == "coinbase_used_wrong");
    let said: Vec<_> = said.collect();
    assert!(said.iter().all(|one| one["change"] == "began" && one["severity"] == "critical"), "{report:#}");
    let subjects: BTreeSet<String> = said.iter().map(|one| one["subject"].as_str().unwrap().to_owned()).collect();
    assert!(!wrong.is_empty());
    assert_eq!((subjects, said.len()), (wrong.clone(), wrong.len()), "{report:#}");
}
