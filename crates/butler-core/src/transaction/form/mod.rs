//! What a plan is handed over as, to whoever signs it.

mod calldata;
mod safe_builder;

use serde_json::Value;
use strum::{EnumCount as _, VariantArray as _};

use super::plan::Plan;
use crate::domain::block::BlockRef;
use crate::text::closed::every;

/// A form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[derive(strum::IntoStaticStr, strum::VariantArray, strum::EnumCount)]
#[strum(serialize_all = "snake_case")]
pub enum Form {
    /// Each call with sender, target, value and data, for any wallet.
    Calldata,
    /// The file that the Transaction Builder of Safe's web interface reads: all calls in one batch.
    SafeBuilder,
    /// A proposal to the owners of the Safe that sends it, made at the service: no text, but something that is sent.
    SafeProposal,
    /// Transactions of the account that sends it, signed on this machine and sent.
    Signed,
    /// The same as a file, to be signed on a machine without network.
    Unsigned,
}

impl Form {
    /// Every form.
    pub const ALL: [Self; Self::COUNT] = every(Self::VARIANTS);

    /// The name that the command line and JSON use.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Whether all calls are made in one transaction.
    #[must_use]
    pub fn is_batch(self) -> bool {
        match self {
            Self::Calldata | Self::Signed | Self::Unsigned => false,
            Self::SafeBuilder | Self::SafeProposal => true,
        }
    }

    /// The plan in this form; `block` is the one that it was made at. `None` where that takes more than a plan: what is sent, and what has nonces.
    #[must_use]
    pub fn of(self, plan: &Plan, block: &BlockRef) -> Option<Value> {
        match self {
            Self::Calldata => Some(calldata::of(plan, block)),
            Self::SafeBuilder => Some(safe_builder::of(plan, block)),
            Self::SafeProposal | Self::Signed | Self::Unsigned => None,
        }
    }
}
