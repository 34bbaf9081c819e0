//! A provider whose admin is a real Safe, and a fake of the service where its transactions are proposed.

use butler_core::client::http::HttpSettings;
use butler_core::client::safe::{PreparedProposal, RequestBudget, SafeService};
use butler_core::contracts::safe::{SafeAccount, SafeVersion};
use butler_core::runtime::clock::unix_now;
use butler_core::transaction::Call;
use butler_core::transaction::safe::calls_transaction;
use butler_testkit::safe::{DeployedSafe, FakeSafeService, SafeOwner, SafePackages, SafeRelease};
use ethers_core::types::Address;
use serde_json::Value;

use super::{Bench, PROPOSER_KEY, PROPOSER_PASSWORD, SECRETS, shown};
use crate::transactions::{endow, execute};

/// The key that proposes, encrypted.
pub(crate) const KEYSTORE: &str = include_str!("../../../butler-core/tests/signing/pbkdf2.json");
/// Its address.
pub(crate) const DELEGATE: &str = "0x008aeeda4d805471df9b2a5b0f38a0c3bcba786b";

/// The devnet with all of that.
pub(crate) struct SafeSetting {
    pub(crate) bench: Bench,
    pub(crate) safe: DeployedSafe,
    pub(crate) service: FakeSafeService,
}

impl SafeSetting {
    pub(crate) async fn start() -> Self {
        let bench = Bench::start().await;
        let owners = [1, 2].map(|number| SafeOwner::numbered(number).unwrap());
        let packages = SafePackages::ensure().unwrap();
        let safe = DeployedSafe::deploy(&bench.chain, &packages, SafeRelease::V1_4_1, (&owners, 2), 0).await.unwrap();
        let service = FakeSafeService::start(&bench.chain).await.unwrap();
        service.add_delegate(DELEGATE.parse().unwrap(), owners[0].address(), Some(safe.address));
        bench.write("proposer.json", KEYSTORE);
        bench.write("password", &format!("{PROPOSER_PASSWORD}\n"));
        bench.write("api-key", super::TOKEN);
        let section = format!(
            "\n[networks.devnet.safe]\nurl = \"{}\"\napi_key_file = \"api-key\"\nproposer_keystore_file = \"proposer.json\"\n\
             proposer_password_file = \"password\"\nstale_after = \"1m\"\n",
            service.url()
        );
        bench.write("butler.toml", &(bench.read("butler.toml") + &section));
        let setting = Self { bench, safe, service };
        setting.become_admin().await;
        setting
    }

    async fn become_admin(&self) {
        let (bench, safe) = (&self.bench, shown(self.safe.address));
        for account in [bench.oracle().providers[&1].provider_admin, self.safe.address] {
            endow(bench, account).await;
        }
        for arguments in [&["provider", "set-admin", &safe][..], &["provider", "accept-admin", "--from", &safe]] {
            let planned = bench.json(arguments, 0).await;
            execute(bench, &planned["content"], &planned["from"]).await;
        }
    }

    /// Of the Safe itself: one owner would be enough.
    pub(crate) fn lowered_threshold(&self) -> Call {
        let data = ethers_core::utils::id("changeThreshold(uint256)").to_vec();
        let one = ethers_core::abi::encode(&[ethers_core::abi::Token::Uint(1.into())]);
        Call { to: self.safe.address, value: 0.into(), data: [data, one].concat().into() }
    }

    /// An owner proposes that by hand.
    pub(crate) async fn propose_as_an_owner(&self, call: &Call, nonce: u64) {
        self.propose_as(0, call, nonce).await;
    }

    /// The same by one of the owners; of what is proposed already it is a confirmation.
    pub(crate) async fn propose_as(&self, owner: usize, call: &Call, nonce: u64) {
        let account = SafeAccount { chain_id: 31_337, address: self.safe.address };
        let settings = HttpSettings {
            url: self.service.url().parse().unwrap(),
            authorization: None,
            api_key: None,
            timeout: std::time::Duration::from_secs(20),
            max_response_bytes: 1 << 20,
            ca_file: None,
            clock: unix_now,
        };
        let client = SafeService::new(&settings, None, account, RequestBudget::new(100)).unwrap();
        let transaction = calls_transaction(std::slice::from_ref(call), SafeVersion::V1_4_1, nonce).unwrap();
        let owner = &self.safe.owners[owner];
        let signature = owner.sign(transaction.hash(&account)).unwrap().try_into().unwrap();
        let signed = (owner.address(), &signature);
        let proposal = PreparedProposal::new(&account, SafeVersion::V1_4_1, &transaction, signed, "").unwrap();
        client.propose(&proposal).await.unwrap();
    }

    /// A Safe of which the key that proposes is an owner.
    pub(crate) async fn owned_by_the_proposer(&self) -> Address {
        let owners = [SafeOwner::of_secret(PROPOSER_KEY).unwrap()];
        let packages = SafePackages::ensure().unwrap();
        let safe = DeployedSafe::deploy(&self.bench.chain, &packages, SafeRelease::V1_4_1, (&owners, 1), 1).await;
        let safe = safe.unwrap().address;
        endow(&self.bench, safe).await;
        safe
    }

    /// Changes what was written down of proposals, which holds no secret.
    pub(crate) fn edit_journal(&self, change: impl FnOnce(&mut Value)) {
        let folder = self.bench.path(".cache/butler");
        let files = folder.read_dir().unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let name = files.into_iter().find(|name| name.starts_with("safe-") && name.ends_with(".json")).unwrap();
        let name = format!(".cache/butler/{name}");
        let text = self.bench.read(&name);
        assert!(SECRETS.iter().all(|secret| !text.contains(secret)), "{text}");
        self.bench.edit(&name, change);
    }
}
