//! The rules of one `TallySlashingProposer`, which never change, and the times that follow from them.

use ethers_core::types::U256;

use crate::domain::rollup::RollupClock;

/// What the contract was deployed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlashingRules {
    /// Votes that decide a slash.
    pub quorum: u64,
    /// Slots of a round.
    pub round_slots: u64,
    /// Epochs of a round, which is the number of committees that are voted on.
    pub round_epochs: u64,
    /// Attesters of a committee.
    pub committee_size: u64,
    /// Whole rounds between the end of a round and its execution.
    pub execution_delay_rounds: u64,
    /// A round can be executed up to and including this many rounds later.
    pub lifetime_rounds: u64,
    /// How many rounds back the committees are that a round votes on.
    pub offset_rounds: u64,
    /// What one, two and three units take, in base units of the staking asset.
    pub amounts: [U256; 3],
}

/// The most slots of a round, bytes of a vote and rounds of a lifetime that the contract allows.
const MOST: (u64, u64, u64) = (1_024, 128, 127);

impl SlashingRules {
    /// What is wrong with rules that the contract's constructor would have refused.
    #[must_use]
    pub fn problem(&self) -> Option<&'static str> {
        let (slots, bytes, lifetime) = MOST;
        let checks = [
            (self.round_slots == 0 || self.round_slots > slots, "a round of no or too many slots"),
            (self.quorum == 0 || self.quorum > self.round_slots, "a quorum that no round can reach, or any can"),
            (self.positions() == 0 || !self.positions().is_multiple_of(4), "votes on positions that fill no bytes"),
            (self.vote_bytes() > bytes, "votes that are too long"),
            (self.lifetime_rounds > lifetime, "a lifetime longer than rounds are kept"),
            (self.execution_delay_rounds >= self.lifetime_rounds, "a delay that outlasts the lifetime"),
            (self.offset_rounds == 0 || self.offset_rounds > u64::from(u32::MAX), "votes on no earlier round"),
        ];
        checks.into_iter().find_map(|(is_wrong, problem)| is_wrong.then_some(problem))
    }

    /// Attesters that one vote speaks of.
    #[must_use]
    pub fn positions(&self) -> u64 {
        self.committee_size.saturating_mul(self.round_epochs)
    }

    /// Bytes of one vote: two bits for each position.
    #[must_use]
    pub fn vote_bytes(&self) -> u64 {
        self.positions() / 4
    }

    /// The round that holds `time` (unix seconds). `None` before genesis.
    #[must_use]
    pub fn round_at(&self, clock: &RollupClock, time: u64) -> Option<u64> {
        clock.slot_at(time)?.checked_div(self.round_slots)
    }

    /// When a round begins, in unix seconds. `None` when that does not fit.
    #[must_use]
    pub fn round_start(&self, clock: &RollupClock, round: u64) -> Option<u64> {
        clock.slot_start(round.checked_mul(self.round_slots)?)
    }

    /// When voting in a round ends, in unix seconds.
    #[must_use]
    pub fn voting_end(&self, clock: &RollupClock, round: u64) -> Option<u64> {
        self.round_start(clock, round.checked_add(1)?)
    }

    /// From when a round can be executed, in unix seconds (`_isRoundReadyToExecute`: later than round plus delay).
    #[must_use]
    pub fn executable_from(&self, clock: &RollupClock, round: u64) -> Option<u64> {
        self.round_start(clock, round.checked_add(self.execution_delay_rounds)?.checked_add(1)?)
    }

    /// From when a round can be executed no more, in unix seconds.
    #[must_use]
    pub fn expires_at(&self, clock: &RollupClock, round: u64) -> Option<u64> {
        self.round_start(clock, round.checked_add(self.lifetime_rounds)?.checked_add(1)?)
    }

    /// The rounds that may still be executed or voted in at `current`: none before voting is open.
    #[must_use]
    pub fn open_rounds(&self, current: u64) -> std::ops::RangeInclusive<u64> {
        current.saturating_sub(self.lifetime_rounds).max(self.offset_rounds)..=current
    }
}
