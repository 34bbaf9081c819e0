//! How a folder of keystores looks to its node: what each file says in public, and what is in the way of a reload.
//!
//! Addresses, places and digests only: nothing of a key is in it.

use std::collections::BTreeSet;

use ethers_core::types::{Address, H256};
use serde::{Deserialize, Serialize};

use super::names::FileName;
use super::obstacle::Obstacle;
use super::setting::Setting;

/// A folder of keystores.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FolderView {
    /// The files that could be read, in the order in which the node reads them.
    pub files: Vec<FileView>,
    /// How many of the `*.json` are hidden: the node reads them, too.
    pub hidden: usize,
    /// What stands in the way of a reload.
    pub obstacles: Vec<Obstacle>,
}

impl FolderView {
    /// Every account that is an attester or a publisher.
    #[must_use]
    pub fn accounts(&self) -> BTreeSet<Address> {
        let validators = self.files.iter().flat_map(|file| &file.validators);
        validators.flat_map(|validator| validator.attesters.iter().chain(&validator.publishers)).copied().collect()
    }
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileView {
    /// Its name.
    pub name: FileName,
    /// SHA-256 of its content.
    pub digest: H256,
    /// The frame of a keystore: see [`frame`](super::frame()).
    pub frame: Option<H256>,
    /// Its permission bits.
    pub mode: u32,
    /// Its owner's id.
    pub uid: u32,
    /// Its group's id.
    pub gid: u32,
    /// What its top says for validators that have no coinbase.
    pub coinbase: Setting,
    /// Its validators whose attesters are legible.
    pub validators: Vec<ValidatorView>,
}

/// One validator of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValidatorView {
    /// Its position in the file, from 0.
    pub index: usize,
    /// Its attesters.
    pub attesters: Vec<Address>,
    /// Whether it stands for one attester, now and later: no other's coinbase can be written.
    pub is_single: bool,
    /// What it says of its coinbase.
    pub coinbase: Setting,
    /// Who pays for it, as the node resolves that: its own, those at the tops of all files, or the attesters themselves.
    pub publishers: Vec<Address>,
}
