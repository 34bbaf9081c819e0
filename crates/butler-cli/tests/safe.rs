//! What is proposed to a real Safe by way of a fake service: once, by a delegate, and done when its owners execute it.

use butler_core::transaction::Call;
use butler_testkit::safe::{Lag, SafeCall};
use ethers_core::types::Bytes;
use serde_json::{Value, json};

use crate::support::safe::{DELEGATE, SafeSetting};
use crate::support::{Ran, TOKEN, shown};

/// The call of a plan that has one.
fn call_of(report: &Value) -> Call {
    let data: Bytes = serde_json::from_value(report["transactions"][0]["data"].clone()).unwrap();
    Call { to: report["transactions"][0]["to"].as_str().unwrap().parse().unwrap(), value: 0.into(), data }
}

const PROPOSE: [&str; 5] = ["provider", "set-take-rate", "1234", "--form", "safe_proposal"];

#[tokio::test]
async fn a_change_is_proposed_once_and_done_when_the_owners_execute_it() {
    let setting = SafeSetting::start().await;
    let (bench, service) = (&setting.bench, &setting.service);
    service.demand_key(TOKEN);
    // Lists do not have a proposal at once.
    service.set_lag(Lag::UntilIndexed);
    let first = bench.json(&PROPOSE, 0).await;
    let proposal = &first["proposal"];
    assert_eq!((&first["form"], &first["content"]), (&json!("safe_proposal"), &json!(null)));
    assert_eq!(
        (&proposal["outcome"], &proposal["nonce"], &proposal["threshold"]),
        (&json!("proposed"), &json!(0), &json!(2))
    );
    assert_eq!(service.kept().iter().map(|hash| json!(hash)).collect::<Vec<_>>(), [proposal["hash"].clone()]);

    let again = bench.run(&PROPOSE).await;
    assert_eq!(again.code, 0, "{}", again.stderr);
    assert!(
        again.stdout.contains("nothing to do: it waits for 2 signatures and its execution, nonce 0"),
        "{}",
        again.stdout
    );
    assert_eq!(service.bodies().len(), 1);

    // As if the reply had been lost: the very bytes again.
    setting.edit_journal(|journal| journal["proposals"][0]["has_arrived"] = false.into());
    let lost = bench.json(&PROPOSE, 0).await;
    assert_eq!(lost["proposal"]["outcome"], "sent_again", "{lost}");
    let bodies = service.bodies();
    assert!(bodies.len() == 2 && bodies[0] == bodies[1] && service.kept().len() == 1);

    service.index().await.unwrap();
    let shown = bench.json(&["safe", "proposals"], 0).await;
    let waiting = &shown["proposals"][0];
    assert_eq!(waiting["does"], json!(["set the share of provider 1 to 1234 basis points"]));
    assert_eq!((&waiting["hash"], &waiting["effect"]), (&proposal["hash"], &first["effect"]));
    assert_eq!((&waiting["state"], &waiting["dangers"]), (&json!("stale"), &json!([])));
    assert!(waiting["proposed_by"].as_str().unwrap().eq_ignore_ascii_case(DELEGATE));
    // Every request of these commands is counted, also across them.
    assert_eq!(shown["requests_left"], 50_000 - service.requests().len());

    let Call { to, data, .. } = call_of(&first);
    let call = SafeCall { to, data: data.to_vec(), ..SafeCall::default() };
    setting.safe.execute(&bench.chain, &call).await.unwrap();
    service.index().await.unwrap();
    let done = bench.json(&PROPOSE, 0).await;
    assert!(done["already"].is_string() && done["executed"]["block_number"].is_u64(), "{done}");
    assert_eq!(bench.json(&["safe", "proposals"], 0).await["proposals"], json!([]));
}

#[tokio::test]
async fn what_others_proposed_is_told_with_its_dangers_and_an_owner_s_key_is_refused() {
    let setting = SafeSetting::start().await;
    let (bench, service) = (&setting.bench, &setting.service);
    setting.propose_as_an_owner(&setting.lowered_threshold(), 1).await;
    let ran = bench.run(&["safe", "proposals"]).await;
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    for told in ["dead: nothing waits for nonce 0", "unknown call", "it changes the Safe itself", "1 of 2"] {
        assert!(ran.stdout.contains(told), "{told}: {}", ran.stdout);
    }
    // Nothing is proposed behind what will never come.
    assert_eq!(bench.json(&PROPOSE, 0).await["proposal"]["nonce"], 0);

    let sent = service.bodies().len();
    let safe = shown(setting.owned_by_the_proposer().await);
    let fund = ["publishers", "fund", "--from", &safe, "--cap", "9", "--form", "safe_proposal"];
    let stranger = shown(ethers_core::types::Address::repeat_byte(0x61));
    crate::transactions::endow(bench, ethers_core::types::Address::repeat_byte(0x61)).await;
    let of_no_safe = ["publishers", "fund", "--from", &stranger, "--cap", "9", "--form", "safe_proposal"];
    for (arguments, why) in [(fund, "is an owner of the Safe"), (of_no_safe, "there is no Safe at")] {
        let Ran { code, stdout, stderr } = bench.run(&arguments).await;
        assert_eq!((code, stdout.as_str()), (6, ""), "{stderr}");
        assert!(stderr.contains(why) && stderr.contains("hint: "), "{stderr}");
    }
    let file = bench.run(&[&PROPOSE[..], &["--out", "form.json"]].concat()).await;
    assert_eq!(file.code, 2, "{}", file.stderr);
    assert_eq!(service.bodies().len(), sent, "nothing was sent");
}

#[tokio::test]
async fn what_was_proposed_from_here_is_deleted_once_and_nothing_that_others_proposed_or_enough_signed() {
    let setting = SafeSetting::start().await;
    let (bench, service) = (&setting.bench, &setting.service);
    let proposed = bench.json(&PROPOSE, 0).await["proposal"]["hash"].as_str().unwrap().to_owned();
    let delete = ["safe", "delete", &proposed];
    let done = bench.json(&delete, 0).await;
    assert_eq!((&done["outcome"], &done["nonce"]), (&json!("deleted"), &json!(0)), "{done}");
    assert_eq!(done["does"], json!(["set the share of provider 1 to 1234 basis points"]));
    assert!(service.kept().is_empty());
    let again = bench.run(&delete).await;
    assert!(again.code == 0 && again.stdout.contains("nothing to do: the Safe service has no"), "{again:?}");

    // Proposed anew it is the same transaction, under the nonce that is free.
    let anew = bench.json(&PROPOSE, 0).await;
    assert_eq!(anew["proposal"]["hash"], json!(proposed));
    for owner in 0..2 {
        setting.propose_as(owner, &call_of(&anew), 0).await;
    }
    setting.propose_as_an_owner(&setting.lowered_threshold(), 1).await;
    let others = service.kept().into_iter().map(|hash| format!("{hash:?}")).find(|hash| *hash != proposed).unwrap();
    for (hash, why) in [(&proposed, "enough owners signed transaction"), (&others, "did not propose transaction")] {
        let Ran { code, stdout, stderr } = bench.run(&["safe", "delete", hash]).await;
        assert_eq!((code, stdout.as_str()), (6, ""), "{stderr}");
        assert!(stderr.contains(why) && stderr.contains("hint: "), "{stderr}");
    }
    assert_eq!(service.kept().len(), 2);
}
