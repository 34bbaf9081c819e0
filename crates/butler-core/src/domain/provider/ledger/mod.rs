//! What the StakingRegistry told of our providers, and whether that is all of it.
//!
//! An endpoint may leave logs out or make some up, and an empty list looks like a quiet chain. The registry counts what it
//! does: a provider's queue begins and ends at indices that are never used again. So the keys that were added and the ones
//! that left must be as many as the indices say, in the same order; what does not fit is a [`Gap`] and never a fact.

use std::fmt;
use std::ops::Range;

use ethers_core::types::Address;

use crate::domain::attester::delegation::{Delegation, LogId};
use crate::domain::ids::{Coinbase, ProviderId};
use crate::domain::provider::facts::{ProviderFacts, ProviderQueueEntry};
use crate::domain::provider::terms::{TermsChange, TermsEvent};

/// The first index of a queue that was never used (StakingRegistry `QueueLib`).
const FIRST_INDEX: u64 = 1;

/// One event of the StakingRegistry about a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerEvent {
    /// Where it stands.
    pub log: LogId,
    /// The provider that it is about.
    pub provider_id: ProviderId,
    /// What happened.
    pub change: Change,
}

/// What happened to a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Its terms were set or changed.
    Terms(TermsChange),
    /// `AttestersAddedToProvider`: keys at the end of the queue.
    Added {
        /// The keys, in the queue's order.
        attesters: Vec<Address>,
    },
    /// `ProviderQueueDripped`: the admin took the first key out of the queue.
    Dripped {
        /// The key.
        attester: Address,
    },
    /// `StakedWithProvider`: a delegation took the first key out of the queue.
    Staked {
        /// The rollup that it was deposited into.
        rollup: Address,
        /// The key.
        attester: Address,
        /// Its split.
        coinbase: Coinbase,
        /// Who staked.
        staker: Address,
    },
}

impl LedgerEvent {
    /// The delegation, when it is one.
    #[must_use]
    pub fn delegation(&self) -> Option<Delegation> {
        match self.change {
            Change::Staked { rollup, attester, coinbase, staker } => Some(Delegation {
                log: self.log,
                provider_id: self.provider_id,
                rollup,
                attester,
                coinbase,
                staker,
                withdrawer: None,
                split: None,
            }),
            Change::Terms(_) | Change::Added { .. } | Change::Dripped { .. } => None,
        }
    }

    /// What it says of the provider's terms, when it does.
    #[must_use]
    pub fn terms(&self) -> Option<TermsEvent> {
        match self.change {
            Change::Terms(change) => Some(TermsEvent { log: self.log, provider_id: self.provider_id, change }),
            Change::Added { .. } | Change::Dripped { .. } | Change::Staked { .. } => None,
        }
    }

    /// Whether the registry's counters and queue leave open what the event says in full: which key of a batch was added
    /// can be read from the queue or is told again when the key leaves; all else rests on who tells it.
    #[must_use]
    pub fn needs_second_opinion(&self) -> bool {
        match self.change {
            Change::Terms(_) | Change::Dripped { .. } | Change::Staked { .. } => true,
            Change::Added { .. } => false,
        }
    }
}

/// How sure it is that an event is told as it happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Corroboration {
    /// It was read once.
    Once,
    /// Another endpoint tells the same, or the only one told it again when the block was old.
    Confirmed,
    /// Two endpoints tell differently, and there is no third that decides.
    Disputed,
}

/// What events do not account for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gap {
    /// Another number of keys was added than is told.
    Added {
        /// The provider.
        provider: ProviderId,
        /// Keys by the queue's last index.
        counted: u64,
        /// Keys by the events.
        told: u64,
    },
    /// Another number of keys left than is told.
    Left {
        /// The provider.
        provider: ProviderId,
        /// Keys by the queue's first index.
        counted: u64,
        /// Keys by the events.
        told: u64,
    },
    /// A key is told to have left that was not the first of the queue.
    Order {
        /// The provider.
        provider: ProviderId,
        /// Which departure it was, from 1.
        place: u64,
    },
    /// The queue holds another key than the one that is told to have been added there.
    Queue {
        /// The provider.
        provider: ProviderId,
        /// The index in the queue.
        index: u64,
    },
    /// The provider has another share or recipient than was told last.
    Terms {
        /// The provider.
        provider: ProviderId,
    },
    /// What a block told before is not what is told of it now.
    Retold {
        /// Height of the block.
        block: u64,
    },
}

impl Gap {
    /// Whether an endpoint that has not indexed its newest blocks yet would look like this.
    #[must_use]
    pub fn may_be_late(&self) -> bool {
        match self {
            Self::Added { counted, told, .. } | Self::Left { counted, told, .. } => told < counted,
            Self::Terms { .. } => true,
            Self::Order { .. } | Self::Queue { .. } | Self::Retold { .. } => false,
        }
    }
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Added { provider, counted, told } => {
                write!(f, "provider {provider}: {counted} keys were added and {told} of them were told")
            }
            Self::Left { provider, counted, told } => {
                write!(f, "provider {provider}: {counted} keys left the queue and {told} of them were told")
            }
            Self::Order { provider, place } => {
                write!(f, "provider {provider}: departure {place} is not of the key that was first in the queue")
            }
            Self::Queue { provider, index } => {
                write!(f, "provider {provider}: the queue's entry {index} is another key than the one that was told")
            }
            Self::Terms { provider } => {
                write!(f, "provider {provider}: its take rate or rewards recipient is not the one that was told last")
            }
            Self::Retold { block } => write!(f, "block {block} was told in two ways"),
        }
    }
}

/// Holds the events of one provider, in the chain's order, against the indices of its queue.
///
/// # Errors
/// The first thing that does not fit.
pub fn prove<'a>(
    provider: ProviderId,
    facts: &ProviderFacts,
    indices: &Range<u64>,
    events: impl IntoIterator<Item = &'a LedgerEvent>,
) -> Result<(), Gap> {
    let mut added: Vec<Address> = Vec::new();
    let mut left = 0_usize;
    let mut rate = None;
    let mut last_recipient = None;
    let mut misplaced = None;
    for event in events {
        match &event.change {
            Change::Terms(TermsChange::Registered { take_rate_bps } | TermsChange::TakeRate { take_rate_bps }) => {
                rate = Some(*take_rate_bps);
            }
            Change::Terms(TermsChange::Recipient { recipient }) => last_recipient = Some(*recipient),
            Change::Added { attesters } => added.extend(attesters),
            Change::Dripped { attester } | Change::Staked { attester, .. } => {
                if added.get(left) != Some(attester) {
                    misplaced = misplaced.or(Some(left));
                }
                left = left.saturating_add(1);
            }
        }
    }
    let counts = |index: u64, told: usize| (index.saturating_sub(FIRST_INDEX), count(told));
    // The counts come first: what is missing also looks out of order.
    let (counted, told) = counts(indices.end, added.len());
    if counted != told {
        return Err(Gap::Added { provider, counted, told });
    }
    let (counted, told) = counts(indices.start, left);
    if counted != told {
        return Err(Gap::Left { provider, counted, told });
    }
    if let Some(place) = misplaced {
        return Err(Gap::Order { provider, place: count(place).saturating_add(1) });
    }
    let has_rate = rate.is_none_or(|rate| rate == facts.take_rate_bps);
    let has_recipient = last_recipient.is_none_or(|recipient| recipient == facts.rewards_recipient);
    if has_rate && has_recipient { Ok(()) } else { Err(Gap::Terms { provider }) }
}

/// Holds the keys that stand in a provider's queue against the events that added them.
///
/// # Errors
/// The first key that does not fit.
pub fn prove_queue<'a>(
    provider: ProviderId,
    queue: &[ProviderQueueEntry],
    events: impl IntoIterator<Item = &'a LedgerEvent>,
) -> Result<(), Gap> {
    let Some(first) = queue.first().map(|entry| entry.index) else { return Ok(()) };
    let mut next = FIRST_INDEX;
    let mut rest = queue.iter();
    for event in events {
        let Change::Added { attesters } = &event.change else { continue };
        for attester in attesters {
            if next >= first
                && let Some(entry) = rest.next()
                && (entry.index != next || entry.attester != *attester)
            {
                return Err(Gap::Queue { provider, index: entry.index });
            }
            next = next.saturating_add(1);
        }
    }
    match rest.next() {
        Some(entry) => Err(Gap::Queue { provider, index: entry.index }),
        None => Ok(()),
    }
}

fn count(items: usize) -> u64 {
    u64::try_from(items).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
