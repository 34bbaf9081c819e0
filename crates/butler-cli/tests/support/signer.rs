//! A provider whose admin's key lies on this machine.

use ethers_core::types::Address;
use serde_json::{Value, json};

use super::safe::{DELEGATE, KEYSTORE};
use super::{Bench, PROPOSER_PASSWORD, SECRETS, shown};
use crate::transactions::{endow, execute};

/// The admin.
pub(crate) fn signer() -> Address {
    DELEGATE.parse().unwrap()
}

/// The devnet with all of that.
pub(crate) async fn bench_with_signer() -> Bench {
    let bench = Bench::start().await;
    bench.write("signer.json", KEYSTORE);
    bench.write("password", &format!("{PROPOSER_PASSWORD}\n"));
    let section = "\n[networks.devnet.signer]\nkeystore_file = \"signer.json\"\npassword_file = \"password\"\n";
    bench.write("butler.toml", &(bench.read("butler.toml") + section));
    for account in [bench.oracle().providers[&1].provider_admin, signer()] {
        endow(&bench, account).await;
    }
    let account = shown(signer());
    for arguments in [&["provider", "set-admin", &account][..], &["provider", "accept-admin", "--from", &account]] {
        let planned = bench.json(arguments, 0).await;
        execute(&bench, &planned["content"], &planned["from"]).await;
    }
    bench
}

/// What was written down, which holds no secret.
pub(crate) fn journal(bench: &Bench) -> Option<Value> {
    let text = std::fs::read_to_string(bench.path(&format!(".cache/butler/signed-31337-{DELEGATE}.json"))).ok()?;
    assert!(SECRETS.iter().all(|secret| !text.contains(secret)), "{text}");
    Some(serde_json::from_str(&text).unwrap())
}

/// How many transactions the account has sent that are in blocks.
pub(crate) async fn sent(bench: &Bench) -> u64 {
    let count = bench.chain.rpc("eth_getTransactionCount", json!([signer(), "latest"])).await.unwrap();
    u64::from_str_radix(count.as_str().unwrap().trim_start_matches("0x"), 16).unwrap()
}
