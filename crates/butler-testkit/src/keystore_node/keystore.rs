//! Several files as one keystore, and what the node makes of it: who attests, who publishes, where rewards go.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use ethers_core::types::Address;
use serde_json::Value;

use super::{account::Account, folder::failure, schema::parse_address};

/// All files together, before any account was looked up.
#[derive(Debug, Default)]
pub(super) struct Keystore {
    validators: Vec<Validator>,
    signer: Option<String>,
    publishers: Option<Vec<Account>>,
    coinbase: Option<Address>,
    /// Of the slasher and of a prover: only their remote signer is asked.
    others: Vec<Account>,
    has_prover: bool,
}

#[derive(Debug)]
struct Validator {
    attesters: Vec<Account>,
    publishers: Option<Vec<Account>>,
    coinbase: Option<Address>,
    signer: Option<String>,
}

/// One block of validators as the node runs it.
#[derive(Clone, Debug)]
pub(super) struct Running {
    pub(super) attesters: Vec<Address>,
    pub(super) publishers: Vec<Address>,
    coinbase: Option<Address>,
}

impl Running {
    /// The coinbase of a proposal of this attester.
    pub(super) fn coinbase(&self, attester: Address) -> Address {
        self.coinbase.unwrap_or(attester)
    }
}

impl Keystore {
    /// Puts files together that the schema took, in their order.
    ///
    /// # Errors
    /// With the node's words: an attester twice, versions that do not go together, two provers.
    pub(super) fn merge(files: &[Value]) -> Result<Self, String> {
        let version = |file: &Value| if file["schemaVersion"].as_f64() == Some(2.0) { 2 } else { 1 };
        let highest = files.iter().map(version).max().unwrap_or(1);
        let mut merged = Self::default();
        let mut seen = BTreeSet::new();
        for (index, file) in files.iter().enumerate() {
            for value in file["validators"].as_array().into_iter().flatten() {
                let validator = Validator::read(value);
                if files.len() > 1 {
                    for address in validator.attesters.iter().filter_map(Account::plain_address) {
                        if !seen.insert(address) {
                            let what = format!("Duplicate attester address {address:?} found across keystore files");
                            return Err(failure(&format!("keystores[{index}].validators"), &what));
                        }
                    }
                    if version(file) != highest {
                        let what = format!(
                            "Cannot merge keystores with different schema versions: {} and {highest}",
                            version(file)
                        );
                        return Err(failure(&format!("keystores[{index}].schemaVersion"), &what));
                    }
                }
                merged.validators.push(validator);
            }
            merged.add_defaults(file, index)?;
        }
        Ok(merged)
    }

    fn add_defaults(&mut self, file: &Value, index: usize) -> Result<(), String> {
        if !file["prover"].is_null() {
            if self.has_prover {
                let what = "Multiple prover configurations found across keystore files. Only one prover configuration is allowed.";
                return Err(failure(&format!("keystores[{index}].prover"), what));
            }
            self.has_prover = true;
            self.others.extend(Account::read(&file["prover"]["publisher"]));
        }
        self.others.extend(Account::read(&file["slasher"]));
        // The last one wins; publishers add up, unless one side is a mnemonic.
        self.signer = signer_of(&file["remoteSigner"]).or(self.signer.take());
        self.coinbase = file["coinbase"].as_str().and_then(parse_address).or(self.coinbase);
        if !file["publisher"].is_null() {
            let more = Account::read(&file["publisher"]);
            let is_mnemonic = |account: &Account| matches!(account, Account::Mnemonic { .. });
            let mut all = self.publishers.take().unwrap_or_default();
            if all.iter().chain(&more).any(is_mnemonic) {
                all.clear();
            }
            all.extend(more);
            self.publishers = Some(all);
        }
        Ok(())
    }

    /// Looks for an attester that stands there twice, as far as that is seen without files and phrases.
    ///
    /// # Errors
    /// With the node's words.
    pub(super) fn check_duplicates(&self) -> Result<(), String> {
        let mut seen = BTreeSet::new();
        let attesters = self.validators.iter().flat_map(|validator| &validator.attesters);
        for address in attesters.filter_map(Account::plain_address) {
            if !seen.insert(address) {
                return Err(format!(
                    "Duplicate attester address found: {address:?}. An attester address may only appear once across all \
                     configuration blocks."
                ));
            }
        }
        Ok(())
    }

    /// The addresses that each remote signer must have, in the order in which the node meets the signers.
    pub(super) fn remote_signers(&self) -> Vec<(String, BTreeSet<Address>)> {
        let mut order = Vec::new();
        let mut wanted: BTreeMap<String, BTreeSet<Address>> = BTreeMap::new();
        let mut add = |accounts: &[Account], signer: Option<&String>| {
            for account in accounts {
                let Account::Remote { address, url } = account else { continue };
                let Some(url) = url.as_ref().or(signer) else { continue };
                if !wanted.contains_key(url) {
                    order.push(url.clone());
                }
                wanted.entry(url.clone()).or_default().insert(*address);
            }
        };
        for validator in &self.validators {
            let signer = validator.signer.as_ref().or(self.signer.as_ref());
            add(&validator.attesters, signer);
            add(validator.publishers.as_deref().unwrap_or_default(), signer);
        }
        add(&self.others, self.signer.as_ref());
        order.into_iter().map(|url| (url.clone(), wanted.remove(&url).unwrap_or_default())).collect()
    }

    /// Looks every account up; relative paths are below `folder`.
    ///
    /// # Errors
    /// With the node's words.
    pub(super) fn resolve(&self, folder: &Path) -> Result<Vec<Running>, String> {
        let mut running = Vec::new();
        for validator in &self.validators {
            let signer = validator.signer.as_deref().or(self.signer.as_deref());
            let all = |accounts: &[Account]| {
                let found = accounts.iter().map(|account| account.resolve(signer, folder));
                found.collect::<Result<Vec<_>, _>>().map(|found| found.concat())
            };
            let attesters = all(&validator.attesters)?;
            let publishers = match validator.publishers.as_ref().or(self.publishers.as_ref()) {
                Some(publishers) => all(publishers)?,
                None => attesters.clone(),
            };
            if let (Some(attester), true) = (attesters.first(), publishers.is_empty()) {
                return Err(format!("No publisher addresses found for validator address {attester:?}"));
            }
            running.push(Running { attesters, publishers, coinbase: validator.coinbase.or(self.coinbase) });
        }
        Ok(running)
    }
}

impl Validator {
    fn read(value: &Value) -> Self {
        Self {
            attesters: Account::read(&value["attester"]),
            publishers: (!value["publisher"].is_null()).then(|| Account::read(&value["publisher"])),
            coinbase: value["coinbase"].as_str().and_then(parse_address),
            signer: signer_of(&value["remoteSigner"]),
        }
    }
}

fn signer_of(value: &Value) -> Option<String> {
    value.as_str().or_else(|| value["remoteSignerUrl"].as_str()).map(str::to_owned)
}
