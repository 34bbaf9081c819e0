//! The effect key: what is done to whom, as one printable word.
//!
//! Two logs that ask for the same effect have the same key, also when a reorg moved them to another block. A key is
//! `kind/chain/contract/part…`, of at most 256 bytes without spaces, so that it can be an id in a store, a line and a header.

use std::fmt;
use std::str::FromStr;

use ethers_core::types::{Address, H256};
use ethers_core::utils::keccak256;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::kind::ActionKind;
use super::place::Place;
use crate::domain::job::{Item, JobId};

/// The longest key in bytes.
pub const KEY_LIMIT: usize = 256;
/// The longest name that stands in a key as it is.
const NAME_LIMIT: usize = 40;

/// What is done to whom; the identity of an action.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EffectKey(String);

/// A part of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part<'a> {
    /// An account or a contract.
    Address(Address),
    /// A number.
    Number(u64),
    /// A transaction and the how manieth such log of it this is, from 0: what happened, wherever the transaction was mined.
    Occurrence(H256, u64),
    /// A name that may be anything; a long or strange one stands there as its hash.
    Name(&'a str),
}

/// A text that is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("an effect key has 1 to {KEY_LIMIT} visible ascii characters")]
pub struct InvalidKey;

impl EffectKey {
    /// The key of an effect of this kind at a place. Parts that would make it too long stand there as one hash.
    #[must_use]
    pub fn new(kind: ActionKind, place: &Place, about: &[Part<'_>]) -> Self {
        Self::named(kind.name(), place, about)
    }

    /// The same of an effect that a person asks for, by the name of what is done.
    #[must_use]
    pub fn named(what: &'static str, place: &Place, about: &[Part<'_>]) -> Self {
        let mut key = format!("{what}/{}/{:?}", place.chain_id, place.contract);
        let parts: String = about.iter().map(|part| format!("/{part}")).collect();
        if key.len() + parts.len() > KEY_LIMIT {
            key.push_str(&format!("/{}", Part::Name(&parts)));
        } else {
            key.push_str(&parts);
        }
        Self(key)
    }

    /// The key of a job for an item.
    #[must_use]
    pub fn of_job(job: &JobId, item: Item) -> Self {
        let parts = [
            Part::Name(job.pipeline.as_str()),
            Part::Name(job.job.as_str()),
            Part::Number(item.first()),
            Part::Number(item.last()),
        ];
        Self::new(ActionKind::RunJob, &Place::NO_CHAIN, &parts)
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Part<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => write!(f, "{address:?}"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Occurrence(transaction, place) => write!(f, "{transaction:?}.{place}"),
            Self::Name(name) => {
                let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
                if (1..=NAME_LIMIT).contains(&name.len()) && name.bytes().all(is_plain) {
                    f.write_str(name)
                } else {
                    write!(f, "~{:x}", H256(keccak256(name)))
                }
            }
        }
    }
}

impl fmt::Display for EffectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for EffectKey {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        Self::try_from(text.to_owned())
    }
}

impl TryFrom<String> for EffectKey {
    type Error = InvalidKey;

    fn try_from(text: String) -> Result<Self, InvalidKey> {
        let fits = (1..=KEY_LIMIT).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if fits { Ok(Self(text)) } else { Err(InvalidKey) }
    }
}

impl From<EffectKey> for String {
    fn from(key: EffectKey) -> Self {
        key.0
    }
}
