//! Why an attester is a zombie: it was slashed out, or it began its exit itself (since 6.0). The rollup's word for both is the same.
//!
//! An exit that the attester begins takes its whole stake with it; whoever is slashed out has less. So an exit of the full
//! stake is an own one, whatever the rollup tells of such exits, and where it lets attesters begin none whoever has less was slashed out. Who was slashed a little
//! and left afterwards cannot be told by one block, but by the rollup's events.

use ethers_core::types::U256;
use serde::{Deserialize, Serialize};
use strum::{EnumCount as _, VariantArray as _};

use crate::domain::attester::view::{AttesterView, Exit, OnChainStatus};
use crate::domain::rollup::RollupFacts;
use crate::text::closed::every;

/// Why an attester is a zombie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[derive(strum::IntoStaticStr, strum::VariantArray, strum::EnumCount)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum ZombieCause {
    /// It began its exit itself.
    OwnExit,
    /// It was slashed below the limit, or ejected.
    SlashedOut,
    /// It was slashed, and may have begun its exit itself afterwards.
    Unclear,
}

impl ZombieCause {
    /// Every cause.
    pub const ALL: [Self; Self::COUNT] = every(Self::VARIANTS);

    /// The name that JSON and labels use.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// When an exit began at a rollup with these figures, in unix seconds.
    #[must_use]
    pub fn began(exit: &Exit, rollup: &RollupFacts) -> Option<u64> {
        exit.exitable_at.checked_sub(rollup.exit_delay_seconds)
    }

    /// Of an attester with this view, at a rollup with these figures; `None` for one that is no zombie. `full` is the whole stake
    /// where the rollup does not tell it: it is the escrow's, and the same at every rollup.
    #[must_use]
    pub fn of(view: &AttesterView, rollup: Option<&RollupFacts>, full: U256) -> Option<Self> {
        let exit = view.exit.filter(|_| view.status == OnChainStatus::Zombie)?;
        if exit.amount >= rollup.map_or(full, |rollup| rollup.activation_threshold) {
            return Some(Self::OwnExit);
        }
        let begins_none = rollup.is_some_and(|rollup| rollup.attester_exits.is_none());
        Some(if begins_none { Self::SlashedOut } else { Self::Unclear })
    }
}

#[cfg(test)]
mod tests {
    use ethers_core::types::Address;

    use super::*;
    use crate::domain::capability::AttesterExits;
    use crate::domain::samples::{network, view};

    fn cause(amount: U256, has_exits: bool) -> Option<ZombieCause> {
        let mut rollup = network().rollup;
        rollup.attester_exits = has_exits.then_some(AttesterExits { window_seconds: Some(1), limit: None });
        let exit = Exit {
            withdrawal_id: U256::zero(),
            amount,
            exitable_at: 1,
            unlocks_at: None,
            recipient_or_withdrawer: Address::repeat_byte(1),
            is_recipient: false,
        };
        let zombie = AttesterView { exit: Some(exit), ..view(OnChainStatus::Zombie, true) };
        ZombieCause::of(&zombie, Some(&rollup), U256::MAX)
    }

    #[test]
    fn whoever_leaves_with_the_whole_stake_left_by_itself() {
        let full = network().rollup.activation_threshold;
        assert_eq!(cause(full, true), Some(ZombieCause::OwnExit));
        assert_eq!(cause(full - 1, true), Some(ZombieCause::Unclear));
        assert_eq!(cause(full, false), Some(ZombieCause::OwnExit), "whatever the rollup tells of such exits");
        assert_eq!(cause(full - 1, false), Some(ZombieCause::SlashedOut), "a rollup where attesters begin no exits");
        assert_eq!(ZombieCause::of(&view(OnChainStatus::Exiting, true), None, full), None);
    }

    #[test]
    fn where_the_rollup_tells_no_figures_the_whole_stake_is_that_of_the_escrow() {
        let of = |amount: u64| {
            let exit = Exit {
                withdrawal_id: U256::zero(),
                amount: amount.into(),
                exitable_at: 1,
                unlocks_at: None,
                recipient_or_withdrawer: Address::repeat_byte(1),
                is_recipient: false,
            };
            ZombieCause::of(&AttesterView { exit: Some(exit), ..view(OnChainStatus::Zombie, true) }, None, 100.into())
        };
        assert_eq!((of(100), of(99)), (Some(ZombieCause::OwnExit), Some(ZombieCause::Unclear)));
    }
}
