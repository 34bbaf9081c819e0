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
    /// When the rollup lets the exit be finalized, in unix seconds: until then it can be slashed, too.
    pub exitable_at: u64,
    /// When the governance gives the stake out, in unix seconds, which is later as a rule; `None` where that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unlocks_at: Option<u64>,
    /// Recipient when `is_recipient`, else the withdrawer who still has to initiate.
    pub recipient_or_withdrawer: Address,
    /// True once the withdrawal was initiated.
    pub is_recipient: bool,
}

/// What an exit waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ExitStep {
    /// The withdrawer calls `initiateWithdraw` and so names a recipient; that restarts no delay.
    InitiateWithdraw,
    /// Time: one of both delays is not over.
    Wait,
    /// Anybody calls `finalizeWithdraw`.
    FinalizeWithdraw,
    /// The rollup's delay is over, and the governance's is not known.
    Unknown,
}

impl Exit {
    /// What it waits for at `now`.
    #[must_use]
    pub fn next_step(&self, now: u64) -> ExitStep {
        match self.finalizable_at() {
            _ if !self.is_recipient => ExitStep::InitiateWithdraw,
            Some(at) if at <= now => ExitStep::FinalizeWithdraw,
            None if self.exitable_at <= now => ExitStep::Unknown,
            Some(_) | None => ExitStep::Wait,
        }
    }

    /// When anybody may finalize it, in unix seconds: both delays must be over. `None` where the governance's is not known.
    #[must_use]
    pub fn finalizable_at(&self) -> Option<u64> {
        self.unlocks_at.map(|unlocks| unlocks.max(self.exitable_at))
    }

    /// Whether both delays are known to be over at `now`.
    #[must_use]
    pub fn is_finalizable(&self, now: u64) -> bool {
        self.finalizable_at().is_some_and(|at| at <= now)
    }
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
