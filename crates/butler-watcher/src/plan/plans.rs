//! What a range of blocks asks for.

use butler_core::domain::action::{Action, EffectKey};

/// An action that the chain does not ask for any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retracted {
    /// The action.
    pub key: EffectKey,
    /// Why, in words.
    pub why: &'static str,
}

/// What a range asks for, in the chain's order. Retractions are meant to be taken after the actions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plans {
    /// What is to be done.
    pub actions: Vec<Action>,
    /// What is not any more.
    pub retractions: Vec<Retracted>,
}
