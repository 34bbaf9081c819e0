//! The Safe's side of a network: the service where transactions are proposed, and the account that proposes.

use std::path::PathBuf;
use std::time::Duration;

use super::endpoint::EndpointConfig;
use super::endpoint_reader::read_safe_service;
use super::reader::{Read, Section};
use super::setting::Problem;

/// What is configured of Safes on a network.
#[derive(Debug, Clone, PartialEq)]
pub struct SafeConfig {
    /// The service, with its key; `None` where the chain has none of Safe's own and none is given.
    pub service: Option<EndpointConfig>,
    /// Who proposes, where somebody does.
    pub proposer: Option<ProposerFiles>,
    /// The most requests to the service in a month.
    pub requests_per_month: u64,
    /// After how long a proposal is stale.
    pub stale_after: Duration,
}

/// The files of the key that proposes. Nobody reads them before something is proposed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProposerFiles {
    /// The encrypted key.
    pub keystore: PathBuf,
    /// Its password.
    pub password: PathBuf,
}

/// Safe's own service on that chain.
const fn hosted(chain_id: u64) -> Option<&'static str> {
    match chain_id {
        1 => Some("https://api.safe.global/tx-service/eth/api"),
        11_155_111 => Some("https://api.safe.global/tx-service/sep/api"),
        _ => None,
    }
}

/// Reads the section; the chain is `None` where that is a fault itself.
pub(super) fn read_safe(section: &Section<'_>, chain_id: Option<u64>) -> Read<SafeConfig> {
    let service = read_safe_service(section, chain_id.and_then(hosted));
    let proposer = read_key_files(section, "proposer_keystore_file", "proposer_password_file");
    let (requests_per_month, stale_after) = (section.get("requests_per_month"), section.get("stale_after"));
    let proposer = proposer?.map(|(keystore, password)| ProposerFiles { keystore, password });
    Ok(SafeConfig { service: service?, proposer, requests_per_month: requests_per_month?, stale_after: stale_after? })
}

/// The files of an encrypted key and of its password, of which neither is there without the other.
pub(super) fn read_key_files(
    section: &Section<'_>,
    keystore_key: &'static str,
    password_key: &'static str,
) -> Read<Option<(PathBuf, PathBuf)>> {
    let keystore = read_kept_file(section, keystore_key);
    let password = read_kept_file(section, password_key);
    match (keystore?, password?) {
        (None, None) => Ok(None),
        (Some(keystore), Some(password)) => Ok(Some((keystore, password))),
        (Some(_), None) => {
            let problem = Problem::new("an encrypted key without its password");
            Err(section.fault(keystore_key, problem.hint(format!("give `{password_key}`"))))
        }
        (None, Some(_)) => {
            let problem = Problem::new("a password without the encrypted key that it opens");
            Err(section.fault(password_key, problem.hint(format!("give `{keystore_key}`"))))
        }
    }
}

/// A file whose content is read later, and never shown.
fn read_kept_file(section: &Section<'_>, key: &'static str) -> Read<Option<PathBuf>> {
    let path = section.file(key)?;
    path.iter().for_each(|path| section.keeps_secret(key, path));
    Ok(path)
}
