//! What the rollup says of one attester (`getAttesterView`, aztec-l1 Rollup).

use ethers_core::types::{Address, H256, U256};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// `Status` of the rollup's staking library, by its number on chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnChainStatus {
    /// 0: no stake and no exit.
    None,
    /// 1: stake and no exit.
    Validating,
    /// 2: slashed out; the withdrawer has not initiated the withdrawal.
    Zombie,
    /// 3: withdrawal initiated and not finalized.
    Exiting,
}

/// A status number that this version does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("attester status {0} is not known")]
pub struct UnknownStatus(pub u8);

impl TryFrom<u8> for OnChainStatus {
    type Error = UnknownStatus;

    fn try_from(number: u8) -> Result<Self, UnknownStatus> {
        match number {
            0 => Ok(Self::None),
            1 => Ok(Self::Validating),
            2 => Ok(Self::Zombie),
            3 => Ok(Self::Exiting),
            other => Err(UnknownStatus(other)),
        }
    }
}

/// An exit record that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exit {
    /// Number of the GSE's withdrawal.
    pub withdrawal_id: U256,
    /// Stake that leaves, in base units of the staking asset.
    pub amount: U256,
    /// When the exit may be finalized, in unix seconds.
    pub exitable_at: u64,
    /// Recipient when `is_recipient`, else the withdrawer who still has to initiate.
    pub recipient_or_withdrawer: Address,
    /// True once the withdrawal was initiated.
    pub is_recipient: bool,
}

/// An attester as the rollup sees it at one block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttesterView {
    /// The contract's own verdict.
    pub status: OnChainStatus,
    /// Stake that counts, in base units of the staking asset (18 decimals).
    pub effective_balance: U256,
    /// The exit record, if there is one.
    pub exit: Option<Exit>,
    /// The withdrawer in the GSE's config, which is written at the first activation and never cleared.
    /// `Some` means: was active once.
    pub withdrawer: Option<Address>,
    /// The compressed BLS public key in that config.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bls_public_key: Option<H256>,
}

impl AttesterView {
    /// Whether this attester was ever activated: it has a status now, or the GSE's config, which is never cleared, has it
    /// (GSE `configOf`).
    #[must_use]
    pub fn was_active_once(&self) -> bool {
        self.status != OnChainStatus::None || self.withdrawer.is_some()
    }
}
