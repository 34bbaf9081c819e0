//! What was read about slashing at one block.

use ethers_core::types::{Address, U256};
use strum::{EnumCount as _, VariantArray as _};

use super::rules::SlashingRules;
use crate::domain::block::BlockRef;
use crate::text::closed::every;

/// One slash that a round has decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlashAction {
    /// Who loses stake.
    pub attester: Address,
    /// How much, in base units of the staking asset.
    pub amount: U256,
}

/// A round that has votes, was not executed and is not too old to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenRound {
    /// The round's number.
    pub round: u64,
    /// How many proposers voted in it.
    pub vote_count: u64,
    /// The committees that are voted on, by epoch; empty where the chain has none.
    pub committees: Vec<Vec<Address>>,
    /// Votes by position: committee after committee. Empty when no attester of ours is in a committee.
    pub votes: Vec<PositionVotes>,
    /// What the contract says that it would do. Empty below the quorum and when no attester of ours is in a committee.
    pub actions: Vec<SlashAction>,
    /// Whether the payload of these actions was vetoed.
    pub is_vetoed: bool,
}

/// Slashing at one block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlashingFacts {
    /// The block that every fact belongs to.
    pub block: BlockRef,
    /// Whether the vetoer has paused slashing.
    pub pause: Pause,
    /// Until when this slasher may slash at all, in unix seconds; `None` for a rollup's present one.
    pub ends_at: Option<u64>,
    /// Who proposes slashes, as far as that can be read.
    pub proposer: SlashingProposer,
}

impl SlashingFacts {
    /// What about this slasher cannot be seen, where there may be something to see.
    #[must_use]
    pub fn blindness(&self) -> Option<Blindness> {
        match (&self.proposer, self.pause) {
            (SlashingProposer::Unreadable(why), _) => Some(*why),
            (SlashingProposer::Tally(_) | SlashingProposer::Waiting(_), Pause::Untold) => Some(Blindness::NoPause),
            (SlashingProposer::Tally(_) | SlashingProposer::Waiting(_) | SlashingProposer::NoSlasher, _) => None,
        }
    }
}

/// Whether the vetoer has paused slashing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pause {
    /// It has not.
    None,
    /// Until then, in unix seconds.
    Until(u64),
    /// The slasher does not say. The first slashers could not be paused; none whose votes are tallied is one of those.
    Untold,
}

impl Pause {
    /// Until when it is known to be paused, in unix seconds.
    #[must_use]
    pub fn until(self) -> Option<u64> {
        match self {
            Self::Until(until) => Some(until),
            Self::None | Self::Untold => None,
        }
    }
}

/// Who proposes slashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SlashingProposer {
    /// Nobody: the rollup has no slasher.
    NoSlasher,
    /// A contract that tallies votes.
    Tally(Box<ProposerFacts>),
    /// A contract that tallies votes, which do not count yet: its slasher waits to be installed.
    Waiting(Address),
    /// The rollup has a slasher, and votes against attesters cannot be seen.
    Unreadable(Blindness),
}

impl SlashingProposer {
    /// The facts of a proposer that tallies votes.
    #[must_use]
    pub fn tally(&self) -> Option<&ProposerFacts> {
        match self {
            Self::Tally(facts) => Some(facts.as_ref()),
            Self::NoSlasher | Self::Waiting(_) | Self::Unreadable(_) => None,
        }
    }

    /// Why votes cannot be seen, where there may be some.
    #[must_use]
    pub fn blindness(&self) -> Option<Blindness> {
        match self {
            Self::Unreadable(why) => Some(*why),
            Self::NoSlasher | Self::Waiting(_) | Self::Tally(_) => None,
        }
    }
}

/// Why votes to slash, or whether they count, cannot be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[derive(strum::IntoStaticStr, strum::VariantArray, strum::EnumCount)]
#[strum(serialize_all = "snake_case")]
pub enum Blindness {
    /// The slasher names no proposer.
    NoProposer,
    /// The proposer is of the kind that signals for payloads (4.x), whose votes are not read.
    Empire,
    /// The proposer does not give the figures of any kind that is known: a later version, perhaps.
    UnknownProposer,
    /// The slasher or its proposer answers what cannot be: figures that no such contract can have, or votes that do not fit them.
    Nonsense,
    /// The slasher does not say whether slashing is paused.
    NoPause,
}

impl Blindness {
    /// Every reason.
    pub const ALL: [Self; Self::COUNT] = every(Self::VARIANTS);

    /// The name that labels use.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// What cannot be seen.
    #[must_use]
    pub fn unseen(self) -> &'static str {
        match self {
            Self::NoProposer | Self::Empire | Self::UnknownProposer | Self::Nonsense => "votes to slash cannot be seen",
            Self::NoPause => "whether votes to slash are on hold cannot be seen",
        }
    }

    /// The reason in words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::NoProposer => "the slasher names no proposer",
            Self::Empire => "its proposer signals for payloads instead of tallying votes",
            Self::UnknownProposer => "its proposer does not answer as any that is known",
            Self::Nonsense => "it or its proposer answers what cannot be",
            Self::NoPause => "the slasher does not answer slashingDisabledUntil",
        }
    }
}

/// What a proposer that tallies votes says: `TallySlashingProposer` of 4.x, `SlashingProposer` since 5.0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProposerFacts {
    /// The contract.
    pub address: Address,
    /// Its rules.
    pub rules: SlashingRules,
    /// The round at this block.
    pub current_round: u64,
    /// Votes in that round.
    pub current_votes: u64,
    /// When that round ends, in unix seconds.
    pub current_end: u64,
    /// Open rounds, oldest first.
    pub rounds: Vec<OpenRound>,
}

/// The votes against one position, by the units that they ask for: one, two, three.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PositionVotes(pub [u64; 3]);

impl PositionVotes {
    /// Votes for any slash at all.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.iter().fold(0, |sum, votes| sum.saturating_add(*votes))
    }

    /// The most units that reach the quorum: 0 for one unit, 1 for two, 2 for three; an index into the amounts.
    #[must_use]
    pub fn decided(&self, quorum: u64) -> Option<usize> {
        let mut votes = 0_u64;
        for (index, for_units) in self.0.iter().enumerate().rev() {
            votes = votes.saturating_add(*for_units);
            if votes >= quorum {
                return Some(index);
            }
        }
        None
    }
}
