//! One duty of one attester, and what came of it.

use ethers_core::types::Address;
use serde::{Deserialize, Serialize};

/// What came of one duty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[derive(strum::IntoStaticStr, strum::VariantArray)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Done {
    /// It was done.
    Done,
    /// It was not, and the others did theirs.
    MissedAlone,
    /// It was not, and neither did most of the others.
    MissedWithMany,
    /// It was not, and nothing is to be said of it: the chain was cut back around that slot.
    Excused,
    /// It could not be read.
    Unread,
}

impl Done {
    /// The name that labels and reports use.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Whether it counts as missed.
    #[must_use]
    pub fn is_missed(self) -> bool {
        match self {
            Self::MissedAlone | Self::MissedWithMany => true,
            Self::Done | Self::Excused | Self::Unread => false,
        }
    }
}

/// What kind of duty it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[derive(strum::IntoStaticStr, strum::VariantArray)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum DutyKind {
    /// To propose the slot's checkpoint.
    Propose,
    /// To attest the slot's checkpoint.
    Attest,
}

impl DutyKind {
    /// The name that labels use.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// One duty of one attester.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Duty {
    /// The slot.
    pub slot: u64,
    /// Whose it was.
    pub attester: Address,
    /// What kind.
    pub kind: DutyKind,
    /// What came of it.
    pub done: Done,
}
