//! Governance: payloads that proposers signal for in rounds, and proposals that are voted on afterwards.
//!
//! A payload that most slots of a round signal for can be submitted; it becomes a proposal that waits, is voted on, waits
//! again and can be executed (aztec-l1 `EmpireBase`, `Governance`).

use ethers_core::types::Address;
use strum::{EnumCount as _, VariantArray as _};
use thiserror::Error;

use super::block::BlockRef;
use super::rollup::RollupClock;
use crate::text::closed::every;

/// The rules of one `GovernanceProposer`, which never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignalRules {
    /// Signals that make a payload submittable.
    pub quorum: u64,
    /// Slots of a round.
    pub round_slots: u64,
    /// A round's winner can be submitted up to and including this many rounds later.
    pub lifetime_rounds: u64,
    /// Whole rounds between the end of a round and its submission.
    pub execution_delay_rounds: u64,
}

impl SignalRules {
    /// The round that holds `time` (unix seconds). `None` before genesis.
    #[must_use]
    pub fn round_at(&self, clock: &RollupClock, time: u64) -> Option<u64> {
        clock.slot_at(time)?.checked_div(self.round_slots)
    }

    /// When a round ends, in unix seconds. `None` when that does not fit.
    #[must_use]
    pub fn round_end(&self, clock: &RollupClock, round: u64) -> Option<u64> {
        clock.slot_start(round.checked_add(1)?.checked_mul(self.round_slots)?)
    }

    /// Whether a round's winner can be submitted at `current`.
    #[must_use]
    pub fn is_submittable(&self, round: &SignalRound, current: u64) -> bool {
        let age = current.saturating_sub(round.round);
        !round.is_submitted
            && round.leader.is_some_and(|leader| leader.signals >= self.quorum)
            && age > self.execution_delay_rounds
            && age <= self.lifetime_rounds
    }
}

/// The payload that most slots of a round signalled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leader {
    /// The payload's contract.
    pub payload: Address,
    /// Signals for it.
    pub signals: u64,
}

/// One round of signals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignalRound {
    /// The round's number.
    pub round: u64,
    /// The leading payload; `None` when nobody signalled for one.
    pub leader: Option<Leader>,
    /// Whether its winner was submitted.
    pub is_submitted: bool,
}

/// `ProposalState` of the Governance, by its number on chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[derive(strum::IntoStaticStr, strum::VariantArray, strum::EnumCount)]
#[strum(serialize_all = "snake_case")]
#[expect(missing_docs, reason = "the names are the contract's")]
pub enum ProposalState {
    Pending,
    Active,
    Queued,
    Executable,
    Rejected,
    Executed,
    Droppable,
    Dropped,
    Expired,
}

/// A state that this version does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("proposal state {0} is not known")]
pub struct UnknownProposalState(pub u8);

impl ProposalState {
    /// Every state, in the order of their numbers.
    pub const ALL: [Self; Self::COUNT] = every(Self::VARIANTS);

    /// The name that labels use.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }
}

impl TryFrom<u8> for ProposalState {
    type Error = UnknownProposalState;

    fn try_from(number: u8) -> Result<Self, UnknownProposalState> {
        Self::ALL.get(usize::from(number)).copied().ok_or(UnknownProposalState(number))
    }
}

/// One proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proposal {
    /// Its state.
    pub state: ProposalState,
    /// When it was made, in unix seconds.
    pub created_at: u64,
    /// How long it is pending, active, queued and executable, in seconds.
    pub phases: [u64; 4],
}

impl Proposal {
    /// When its present state ends by itself, in unix seconds; `None` for a state that is final or has no end.
    #[must_use]
    pub fn state_until(&self) -> Option<u64> {
        let phases = match self.state {
            ProposalState::Pending => 1,
            ProposalState::Active => 2,
            ProposalState::Queued => 3,
            ProposalState::Executable => 4,
            ProposalState::Rejected
            | ProposalState::Executed
            | ProposalState::Droppable
            | ProposalState::Dropped
            | ProposalState::Expired => return None,
        };
        self.phases.iter().take(phases).try_fold(self.created_at, |at, phase| at.checked_add(*phase))
    }
}

/// Governance at one block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GovernanceFacts {
    /// The block that every fact belongs to.
    pub block: BlockRef,
    /// The rules of signalling.
    pub rules: SignalRules,
    /// The round at this block.
    pub current_round: u64,
    /// When that round ends, in unix seconds.
    pub current_end: u64,
    /// The current round and those whose winners could still be submitted, oldest first.
    pub rounds: Vec<SignalRound>,
    /// How many proposals there ever were.
    pub proposal_count: u64,
    /// The newest proposals, oldest first.
    pub proposals: Vec<Proposal>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: SignalRules = SignalRules { quorum: 3, round_slots: 5, lifetime_rounds: 5, execution_delay_rounds: 0 };

    fn round(signals: u64) -> SignalRound {
        let leader = Some(Leader { payload: Address::repeat_byte(1), signals });
        SignalRound { round: 10, leader, is_submitted: false }
    }

    #[test]
    fn a_winner_can_be_submitted_after_its_round_and_within_its_lifetime() {
        let table = [(10, 3, false), (11, 3, true), (11, 2, false), (15, 3, true), (16, 3, false)];
        for (current, signals, expected) in table {
            assert_eq!(RULES.is_submittable(&round(signals), current), expected, "{current} {signals}");
        }
        assert!(!RULES.is_submittable(&SignalRound { is_submitted: true, ..round(3) }, 11));
        assert!(!RULES.is_submittable(&SignalRound { leader: None, ..round(3) }, 11));
        let delayed = SignalRules { execution_delay_rounds: 2, ..RULES };
        assert!(!delayed.is_submittable(&round(3), 12) && delayed.is_submittable(&round(3), 13));
    }

    #[test]
    fn a_round_ends_where_the_next_begins() {
        let clock = RollupClock { genesis_time: 100, slot_seconds: 10, epoch_slots: 1 };
        assert_eq!(RULES.round_end(&clock, 1), Some(200));
        assert_eq!((RULES.round_at(&clock, 199), RULES.round_at(&clock, 200)), (Some(1), Some(2)));
        assert_eq!(RULES.round_end(&clock, u64::MAX), None);
    }

    #[test]
    fn a_state_ends_after_the_phases_up_to_it() {
        let ends: Vec<_> = ProposalState::ALL
            .into_iter()
            .map(|state| Proposal { state, created_at: 1_000, phases: [1, 20, 300, 4_000] }.state_until())
            .collect();
        assert_eq!(ends[..4], [Some(1_001), Some(1_021), Some(1_321), Some(5_321)]);
        assert!(ends[4..].iter().all(Option::is_none));
    }

    #[test]
    fn states_have_the_contracts_numbers_and_names_of_their_own() {
        for (number, state) in (0..).zip(ProposalState::ALL) {
            assert_eq!(ProposalState::try_from(number), Ok(state));
        }
        assert_eq!(ProposalState::try_from(9), Err(UnknownProposalState(9)));
        let names: std::collections::BTreeSet<_> = ProposalState::ALL.into_iter().map(ProposalState::name).collect();
        assert_eq!(names.len(), ProposalState::ALL.len());
    }
}
