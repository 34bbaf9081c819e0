//! Every endpoint that lies, alone, beside an honest one and beside two: nothing wrong is planned, and it says why.

use std::collections::BTreeSet;

use butler_core::domain::action::{ActionKind, Assurance};
use butler_testkit::devnet::Move;
use butler_testkit::proxy::{Fault, FaultPlan, FaultProxy, Lie};
use serde_json::{Value, json};

use crate::support;
use crate::support::Bench;

/// Newest blocks whose logs are not told, some of them final.
const LATE: u64 = support::CONFIRMATIONS + 2;

/// What matters of a plan: what is done to whom, and by the word of which log.
fn essence(report: &Value) -> BTreeSet<String> {
    let plans = report["plans"].as_array().cloned().unwrap_or_default();
    plans
        .iter()
        .map(|plan| {
            let planned = &plan["planned"];
            json!([planned["key"], planned["goal"], planned["evidence"], planned["subject"], plan["retracted"]])
                .to_string()
        })
        .collect()
}

/// How a replay behind these endpoints went: what was planned, its exit code, and what it said.
async fn replay(bench: &Bench, lie: Lie, of: usize) -> (BTreeSet<String>, i32, String) {
    let folder = tempfile::tempdir().unwrap();
    let proxy = FaultProxy::start(bench.chain.url()).await.unwrap();
    proxy.set(FaultPlan::always(Fault::Lie(lie)));
    let mut urls = vec![bench.chain.url().to_owned(); of];
    urls[0] = proxy.url();
    support::operator(folder.path(), bench.oracle(), &urls);
    let first = bench.oracle().events[0].block;
    let (code, report, stderr) = support::replay_in(folder.path(), first, None).await;
    (essence(&report), code, stderr)
}

async fn liars(of: usize) {
    let bench = Bench::start().await;
    bench.settle().await;
    let (code, honest, stderr) = bench.replay(bench.oracle().events[0].block, None).await;
    assert_eq!(code, 0, "{stderr}");
    let honest = essence(&honest);
    let mut wrong = Vec::new();
    let mut unplanned = Vec::new();
    for some in Lie::ALL.chunks(31) {
        let runs = some.iter().map(|lie| replay(&bench, *lie, of));
        for (lie, (planned, code, stderr)) in some.iter().zip(futures_util::future::join_all(runs).await) {
            if !planned.is_subset(&honest) {
                let extra: Vec<_> = planned.difference(&honest).collect();
                wrong.push(format!("{lie}: {extra:?}\n{stderr}"));
            }
            if code != 0 && !stderr.contains("error: ") {
                wrong.push(format!("{lie}: code {code} and no reason: {stderr}"));
            }
            if code != 0 {
                unplanned
                    .push(format!("{lie}: {}", stderr.lines().find(|line| line.starts_with("error")).unwrap_or("")));
            } else if planned != honest {
                unplanned.push(format!("{lie}: {} of {} planned", planned.len(), honest.len()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // With two honest ones beside it, no liar keeps anything from being planned.
    assert!(of < 3 || unplanned.is_empty(), "{}", unplanned.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_liar_alone_makes_anything_wrong_be_planned() {
    liars(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_liar_beside_an_honest_endpoint_makes_anything_wrong_be_planned() {
    liars(2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_liar_beside_two_honest_endpoints_keeps_anything_from_being_planned() {
    liars(3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_whose_event_the_only_endpoint_hides_is_seen_in_the_registry_and_planned_once() {
    let bench = Bench::start().await;
    bench.settle().await;
    let proxy = FaultProxy::start(bench.chain.url()).await.unwrap();
    support::operator(bench.folder.path(), bench.oracle(), &[proxy.url()]);
    for _ in 0..LATE {
        bench.chain.mine().await.unwrap();
    }
    let watcher = bench.watch();
    watcher.reached(bench.last_block().await).await;
    // It tells no log of the newest blocks, and each block is read once.
    proxy.set(FaultPlan::always(Fault::Lie(Lie::LateLogs(LATE))));
    let stranger = bench.oracle().account("stranger").unwrap();
    bench.chain.play(Move::ProposeAdmin { provider: 1, admin: stranger }).await.unwrap();
    bench.chain.play(Move::AcceptAdmin { provider: 1 }).await.unwrap();
    let told = "seen in the registry, its event was not";
    watcher
        .until("the admin that no event told", async || {
            bench.chain.mine().await.unwrap();
            watcher.reached(bench.last_block().await).await;
            watcher.log().contains(told).then_some(())
        })
        .await;
    proxy.set(FaultPlan::none());
    for _ in 0..4 {
        bench.chain.mine().await.unwrap();
        watcher.reached(bench.last_block().await).await;
    }
    watcher.kill();
    let watcher = bench.watch();
    bench.chain.mine().await.unwrap();
    watcher.reached(bench.last_block().await).await;
    watcher.stop();
    let kept = bench.journal();
    let is_of_stranger = |why: &str| why.contains(&ethers_core::utils::to_checksum(&stranger, None));
    let changed = kept.actions.iter().filter(|action| action.kind == ActionKind::AdminChanged);
    let changed: Vec<_> = changed.filter(|action| is_of_stranger(&action.why)).collect();
    let [action] = changed.as_slice() else { panic!("{changed:?}") };
    assert!(action.why.ends_with(told) && action.assurance == Assurance::OneEndpoint, "{action:?}");
}
