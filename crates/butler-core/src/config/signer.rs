//! The account whose transactions are signed on this machine, and what they may cost.

use std::path::PathBuf;

use ethers_core::types::U256;

use super::reader::{Read, Section};
use super::safe::read_key_files;
use super::setting::{Ether, Gwei};

/// What is configured of transactions that are signed here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignerConfig {
    /// The files of the key, where one is given. Nobody reads them before something is signed.
    pub files: Option<SignerFiles>,
    /// The most that is offered for a unit of gas, in wei.
    pub max_fee: U256,
    /// What of that is offered to whoever builds the block, in wei.
    pub priority_fee: U256,
    /// The most that all gas of one transaction may cost, in wei.
    pub max_cost: U256,
}

/// The files of the key that signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignerFiles {
    /// The encrypted key.
    pub keystore: PathBuf,
    /// Its password.
    pub password: PathBuf,
}

/// Reads the section.
pub(super) fn read_signer(section: &Section<'_>) -> Read<SignerConfig> {
    let files = read_key_files(section, "keystore_file", "password_file");
    let (max_fee, priority_fee) = (section.get::<Gwei>("max_fee"), section.get::<Gwei>("priority_fee"));
    let max_cost = section.get::<Ether>("max_cost");
    let files = files?.map(|(keystore, password)| SignerFiles { keystore, password });
    Ok(SignerConfig { files, max_fee: max_fee?.0, priority_fee: priority_fee?.0, max_cost: max_cost?.0 })
}
