//! A provider whose admin is a real Safe, a fake of the service where its transactions are proposed, and a watcher that proposes there.

use std::time::{Duration, Instant};

use butler_core::client::http::HttpSettings;
use butler_core::client::safe::{PreparedProposal, RequestBudget, SafeService};
use butler_core::contracts::safe::{SafeAccount, SafeVersion};
use butler_core::runtime::clock::unix_now;
use butler_core::store::file::save_atomic;
use butler_core::transaction::Call;
use butler_core::transaction::change::Change;
use butler_core::transaction::permitted::Places;
use butler_core::transaction::safe::calls_transaction;
use butler_testkit::safe::{DeployedSafe, FakeSafeService, SafeCall, SafeOwner, SafePackages, SafeRelease};
use ethers_core::types::{Address, Bytes, U256};
use serde_json::{Value, json};

use super::person::{cli_as, own};
use super::{Bench, Watcher};

/// The key that proposes, encrypted, and its address.
const KEYSTORE: &str = include_str!("../../../butler-core/tests/signing/pbkdf2.json");
const DELEGATE: &str = "0x008aeeda4d805471df9b2a5b0f38a0c3bcba786b";
/// What must never be in an output, a log or the journal.
pub(crate) const SECRETS: [&str; 2] =
    ["7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d", "testpassword"];
/// The provider that the Safe is the admin of.
pub(crate) const PROVIDER: u64 = 1;

/// All of that.
pub(crate) struct Owned {
    pub(crate) bench: Bench,
    pub(crate) safe: DeployedSafe,
    pub(crate) service: FakeSafeService,
}

impl Owned {
    /// The Safe was named, and accepted. `wanted` is what the operator wants, with `SAFE` for the Safe.
    pub(crate) async fn start(wanted: &str) -> Self {
        let owned = Self::named(wanted).await;
        let accept = Change::AcceptAdmin { provider: PROVIDER.try_into().unwrap(), admin: owned.safe.address };
        owned.send(owned.safe.address, &accept).await;
        owned
    }

    /// The Safe was named, and did not accept yet.
    pub(crate) async fn named(wanted: &str) -> Self {
        let bench = Bench::start().await;
        let owners = [1, 2].map(|number| SafeOwner::numbered(number).unwrap());
        let packages = SafePackages::ensure().unwrap();
        let safe = DeployedSafe::deploy(&bench.chain, &packages, SafeRelease::V1_4_1, (&owners, 2), 0).await.unwrap();
        let service = FakeSafeService::start(&bench.chain).await.unwrap();
        service.add_delegate(DELEGATE.parse().unwrap(), owners[0].address(), Some(safe.address));
        let owned = Self { bench, safe, service };
        owned.write("proposer.json", KEYSTORE);
        owned.write("password", "testpassword\n");
        let admin = owned.bench.oracle().providers[&PROVIDER].provider_admin;
        let name = Change::NameAdmin { provider: PROVIDER.try_into().unwrap(), admin: owned.safe.address };
        owned.send(admin, &name).await;
        owned.want(wanted);
        owned
    }

    /// From here on the operator wants that.
    pub(crate) fn want(&self, wanted: &str) {
        let bench = &self.bench;
        let text = bench.config();
        let (text, _) = text.split_once("\n[networks.devnet.safe]").unwrap_or((&text, ""));
        let rules =
            format!("state_directory = \"state\"\nruntime_directory = \"state\"\napprovers = [\"{}\"]\n", own());
        let text = text.replace("configure_coinbase = \"notify\"\n", "configure_coinbase = \"off\"\n");
        let is_new = !text.contains("approvers");
        let text = if is_new { text.replace("state_directory = \"state\"\n", &rules) } else { text };
        let (url, safe) = (self.service.url(), format!("{:?}", self.safe.address));
        let wanted = wanted.replace("SAFE", &safe);
        bench.configure(&format!(
            "{text}\n[networks.devnet.safe]\nurl = \"{url}\"\nproposer_keystore_file = \"proposer.json\"\n\
             proposer_password_file = \"password\"\n[networks.devnet.wanted]\nlook_interval = \"1s\"\n\
             service_interval = \"1s\"\n{wanted}"
        ));
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        save_atomic(&self.bench.folder.path().join(name), text.as_bytes(), 0o600).unwrap();
    }

    /// Has an account make a change by itself.
    pub(crate) async fn send(&self, from: Address, change: &Change) {
        let chain = &self.bench.chain;
        chain.rpc("anvil_setBalance", json!([from, "0x8ac7230489e80000"])).await.unwrap();
        for step in change.steps(&self.places()) {
            chain.rpc("anvil_impersonateAccount", json!([from])).await.unwrap();
            let call = json!({
                "from": from, "to": step.call.to, "data": step.call.data, "value": step.call.value, "gas": "0xf42400",
            });
            let sent = chain.rpc("eth_sendTransaction", json!([call])).await.unwrap();
            chain.mine().await.unwrap();
            let receipt = chain.rpc("eth_getTransactionReceipt", json!([sent])).await.unwrap();
            assert_eq!(receipt["status"], "0x1", "{receipt}");
        }
    }

    pub(crate) fn places(&self) -> Places {
        let contracts = &self.bench.oracle().contracts;
        Places {
            chain_id: self.bench.oracle().chain_id,
            staking_registry: contracts.staking_registry_address,
            rollup: contracts.rollup_address,
            staking_asset: Address::zero(),
            funded: Default::default(),
        }
    }

    /// The actions of a kind in a phase; nothing while the watcher does not answer.
    pub(crate) async fn asked(&self, kind: &str, phase: &str) -> Option<Vec<Value>> {
        let list = ["--json", "actions", "list", "--phase", phase, "--kind", kind];
        let (code, report, said) = cli_as(&self.bench, own(), &list).await;
        assert!(code == 0 || said.contains("failed to connect"), "{code} {said}");
        Some(report["actions"].as_array()?.clone())
    }

    /// Waits, while blocks are mined, until one action of a kind is in a phase.
    pub(crate) async fn one(&self, watcher: &Watcher, kind: &str, phase: &str) -> Value {
        let what = format!("{kind} {phase}");
        self.until(watcher, &what, async || {
            let rows = self.asked(kind, phase).await?;
            rows.into_iter().next()
        })
        .await
    }

    /// Waits for something while blocks are mined.
    pub(crate) async fn until<T>(&self, watcher: &Watcher, what: &str, mut check: impl AsyncFnMut() -> Option<T>) -> T {
        let mut mined = Instant::now();
        self.bench.chain.mine().await.unwrap();
        watcher
            .until(what, async || {
                if mined.elapsed() > Duration::from_millis(500) {
                    mined = Instant::now();
                    self.bench.chain.mine().await.unwrap();
                }
                check().await
            })
            .await
    }

    pub(crate) async fn decide(&self, choice: &str, row: &Value) {
        let [key, shown] = ["key", "shown"].map(|name| row[name].as_str().unwrap());
        let (code, report, said) =
            cli_as(&self.bench, own(), &["--json", "actions", choice, key, "--shown", shown]).await;
        assert_eq!(code, 0, "{said} {report:#}");
    }

    /// What owners sign of an action, under that nonce.
    pub(crate) fn call(&self, row: &Value, nonce: u64) -> SafeCall {
        let calls = row["action"]["goal"]["executed"]["calls"].as_array().unwrap();
        assert_eq!(calls.len(), 1, "{row:#}");
        let data: Bytes = serde_json::from_value(calls[0]["data"].clone()).unwrap();
        let value: U256 = serde_json::from_value(calls[0]["value"].clone()).unwrap();
        let to = calls[0]["to"].as_str().unwrap().parse().unwrap();
        SafeCall { to, value, data: data.to_vec(), nonce, ..SafeCall::default() }
    }

    /// The owners sign it and it is executed.
    pub(crate) async fn execute(&self, call: &SafeCall) {
        self.safe.execute(&self.bench.chain, call).await.unwrap();
        self.service.index().await.unwrap();
    }

    /// An owner proposes that by hand.
    pub(crate) async fn propose_as_an_owner(&self, call: &SafeCall) {
        let account = SafeAccount { chain_id: 31_337, address: self.safe.address };
        let settings = HttpSettings {
            url: self.service.url().parse().unwrap(),
            authorization: None,
            api_key: None,
            timeout: Duration::from_secs(20),
            max_response_bytes: 1 << 20,
            ca_file: None,
            clock: unix_now,
        };
        let client = SafeService::new(&settings, None, account, RequestBudget::new(100)).unwrap();
        let calls = [Call { to: call.to, value: call.value, data: call.data.clone().into() }];
        let transaction = calls_transaction(&calls, SafeVersion::V1_4_1, call.nonce).unwrap();
        let owner = &self.safe.owners[0];
        let signature = owner.sign(transaction.hash(&account)).unwrap().try_into().unwrap();
        let signed = (owner.address(), &signature);
        let proposal = PreparedProposal::new(&account, SafeVersion::V1_4_1, &transaction, signed, "").unwrap();
        client.propose(&proposal).await.unwrap();
    }
}
