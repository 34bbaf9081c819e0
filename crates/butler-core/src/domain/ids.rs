//! Identifiers that must not be mixed up: provider ids and coinbases.

use std::fmt;
use std::str::FromStr;

use ethers_core::types::{Address, U256};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::text::address::checksummed;

/// A provider's number in the StakingRegistry. Real ids start at 1 (StakingRegistry `nextProviderIdentifier`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct ProviderId(u64);

/// A number that can not be a provider's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ProviderIdError {
    /// Ids start at 1.
    #[error("provider ids start at 1")]
    Zero,
    /// More than 64 bits.
    #[error("provider id does not fit in 64 bits")]
    TooLarge,
    /// Not a decimal number.
    #[error("provider id is not a decimal number")]
    NotANumber,
}

impl ProviderId {
    /// The id as a number.
    #[must_use]
    pub fn get(self) -> u64 {
        self.0
    }
}

impl TryFrom<u64> for ProviderId {
    type Error = ProviderIdError;

    fn try_from(id: u64) -> Result<Self, ProviderIdError> {
        if id == 0 { Err(ProviderIdError::Zero) } else { Ok(Self(id)) }
    }
}

impl TryFrom<U256> for ProviderId {
    type Error = ProviderIdError;

    fn try_from(id: U256) -> Result<Self, ProviderIdError> {
        u64::try_from(id).map_err(|_| ProviderIdError::TooLarge)?.try_into()
    }
}

impl FromStr for ProviderId {
    type Err = ProviderIdError;

    fn from_str(text: &str) -> Result<Self, ProviderIdError> {
        text.parse::<u64>().map_err(|_| ProviderIdError::NotANumber)?.try_into()
    }
}

impl From<ProviderId> for u64 {
    fn from(id: ProviderId) -> Self {
        id.0
    }
}

impl From<ProviderId> for U256 {
    fn from(id: ProviderId) -> Self {
        Self::from(id.0)
    }
}

impl fmt::Display for ProviderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// The contract that receives an attester's rewards. Never the zero address: absence is `Option`, not zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "Address", into = "Address")]
pub struct Coinbase(Address);

/// The zero address stands for "no coinbase" in other tools; here it is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("coinbase is the zero address")]
pub struct ZeroCoinbase;

impl Coinbase {
    /// The address that receives the rewards.
    #[must_use]
    pub fn address(self) -> Address {
        self.0
    }
}

impl TryFrom<Address> for Coinbase {
    type Error = ZeroCoinbase;

    fn try_from(address: Address) -> Result<Self, ZeroCoinbase> {
        if address.is_zero() { Err(ZeroCoinbase) } else { Ok(Self(address)) }
    }
}

impl From<Coinbase> for Address {
    fn from(coinbase: Coinbase) -> Self {
        coinbase.0
    }
}

impl fmt::Display for Coinbase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&checksummed(&self.0))
    }
}
