//! Votes as bytes, and what they add up to.
//!
//! A vote has two bits for each position: position 4n+k is in byte n at bits 2k and 2k+1, and its value is 0 to 3 units.
//! A vote for more units counts for fewer units too (`TallySlashingProposer._determineSlashActions`).

use ethers_core::types::Address;
use thiserror::Error;

use super::facts::{PositionVotes, SlashAction};
use super::rules::SlashingRules;

/// A vote that is not one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a vote of {actual} bytes instead of {expected}")]
pub struct TallyError {
    /// The length of a vote by the rules.
    pub expected: u64,
    /// The length that was found.
    pub actual: usize,
}

/// Adds up the votes of one round, by position.
///
/// # Errors
/// For a vote of another length than the rules say.
pub fn tally<'a>(
    rules: &SlashingRules,
    votes: impl IntoIterator<Item = &'a [u8]>,
) -> Result<Vec<PositionVotes>, TallyError> {
    let expected = rules.vote_bytes();
    let mut counts = vec![PositionVotes::default(); usize::try_from(rules.positions()).unwrap_or_default()];
    for vote in votes {
        if u64::try_from(vote.len()) != Ok(expected) {
            return Err(TallyError { expected, actual: vote.len() });
        }
        let units = vote.iter().flat_map(|byte| [0, 2, 4, 6].map(|shift| usize::from((byte >> shift) & 3)));
        for (position, units) in counts.iter_mut().zip(units) {
            if let Some(count) = units.checked_sub(1).and_then(|index| position.0.get_mut(index)) {
                *count = count.saturating_add(1);
            }
        }
    }
    Ok(counts)
}

/// Whether a quorum is against a seat that nobody has, because its epoch has no committee. The contract then refuses to
/// tally and to execute the round (`TallySlashingProposer._determineSlashActions` reads beyond the committee), unless that
/// epoch's escape hatch was open.
#[must_use]
pub fn reaches_nobody(rules: &SlashingRules, committees: &[Vec<Address>], counts: &[PositionVotes]) -> bool {
    let size = usize::try_from(rules.committee_size).unwrap_or(usize::MAX).max(1);
    let seats = counts.chunks(size).zip(committees);
    seats.into_iter().any(|(counts, committee)| {
        committee.is_empty() && counts.iter().any(|votes| votes.decided(rules.quorum).is_some())
    })
}

/// What the votes decide, in the contract's order. The contract leaves out epochs whose escape hatch was open, which only
/// it knows; so this is at least what it does.
#[must_use]
pub fn decide(rules: &SlashingRules, committees: &[Vec<Address>], counts: &[PositionVotes]) -> Vec<SlashAction> {
    let size = usize::try_from(rules.committee_size).unwrap_or(usize::MAX).max(1);
    let of_position = |position: usize| committees.get(position / size)?.get(position % size).copied();
    let action = |(position, votes): (usize, &PositionVotes)| {
        let amount = *rules.amounts.get(votes.decided(rules.quorum)?)?;
        Some(SlashAction { attester: of_position(position)?, amount })
    };
    counts.iter().enumerate().filter_map(action).collect()
}
