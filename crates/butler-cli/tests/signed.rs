//! Every command signed on this machine, on a chain with Aztec's contracts: sent once, whatever is lost or killed in between.

use std::time::Duration;

use butler_testkit::devnet::registrations;
use butler_testkit::proxy::{Fault, FaultPlan, FaultProxy, When};
use ethers_core::types::Address;
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::support::signer::{bench_with_signer, journal, sent, signer};
use crate::support::{Bench, Ran, butler, shown};
use crate::transactions::endow;

const HOW: [&str; 5] = ["--form", "signed", "--yes", "--wait", "20s"];
const BRIEFLY: [&str; 5] = ["--form", "signed", "--yes", "--wait", "1s"];
const SET: [&str; 3] = ["provider", "set-take-rate", "1234"];

/// Signs and sends a change, sees that it is done, and that the second time there is nothing to do: how many transactions it took.
async fn once(bench: &Bench, change: &[&str]) -> u64 {
    let before = sent(bench).await;
    let arguments = [change, &BRIEFLY].concat();
    let first = bench.json(&arguments, 0).await;
    let list = first["sent"].as_array().unwrap();
    for (one, nonce) in list.iter().zip(before..) {
        assert_eq!(one["nonce"], nonce, "{first}");
    }
    let taken = sent(bench).await - before;
    assert_eq!(taken, u64::try_from(list.len()).unwrap(), "{first}");
    let again = bench.json(&arguments, 0).await;
    assert!(again["already"].is_string() && again["sent"] == json!([]), "{again}");
    assert_eq!(sent(bench).await - before, taken, "nothing is sent twice");
    taken
}

async fn refused(bench: &Bench, arguments: &[&str]) -> String {
    let Ran { code, stdout, stderr } = bench.run(arguments).await;
    assert_eq!((code, stdout.as_str()), (6, ""), "{arguments:?}: {stderr}");
    stderr
}

#[tokio::test]
async fn every_change_is_signed_and_sent_once() {
    let bench = bench_with_signer().await;
    let from = shown(signer());
    let recipient = shown(Address::repeat_byte(0x55));
    assert_eq!(once(&bench, &SET).await, 1);
    assert_eq!(once(&bench, &["provider", "set-recipient", &recipient]).await, 1);
    let last = shown(*bench.oracle().providers[&1].queue.last().unwrap());
    assert_eq!(once(&bench, &["provider", "drip", &last]).await, 1);
    let keys = bench.oracle().spare_keys[..3].to_vec();
    bench.write("keys.json", &registrations(&keys[..1]));
    assert_eq!(once(&bench, &["provider", "add-keys", "keys.json"]).await, 1);
    let admin = shown(Address::repeat_byte(0x21));
    let create =
        ["provider", "create", "--admin", &admin, "--take-rate", "5", "--rewards-recipient", &admin, "--from", &from];
    assert_eq!(once(&bench, &create).await, 1);
    let fund = ["publishers", "fund", "--from", &from, "--cap", "9"];
    assert!(once(&bench, &fund).await > 0);
    bench.write("stakes.json", &registrations(&keys[1..]));
    bench.chain.endow_with_stakes(signer(), 2).await.unwrap();
    assert_eq!(
        once(&bench, &["attester", "deposit", "stakes.json", "--from", &from]).await,
        3,
        "an approval, two stakes"
    );
    assert_eq!(once(&bench, &["provider", "set-admin", &admin]).await, 1);
    // Whoever else may send it has no key here.
    endow(&bench, Address::repeat_byte(0x21)).await;
    let told = refused(&bench, &[&["provider", "accept-admin", "--from", &admin][..], &HOW].concat()).await;
    assert!(told.contains(&format!("the key is that of {from}, and {admin} is to send it")), "{told}");
}

#[tokio::test]
async fn what_is_signed_is_shown_first_within_limits_and_done_when_it_is_final() {
    let bench = bench_with_signer().await;
    let nobody = bench.run(&[&SET[..], &["--form", "signed"]].concat()).await;
    assert_eq!((nobody.code, nobody.stdout.as_str()), (2, ""), "{}", nobody.stderr);
    assert!(nobody.stderr.contains("there is no terminal to ask on"), "{}", nobody.stderr);
    let dear = refused(&bench, &[&SET[..], &HOW, &["--max-fee", "0.5"]].concat()).await;
    assert!(dear.contains("over the limit of 0.5") && dear.contains("hint: wait until gas is cheaper"), "{dear}");
    assert_eq!((sent(&bench).await, journal(&bench)), (1, None), "nothing was signed");

    // Somebody else makes blocks.
    let done = async {
        let ran = bench.run(&[&SET[..], &HOW].concat()).await;
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        assert!(ran.stdout.contains("done, and final: block "), "{}", ran.stdout);
        assert!(ran.stderr.contains("which is not final yet"), "{}", ran.stderr);
    };
    let mining = async {
        loop {
            sleep(Duration::from_millis(200)).await;
            if sent(&bench).await == 2 {
                bench.chain.mine().await.unwrap();
            }
        }
    };
    tokio::select! {
        () = done => {}
        () = mining => {}
    }
    let kept = &journal(&bench).unwrap()["transactions"][0];
    assert_eq!((&kept["nonce"], &kept["ended"]["how"]), (&json!(1), &json!("done")));
}

#[tokio::test]
async fn a_reply_that_is_lost_makes_no_second_transaction() {
    let bench = bench_with_signer().await;
    let proxy = FaultProxy::start(bench.chain.url()).await.unwrap();
    bench.reconfigure(bench.chain.url(), &proxy.url());
    for (rate, (fault, times, method)) in (1..).zip([
        (Fault::Truncate, 1, "eth_sendRawTransaction"),
        (Fault::Close, 2, "eth_sendRawTransaction"),
        (Fault::Truncate, 9, "eth_sendRawTransaction"),
        (Fault::Truncate, 1, "eth_getTransactionReceipt"),
        (Fault::Truncate, 9, "eth_getTransactionReceipt"),
        (Fault::Truncate, 2, "eth_getTransactionCount"),
    ]) {
        let told = format!("{fault:?} {method}");
        proxy.set(FaultPlan::none().with(fault, When::FirstForMethod(times, method.to_owned())));
        let (before, rate) = (sent(&bench).await, u64::to_string(&rate));
        let change = ["provider", "set-take-rate", &rate];
        let ran = bench.run(&[&change[..], &["--form", "signed", "--yes", "--wait", "1s"]].concat()).await;
        assert!(ran.code == 0 || ran.code == 4, "{told}: {}", ran.stderr);
        proxy.set(FaultPlan::none());
        let again = bench.json(&[&change[..], &["--form", "signed", "--yes", "--wait", "3s"]].concat(), 0).await;
        assert!(ran.code == 4 || again["already"].is_string(), "{again}");
        assert_eq!(sent(&bench).await, before + 1, "{told}: {}", ran.stderr);
    }
}

#[tokio::test]
async fn a_command_that_is_killed_is_finished_by_the_next_with_one_nonce() {
    let bench = bench_with_signer().await;
    let proxy = FaultProxy::start(bench.chain.url()).await.unwrap();
    bench.reconfigure(bench.chain.url(), &proxy.url());
    // Before it is sent, and while it waits to be in a block.
    for (rate, is_sent) in [("31", false), ("32", true)] {
        let before = sent(&bench).await;
        let change = [&["provider", "set-take-rate", rate][..], &HOW].concat();
        let nth = journal(&bench).map_or(0, |kept| kept["transactions"].as_array().unwrap().len());
        if is_sent {
            bench.chain.rpc("evm_setAutomine", json!([false])).await.unwrap();
        } else {
            proxy.set(FaultPlan::none().with(Fault::Hang, When::ForMethod("eth_sendRawTransaction".to_owned())));
        }
        let mut child = butler(bench.folder.path()).args(&change).spawn().unwrap();
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            assert!(Instant::now() < deadline, "it never came so far");
            let kept = journal(&bench).unwrap_or_default();
            let hash = &kept["transactions"][nth]["versions"][0]["hash"];
            let has_arrived = hash.is_string() && {
                let known = bench.chain.rpc("eth_getTransactionByHash", json!([hash])).await.unwrap();
                known.is_object()
            };
            if hash.is_string() && has_arrived == is_sent {
                break;
            }
            sleep(Duration::from_millis(20)).await;
        }
        child.kill().await.unwrap();
        proxy.set(FaultPlan::none());
        if is_sent {
            bench.chain.rpc("evm_setAutomine", json!([true])).await.unwrap();
            bench.chain.mine().await.unwrap();
        }
        assert_eq!(sent(&bench).await, before + u64::from(is_sent));
        let next = bench.json(&[&change[..3], &["--form", "signed", "--yes", "--wait", "3s"]].concat(), 0).await;
        assert_eq!(sent(&bench).await, before + 1, "{next}");
        assert_eq!(next["already"].is_string(), is_sent, "{next}");
        assert_eq!(journal(&bench).unwrap()["transactions"].as_array().unwrap().len(), nth + 1);
        let shown = bench.json(&["provider", "show", "--provider-id", "1"], 0).await;
        assert_eq!(shown["providers"][0]["take_rate_bps"].to_string(), rate);
    }
}

#[tokio::test]
async fn nothing_is_signed_beside_what_waits() {
    let bench = bench_with_signer().await;
    bench.chain.rpc("evm_setAutomine", json!([false])).await.unwrap();
    // Another wallet of the same account.
    bench.chain.rpc("anvil_impersonateAccount", json!([signer()])).await.unwrap();
    let other = json!([{ "from": signer(), "to": Address::repeat_byte(7), "value": "0x1", "gas": "0x5208" }]);
    bench.chain.rpc("eth_sendTransaction", other).await.unwrap();
    let told = refused(&bench, &[&SET[..], &HOW].concat()).await;
    assert!(told.contains("a transaction of nonce 1 of the same account waits that was not sent from here"), "{told}");
    bench.chain.mine().await.unwrap();

    let waits = bench.run(&[&SET[..], &["--form", "signed", "--yes", "--wait", "1s"]].concat()).await;
    assert_eq!(waits.code, 4, "{}", waits.stderr);
    assert!(waits.stderr.contains("of nonce 2 is in no block yet"), "{}", waits.stderr);
    let recipient = shown(Address::repeat_byte(0x55));
    let told = refused(&bench, &[&["provider", "set-recipient", &recipient][..], &HOW].concat()).await;
    assert!(told.contains("of nonce 2 is under way, which is to set the share of provider 1"), "{told}");

    // It is dropped everywhere: the very bytes are sent again.
    let kept = journal(&bench).unwrap();
    let hash = &kept["transactions"][0]["versions"][0]["hash"];
    bench.chain.rpc("anvil_dropTransaction", json!([hash])).await.unwrap();
    bench.chain.rpc("evm_setAutomine", json!([true])).await.unwrap();
    let done = bench.json(&[&SET[..], &["--form", "signed", "--yes", "--wait", "3s"]].concat(), 0).await;
    assert_eq!((&done["sent"][0]["hash"], &done["sent"][0]["nonce"]), (hash, &json!(2)), "{done}");
    assert_eq!(journal(&bench).unwrap(), kept, "nothing else was signed");
}

#[tokio::test]
async fn what_waits_is_replaced_by_more_for_gas_or_by_nothing() {
    let bench = bench_with_signer().await;
    assert_eq!(bench.json(&["transactions", "list"], 0).await["transactions"], json!([]));
    bench.chain.rpc("evm_setAutomine", json!([false])).await.unwrap();
    let waits = [&SET[..], &BRIEFLY].concat();
    assert_eq!(bench.run(&waits).await.code, 4);
    let replace = ["transactions", "replace", "1", "--yes", "--wait", "1s"];
    // The first time it gets lost on its way.
    let (proxy, url) = (FaultProxy::start(bench.chain.url()).await.unwrap(), bench.chain.url().to_owned());
    proxy.set(FaultPlan::none().with(Fault::Close, When::FirstForMethod(1, "eth_sendRawTransaction".to_owned())));
    bench.reconfigure(&url, &proxy.url());
    let ran = bench.run(&replace).await;
    assert_eq!(ran.code, 4, "{}", ran.stderr);
    bench.reconfigure(&proxy.url(), &url);
    let versions = journal(&bench).unwrap()["transactions"][0]["versions"].clone();
    assert_eq!(versions.as_array().unwrap().len(), 2);
    let dear = refused(&bench, &[&replace[..], &["--max-fee", "1"]].concat()).await;
    assert!(dear.contains("over the limit of 1"), "{dear}");
    let listed = bench.json(&["transactions", "list"], 0).await["transactions"][0].clone();
    assert_eq!((&listed["state"], &listed["nonce"]), (&json!("waiting"), &json!(1)), "{listed}");
    assert_eq!((&listed["hash"], &listed["replaced"]), (&versions[1]["hash"], &json!([versions[0]["hash"]])));
    bench.chain.mine().await.unwrap();
    let done = bench.json(&waits, 0).await;
    assert_eq!(done["executed"]["transaction_hash"], versions[1]["hash"], "{done}");
    let told = bench.run(&["transactions", "list"]).await.stdout;
    assert!(told.contains("mined, not final: block") && told.contains("set the share of provider 1 to 1234"), "{told}");

    let other = [&["provider", "set-take-rate", "9"][..], &BRIEFLY].concat();
    assert_eq!(bench.run(&other).await.code, 4);
    assert_eq!(bench.run(&["transactions", "cancel", "2", "--yes", "--wait", "1s"]).await.code, 4);
    let told = refused(&bench, &other).await;
    assert!(told.contains("which cancels the same"), "{told}");
    bench.chain.mine().await.unwrap();
    let listed = bench.json(&["transactions", "list"], 0).await["transactions"][1].clone();
    assert_eq!((&listed["state"], &listed["is_cancellation"]), (&json!("mined"), &json!(true)), "{listed}");
    // While that block may go, the first could still come.
    let told = refused(&bench, &other).await;
    assert!(told.contains("had no effect, in a block that is not final"), "{told}");
    for _ in 0..2 {
        bench.chain.mine().await.unwrap();
    }
    bench.chain.rpc("evm_setAutomine", json!([true])).await.unwrap();
    assert_eq!(bench.json(&other, 0).await["sent"][0]["nonce"], 3);
    let ended = bench.run(&["transactions", "cancel", "3", "--yes"]).await;
    assert_eq!(ended.code, 2, "{}", ended.stderr);
}

#[tokio::test]
async fn a_plan_is_signed_without_network_and_sent_where_there_is_one() {
    let bench = bench_with_signer().await;
    let plan = ["provider", "set-take-rate", "77", "--form", "unsigned", "--out"];
    bench.json(&[&plan[..], &["plan.json"]].concat(), 0).await;
    assert_eq!((sent(&bench).await, journal(&bench)), (1, None));
    // That machine reaches nobody.
    let url = bench.chain.url().to_owned();
    bench.reconfigure(&url, "http://127.0.0.1:9");
    let sign = ["transactions", "sign", "plan.json", "--out", "signed.json"];
    let nobody = bench.run(&sign).await;
    assert_eq!(nobody.code, 2, "{}", nobody.stderr);
    let signed = bench.json(&[&sign[..], &["--yes"]].concat(), 0).await;
    let says = &signed["transactions"][0]["description"];
    assert_eq!(*says, "set the share of provider 1 to 77 basis points");
    let again = refused(&bench, &[&sign[..], &["--yes"]].concat()).await;
    assert!(again.contains("`signed.json` exists"), "{again}");
    for (change, why) in
        [(json!({ "gas": 1 }), "its checksum is wrong"), (json!({ "more": 1 }), "it is not a plan of transactions")]
    {
        bench.write("bad.json", &bench.read("plan.json"));
        bench.edit("bad.json", |plan| {
            plan["transactions"][0].as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        });
        let ran = bench.run(&["transactions", "sign", "bad.json", "--out", "never.json", "--yes"]).await;
        assert!(ran.code == 3 && ran.stderr.contains(why), "{}", ran.stderr);
    }
    bench.reconfigure("chain_id = 31337", "chain_id = 31338");
    let elsewhere = bench.run(&["transactions", "sign", "plan.json", "--out", "never.json", "--yes"]).await;
    assert!(elsewhere.code == 3 && elsewhere.stderr.contains("it is of chain 31337"), "{}", elsewhere.stderr);
    bench.reconfigure("chain_id = 31338", "chain_id = 31337");

    bench.reconfigure("http://127.0.0.1:9", &url);
    let broadcast = ["transactions", "broadcast", "signed.json", "--wait", "3s"];
    let first = bench.json(&broadcast, 0).await;
    assert_eq!((&first["sent"][0]["nonce"], &first["sent"][0]["state"]), (&json!(1), &json!("mined")), "{first}");
    let second = bench.json(&broadcast, 0).await;
    assert_eq!(second["sent"][0]["hash"], first["sent"][0]["hash"]);
    assert_eq!(sent(&bench).await, 2);
    // A second plan of an older nonce, and one that somebody else carried out meanwhile.
    bench.json(&["provider", "set-take-rate", "78", "--form", "unsigned", "--out", "late.json"], 0).await;
    bench.run(&["transactions", "sign", "late.json", "--out", "late-signed.json", "--yes"]).await;
    assert_eq!(bench.run(&[&SET[..], &BRIEFLY].concat()).await.code, 0);
    let told = refused(&bench, &["transactions", "broadcast", "late-signed.json"]).await;
    assert!(told.contains("of nonce 2 is under way, which is to set the share of provider 1 to 1234"), "{told}");
    assert_eq!(sent(&bench).await, 3);
    // What was cancelled is not done, and nothing goes on from there.
    bench.json(&["provider", "set-take-rate", "79", "--form", "unsigned", "--out", "gone.json"], 0).await;
    bench.run(&["transactions", "sign", "gone.json", "--out", "gone-signed.json", "--yes"]).await;
    bench.chain.rpc("evm_setAutomine", json!([false])).await.unwrap();
    let gone = ["transactions", "broadcast", "gone-signed.json", "--wait", "0s"];
    assert_eq!(bench.run(&gone).await.code, 4);
    assert_eq!(bench.run(&["transactions", "cancel", "3", "--yes", "--wait", "0s"]).await.code, 4);
    bench.chain.mine().await.unwrap();
    let told = refused(&bench, &gone).await;
    assert!(told.contains("cancelled what has the nonce 3, and nothing that follows it is sent"), "{told}");
}

#[tokio::test]
async fn a_nonce_that_one_of_two_endpoints_tells_alone_signs_nothing() {
    let bench = bench_with_signer().await;
    let proxy = FaultProxy::start(bench.chain.url()).await.unwrap();
    let url = bench.chain.url().to_owned();
    let second = format!("\"{url}\"\n[[networks.devnet.l1]]\nname = \"second\"\nurl = \"{}\"", proxy.url());
    bench.reconfigure(&format!("\"{url}\""), &second);
    let ran = bench.run(&[&SET[..], &BRIEFLY].concat()).await;
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    proxy.set(FaultPlan::none().with(Fault::Close, When::ForMethod("eth_getTransactionCount".to_owned())));
    let kept = journal(&bench);
    let told = refused(&bench, &[&["provider", "set-take-rate", "5"][..], &BRIEFLY].concat()).await;
    assert!(told.contains("told what this is based on"), "{told}");
    assert_eq!(journal(&bench), kept);
}
