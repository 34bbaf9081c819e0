//! Folders of encrypted keys to which a keystore leads: which addresses came from which.

use std::collections::{BTreeMap, BTreeSet};

use ethers_core::types::Address;
use serde::{Deserialize, Serialize};

/// The addresses of each folder, by its path as the keystore has it.
pub(super) type Folders = BTreeMap<String, BTreeSet<Address>>;

/// The folders of one validator, or of the top of a file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct KeyFolders {
    /// Those of attesters.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) keys: Folders,
    /// Those of publishers, those of provers among them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) publishers: Folders,
}

impl KeyFolders {
    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.publishers.is_empty()
    }
}
