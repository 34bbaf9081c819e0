//! Where each of our attesters stands: voted against, decided, about to be executed.

use std::collections::BTreeMap;

use ethers_core::types::{Address, U256};
use strum::{EnumCount as _, VariantArray as _};

use super::{OpenRound, ProposerFacts, SlashingFacts, SlashingRules};
use crate::domain::rollup::RollupClock;
use crate::text::closed::every;

/// How far slashing of an attester has come. The order is that of urgency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[derive(strum::IntoStaticStr, strum::VariantArray, strum::EnumCount)]
#[strum(serialize_all = "snake_case")]
pub enum Stage {
    /// Voted against in a round that ended below the quorum, or that is decided too late for a slasher that is replaced.
    Spared,
    /// Decided, and vetoed.
    Vetoed,
    /// Voted against in the current round, below the quorum.
    Voted,
    /// The quorum is reached; the veto window is open.
    Decided,
    /// Anybody may execute it.
    Executable,
}

impl Stage {
    /// Every stage.
    pub const ALL: [Self; Self::COUNT] = every(Self::VARIANTS);

    /// The name that labels use.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// A slash that will come unless it is vetoed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// What all decided rounds together take, in base units.
    pub amount: U256,
    /// The earliest execution of any of them, in unix seconds.
    pub executable_from: u64,
    /// When the last of them can be executed no more, in unix seconds.
    pub expires_at: u64,
}

/// What open rounds say about one attester.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The most urgent stage of any round.
    pub stage: Stage,
    /// The most votes against it in a round of that stage.
    pub votes: u64,
    /// What is decided and not vetoed.
    pub decision: Option<Decision>,
}

/// Where every attester stands that open rounds speak of. The caller picks its own.
///
/// `None` when a time does not fit.
#[must_use]
pub fn standings(facts: &SlashingFacts, clock: &RollupClock) -> Option<BTreeMap<Address, Standing>> {
    let mut standings = BTreeMap::new();
    let Some(proposer) = facts.proposer.tally() else { return Some(standings) };
    for round in &proposer.rounds {
        let times = Times::of(facts, &proposer.rules, clock, round.round)?;
        for (attester, votes) in votes_by_attester(&proposer.rules, round) {
            let amount = decided_amount(round, attester);
            let stage = stage(facts, proposer, round, &times, amount);
            let decision = amount.filter(|_| stage >= Stage::Decided).map(|amount| Decision {
                amount,
                executable_from: times.executable_from,
                expires_at: times.expires_at,
            });
            let found = Standing { stage, votes, decision };
            standings.entry(attester).and_modify(|known| *known = merge(known, &found)).or_insert(found);
        }
    }
    Some(standings)
}

struct Times {
    executable_from: u64,
    expires_at: u64,
    /// Whether its slasher may not slash any more when the round can be executed.
    is_too_late: bool,
}

impl Times {
    fn of(facts: &SlashingFacts, rules: &SlashingRules, clock: &RollupClock, round: u64) -> Option<Self> {
        let executable_from = rules.executable_from(clock, round)?;
        // While slashing is paused nothing is executed.
        let executable_from = executable_from.max(facts.pause.until().unwrap_or_default());
        let expires_at = rules.expires_at(clock, round)?.min(facts.ends_at.unwrap_or(u64::MAX));
        let is_too_late = facts.ends_at.is_some_and(|end| rules.executable_from(clock, round) > Some(end));
        Some(Self { executable_from, expires_at, is_too_late })
    }
}

/// The most votes against each attester, which may sit in several committees.
fn votes_by_attester(rules: &SlashingRules, round: &OpenRound) -> BTreeMap<Address, u64> {
    let size = usize::try_from(rules.committee_size).unwrap_or(usize::MAX).max(1);
    let mut votes = BTreeMap::new();
    for (committee, counts) in round.committees.iter().zip(round.votes.chunks(size)) {
        for (attester, count) in committee.iter().zip(counts) {
            let most: &mut u64 = votes.entry(*attester).or_default();
            *most = (*most).max(count.total());
        }
    }
    votes.retain(|_, most| *most > 0);
    votes
}

/// One attester may be slashed for several epochs of a round.
fn decided_amount(round: &OpenRound, attester: Address) -> Option<U256> {
    let mut of_attester = round.actions.iter().filter(|action| action.attester == attester).peekable();
    of_attester.peek()?;
    Some(of_attester.fold(U256::zero(), |sum, action| sum.saturating_add(action.amount)))
}

fn stage(
    facts: &SlashingFacts,
    proposer: &ProposerFacts,
    round: &OpenRound,
    times: &Times,
    amount: Option<U256>,
) -> Stage {
    match amount {
        None if round.round == proposer.current_round => Stage::Voted,
        None => Stage::Spared,
        Some(_) if times.is_too_late => Stage::Spared,
        Some(_) if round.is_vetoed => Stage::Vetoed,
        Some(_) if facts.block.timestamp >= times.executable_from => Stage::Executable,
        Some(_) => Stage::Decided,
    }
}

/// Both together, as if they were rounds of one slasher.
pub(super) fn merge(one: &Standing, other: &Standing) -> Standing {
    let (stage, votes) = (one.stage, one.votes).max((other.stage, other.votes));
    let decision = match (one.decision, other.decision) {
        (Some(one), Some(other)) => Some(Decision {
            amount: one.amount.saturating_add(other.amount),
            executable_from: one.executable_from.min(other.executable_from),
            expires_at: one.expires_at.max(other.expires_at),
        }),
        (one, other) => one.or(other),
    };
    Standing { stage, votes, decision }
}
