//! What a person sees when one of three endpoints lies, in every way that the test kit knows: what three honest ones show.

use butler_testkit::devnet::Move;
use butler_testkit::proxy::{Fault, FaultPlan, FaultProxy, Lie};
use serde_json::Value;

use crate::support::{Bench, butler, finish};

/// `command --json` of the real program, each time without anything from an earlier run, and its exit code.
async fn shown(bench: &Bench, command: &str) -> (i32, Value) {
    let cache = tempfile::tempdir().unwrap();
    let mut program = butler(bench.folder.path());
    program.args([command, "--json"]).env("BUTLER__CACHE_DIRECTORY", cache.path());
    let ran = finish(&mut program).await;
    (ran.code, ran.json())
}

#[tokio::test(flavor = "multi_thread")]
async fn status_and_audit_show_the_truth_whatever_one_of_three_endpoints_tells() {
    let bench = Bench::start().await;
    // State of the blocks before the head, and events near it.
    bench.chain.play(Move::Stake { provider: 1 }).await.unwrap();
    bench.chain.play(Move::Drip { provider: 1, count: 1 }).await.unwrap();
    bench.chain.rpc("anvil_mine", serde_json::json!(["0x8"])).await.unwrap();
    let mut proxies = Vec::new();
    for _ in 0..3 {
        proxies.push(FaultProxy::start(bench.chain.url()).await.unwrap());
    }
    let [liar, one, two] = proxies.as_slice() else { unreachable!("there are three") };
    let endpoints = [("liar", liar), ("one", one), ("two", two)]
        .map(|(name, proxy)| format!("name = \"{name}\"\nurl = \"{}\"\n", proxy.url()));
    bench.endpoint(&endpoints.join("[[networks.devnet.l1]]\n"));
    let truth = [shown(&bench, "status").await, shown(&bench, "audit").await];
    assert!(truth[1].1["findings"].as_array().is_some_and(|findings| !findings.is_empty()), "{}", truth[1].1);
    let mut wrong = Vec::new();
    for lie in Lie::ALL {
        liar.set(FaultPlan::always(Fault::Lie(lie)));
        let (status, audit) = tokio::join!(shown(&bench, "status"), shown(&bench, "audit"));
        for (told, truth) in [status, audit].iter().zip(&truth) {
            if told != truth {
                wrong.push(format!("{lie}: {told:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "instead of {truth:?}: {wrong:#?}");
}
