//! The closed list of what can be planned, with the policy that holds where the operator names none.
//!
//! A kind's name is what the journal, JSON, labels and the configuration say; it never changes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use strum::{EnumCount as _, VariantArray as _};
use thiserror::Error;

use crate::text::closed::every;

/// What is to be done, or told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[derive(strum::IntoStaticStr, strum::VariantArray, strum::EnumCount)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum ActionKind {
    /// A delegation took a key of ours: its node must get the split as its coinbase.
    ConfigureCoinbase,
    /// Attesters of ours proposed with other coinbases than their keystore names: its nodes must load it as it is.
    ReloadKeystore,
    /// A queue of ours does not last for long: prepared keys are to be added.
    AddKeys,
    /// There is no provider yet that the configuration wants.
    CreateProvider,
    /// A provider of ours has another share than the configuration wants.
    SetTakeRate,
    /// A provider of ours has another recipient than the configuration wants.
    SetRecipient,
    /// Keys at the front of a queue of ours would burn a delegator's stake: they are to be taken out.
    Drip,
    /// A Safe of ours was named to become admin, as the configuration wants.
    AcceptAdmin,
    /// Publishers have less ether than they should.
    FundPublishers,
    /// A proposal to the owners of a Safe waits for them, waits for too long, or was executed.
    ProposalChanged,
    /// A proposal of an attester of ours had the coinbase that it must have.
    CoinbaseProven,
    /// A proposal of an attester of ours had another coinbase than the one that it must have.
    CoinbaseContradicted,
    /// Something waits for a person's approval.
    ApprovalNeeded,
    /// Keys were added to a queue of ours.
    KeysAdded,
    /// The admin took a key out of a queue of ours.
    KeyDripped,
    /// Somebody was named to become admin of a provider of ours.
    AdminChangeBegun,
    /// A provider of ours has another admin.
    AdminChanged,
    /// A provider of ours has another share.
    TakeRateChanged,
    /// A provider of ours has another recipient.
    RecipientChanged,
    /// An attester of ours entered a rollup's entry queue.
    DepositQueued,
    /// An attester of ours was let in.
    DepositAccepted,
    /// A deposit of an attester of ours was refused and refunded.
    DepositRefunded,
    /// A key that waits in a queue of ours was registered by somebody else.
    QueuedKeyTaken,
    /// An attester of ours was slashed.
    Slashed,
    /// The withdrawer of an attester of ours began its exit.
    ExitByWithdrawer,
    /// An attester of ours began its own exit.
    ExitByAttester,
    /// The exit of an attester of ours is over.
    ExitFinalized,
    /// Another rollup is the canonical one.
    RollupChanged,
    /// A rollup that concerns us has another slasher.
    SlasherChanged,
    /// Slashing was switched off for a while.
    SlashingPaused,
    /// The vetoer stopped a slash.
    SlashVetoed,
    /// Something that `domain/findings` knows began to be wrong.
    ConditionBegan,
    /// Something that was wrong no longer is.
    ConditionEnded,
    /// A job of a pipeline is to be done for an item.
    RunJob,
}

/// What the operator wants of a kind of action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[derive(strum::IntoStaticStr, strum::VariantArray, strum::EnumCount)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// Nothing; it is kept in the history as dropped.
    Off,
    /// Tell that it is to be done, and do nothing.
    Notify,
    /// Do it when a person approved it.
    Approve,
    /// Do it.
    Auto,
}

/// Which of the due actions is taken first. The most urgent is the least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[derive(strum::IntoStaticStr, strum::VariantArray, strum::EnumCount)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// Money is lost while it waits.
    Urgent,
    /// Somebody must look today.
    High,
    /// Good to know.
    Normal,
}

/// A text that names no kind of action, or no policy.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is neither a kind of action nor a policy")]
pub struct UnknownName(pub String);

impl ActionKind {
    /// Every kind, in the order of this list.
    pub const ALL: [Self; Self::COUNT] = every(Self::VARIANTS);

    /// The name that the journal, JSON, labels and the configuration use.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Whether doing it changes something outside of the watcher.
    #[must_use]
    pub fn writes(self) -> bool {
        match self {
            Self::ConfigureCoinbase
            | Self::ReloadKeystore
            | Self::RunJob
            | Self::AddKeys
            | Self::CreateProvider
            | Self::SetTakeRate
            | Self::SetRecipient
            | Self::Drip
            | Self::AcceptAdmin
            | Self::FundPublishers => true,
            Self::ProposalChanged
            | Self::CoinbaseProven
            | Self::CoinbaseContradicted
            | Self::ApprovalNeeded
            | Self::KeysAdded
            | Self::KeyDripped
            | Self::AdminChangeBegun
            | Self::AdminChanged
            | Self::TakeRateChanged
            | Self::RecipientChanged
            | Self::DepositQueued
            | Self::DepositAccepted
            | Self::DepositRefunded
            | Self::QueuedKeyTaken
            | Self::Slashed
            | Self::ExitByWithdrawer
            | Self::ExitByAttester
            | Self::ExitFinalized
            | Self::RollupChanged
            | Self::SlasherChanged
            | Self::SlashingPaused
            | Self::SlashVetoed
            | Self::ConditionBegan
            | Self::ConditionEnded => false,
        }
    }

    /// Whether it is done by the owners of a Safe, who are asked to sign it.
    #[must_use]
    pub fn is_proposed(self) -> bool {
        match self {
            Self::AddKeys
            | Self::CreateProvider
            | Self::SetTakeRate
            | Self::SetRecipient
            | Self::Drip
            | Self::AcceptAdmin
            | Self::FundPublishers => true,
            Self::ConfigureCoinbase
            | Self::ReloadKeystore
            | Self::RunJob
            | Self::ProposalChanged
            | Self::CoinbaseProven
            | Self::CoinbaseContradicted
            | Self::ApprovalNeeded
            | Self::KeysAdded
            | Self::KeyDripped
            | Self::AdminChangeBegun
            | Self::AdminChanged
            | Self::TakeRateChanged
            | Self::RecipientChanged
            | Self::DepositQueued
            | Self::DepositAccepted
            | Self::DepositRefunded
            | Self::QueuedKeyTaken
            | Self::Slashed
            | Self::ExitByWithdrawer
            | Self::ExitByAttester
            | Self::ExitFinalized
            | Self::RollupChanged
            | Self::SlasherChanged
            | Self::SlashingPaused
            | Self::SlashVetoed
            | Self::ConditionBegan
            | Self::ConditionEnded => false,
        }
    }

    /// The policy where the operator names none: a person approves whatever writes.
    #[must_use]
    pub fn default_policy(self) -> Policy {
        if self.writes() { Policy::Approve } else { Policy::Notify }
    }
}

impl Policy {
    /// Whether more is done than telling.
    #[must_use]
    pub fn acts(self) -> bool {
        match self {
            Self::Approve | Self::Auto => true,
            Self::Off | Self::Notify => false,
        }
    }

    /// Every policy, from nothing to everything.
    pub const ALL: [Self; Self::COUNT] = every(Self::VARIANTS);

    /// The name that JSON and the configuration use.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }
}

impl fmt::Display for ActionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for ActionKind {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        Self::ALL.into_iter().find(|kind| kind.name() == text).ok_or_else(|| UnknownName(text.to_owned()))
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Policy {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        Self::ALL.into_iter().find(|policy| policy.name() == text).ok_or_else(|| UnknownName(text.to_owned()))
    }
}
