//! What was decided: that it is so already, or who sends which calls.

use ethers_core::types::{Address, U256};

use super::change::{Change, Step};
use super::permitted::{NotPermitted, Places, purpose_of};
use crate::domain::action::EffectKey;

/// What the checks made of a wish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// There is nothing to do.
    Already {
        /// What is so, in words.
        says: String,
        /// What is asked for, as [`Change::name`] has it.
        name: &'static str,
        /// What would have made it so, to be found in the logs, where one change can.
        change: Option<Change>,
    },
    /// It is to be done.
    Wanted(Wanted),
}

impl Decision {
    /// There is nothing to do, and this is what made it so.
    pub(super) fn made_by(change: Change, says: String) -> Self {
        Self::Already { says, name: change.name(), change: Some(change) }
    }
}

/// What is to be done, before it is put into calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// What.
    pub change: Change,
    /// Who sends it.
    pub from: Address,
    /// What is different afterwards, in words.
    pub effects: Vec<String>,
    /// What whoever signs should know.
    pub remarks: Vec<String>,
}

/// Who sends which calls, all of them on the list of what may be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    wanted: Wanted,
    places: Places,
    key: EffectKey,
    steps: Vec<Step>,
}

impl Plan {
    /// Puts what is wanted into calls.
    ///
    /// # Errors
    /// See [`NotPermitted`].
    pub fn new(wanted: Wanted, places: Places) -> Result<Self, NotPermitted> {
        let (key, steps) = (wanted.change.key(&places), wanted.change.steps(&places));
        for step in &steps {
            purpose_of(&step.call, &places)?;
        }
        Ok(Self { wanted, places, key, steps })
    }

    /// What is done.
    #[must_use]
    pub fn change(&self) -> &Change {
        &self.wanted.change
    }

    /// Who sends it.
    #[must_use]
    pub fn from(&self) -> Address {
        self.wanted.from
    }

    /// What is different afterwards, in words.
    #[must_use]
    pub fn effects(&self) -> &[String] {
        &self.wanted.effects
    }

    /// What whoever signs should know.
    #[must_use]
    pub fn remarks(&self) -> &[String] {
        &self.wanted.remarks
    }

    /// Where the contracts are.
    #[must_use]
    pub fn places(&self) -> &Places {
        &self.places
    }

    /// The effect's key.
    #[must_use]
    pub fn key(&self) -> &EffectKey {
        &self.key
    }

    /// The calls, in their order.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The ether that leaves the sender beside what gas costs, in wei.
    #[must_use]
    pub fn value(&self) -> U256 {
        self.steps.iter().fold(U256::zero(), |sum, step| sum.saturating_add(step.call.value))
    }
}
