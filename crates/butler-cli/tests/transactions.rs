//! Every command that changes something, on a chain with Aztec's contracts: what it hands over is executed by who may, does what was said, and the
//! second time there is nothing to do.

use butler_testkit::devnet::{KeyStore, Move, registrations, with_wrong_proof};
use butler_testkit::proxy::FaultProxy;
use ethers_core::types::{Address, U256};
use serde_json::{Value, json};

use crate::support::{self, Bench, Ran, shown};

/// Sends each call of a form as its sender, and returns the last transaction.
pub(crate) async fn execute(bench: &Bench, content: &Value, sender: &Value) -> Value {
    let mut last = Value::Null;
    for transaction in content["transactions"].as_array().unwrap() {
        let value = U256::from_dec_str(transaction["value"].as_str().unwrap()).unwrap();
        let call = json!({
            "from": sender, "to": transaction["to"], "data": transaction["data"], "value": value, "gas": "0xf42400",
        });
        bench.chain.rpc("anvil_impersonateAccount", json!([sender])).await.unwrap();
        last = bench.chain.rpc("eth_sendTransaction", json!([call])).await.unwrap();
        bench.chain.mine().await.unwrap();
        let receipt = bench.chain.rpc("eth_getTransactionReceipt", json!([last])).await.unwrap();
        assert_eq!(receipt["status"], "0x1", "{transaction}: {receipt}");
    }
    last
}

/// Gives an account ether to pay with.
pub(crate) async fn endow(bench: &Bench, account: Address) {
    bench.chain.rpc("anvil_setBalance", json!([account, "0x8ac7230489e80000"])).await.unwrap();
    bench.chain.mine().await.unwrap();
}

/// Runs a change in both forms, executes it once, and sees that it is done: returns its report.
async fn change_once(bench: &Bench, arguments: &[&str]) -> Value {
    let dry = bench.json(&[arguments, &["--dry-run"]].concat(), 0).await;
    assert_eq!((&dry["form"], &dry["content"], &dry["already"]), (&Value::Null, &Value::Null, &Value::Null), "{dry}");
    let planned = bench.json(arguments, 0).await;
    assert_eq!(planned["transactions"], dry["transactions"]);
    // Only a contract can be the Safe that a file is for.
    let told = refused(bench, &[arguments, &["--form", "safe_builder"]].concat()).await;
    assert!(told.contains("there is no Safe at"), "{told}");
    let code = |code: &str| bench.chain.rpc("anvil_setCode", json!([planned["from"], code]));
    code("0x00").await.unwrap();
    bench.chain.mine().await.unwrap();
    let builder = bench.json(&[arguments, &["--form", "safe_builder"]].concat(), 0).await;
    code("0x").await.unwrap();
    bench.chain.mine().await.unwrap();
    let (calls, batch) = (&planned["content"]["transactions"], &builder["content"]["transactions"]);
    for (call, item) in calls.as_array().unwrap().iter().zip(batch.as_array().unwrap()) {
        assert_eq!(call["from"], planned["from"]);
        for name in ["to", "value", "data"] {
            assert_eq!(call[name], item[name], "{name}");
        }
    }
    // Whichever form is signed, the chain ends up the same.
    let before = bench.chain.rpc("evm_snapshot", json!([])).await.unwrap();
    execute(bench, &builder["content"], &planned["from"]).await;
    let of_builder = bench.json(arguments, 0).await;
    assert!(of_builder["already"].is_string(), "{of_builder}");
    bench.chain.rpc("evm_revert", json!([before])).await.unwrap();
    let last = execute(bench, &planned["content"], &planned["from"]).await;
    let again = bench.json(arguments, 0).await;
    assert!(again["already"].is_string() && again["transactions"] == json!([]), "{again}");
    if !again["executed"].is_null() {
        assert_eq!(again["executed"]["transaction_hash"], last);
    }
    again
}

async fn provider(bench: &Bench, id: &str) -> Value {
    bench.json(&["provider", "show", "--provider-id", id], 0).await["providers"][0].clone()
}

/// What is refused, with its hint; nothing comes to stdout.
async fn refused(bench: &Bench, arguments: &[&str]) -> String {
    let Ran { code, stdout, stderr } = bench.run(arguments).await;
    assert_eq!((code, stdout.as_str()), (6, ""), "{arguments:?}: {stderr}");
    assert!(stderr.starts_with("error: ") && stderr.contains("\nhint: "), "{arguments:?}: {stderr}");
    stderr
}

#[tokio::test]
async fn the_record_of_a_provider_is_changed_once() {
    let bench = Bench::start().await;
    let admin = bench.oracle().providers[&1].provider_admin;
    let next = Address::repeat_byte(0x77);
    for account in [admin, next] {
        endow(&bench, account).await;
    }
    let planned = bench.json(&["provider", "set-take-rate", "1234", "--dry-run"], 0).await;
    let again = change_once(&bench, &["provider", "set-take-rate", "1234"]).await;
    assert_eq!(again["effect"], planned["effect"]);
    assert_eq!(again["change"], "set_take_rate");
    assert!(again["executed"]["block_number"].is_u64(), "{again}");
    assert_eq!(provider(&bench, "1").await["take_rate_bps"], 1234);

    let recipient = shown(Address::repeat_byte(0x55));
    let again = change_once(&bench, &["provider", "set-recipient", &recipient]).await;
    assert!(again["executed"]["block_number"].is_u64(), "{again}");
    assert_eq!(provider(&bench, "1").await["rewards_recipient"], recipient.as_str());

    let next = shown(next);
    let told = refused(&bench, &["provider", "accept-admin", "--from", &next]).await;
    assert!(told.contains("is not named as the next admin of provider 1"), "{told}");
    let again = change_once(&bench, &["provider", "set-admin", &next]).await;
    assert!(again["executed"]["block_number"].is_u64(), "{again}");
    assert_eq!(provider(&bench, "1").await["pending_admin"], next.as_str());
    let own = shown(admin);
    let told = refused(&bench, &["provider", "set-admin", &own]).await;
    assert!(told.contains("and 0x7777777777777777777777777777777777777777 may take over"), "{told}");
    let told = refused(&bench, &["provider", "accept-admin", "--from", &recipient]).await;
    assert!(told.contains(&format!("hint: {next} is: that account accepts")), "{told}");
    let again = change_once(&bench, &["provider", "accept-admin", "--from", &next]).await;
    assert!(again["executed"]["block_number"].is_u64(), "{again}");
    assert_eq!(provider(&bench, "1").await["admin"], next.as_str());
    let told = refused(&bench, &["provider", "set-take-rate", "9", "--from", &own]).await;
    assert!(told.contains(&format!("{own} is not the admin of provider 1")), "{told}");
    assert!(told.contains(&format!("hint: its admin is {next}")), "{told}");
}

#[tokio::test]
async fn a_provider_is_registered_once_and_found_by_its_admin() {
    let bench = Bench::start().await;
    let (admin, recipient) = (Address::repeat_byte(0x21), Address::repeat_byte(0x22));
    endow(&bench, admin).await;
    let (admin, recipient) = (shown(admin), shown(recipient));
    let create = ["provider", "create", "--admin", &admin, "--take-rate", "500", "--rewards-recipient", &recipient];
    let again = change_once(&bench, &create).await;
    assert!(again["executed"]["block_number"].is_u64(), "{again}");
    let found = bench.json(&["provider", "find", &admin], 0).await;
    assert_eq!(found["providers"][0]["take_rate_bps"], 500);
    let other = ["provider", "create", "--admin", &admin, "--take-rate", "501", "--rewards-recipient", &recipient];
    let told = refused(&bench, &other).await;
    assert!(told.contains("already, with other terms"), "{told}");
    let zero = "0x0000000000000000000000000000000000000000";
    let nobody = ["provider", "create", "--admin", &recipient, "--take-rate", "5", "--rewards-recipient", zero];
    let told = refused(&bench, &nobody).await;
    assert!(told.contains("the zero address as who receives rewards"), "{told}");
}

#[tokio::test]
async fn keys_are_taken_out_of_the_front_up_to_the_one_that_is_named() {
    let bench = Bench::start().await;
    endow(&bench, bench.oracle().providers[&1].provider_admin).await;
    let queue = bench.oracle().providers[&1].queue.clone();
    let last = shown(*queue.last().unwrap());
    change_once(&bench, &["provider", "drip", &last]).await;
    assert_eq!(provider(&bench, "1").await["queue_length"], 0);
    let told = refused(&bench, &["provider", "drip", &shown(Address::repeat_byte(9))]).await;
    assert!(told.contains("does not wait in the queue of provider 1"), "{told}");
}

#[tokio::test]
async fn keys_are_added_once_in_chunks_and_read_back_byte_by_byte() {
    let bench = Bench::start().await;
    endow(&bench, bench.oracle().providers[&1].provider_admin).await;
    let keys = bench.oracle().spare_keys[..3].to_vec();
    bench.write("one.json", &registrations(&keys[..1]));
    bench.write("all.json", &registrations(&keys));
    let waiting = bench.oracle().providers[&1].queue.len();
    change_once(&bench, &["provider", "add-keys", "one.json"]).await;
    // What is there already is not added again.
    let planned = bench.json(&["provider", "add-keys", "all.json"], 0).await;
    let remarks = planned["remarks"].to_string();
    assert!(remarks.contains("1 key of the file stand there already"), "{remarks}");
    assert!(remarks.contains("3 keys of the file stand in no key file"), "{remarks}");
    let again = change_once(&bench, &["provider", "add-keys", "all.json"]).await;
    let says = again["already"].as_str().unwrap();
    assert!(says.starts_with("3 keys of the file stand in the queue of provider 1, byte for byte"), "{says}");
    let queue = provider(&bench, "1").await["queue"].clone();
    let added: Vec<String> = keys.iter().map(|key| shown(key.attester)).collect();
    assert_eq!(queue.as_array().unwrap()[waiting..], added.iter().map(|one| json!(one)).collect::<Vec<_>>());
    // What a delegator takes is not wrong with the file, and is not added again.
    for _ in 0..=waiting {
        bench.chain.play(Move::Stake { provider: 1 }).await.unwrap();
    }
    let says = bench.json(&["provider", "add-keys", "all.json"], 0).await["already"].as_str().unwrap().to_owned();
    assert!(
        says.starts_with("2 keys of the file stand") && says.ends_with("; delegators took 1 key of it since"),
        "{says}"
    );
}

#[tokio::test]
async fn one_of_two_endpoints_alone_chooses_no_contract() {
    let bench = Bench::start().await;
    let url = bench.chain.url();
    bench.endpoint(&format!(
        "name = \"one\"\nurl = \"{url}\"\n[[networks.devnet.l1]]\nname = \"dead\"\nurl = \"http://127.0.0.1:9\""
    ));
    let Ran { code, stdout, stderr } = bench.run(&["provider", "set-take-rate", "1500"]).await;
    assert_eq!((code, stdout.as_str()), (6, ""), "{stderr}");
    assert!(stderr.contains("error: only one told what this is based on\nhint: "), "{stderr}");
}

#[tokio::test]
async fn a_key_that_would_burn_itself_or_a_stake_is_refused_with_why() {
    let bench = Bench::start().await;
    let spare = bench.oracle().spare_keys.clone();
    let admin = bench.oracle().providers[&1].provider_admin;
    let publisher = bench.oracle().publishers[0].address;
    let [mut wrong, mut of_used, mut zero, mut ours, mut paying] = [0, 1, 2, 3, 4].map(|at| spare[at].clone());
    wrong = with_wrong_proof(&wrong);
    bench.chain.play(Move::DepositKey { key: of_used.clone() }).await.unwrap();
    of_used.attester = Address::repeat_byte(0xb1);
    bench.chain.play(Move::AddKeys { provider: 2, keys: vec![spare[5].clone()] }).await.unwrap();
    zero.attester = Address::zero();
    ours.attester = admin;
    paying.attester = publisher;
    let (active, queued) = (bench.attester("A2"), bench.oracle().providers[&1].queue[0]);
    let [in_use, standing] = [active, queued].map(|attester| KeyStore { attester, ..spare[3].clone() });
    for (keys, why) in [
        (vec![wrong], "its proof of possession is wrong"),
        (vec![of_used], "its address or BLS key waits in the entry queue of rollup"),
        (vec![spare[5].clone()], "its address or BLS key stands in the queue of provider 2, too"),
        (vec![zero], "its address is zero"),
        (vec![ours], "its address is that of the provider's admin, too"),
        (vec![paying], "its address is that of a publisher, too"),
        (vec![in_use], "its address validates already"),
        (vec![standing], "it stands in the queue of provider 1 with another BLS key or proof"),
        (vec![spare[3].clone(), spare[3].clone()], "its address or BLS key is that of key 1 of the file, too"),
    ] {
        bench.write("bad.json", &registrations(&keys));
        let told = refused(&bench, &["provider", "add-keys", "bad.json"]).await;
        assert!(told.contains(why) && told.contains("1 key of the file cannot be used"), "{why}: {told}");
    }
    bench.write("good.json", &registrations(&spare[3..4]));
    let not_admin = ["provider", "add-keys", "good.json", "--from", &shown(publisher)];
    assert!(refused(&bench, &not_admin).await.contains("is not the admin of provider 1"));
    // The escrow grants less than the proof takes with a tenth to spare.
    bench.chain.play(Move::SetProofGasLimit { gas: 140_000 }).await.unwrap();
    let told = refused(&bench, &["provider", "add-keys", "good.json"]).await;
    assert!(told.contains("gas, and no more than 126000 is safe"), "{told}");
    bench.write(
        "keystore.json",
        &json!({ "validators": [{ "attester": { "eth": support::PRIVATE_KEY } }] }).to_string(),
    );
    let ran = bench.run(&["provider", "add-keys", "keystore.json"]).await;
    assert_eq!((ran.code, ran.stdout.as_str()), (3, ""), "{}", ran.stderr);
    assert!(ran.stderr.contains("hint: it is the public `…_staker_output.json`"), "{}", ran.stderr);
}

#[tokio::test]
async fn publishers_that_lack_ether_are_funded_once_in_one_batch() {
    let bench = Bench::start().await;
    let payer = Address::repeat_byte(0x61);
    endow(&bench, payer).await;
    let payer = shown(payer);
    let fund = ["publishers", "fund", "--from", &payer, "--cap", "9"];
    let before = bench.json(&["publishers"], 0).await;
    assert_ne!(before["total_top_up"], "0", "{before}");
    change_once(&bench, &fund).await;
    assert_eq!(bench.json(&["publishers"], 0).await["total_top_up"], "0");
    bench.reconfigure("minimum_ether_per_publisher = \"0\"", "minimum_ether_per_publisher = \"30\"");
    let told = refused(&bench, &["publishers", "fund", "--from", &payer]).await;
    assert!(told.contains("over the cap of 1") && told.contains("raise `--cap`"), "{told}");
    let told = refused(&bench, &["publishers", "fund", "--from", &payer, "--cap", "1000"]).await;
    assert!(told.contains(" ETH, and ") && told.contains("are needed"), "{told}");
    // The node of this server refills its own publishers.
    for file in ["keys/server-1.json", "keys/server-2.json"] {
        bench.edit(file, |keys| keys["fundingAccount"] = shown(Address::repeat_byte(0x62)).into());
    }
    // A folder with two of them: the nodes drop the account.
    let told = refused(&bench, &fund).await;
    assert!(told.contains("over the cap of 9"), "{told}");
    std::fs::create_dir(bench.path("other")).unwrap();
    std::fs::rename(bench.path("keys/server-2.json"), bench.path("other/server-2.json")).unwrap();
    bench.reconfigure("[\"keys/*.json\"]", "[\"keys/*.json\", \"other/*.json\"]");
    let told = refused(&bench, &fund).await;
    assert!(told.contains("no publisher is to be funded here"), "{told}");
}

#[tokio::test]
async fn a_direct_stake_is_approved_and_deposited_once() {
    let bench = Bench::start().await;
    let keys = bench.oracle().spare_keys[..2].to_vec();
    bench.write("keys.txt", &registrations(&keys));
    let (staker, withdrawer) = (Address::repeat_byte(0x71), Address::repeat_byte(0x72));
    endow(&bench, staker).await;
    let (from, to) = (shown(staker), shown(withdrawer));
    let deposit = ["attester", "deposit", "keys.txt", "--from", &from, "--withdrawer", &to];
    let told = refused(&bench, &deposit).await;
    assert!(told.contains("has 0 of the staked token, and 400,000 are needed"), "{told}");
    bench.chain.endow_with_stakes(staker, 2).await.unwrap();
    let planned = bench.json(&deposit, 0).await;
    assert_eq!(planned["transactions"].as_array().unwrap().len(), 3, "an approval and two deposits");
    assert!(planned["transactions"].as_array().unwrap().iter().all(|one| one["gas"].is_u64()), "{planned}");
    let again = change_once(&bench, &deposit).await;
    assert!(again["executed"]["block_number"].is_u64(), "{again}");
    // For somebody else these keys are taken.
    let told = refused(&bench, &["attester", "deposit", "keys.txt", "--from", &from]).await;
    assert!(told.contains("waits in the entry queue"), "{told}");
}

#[tokio::test]
async fn a_thousand_keys_take_few_requests() {
    let bench = Bench::start().await;
    let proxy = FaultProxy::start(bench.chain.url()).await.unwrap();
    bench.endpoint(&format!("url = \"{}\"", proxy.url()));
    // Wrong proofs are looked up like right ones, and that many right ones would take long to make.
    let spare = bench.oracle().spare_keys[0].clone();
    let key = |number: u64| KeyStore {
        attester: Address::from_low_u64_be(0x10_0000 + number),
        g1: [("x".to_owned(), U256::from(number)), ("y".to_owned(), U256::from(number))].into(),
        ..spare.clone()
    };
    bench.write("many.json", &registrations(&(1..=1_000).map(key).collect::<Vec<_>>()));
    let told = refused(&bench, &["provider", "add-keys", "many.json"]).await;
    assert!(told.contains("1000 keys of the file cannot be used") && told.contains("and 990 more"), "{told}");
    let stats = proxy.stats();
    assert!(stats.http_requests <= 12, "{stats:?}");
}

#[tokio::test]
async fn a_plan_is_told_in_words_and_figures() {
    let bench = Bench::start().await;
    let ran = bench.run(&["provider", "set-take-rate", "1500", "--dry-run"]).await;
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    insta::assert_snapshot!("dry_run", ran.stdout);
    let queue = &bench.oracle().providers[&1].queue;
    insta::assert_snapshot!("calldata", bench.run(&["provider", "drip", &shown(queue[0])]).await.stdout);
    bench.chain.play(Move::SetTakeRate { provider: 1, rate: 1500 }).await.unwrap();
    insta::assert_snapshot!("already", bench.run(&["provider", "set-take-rate", "1500"]).await.stdout);
}

#[tokio::test]
async fn a_form_goes_to_a_new_file_and_a_change_is_about_one_provider() {
    let bench = Bench::start().await;
    let admin = bench.oracle().providers[&1].provider_admin;
    bench.chain.rpc("anvil_setCode", json!([admin, "0x00"])).await.unwrap();
    bench.chain.mine().await.unwrap();
    let set = ["provider", "set-take-rate", "77", "--out", "form.json", "--form", "safe_builder"];
    let ran = bench.run(&set).await;
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stdout.contains("nothing was sent: `form.json` has it as safe_builder"), "{}", ran.stdout);
    let file: Value = serde_json::from_str(&bench.read("form.json")).unwrap();
    assert_eq!((&file["version"], &file["chainId"]), (&json!("1.0"), &json!("31337")));
    assert!(file["meta"]["checksum"].as_str().unwrap().starts_with("0x"));
    let told = refused(&bench, &set).await;
    assert!(told.contains("`form.json` exists"), "{told}");
    let ran = bench.run(&["provider", "set-take-rate", "77", "--provider-id", "1", "--provider-id", "2"]).await;
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
    assert!(ran.stderr.contains("2 providers are configured, and this is about one"), "{}", ran.stderr);
}
