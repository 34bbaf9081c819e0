//! Keys that are in two places at once, on chain and in key files.
//!
//! An attester may be in at most one place on chain, once, and beside that in one key file. The StakingRegistry checks
//! none of this: a duplicate fails when it is flushed, with the delegator's stake. One pass over every list; the cost is
//! that of sorting them.

mod kind;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use ethers_core::types::Address;
use serde::{Deserialize, Serialize};

use self::kind::{CHAIN_PAIRS, ChainPlace};
use crate::domain::attester::bls_key::BlsKey;
use crate::domain::attester::view::{AttesterView, OnChainStatus};
use crate::domain::ids::{Coinbase, ProviderId};
use crate::domain::operator::key_book::{KeyBook, KeyEntry};
use crate::domain::provider::facts::ProviderFacts;
use crate::domain::snapshot::NetworkSnapshot;
use crate::text::address::checksummed;

pub use self::kind::DuplicateKind;

/// Where something was found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// In the queue of one of our providers.
    OwnProviderQueue {
        /// Whose queue.
        provider: ProviderId,
        /// The absolute index in it.
        index: u64,
    },
    /// In the queue of a provider that is not ours.
    OtherProviderQueue {
        /// Whose queue.
        provider: ProviderId,
        /// The absolute index in it.
        index: u64,
    },
    /// In the rollup's entry queue.
    EntryQueue {
        /// How many deposits are before it.
        place: u64,
    },
    /// Among the rollup's active attesters.
    ActiveSet {
        /// The contract's index, which changes when others leave.
        index: u64,
    },
    /// In the entry queue of a former rollup.
    FormerEntryQueue {
        /// Which rollup.
        rollup: Address,
        /// How many deposits are before it.
        place: u64,
    },
    /// Among the active attesters of a former rollup.
    FormerActiveSet {
        /// Which rollup.
        rollup: Address,
    },
    /// Withdrawal initiated.
    Exiting,
    /// Slashed out.
    Zombie,
    /// Was active once.
    History,
    /// In a key file.
    KeyFile {
        /// The file's path.
        file: String,
        /// Position in the file's `validators`, from 0.
        index: usize,
    },
    /// On a server: the place of a publisher.
    Server {
        /// The server's name.
        server: String,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OwnProviderQueue { provider, index } => write!(f, "queue of own provider {provider}, index {index}"),
            Self::OtherProviderQueue { provider, index } => write!(f, "queue of provider {provider}, index {index}"),
            Self::EntryQueue { place } => write!(f, "entry queue, place {}", place.saturating_add(1)),
            Self::ActiveSet { index } => write!(f, "active set, index {index}"),
            Self::FormerEntryQueue { rollup, place } => {
                write!(f, "entry queue of the former rollup {}, place {}", checksummed(rollup), place.saturating_add(1))
            }
            Self::FormerActiveSet { rollup } => write!(f, "active set of the former rollup {}", checksummed(rollup)),
            Self::Exiting => f.pad("exiting"),
            Self::Zombie => f.pad("slashed out"),
            Self::History => f.pad("was active once"),
            Self::KeyFile { file, index } => write!(f, "{file}, validators[{index}]"),
            Self::Server { server } => write!(f, "server {server}"),
        }
    }
}

/// What is in two places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// An attester, by its address.
    Attester(Address),
    /// A publisher, by its address.
    Publisher(Address),
    /// A compressed BLS public key.
    BlsKey(BlsKey),
}

/// One finding: a subject that is where it must not be a second time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Duplicate {
    /// What is in two places.
    pub subject: Subject,
    /// Which rule that breaks.
    pub kind: DuplicateKind,
    /// Every place that takes part, in order.
    pub places: Vec<Place>,
}

impl Duplicate {
    /// Whether it concerns us: everything but the mere collisions of attesters that we do not track.
    #[must_use]
    pub fn is_ours(&self, tracked: &BTreeMap<Address, AttesterView>) -> bool {
        match self.subject {
            Subject::Attester(attester) => {
                tracked.contains_key(&attester)
                    || self.places.iter().any(|place| match place {
                        Place::OwnProviderQueue { .. } | Place::KeyFile { .. } => true,
                        Place::OtherProviderQueue { .. }
                        | Place::EntryQueue { .. }
                        | Place::ActiveSet { .. }
                        | Place::FormerEntryQueue { .. }
                        | Place::FormerActiveSet { .. }
                        | Place::Exiting
                        | Place::Zombie
                        | Place::History
                        | Place::Server { .. } => false,
                    })
            }
            Subject::Publisher(_) | Subject::BlsKey(_) => true,
        }
    }
}

/// Whether several servers may run the same attester on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplicaPolicy {
    /// An attester in two key files is a finding.
    Refuse,
    /// It is not, as long as the files agree on the coinbase.
    Allow,
}

/// Every duplicate, ordered by subject and kind.
#[must_use]
pub fn find_duplicates(snapshot: &NetworkSnapshot, keys: &KeyBook, replicas: ReplicaPolicy) -> Vec<Duplicate> {
    let mut found = chain_duplicates(snapshot);
    found.extend(key_file_duplicates(keys, replicas));
    found.extend(shared_bls_keys(keys));
    found.extend(shared_publishers(keys));
    found.sort();
    found
}

/// The attesters that are in two places on chain.
fn chain_duplicates(snapshot: &NetworkSnapshot) -> Vec<Duplicate> {
    let mut places = BTreeMap::<Address, Vec<(ChainPlace, Place)>>::new();
    let mut note = |attester, kind, place| places.entry(attester).or_default().push((kind, place));
    for (provider, index, attester) in queued(&snapshot.providers) {
        let place = Place::OwnProviderQueue { provider, index };
        note(attester, ChainPlace::OwnQueue, place);
    }
    for (provider, index, attester) in queued(&snapshot.other_providers) {
        let place = Place::OtherProviderQueue { provider, index };
        note(attester, ChainPlace::OtherQueue, place);
    }
    for (place, deposit) in (0..).zip(&snapshot.entry_queue) {
        let place = Place::EntryQueue { place };
        note(deposit.attester, ChainPlace::EntryQueue, place);
    }
    for (index, attester) in (0..).zip(&snapshot.active_set) {
        let place = Place::ActiveSet { index };
        note(*attester, ChainPlace::ActiveSet, place);
    }
    // The staking escrow registers a key once, at whatever rollup that is. What moves along with the latest is refused at a former one.
    let active: BTreeSet<&Address> = snapshot.active_set.iter().collect();
    for former in &snapshot.former_rollups {
        let rollup = former.id.address;
        for (place, deposit) in (0..).zip(&former.entry_queue).filter(|(_, deposit)| !deposit.move_with_latest_rollup) {
            note(deposit.attester, ChainPlace::EntryQueue, Place::FormerEntryQueue { rollup, place });
        }
        for attester in former.validating().filter(|attester| !active.contains(attester)) {
            note(attester, ChainPlace::ActiveSet, Place::FormerActiveSet { rollup });
        }
    }
    for (attester, view) in &snapshot.attesters {
        match view.status {
            OnChainStatus::Exiting => note(*attester, ChainPlace::Exiting, Place::Exiting),
            OnChainStatus::Zombie => note(*attester, ChainPlace::Zombie, Place::Zombie),
            OnChainStatus::None if view.was_active_once() => {
                note(*attester, ChainPlace::History, Place::History);
            }
            OnChainStatus::None | OnChainStatus::Validating => {}
        }
    }
    places
        .into_iter()
        .filter(|(_, places)| places.len() > 1)
        .flat_map(|(attester, places)| pairs_on_chain(attester, places))
        .collect()
}

/// Every key of these queues: provider, absolute index, attester.
fn queued(providers: &BTreeMap<ProviderId, ProviderFacts>) -> impl Iterator<Item = (ProviderId, u64, Address)> {
    providers.iter().flat_map(|(provider, facts)| {
        let entries = facts.queue.iter();
        entries.map(|entry| (*provider, entry.index, entry.attester))
    })
}

/// What the places of one attester make of each other.
fn pairs_on_chain(attester: Address, places: Vec<(ChainPlace, Place)>) -> Vec<Duplicate> {
    let mut by_kind = BTreeMap::<ChainPlace, Vec<Place>>::new();
    for (kind, place) in places {
        by_kind.entry(kind).or_default().push(place);
    }
    let found = CHAIN_PAIRS.iter().filter_map(|(one, other, kind)| {
        let mut places = by_kind.get(one)?.clone();
        if one != other {
            places.extend_from_slice(by_kind.get(other)?);
        }
        (places.len() > 1).then(|| duplicate(Subject::Attester(attester), *kind, places))
    });
    found.collect()
}

/// The attesters that several entries of key files name.
fn key_file_duplicates(keys: &KeyBook, replicas: ReplicaPolicy) -> Vec<Duplicate> {
    let mut found = Vec::new();
    for (attester, entries) in keys.by_attester() {
        // What no node runs is in nobody's way, however often it says the same.
        if entries.iter().all(|entry| !entry.is_run) {
            continue;
        }
        let subject = Subject::Attester(attester);
        let mut by_file = BTreeMap::<(&str, &str), Vec<Place>>::new();
        for entry in &entries {
            let file = (entry.server.as_str(), entry.file.as_str());
            by_file.entry(file).or_default().push(key_file(entry));
        }
        let all = || entries.iter().map(|entry| key_file(entry)).collect();
        if by_file.len() > 1 && replicas == ReplicaPolicy::Refuse {
            found.push(duplicate(subject, DuplicateKind::SeveralKeyFiles, all()));
        }
        let coinbases: BTreeSet<Option<Coinbase>> = entries.iter().map(|entry| entry.coinbase).collect();
        if coinbases.iter().flatten().count() > 1 {
            found.push(duplicate(subject, DuplicateKind::ConflictingCoinbase, all()));
        } else if coinbases.len() > 1 {
            found.push(duplicate(subject, DuplicateKind::PartialCoinbase, all()));
        }
        let twice = by_file.into_values().filter(|places| places.len() > 1);
        let twice: Vec<Place> = twice.flatten().collect();
        if !twice.is_empty() {
            found.push(duplicate(subject, DuplicateKind::KeyFileTwice, twice));
        }
    }
    found
}

/// The BLS keys that key files give to different attesters.
fn shared_bls_keys(keys: &KeyBook) -> Vec<Duplicate> {
    let mut holders = BTreeMap::<BlsKey, Vec<&KeyEntry>>::new();
    for entry in &keys.entries {
        if let Some(key) = entry.bls_public_key {
            holders.entry(key).or_default().push(entry);
        }
    }
    holders
        .into_iter()
        .filter(|(_, entries)| {
            let first = entries.first().map(|entry| entry.attester);
            entries.iter().any(|entry| Some(entry.attester) != first)
        })
        .map(|(key, entries)| {
            let places = entries.into_iter().map(key_file).collect();
            duplicate(Subject::BlsKey(key), DuplicateKind::SharedBlsKey, places)
        })
        .collect()
}

/// Publishers of several servers. A server that runs nothing as far as the key files say is none beside one that does: where a file
/// was renamed, its old name may still stand in a file of publishers.
fn shared_publishers(keys: &KeyBook) -> Vec<Duplicate> {
    let running: BTreeSet<&str> = keys.entries.iter().map(|entry| entry.server.as_str()).collect();
    let that_run = |(publisher, mut servers): (Address, BTreeSet<_>)| {
        if servers.iter().any(|server| running.contains(server)) {
            servers.retain(|server| running.contains(server));
        }
        (publisher, servers)
    };
    keys.servers_by_publisher()
        .into_iter()
        .map(that_run)
        .filter(|(_, servers)| servers.len() > 1)
        .map(|(publisher, servers)| {
            let places = servers.into_iter().map(|server| Place::Server { server: server.to_owned() });
            let subject = Subject::Publisher(publisher);
            duplicate(subject, DuplicateKind::SharedPublisher, places.collect())
        })
        .collect()
}

fn key_file(entry: &KeyEntry) -> Place {
    Place::KeyFile { file: entry.file.clone(), index: entry.index }
}

fn duplicate(subject: Subject, kind: DuplicateKind, mut places: Vec<Place>) -> Duplicate {
    places.sort();
    Duplicate { subject, kind, places }
}

#[cfg(test)]
pub(crate) mod tests;
