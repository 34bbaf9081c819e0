//! Slashing as the rollup's `TallySlashingProposer` does it: who is voted against, what is decided, when it can happen.
//!
//! In each round the proposers of its slots vote on the committees of an earlier round. What reaches the quorum waits for
//! the execution delay, in which it can be vetoed, and can then be executed by anybody until the round's lifetime ends.

mod ejection;
mod facts;
pub mod inactivity;
mod network;
pub mod offence;
mod rules;
pub mod sentinel;
mod sentinel_history;
mod standing;
mod tally;

pub use self::ejection::EjectionMargin;
pub use self::facts::{
    Blindness, OpenRound, Pause, PositionVotes, ProposerFacts, SlashAction, SlashingFacts, SlashingProposer,
};
pub use self::network::{NetworkSlashing, RollupSlashing, SlasherFacts, SlasherRole, SlashingPlace, places};
pub use self::rules::SlashingRules;
pub use self::sentinel_history::ToldInSlot;
pub use self::standing::{Decision, Stage, Standing, standings};
pub use self::tally::{TallyError, decide, reaches_nobody, tally};

#[cfg(test)]
mod tests;
