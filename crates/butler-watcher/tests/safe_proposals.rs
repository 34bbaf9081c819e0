//! What the operator wants and the chain has otherwise, through the real program, a Safe's own contracts and a fake of its service: approved,
//! proposed once, signed by the owners, and done; through lost answers and kills, and beside people who propose the same.

use butler_testkit::devnet::{Move, registrations};
use butler_testkit::safe::{DeployedSafe, SafeCall, SafeOwner, SafePackages, SafeRelease, ServiceFault};
use ethers_core::types::Address;
use serde_json::{Value, json};

use crate::support::Watcher;
use crate::support::safe::{Owned, PROVIDER, SECRETS};

const RATE: &str = "admin = \"SAFE\"\ntake_rate = 1234\n";

/// Waits until an action of a kind waits for a person, and approves it.
async fn approved(owned: &Owned, watcher: &Watcher, kind: &str) -> Value {
    let row = owned.one(watcher, kind, "awaiting_approval").await;
    owned.decide("approve", &row).await;
    row
}

fn why(row: &Value) -> &str {
    row["reason"].as_str().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wanted_is_proposed_once_and_done_when_the_owners_execute_it() {
    let owned = Owned::start(RATE).await;
    let watcher = owned.bench.watch();
    let row = approved(&owned, &watcher, "set_take_rate").await;
    let shown = &row["action"]["goal"]["executed"];
    assert_eq!(shown["calls"][0]["says"], "set the share of provider 1 to 1234 basis points");
    assert!(shown["effects"][0].as_str().unwrap().contains("keeps 12.34 %"), "{shown:#}");
    let waits = owned.one(&watcher, "set_take_rate", "verifying").await;
    owned.until(&watcher, "an arrival", async || (owned.service.kept().len() == 1).then_some(())).await;
    assert_eq!(waits["key"], row["key"]);
    let state = |state: &str| format!("butler_watcher_proposals{{network=\"devnet\",proposal_state=\"{state}\"}}");
    let series = state("waits");
    owned.until(&watcher, "a metric", async || (watcher.metric(&series).await? > 0.5).then_some(())).await;

    owned.execute(&owned.call(&row, 0)).await;
    let done = owned.one(&watcher, "set_take_rate", "done").await;
    assert!(why(&done).contains("executed in block") && why(&done).contains("keeps 12.34 % already"), "{done:#}");
    owned.until(&watcher, "an end", async || watcher.log().contains("was executed: ").then_some(())).await;
    assert!(watcher.log().contains("is proposed, and waits for the signatures"), "{}", watcher.log());
    assert_eq!(owned.service.bodies().len(), 1);
    let (code, log) = watcher.stop();
    assert_eq!(code, 0, "{log}");
    assert!(SECRETS.iter().all(|secret| !log.contains(secret)), "{log}");
    let kept = owned.bench.journal();
    let proposed: Vec<_> = kept.actions.iter().filter(|action| action.proposal().is_some()).collect();
    assert_eq!(proposed.len(), 1, "{proposed:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_between_any_two_steps_or_with_a_lost_answer_it_is_proposed_once() {
    let owned = Owned::start(RATE).await;
    let mut expected = 0;
    for (nonce, (method, fault, bodies)) in [
        ("GET", ServiceFault::Hang, 1),
        ("POST", ServiceFault::Hang, 2),
        ("POST", ServiceFault::HangAfter, 1),
        ("POST", ServiceFault::LoseReply, 2),
    ]
    .into_iter()
    .enumerate()
    {
        let nonce = u64::try_from(nonce).unwrap();
        owned.want(&RATE.replace("1234", &(2000 + nonce).to_string()));
        let mut watcher = owned.bench.watch();
        let row = owned.one(&watcher, "set_take_rate", "awaiting_approval").await;
        owned.service.break_at(method, fault);
        owned.decide("approve", &row).await;
        owned.until(&watcher, "a fault", async || owned.service.is_broken().then_some(())).await;
        if fault != ServiceFault::LoseReply {
            watcher.kill();
            watcher = owned.bench.watch();
        }
        expected += bodies;
        let count = usize::try_from(nonce).unwrap() + 1;
        owned.until(&watcher, "an arrival", async || (owned.service.kept().len() == count).then_some(())).await;
        owned.execute(&owned.call(&row, nonce)).await;
        owned
            .until(&watcher, "an end", async || {
                let rows = owned.asked("set_take_rate", "done").await?;
                rows.iter().find(|done| done["key"] == row["key"]).cloned()
            })
            .await;
        let sent = owned.service.bodies();
        assert_eq!((owned.service.kept().len(), sent.len()), (count, expected), "{method} {fault:?}");
        assert!(bodies == 1 || sent[expected - 1] == sent[expected - 2], "the very same bytes");
        watcher.stop();
    }
    assert!(owned.bench.journal().planned.values().all(|count| *count == 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_proposed_is_waited_for_and_what_owners_reject_is_parked_and_proposed_anew_when_wanted() {
    let owned = Owned::start(RATE).await;
    let watcher = owned.bench.watch();
    let row = owned.one(&watcher, "set_take_rate", "awaiting_approval").await;
    let call = owned.call(&row, 0);
    owned.propose_as_an_owner(&call).await;
    owned.decide("approve", &row).await;
    let waits = owned.one(&watcher, "set_take_rate", "verifying").await;
    assert_eq!((waits["key"].clone(), owned.service.bodies().len()), (row["key"].clone(), 1));

    // Its owners reject it.
    let nothing = SafeCall { to: owned.safe.address, ..SafeCall::default() };
    owned.propose_as_an_owner(&nothing).await;
    owned.execute(&nothing).await;
    let parked = owned.one(&watcher, "set_take_rate", "parked").await;
    assert!(why(&parked).contains("the owners rejected transaction"), "{parked:#}");
    owned.until(&watcher, "a word", async || watcher.log().contains("is parked (").then_some(())).await;
    owned.decide("retry", &parked).await;
    let row = approved(&owned, &watcher, "set_take_rate").await;
    owned.until(&watcher, "a new one", async || (owned.service.bodies().len() == 3).then_some(())).await;
    owned.execute(&owned.call(&row, 1)).await;
    owned.one(&watcher, "set_take_rate", "done").await;
    watcher.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_short_queue_gets_the_first_good_keys_of_the_prepared_file() {
    let owned = Owned::start("admin = \"SAFE\"\nkeys_file = \"keys-to-add.json\"\nkeys_at_once = 2\n").await;
    let spare = &owned.bench.oracle().spare_keys;
    // The first one has the address of another kind of account, and is left out.
    let mut keys = spare[..4].to_vec();
    keys[0].attester = owned.safe.address;
    owned.write("keys-to-add.json", &registrations(&keys));
    let watcher = owned.bench.watch();
    let row = approved(&owned, &watcher, "add_keys").await;
    let shown = &row["action"]["goal"]["executed"];
    let says = shown["calls"][0]["says"].as_str().unwrap().to_lowercase();
    assert!(says.contains("add 2 keys") && says.contains(&format!("{:?}", spare[1].attester)), "{shown:#}");
    assert!(shown["remarks"].to_string().contains("1 key of the file cannot be used"), "{shown:#}");
    owned.until(&watcher, "an arrival", async || (owned.service.kept().len() == 1).then_some(())).await;
    owned.execute(&owned.call(&row, 0)).await;
    let done = owned.one(&watcher, "add_keys", "done").await;
    assert!(why(&done).contains("stand in the queue of provider 1, byte for byte"), "{done:#}");
    watcher.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn publishers_that_lack_ether_are_funded_and_who_is_named_accepts() {
    let owned = Owned::named("admin = \"SAFE\"\npayer = \"SAFE\"\nfund_cap = \"9\"\n").await;
    owned.bench.chain.rpc("anvil_setBalance", json!([owned.safe.address, "0x8ac7230489e80000"])).await.unwrap();
    let watcher = owned.bench.watch();
    let fund = approved(&owned, &watcher, "fund_publishers").await;
    owned.until(&watcher, "an arrival", async || (owned.service.kept().len() == 1).then_some(())).await;
    let accept = approved(&owned, &watcher, "accept_admin").await;
    owned.until(&watcher, "another", async || (owned.service.kept().len() == 2).then_some(())).await;
    let call = owned.call(&fund, 0);
    owned.execute(&call).await;
    owned.execute(&owned.call(&accept, 1)).await;
    let funded = owned.one(&watcher, "fund_publishers", "done").await;
    assert!(why(&funded).contains("has what it should hold already"), "{funded:#}");
    let accepted = owned.one(&watcher, "accept_admin", "done").await;
    assert!(why(&accepted).contains(&format!("admin of provider {PROVIDER} already")), "{accepted:#}");
    let balance = owned.bench.chain.rpc("eth_getBalance", json!([call.to, "latest"])).await.unwrap();
    assert!(balance != "0x0" && call.to != Address::zero());
    watcher.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_front_key_is_taken_out_and_an_owner_s_key_proposes_nothing() {
    let owned = Owned::start("admin = \"SAFE\"\ndrip_bad_keys = true\n").await;
    let chain = &owned.bench.chain;
    let attester = Address::repeat_byte(0x66);
    chain.play(Move::AddKeysRaw { provider: PROVIDER, attester }).await.unwrap();
    let count = owned.bench.oracle().providers[&PROVIDER].queue.len();
    chain.play(Move::Drip { provider: PROVIDER, count: u64::try_from(count).unwrap() }).await.unwrap();
    let watcher = owned.bench.watch();
    let row = approved(&owned, &watcher, "drip").await;
    let why_not = row["action"]["why"].as_str().unwrap();
    assert!(why_not.contains("at the front of the queue of provider 1 would burn a delegator's stake"), "{why_not}");
    owned.until(&watcher, "an arrival", async || (owned.service.kept().len() == 1).then_some(())).await;
    owned.execute(&owned.call(&row, 0)).await;
    let done = owned.one(&watcher, "drip", "done").await;
    assert!(why(&done).contains("was taken out already"), "{done:#}");
    watcher.stop();

    // A Safe of which the key that proposes is an owner.
    let owner = SafeOwner::of_secret(SECRETS[0]).unwrap();
    let packages = SafePackages::ensure().unwrap();
    let theirs = DeployedSafe::deploy(chain, &packages, SafeRelease::V1_4_1, (&[owner], 1), 1).await.unwrap().address;
    chain.rpc("anvil_setBalance", json!([theirs, "0x8ac7230489e80000"])).await.unwrap();
    owned.want(&format!("payer = \"{theirs:?}\"\nfund_cap = \"9\"\n"));
    let watcher = owned.bench.watch();
    approved(&owned, &watcher, "fund_publishers").await;
    let parked = owned.one(&watcher, "fund_publishers", "parked").await;
    assert!(why(&parked).contains("is an owner of the Safe, and an owner's key is not to be kept here"), "{parked:#}");
    assert_eq!(owned.service.bodies().len(), 1, "nothing left");
    watcher.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_is_wanted_is_created_once_and_without_a_key_it_is_only_told() {
    let terms = format!(
        "admin = \"SAFE\"\ncreate_provider = true\ntake_rate = 900\nrewards_recipient = \"{:?}\"\n",
        Address::repeat_byte(0x77)
    );
    let owned = Owned::named(&terms).await;
    let watcher = owned.bench.watch();
    let row = approved(&owned, &watcher, "create_provider").await;
    owned.until(&watcher, "an arrival", async || (owned.service.kept().len() == 1).then_some(())).await;
    owned.execute(&owned.call(&row, 0)).await;
    let done = owned.one(&watcher, "create_provider", "done").await;
    assert!(why(&done).contains("that is provider ") && why(&done).contains(" already"), "{done:#}");
    watcher.stop();

    // Nobody here could propose that.
    let admin = owned.bench.oracle().providers[&PROVIDER].provider_admin;
    owned.want(&format!("admin = \"{admin:?}\"\ntake_rate = 901\n"));
    let text = owned.bench.config();
    let lines = text.lines().filter(|line| !line.starts_with("proposer_")).map(|line| format!("{line}\n"));
    owned.bench.configure(&lines.collect::<String>());
    let watcher = owned.bench.watch();
    let told = owned.one(&watcher, "set_take_rate", "done").await;
    assert_eq!((why(&told), owned.service.bodies().len()), ("", 1));
    assert!(watcher.log().contains("the configuration wants 901 basis points"), "{}", watcher.log());
    watcher.stop();
}
