//! Keys in our providers' queues that cannot be staked, or whose stake will come back from the flush.
//!
//! The StakingRegistry takes any key, and whoever delegates takes the front one: nothing on chain warns. A key that is
//! leaving makes every delegation revert until it is taken out; one that the staking escrow will refuse locks a delegator's
//! stake for the length of the entry queue, and its split is useless. Everything here follows from one snapshot.

use std::collections::BTreeMap;
use std::fmt;

use ethers_core::types::{Address, H256};
use serde::Serialize;

use crate::domain::attester::entry_queue::{Refusal, refusals, refusals_at_former};
use crate::domain::attester::proof::ProofVerdict;
use crate::domain::attester::view::OnChainStatus;
use crate::domain::ids::ProviderId;
use crate::domain::provider::facts::{EscrowView, ProviderFacts, ProviderQueueEntry};
use crate::domain::rollup::QueuedDeposit;
use crate::domain::rollups::RollupId;
use crate::domain::snapshot::NetworkSnapshot;

/// Why a key in a queue is of no use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[derive(strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum Obstacle {
    /// It is on its way out: the deposit reverts.
    Exiting,
    /// It was slashed out: the deposit reverts.
    Zombie,
    /// It validates.
    Active,
    /// Its address was registered once: it is refused for ever.
    AddressUsed,
    /// Its BLS key was registered once, with whatever address: it is refused for ever.
    BlsKeyUsed,
    /// A deposit with its address or its BLS key waits in the entry queue, and comes first.
    Deposited {
        /// How many deposits are before that one.
        place: u64,
    },
    /// The same in the entry queue of a former rollup, where that deposit will be let in: the staking escrow registers a key once,
    /// wherever that is.
    DepositedAtFormer {
        /// Which rollup.
        rollup: RollupId,
        /// How many deposits are before that one.
        place: u64,
    },
    /// An earlier key of the same queue has its address or its BLS key.
    Repeated {
        /// Whose queue.
        provider: ProviderId,
        /// The absolute index there.
        index: u64,
    },
    /// A deposit with its address or its BLS key waits in the canonical entry queue or in that of a former rollup, and whether its proof
    /// is right is not known.
    DepositedUnproven {
        /// Which rollup.
        rollup: RollupId,
        /// How many deposits are before that one.
        place: u64,
    },
    /// Another provider's queue has its address or its BLS key: whoever is staked first is accepted. Whether its proof is right is not
    /// known.
    Copied {
        /// Whose queue.
        provider: ProviderId,
        /// The absolute index there.
        index: u64,
    },
    /// The queue of another of our own providers has its address or its BLS key. Queues of two providers have no order:
    /// whichever is taken first counts.
    Doubled {
        /// Whose queue.
        provider: ProviderId,
        /// The absolute index there.
        index: u64,
    },
    /// Its proof of possession is right and needs more gas than the staking escrow grants.
    ProofTooDear {
        /// What the escrow grants, in gas.
        cap: u64,
    },
    /// Its proof of possession is wrong.
    ProofWrong,
}

/// What an obstacle does to a delegation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// It reverts: nobody can delegate to the provider.
    Blocks,
    /// It is accepted, and refunded at the flush.
    Burns,
    /// As [`Burns`](Self::Burns), unless ours comes first, or the other one is refused.
    MayBurn,
}

impl Obstacle {
    /// What it does.
    #[must_use]
    pub fn effect(self) -> Effect {
        match self {
            Self::Exiting | Self::Zombie => Effect::Blocks,
            Self::Active
            | Self::AddressUsed
            | Self::BlsKeyUsed
            | Self::Deposited { .. }
            | Self::DepositedAtFormer { .. }
            | Self::Repeated { .. }
            | Self::ProofTooDear { .. }
            | Self::ProofWrong => Effect::Burns,
            Self::DepositedUnproven { .. } | Self::Copied { .. } | Self::Doubled { .. } => Effect::MayBurn,
        }
    }

    /// The name that JSON uses.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exiting => f.write_str("its address is exiting"),
            Self::Zombie => f.write_str("its address was slashed out"),
            Self::Active => f.write_str("its address validates already"),
            Self::AddressUsed => f.write_str("its address was registered once, and is refused for ever"),
            Self::BlsKeyUsed => f.write_str("its BLS key was registered once, and is refused for ever"),
            Self::Deposited { place } => {
                write!(
                    f,
                    "its address or BLS key waits in the entry queue already, at place {}",
                    place.saturating_add(1)
                )
            }
            Self::DepositedAtFormer { rollup, place } => {
                write!(
                    f,
                    "its address or BLS key waits in the entry queue of the former rollup {}, at place {}, and is registered there",
                    rollup.version,
                    place.saturating_add(1)
                )
            }
            Self::DepositedUnproven { rollup, place } => {
                write!(
                    f,
                    "its address or BLS key waits in the entry queue of rollup {}, at place {}, with a proof of which it is not known whether it is right",
                    rollup.version,
                    place.saturating_add(1)
                )
            }
            Self::Repeated { provider, index } => {
                write!(
                    f,
                    "its address or BLS key stands in the queue of provider {provider} before it, at index {index}"
                )
            }
            Self::Copied { provider, index } => {
                write!(
                    f,
                    "its address or BLS key stands in the queue of provider {provider}, too, at index {index}, with a proof of which it is not known whether it is right"
                )
            }
            Self::Doubled { provider, index } => {
                write!(
                    f,
                    "its address or BLS key stands in the queue of our own provider {provider}, too, at index {index}, and whichever is taken first counts"
                )
            }
            Self::ProofTooDear { cap } => {
                write!(f, "its proof of possession needs more than the {cap} gas that the staking escrow grants")
            }
            Self::ProofWrong => f.write_str("its proof of possession is wrong"),
        }
    }
}

/// A key that is of no use where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BadQueueKey {
    /// Whose queue.
    pub provider_id: ProviderId,
    /// The absolute index.
    pub index: u64,
    /// How many keys are taken before it; 0 is the next one.
    pub place: u64,
    /// The key's address.
    pub attester: Address,
    /// Why, the worst first.
    pub obstacles: Vec<Obstacle>,
}

impl BadQueueKey {
    /// What becomes of a delegation that takes it: the worst of its obstacles.
    #[must_use]
    pub fn effect(&self) -> Effect {
        self.obstacles.iter().map(|obstacle| obstacle.effect()).min().unwrap_or(Effect::MayBurn)
    }

    /// Whether nothing is wrong with it but that we have it in another queue, too: one of both is good.
    #[must_use]
    pub fn is_only_doubled(&self) -> bool {
        self.obstacles.iter().all(|obstacle| matches!(obstacle, Obstacle::Doubled { .. }))
    }
}

/// Where addresses and BLS keys stand first.
#[derive(Debug)]
struct FirstPlaces<P> {
    addresses: BTreeMap<Address, P>,
    bls_keys: BTreeMap<H256, P>,
}

impl<P: Copy + Ord> FirstPlaces<P> {
    fn new() -> Self {
        Self { addresses: BTreeMap::new(), bls_keys: BTreeMap::new() }
    }

    fn note(&mut self, attester: Address, bls_key: Option<H256>, place: P) {
        self.addresses.entry(attester).or_insert(place);
        if let Some(key) = bls_key {
            self.bls_keys.entry(key).or_insert(place);
        }
    }

    fn find(&self, entry: &ProviderQueueEntry) -> Option<P> {
        let by_address = self.addresses.get(&entry.attester);
        let by_key = entry.bls_public_key.and_then(|key| self.bls_keys.get(&key));
        by_address.into_iter().chain(by_key).min().copied()
    }
}

/// Every key of our providers' queues that is of no use, by provider and place.
#[must_use]
pub fn bad_queue_keys(snapshot: &NetworkSnapshot) -> Vec<BadQueueKey> {
    let (deposited, unproven) = deposits(snapshot);
    let mut copies = FirstPlaces::new();
    for (id, provider) in &snapshot.other_providers {
        for entry in provider.queue.iter().filter(|entry| !is_refused(snapshot, entry)) {
            copies.note(entry.attester, entry.bls_public_key, (*id, entry.index));
        }
    }
    let all_of = |(id, provider): (&ProviderId, &ProviderFacts)| {
        let mut places = FirstPlaces::new();
        for entry in provider.queue.iter().filter(|entry| !is_refused(snapshot, entry)) {
            places.note(entry.attester, entry.bls_public_key, (*id, entry.index));
        }
        (*id, places)
    };
    let own: BTreeMap<ProviderId, FirstPlaces<(ProviderId, u64)>> = snapshot.providers.iter().map(all_of).collect();
    let mut found = Vec::new();
    for (id, provider) in &snapshot.providers {
        let mut before = FirstPlaces::new();
        for (place, entry) in (0..).zip(&provider.queue) {
            let mut obstacles = of_address(snapshot, entry);
            obstacles.extend(of_bls_key(entry));
            match (deposited.find(entry), unproven.find(entry)) {
                (Some((Which::Canonical, place)), _) => obstacles.push(Obstacle::Deposited { place }),
                (Some((Which::Former(rollup), place)), _) => {
                    obstacles.push(Obstacle::DepositedAtFormer { rollup, place });
                }
                (None, Some((which, place))) => {
                    let rollup = which.id(snapshot);
                    obstacles.push(Obstacle::DepositedUnproven { rollup, place });
                }
                (None, None) => {}
            }
            obstacles.extend(before.find(entry).map(|(provider, index)| Obstacle::Repeated { provider, index }));
            obstacles.extend(copies.find(entry).map(|(provider, index)| Obstacle::Copied { provider, index }));
            let doubled = own.iter().filter(|(other, _)| *other != id).find_map(|(_, places)| places.find(entry));
            obstacles.extend(doubled.map(|(provider, index)| Obstacle::Doubled { provider, index }));
            // One that is refused itself registers nothing.
            if obstacles.iter().all(|obstacle| obstacle.effect() == Effect::MayBurn) {
                before.note(entry.attester, entry.bls_public_key, (*id, entry.index));
            }
            obstacles.sort();
            if !obstacles.is_empty() {
                let (provider_id, index, attester) = (*id, entry.index, entry.attester);
                found.push(BadQueueKey { provider_id, index, place, attester, obstacles });
            }
        }
    }
    found
}

/// In which entry queue a deposit waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Which {
    Canonical,
    Former(RollupId),
}

impl Which {
    fn id(self, snapshot: &NetworkSnapshot) -> RollupId {
        match self {
            Self::Canonical => snapshot.canonical(),
            Self::Former(rollup) => rollup,
        }
    }
}

/// Deposits by the queue in which they wait and their place in it.
type Deposits = FirstPlaces<(Which, u64)>;

/// Deposits that register their keys, and those that do so if their proofs are right. One that will be refused registers nothing.
fn deposits(snapshot: &NetworkSnapshot) -> (Deposits, Deposits) {
    let (mut proven, mut unproven) = (FirstPlaces::new(), FirstPlaces::new());
    let mut note = |which: Which, queue: &[QueuedDeposit], refusals: Vec<Option<Refusal>>| {
        for ((place, deposit), _) in (0..).zip(queue).zip(refusals).filter(|(_, refusal)| refusal.is_none()) {
            let is_proven = deposit.escrow.is_some_and(|escrow| escrow.proof == Some(ProofVerdict::Valid));
            let places = if is_proven { &mut proven } else { &mut unproven };
            places.note(deposit.attester, deposit.bls_public_key, (which, place));
        }
    };
    let refused = refusals(&snapshot.entry_queue, &snapshot.attesters, &snapshot.active_set);
    note(Which::Canonical, &snapshot.entry_queue, refused);
    for former in &snapshot.former_rollups {
        let refused = refusals_at_former(&former.entry_queue, &snapshot.attesters, &snapshot.active_set);
        note(Which::Former(former.id), &former.entry_queue, refused);
    }
    (proven, unproven)
}

/// Whether a delegation that takes this key reverts or is refunded, whatever else stands anywhere.
fn is_refused(snapshot: &NetworkSnapshot, entry: &ProviderQueueEntry) -> bool {
    !of_address(snapshot, entry).is_empty() || !of_bls_key(entry).is_empty()
}

fn of_address(snapshot: &NetworkSnapshot, entry: &ProviderQueueEntry) -> Vec<Obstacle> {
    let Some(view) = snapshot.attesters.get(&entry.attester) else { return Vec::new() };
    let obstacle = match view.status {
        OnChainStatus::Exiting => Some(Obstacle::Exiting),
        OnChainStatus::Zombie => Some(Obstacle::Zombie),
        OnChainStatus::Validating => Some(Obstacle::Active),
        OnChainStatus::None => view.was_active_once().then_some(Obstacle::AddressUsed),
    };
    obstacle.into_iter().collect()
}

fn of_bls_key(entry: &ProviderQueueEntry) -> Vec<Obstacle> {
    let Some(EscrowView { bls_key_used, proof }) = entry.escrow else { return Vec::new() };
    let proof = match proof {
        Some(ProofVerdict::Wrong) => Some(Obstacle::ProofWrong),
        Some(ProofVerdict::TooDear { cap }) => Some(Obstacle::ProofTooDear { cap }),
        Some(ProofVerdict::Valid) | None => None,
    };
    bls_key_used.then_some(Obstacle::BlsKeyUsed).into_iter().chain(proof).collect()
}

#[cfg(test)]
mod tests;
