//! What rollups of some versions do and others do not, asked of the rollup itself and never concluded from its version.
//!
//! A rollup of 4.x can do none of this. One that can do a part of something, or whose answers have another shape than is known,
//! is of a version that is not known: what it lacks is told, and never taken for "there is none".

use ethers_core::types::Address;
use serde::{Deserialize, Serialize};
use strum::{EnumCount as _, VariantArray as _};

use crate::text::closed::every;

/// Something that was expected of a rollup, and is not there in a form that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[derive(strum::IntoStaticStr, strum::VariantArray, strum::EnumCount)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum Capability {
    /// `getPendingSlasher`, at a rollup that has the other half of a slow change of its slasher.
    PendingSlasher,
    /// `getLegacySlasher`, likewise.
    LegacySlasher,
    /// Both of them, at a rollup that is none of 4.x.
    SlasherChange,
    /// `getAttesterExitWindow`, at a rollup that has a limit for exits of attesters.
    ExitWindow,
    /// `getAttesterExitLimitState` in a form that is known, at a rollup that lets attesters begin their exits.
    ExitLimit,
    /// A figure of a former rollup that every version has.
    Figures,
    /// `getPendingCheckpointNumber` or `getProvenCheckpointNumber`, at a rollup that counts checkpoints.
    Checkpoints,
    /// `getLocalEjectionThreshold`, at such a rollup.
    LocalEjection,
    /// `getLagInEpochsForValidatorSet`, at such a rollup.
    SetLag,
    /// The list of rollups of Aztec's registry, which every version has.
    RollupList,
    /// The governance's configuration in a form that is known, by the one governance that registry and escrow name.
    WithdrawalDelay,
    /// The governance's withdrawal of an exit of ours.
    Unlocks,
    /// The staking escrow's cap for proofs of possession, at a rollup that counts checkpoints.
    ProofLimit,
    /// The staking escrow's list of BLS keys that were registered once, likewise.
    UsedKeys,
    /// The staking escrow's word for the newest rollup of Aztec's registry: governance registers a rollup at both.
    LatestRollup,
    /// One of the getters in which contracts confirm each other, likewise.
    CrossChecks,
}

impl Capability {
    /// Every one of them.
    pub const ALL: [Self; Self::COUNT] = every(Self::VARIANTS);

    /// The name that JSON and labels use.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Whose it is: that of the rollup, or of a contract that all rollups share.
    fn subject(self, rollup: &str) -> &str {
        match self {
            Self::PendingSlasher
            | Self::LegacySlasher
            | Self::SlasherChange
            | Self::ExitWindow
            | Self::ExitLimit
            | Self::Figures
            | Self::Checkpoints
            | Self::LocalEjection
            | Self::SetLag => rollup,
            Self::RollupList => "registry of rollups",
            Self::WithdrawalDelay | Self::Unlocks => "governance",
            Self::ProofLimit | Self::UsedKeys | Self::LatestRollup => "staking escrow",
            Self::CrossChecks => "StakingRegistry or the staking escrow",
        }
    }

    /// What is missing at the rollup that is named `rollup`, and what is therefore not known, in a sentence without a capital and a
    /// period.
    #[must_use]
    pub fn told(self, rollup: &str) -> String {
        format!("the {} {}", self.subject(rollup), self.words())
    }

    /// The end of that sentence.
    fn words(self) -> &'static str {
        match self {
            Self::PendingSlasher => {
                "does not answer getPendingSlasher: a slasher that waits to be installed is not seen"
            }
            Self::LegacySlasher => {
                "does not answer getLegacySlasher: a former slasher that may still slash is not seen"
            }
            Self::SlasherChange => {
                "answers neither as one of 4.x nor with getPendingSlasher and getLegacySlasher: slashers beside the present one are not seen"
            }
            Self::ExitWindow => "does not answer getAttesterExitWindow: exits that attesters begin are not understood",
            Self::ExitLimit => {
                "does not answer getAttesterExitLimitState in a form that is known: how many attesters may begin an exit is not known"
            }
            Self::Figures => "does not tell all its figures: its clock, its slasher and its delays are not known",
            Self::Checkpoints => {
                "does not tell both its pending and its proven checkpoint: how far nodes are behind it is not known"
            }
            Self::LocalEjection => {
                "does not answer getLocalEjectionThreshold: from which balance it ejects an attester is not known"
            }
            Self::SetLag => {
                "does not answer getLagInEpochsForValidatorSet: how far ahead its committees are sampled is taken for what is usual"
            }
            Self::RollupList => {
                "does not answer numberOfVersions: former rollups, and whatever of yours they hold, are not seen"
            }
            Self::WithdrawalDelay => {
                "does not tell its configuration in a form that is known: how long it keeps what leaves is not known"
            }
            Self::Unlocks => {
                "does not tell the withdrawal of every exit of yours: when these can be finalized is not known"
            }
            Self::ProofLimit => {
                "does not answer proofOfPossessionGasLimit: whether the proofs of keys that wait are within its cap is not known"
            }
            Self::LatestRollup => {
                "names another newest rollup than Aztec's registry, as between both steps of a cut-over: whoever moves along is where the escrow says, which is not read"
            }
            Self::CrossChecks => {
                "does not confirm what other contracts say of the registry of rollups, the token, the governance or the number of attesters: one that lies would not be found out"
            }
            Self::UsedKeys => "does not answer ownedPKs: whether keys that wait were registered before is not known",
        }
    }
}

/// A slasher with the moment that matters for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatedSlasher {
    /// The contract.
    pub slasher: Address,
    /// In unix seconds: from when a pending one may be installed, until when a former one may slash.
    pub at: u64,
}

/// Who may slash beside the present slasher, at rollups that change it slowly (since 5.0): governance names another one, which
/// anybody may install after some 60 days; the one before may slash for some 30 days more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SlasherChange {
    /// The one that waits; `at` is from when it may be installed.
    pub pending: Option<DatedSlasher>,
    /// The one before; `at` is until when it may slash, which may be past.
    pub legacy: Option<DatedSlasher>,
}

impl SlasherChange {
    /// The one before, while it may slash at `now`. The last second counts.
    #[must_use]
    pub fn legacy_at(&self, now: u64) -> Option<DatedSlasher> {
        self.legacy.filter(|legacy| legacy.at >= now)
    }
}

/// How many attesters may begin their exit themselves (since 6.0), beside their withdrawers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttesterExits {
    /// The window in which such exits are counted, in seconds; `None` where the rollup does not tell it.
    pub window_seconds: Option<u64>,
    /// The limit at this block; `None` where the rollup does not tell it in a form that is known.
    pub limit: Option<ExitLimit>,
}

/// How many such exits there were within the window, and how many there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExitLimit {
    /// Exits of this kind within the window.
    pub used: u64,
    /// How many there may be with as many validators as there are now.
    pub allowance: u64,
    /// Whether one more may begin.
    pub can_exit: bool,
}

impl ExitLimit {
    /// How many more may begin now, by the allowance alone.
    #[must_use]
    pub fn left(&self) -> u64 {
        self.allowance.saturating_sub(self.used)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_former_slasher_may_slash_in_its_last_second_and_not_later() {
        let legacy = DatedSlasher { slasher: Address::repeat_byte(1), at: 100 };
        let change = SlasherChange { pending: None, legacy: Some(legacy) };
        assert_eq!((change.legacy_at(100), change.legacy_at(101)), (Some(legacy), None));
        assert_eq!(SlasherChange::default().legacy_at(0), None);
    }

    #[test]
    fn what_is_left_of_an_allowance_is_never_less_than_nothing() {
        let limit = |used| ExitLimit { used, allowance: 4, can_exit: false };
        assert_eq!([0, 3, 4, 5].map(|used| limit(used).left()), [4, 1, 0, 0]);
    }
}
