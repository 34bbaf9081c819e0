//! Why a coinbase cannot be verified: the reasons that reports, labels and JSON give.

use serde::{Deserialize, Serialize};
use strum::{EnumCount as _, VariantArray as _};

use crate::domain::provider::split::Unconfirmed;
use crate::text::closed::every;

/// Why a configured coinbase can not be verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[derive(strum::IntoStaticStr, strum::VariantArray, strum::EnumCount)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum Unverified {
    /// Still in the provider queue: its split does not exist yet, so what is configured can not be it.
    NotStakedYet,
    /// No delegation is known: deposited directly, or not deposited at all.
    NoDelegation,
    /// The logs say that its provider took it out of the queue, and the rollup has it all the same.
    Dripped,
    /// It was staked several times, and what the rollup tells does not say which deposit succeeded.
    SeveralDeposits,
    /// Somebody else than its staker can withdraw, and what the rollup tells does not say whose deposit that is.
    OtherWithdrawer,
    /// Its withdrawer speaks for its stake, and whether that was refunded since cannot be read.
    RefundsUnread,
    /// As [`Unconfirmed::NoSplitBeside`].
    NoSplitBeside,
    /// As [`Unconfirmed::OtherHash`].
    OtherHash,
    /// As [`Unconfirmed::OtherTerms`].
    OtherTerms,
    /// As [`Unconfirmed::TermsUnknown`].
    TermsUnknown,
    /// As [`Unconfirmed::SharedCoinbase`].
    SharedCoinbase,
    /// As [`Unconfirmed::EndpointsDisagree`].
    EndpointsDisagree,
    /// As [`Unconfirmed::OneEndpoint`].
    OneEndpoint,
}

impl Unverified {
    /// Every reason.
    pub const ALL: [Self; Self::COUNT] = every(Self::VARIANTS);
}

impl From<Unconfirmed> for Unverified {
    fn from(why: Unconfirmed) -> Self {
        match why {
            Unconfirmed::NoSplitBeside => Self::NoSplitBeside,
            Unconfirmed::OtherHash => Self::OtherHash,
            Unconfirmed::OtherTerms => Self::OtherTerms,
            Unconfirmed::TermsUnknown => Self::TermsUnknown,
            Unconfirmed::SharedCoinbase => Self::SharedCoinbase,
            Unconfirmed::EndpointsDisagree => Self::EndpointsDisagree,
            Unconfirmed::OneEndpoint => Self::OneEndpoint,
        }
    }
}

impl Unverified {
    /// The reason in words, to follow "because".
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::NotStakedYet => "it is not staked yet, so its split does not exist",
            Self::NoDelegation => "no delegation is known",
            Self::Dripped => "the logs say that it was taken out of the queue, and the rollup has it all the same",
            Self::SeveralDeposits => {
                "it was staked several times, and the rollup does not tell which of the deposits succeeded"
            }
            Self::OtherWithdrawer => {
                "somebody else than its staker can withdraw a deposit of its key, and the rollup does not tell whose that is"
            }
            Self::RefundsUnread => {
                "its staker can withdraw what was let in, and no L1 endpoint tells in time whether this stake was refunded"
            }
            Self::NoSplitBeside => Unconfirmed::NoSplitBeside.words(),
            Self::OtherHash => Unconfirmed::OtherHash.words(),
            Self::OtherTerms => Unconfirmed::OtherTerms.words(),
            Self::TermsUnknown => Unconfirmed::TermsUnknown.words(),
            Self::SharedCoinbase => Unconfirmed::SharedCoinbase.words(),
            Self::EndpointsDisagree => Unconfirmed::EndpointsDisagree.words(),
            Self::OneEndpoint => Unconfirmed::OneEndpoint.words(),
        }
    }

    /// The names of the reasons that [somebody can do something about](Self::is_suspect).
    #[must_use]
    pub fn suspect_names() -> Vec<&'static str> {
        Self::ALL.into_iter().filter(|why| why.is_suspect()).map(Self::name).collect()
    }

    /// The name that labels and JSON use.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Whether somebody can do something about it: what is known contradicts itself, or is not enough to believe it.
    #[must_use]
    pub fn is_suspect(self) -> bool {
        match self {
            Self::NotStakedYet | Self::NoDelegation => false,
            Self::Dripped
            | Self::SeveralDeposits
            | Self::OtherWithdrawer
            | Self::RefundsUnread
            | Self::NoSplitBeside
            | Self::OtherHash
            | Self::OtherTerms
            | Self::TermsUnknown
            | Self::SharedCoinbase
            | Self::EndpointsDisagree
            | Self::OneEndpoint => true,
        }
    }
}
