//! Why a coinbase is not written. Says addresses and places, and nothing else of what a file holds.

use ethers_core::types::Address;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::setting::with_checksum;
use crate::text::address::checksummed;

/// Why a file cannot be changed as it is wished. None of these goes away by trying again: the file or the wish must change first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum EditError {
    /// No node would read it: the operator mends the file.
    #[error("this is no keystore that a node would read")]
    NotAKeystore {
        /// The line where it breaks, from 1, where that is known.
        line: Option<usize>,
    },
    /// The caller looks for the attester in another file.
    #[error("the file does not name the attester {}", checksummed(attester))]
    NotThere {
        /// Who is not there.
        #[serde(serialize_with = "with_checksum")]
        attester: Address,
    },
    /// The operator removes one of them: a node refuses the file.
    #[error("the file names the attester {} more than once", checksummed(attester))]
    Twice {
        /// Who is there twice.
        #[serde(serialize_with = "with_checksum")]
        attester: Address,
    },
    /// The operator gives the attester a validator of its own: one coinbase would hold for several.
    #[error(
        "validators[{index}] stands for {} and for others, who would be given the same coinbase",
        checksummed(attester)
    )]
    Shared {
        /// Whose coinbase was to be written.
        #[serde(serialize_with = "with_checksum")]
        attester: Address,
        /// Position of the validator in the file, from 0.
        index: usize,
    },
    /// The wish is wrong: rewards would go to a hot key.
    #[error("the coinbase of {} would be its own address", checksummed(attester))]
    OwnAddress {
        /// Whose address it is.
        #[serde(serialize_with = "with_checksum")]
        attester: Address,
    },
    /// The wish is wrong: no split is an account of this file.
    #[error("the coinbase of {} would be an attester or a publisher of the file", checksummed(attester))]
    OfAKey {
        /// Whose coinbase was to be written.
        #[serde(serialize_with = "with_checksum")]
        attester: Address,
    },
    /// The operator splits the file.
    #[error("the file would be larger than a keystore may be")]
    TooLarge,
    /// The result is not what it should be, so it is not written: a mistake of this program.
    #[error("the changed file does not differ from the old one by the coinbases alone")]
    Unproven,
}
