//! What an action changes in the keystores of nodes, as it was looked up when it was planned: what a person approves.
//!
//! An edit is bound to the file that it was looked up in, but for the coinbases of others: whatever else of the file is another one by
//! now, the edit is of no use any more and is looked up again.

use ethers_core::types::{Address, H256};
use serde::{Deserialize, Serialize};

use crate::text::address::checksummed;

/// One coinbase of one keystore, before it is changed. The coinbase that it gets is the action's goal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeystoreEdit {
    /// The server whose keystore it is, as the configuration names it.
    pub server: String,
    /// The file's name in the keystore's folder.
    pub file: String,
    /// Position in the file's `validators`, from 0.
    pub validator: usize,
    /// What stands there now.
    pub before: CoinbaseBefore,
    /// SHA-256 of the file without the values of its coinbases.
    pub frame: H256,
}

/// What a keystore says of a coinbase before it is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum CoinbaseBefore {
    /// Nothing, or the attester's own address, which is what a node takes where nothing is set.
    NotSet,
    /// `0x0`: the node's proposals fail.
    Zero,
    /// This address.
    Set(Address),
    /// The coinbase that the action asks for: nothing is to be changed here.
    AsWanted,
    /// Something that is no address.
    Illegible,
    /// The keystore could not be looked at: whether the attester stands there is not known.
    Unread,
}

impl CoinbaseBefore {
    /// Whether somebody set something there, which is lost when it is changed, or may have. That takes a person.
    #[must_use]
    pub fn is_somebodys(self) -> bool {
        match self {
            Self::Set(_) | Self::Illegible | Self::Unread => true,
            Self::NotSet | Self::Zero | Self::AsWanted => false,
        }
    }
}

impl std::fmt::Display for CoinbaseBefore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotSet => f.pad("not set"),
            Self::Zero => f.pad("zero"),
            Self::Set(address) => f.pad(&checksummed(address)),
            Self::AsWanted => f.pad("set already"),
            Self::Illegible => f.pad("not legible"),
            Self::Unread => f.pad("could not be looked at"),
        }
    }
}
