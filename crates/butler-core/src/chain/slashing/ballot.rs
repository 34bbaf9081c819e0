//! One round's votes, as they are remembered.

use ethers_core::types::Address;

use crate::domain::slashing::{PositionVotes, SlashAction};

/// What the votes of one round amount to.
#[derive(Debug, Clone, Default)]
pub(super) struct Ballot {
    pub(super) vote_count: u64,
    pub(super) committees: Vec<Vec<Address>>,
    pub(super) votes: Vec<PositionVotes>,
    pub(super) actions: Vec<SlashAction>,
    pub(super) payload: Option<Address>,
}
