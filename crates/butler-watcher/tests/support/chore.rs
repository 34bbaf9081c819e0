//! A bench whose servers run the keys that can be staked next, and what a person does with the actions that come of it.

use butler_testkit::devnet::attester_secret;
use butler_testkit::proxy::FaultProxy;
use ethers_core::types::Address;
use serde_json::Value;

use super::person::{begun, cli_as, own, stake, text, wait_for};
use super::servers::Server;
use super::{Bench, Watcher};

/// A bench with an approver; nothing runs its keys yet. `keys` stand in `[watcher]`, `more` behind it.
pub(crate) async fn without_servers(keys: &str, more: &str) -> (Bench, Vec<Address>) {
    let bench = begun(&format!("approvers = [\"{}\"]\n{keys}", own()), more).await;
    let attesters = next_attesters(&bench);
    (bench, attesters)
}

/// A bench with an approver, whose servers run all keys that can be staked next.
pub(crate) async fn with_servers(names: &[&str], keys: &str) -> (Bench, Vec<Server>) {
    let (bench, attesters) = without_servers(keys, "").await;
    let mut servers = Vec::new();
    for name in names {
        servers.push(Server::start(&bench, name, &attesters).await);
    }
    add(&bench, &servers.iter().map(Server::configured).collect::<String>());
    (bench, servers)
}

/// Adds sections of the network to the configuration.
pub(crate) fn add(bench: &Bench, sections: &str) {
    bench.configure(&bench.config().replace("[watcher]\n", &format!("{sections}[watcher]\n")));
}

/// Gives the watcher a second endpoint on the same chain, which ends with what is returned.
pub(crate) async fn second_endpoint(bench: &Bench) -> FaultProxy {
    let proxy = FaultProxy::start(bench.chain.url()).await.unwrap();
    add(bench, &format!("[[networks.devnet.l1]]\nname = \"second\"\nurl = \"{}\"\n", proxy.url()));
    proxy
}

/// The keys that provider 1 has in its queue, which are staked in this order.
pub(crate) fn next_attesters(bench: &Bench) -> Vec<Address> {
    let named = ["A8", "A9"].map(|name| bench.attester(name));
    named.into_iter().chain(bench.oracle().spare_keys[..3].iter().map(|key| key.attester)).collect()
}

pub(crate) fn address(text: &str) -> Address {
    text.parse().unwrap()
}

/// Whom a waiting action is about, and the coinbase that it asks for.
pub(crate) fn wanted(row: &Value) -> (Address, Address) {
    let action = &row["action"];
    (address(text(&action["subject"], "attester")), address(text(&action["goal"]["coinbase_configured"], "coinbase")))
}

/// Stakes once and waits until that waits for a person.
pub(crate) async fn delegated(bench: &Bench, watcher: &Watcher) -> Value {
    stake(bench, 1).await;
    wait_for(bench, watcher, "awaiting_approval", 1).await.remove(0)
}

pub(crate) async fn approve(bench: &Bench, row: &Value) {
    let approve = ["--json", "actions", "approve", text(row, "key"), "--shown", text(row, "shown")];
    let (code, _, said) = cli_as(bench, own(), &approve).await;
    assert_eq!(code, 0, "{said}");
}

/// A person has a parked one tried again.
pub(crate) async fn retry(bench: &Bench, row: &Value) {
    let retry = ["--json", "actions", "retry", text(row, "key"), "--shown", text(row, "shown")];
    let (code, _, said) = cli_as(bench, own(), &retry).await;
    assert_eq!(code, 0, "{said}");
}

/// What the command line shows of an action now; null while nobody answers.
pub(crate) async fn shown(bench: &Bench, row: &Value) -> Value {
    let show = ["--json", "actions", "show", text(row, "key")];
    let (_, report, _) = cli_as(bench, own(), &show).await;
    report["action"].clone()
}

/// Waits until an action is in a phase, and says how it looks there.
pub(crate) async fn ended(bench: &Bench, watcher: &Watcher, row: &Value, phase: &str) -> Value {
    until(bench, watcher, row, phase, |row| row["phase"] == phase).await
}

/// Waits until an action is shown as it should be.
pub(crate) async fn until(
    bench: &Bench,
    watcher: &Watcher,
    row: &Value,
    what: &str,
    check: impl Fn(&Value) -> bool,
) -> Value {
    let check = async || Some(shown(bench, row).await).filter(|row| check(row));
    watcher.until(what, check).await
}

/// Waits until an action is shown with other changes than in that row, and waits for a person.
pub(crate) async fn anew(bench: &Bench, watcher: &Watcher, row: &Value) -> Value {
    let is_anew = |now: &Value| now["phase"] == "awaiting_approval" && now["action"]["edits"] != row["action"]["edits"];
    until(bench, watcher, row, "shown anew", is_anew).await
}

/// The reason that an action is shown with.
pub(crate) fn reason(row: &Value) -> &str {
    row["reason"].as_str().unwrap_or_default()
}

/// That file and node of a server have the coinbase, and nothing is left over.
pub(crate) fn has(server: &Server, attester: Address, coinbase: Address) {
    assert_eq!(server.written(attester).map(|text| address(&text)), Some(coinbase), "{}", server.name);
    assert_eq!(server.used(attester), coinbase, "{}", server.name);
    assert_eq!(server.beside(), Vec::<String>::new());
}

/// The private keys of the servers, without their prefix.
pub(crate) fn secrets(attesters: &[Address]) -> Vec<String> {
    let secret = |attester: &Address| attester_secret(*attester).unwrap().trim_start_matches("0x").to_owned();
    attesters.iter().map(secret).collect()
}
