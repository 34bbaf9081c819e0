//! Whether keys can be registered: which are there already, which are good, and what is wrong with the others. Pure.

use std::collections::BTreeMap;
use std::fmt;

use ethers_core::types::{Address, H256};

use super::facts::KeyFacts;
use crate::contracts::bindings::staking_registry::KeyStore;
use crate::contracts::bn254::{Group1, Group2, Registration, are_proven};
use crate::contracts::decode::bls_public_key;
use crate::contracts::proof::{PRESUMED_CAP, ProvenKey};
use crate::domain::attester::proof::ProofVerdict;
use crate::domain::attester::queue_key::{Obstacle, bad_queue_keys};
use crate::domain::ids::ProviderId;
use crate::domain::provider::facts::{EscrowView, ProviderFacts, ProviderQueueEntry};
use crate::domain::snapshot::NetworkSnapshot;
use crate::text::address::checksummed;

/// Of the escrow's cap this part is kept free, since the price of what the verifier does may rise: a tenth.
const SPARED: u64 = 10;

/// What is wrong with a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// It has no address.
    ZeroAddress,
    /// The file has its address or its BLS key before, at this place from 0.
    Repeated(usize),
    /// It proves nothing.
    ProofWrong,
    /// Its proof is right, and takes more gas than is safe.
    ProofTooDear {
        /// What it takes.
        gas: u64,
        /// What is safe.
        most: u64,
    },
    /// Its address is used for something else.
    OtherRole(&'static str),
    /// It stands in the own queue with another BLS key or proof.
    QueuedOtherwise {
        /// Whose queue.
        provider: ProviderId,
        /// The absolute index there.
        index: u64,
    },
    /// What stands on the chain.
    OnChain(Obstacle),
}

/// A key that cannot be registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadKey {
    /// Its place in the file, from 0.
    pub place: usize,
    /// Its address.
    pub attester: Address,
    /// Why.
    pub faults: Vec<Fault>,
}

/// What became of the keys of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Judged {
    /// Those that stand in the provider's queue, byte for byte: index and address.
    pub queued: Vec<(u64, Address)>,
    /// Those that were taken out of the provider's queue by a delegator, with the BLS key of the file.
    pub delegated: Vec<Address>,
    /// Those that can be registered, in the order of the file.
    pub good: Vec<KeyStore>,
    /// The others.
    pub bad: Vec<BadKey>,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ZeroAddress => f.write_str("its address is zero"),
            Self::Repeated(place) => {
                write!(f, "its address or BLS key is that of key {} of the file, too", place.saturating_add(1))
            }
            Self::ProofWrong => f.write_str("its proof of possession is wrong"),
            Self::ProofTooDear { gas, most } => {
                write!(f, "its proof takes {gas} gas, and no more than {most} is safe: the escrow's cap less a tenth")
            }
            Self::OtherRole(role) => write!(f, "its address is that of {role}, too"),
            Self::QueuedOtherwise { provider, index } => {
                write!(
                    f,
                    "it stands in the queue of provider {provider} with another BLS key or proof, at index {index}"
                )
            }
            Self::OnChain(obstacle) => obstacle.fmt(f),
        }
    }
}

impl fmt::Display for BadKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let faults: Vec<String> = self.faults.iter().map(Fault::to_string).collect();
        write!(f, "key {}, {}: {}", self.place.saturating_add(1), checksummed(&self.attester), faults.join("; "))
    }
}

/// Judges keys that are to be added to the queue of `provider`, or to be deposited where that is `None`. `roles` is what addresses are used
/// for that must not be attesters.
#[must_use]
pub fn judge(
    snapshot: &NetworkSnapshot,
    provider: Option<ProviderId>,
    keys: &[KeyStore],
    (facts, roles): (&KeyFacts, &BTreeMap<Address, &'static str>),
) -> Judged {
    let mut judged = Judged::default();
    let mut first = BTreeMap::<H256, usize>::new();
    let mut doubtful: Vec<(usize, &KeyStore, Vec<Fault>)> = Vec::new();
    for (place, key) in keys.iter().enumerate() {
        let mut faults = Vec::new();
        let proven = ProvenKey::from(key);
        let names = [H256::from(key.attester), proven.key_hash()];
        if let Some(before) = names.iter().filter_map(|name| first.get(name)).min() {
            faults.push(Fault::Repeated(*before));
        }
        names.into_iter().for_each(|name| {
            first.entry(name).or_insert(place);
        });
        let standing =
            facts.queued.iter().find(|((id, _), queued)| Some(*id) == provider && queued.attester == key.attester);
        match standing {
            Some(((_, index), queued)) if queued == key && faults.is_empty() => {
                judged.queued.push((*index, key.attester));
                continue;
            }
            Some(((id, index), queued)) if queued != key => {
                faults.push(Fault::QueuedOtherwise { provider: *id, index: *index });
            }
            Some(_) | None => {}
        }
        if faults.is_empty() && is_delegated(snapshot, provider, key) {
            judged.delegated.push(key.attester);
            continue;
        }
        if key.attester.is_zero() {
            faults.push(Fault::ZeroAddress);
        }
        faults.extend(roles.get(&key.attester).map(|role| Fault::OtherRole(role)));
        doubtful.push((place, key, faults));
    }
    let registrations: Vec<Registration> = doubtful.iter().map(|(_, key, _)| registration(key)).collect();
    for ((_, key, faults), is_proven) in doubtful.iter_mut().zip(are_proven(&registrations)) {
        faults.extend(of_proof(key, is_proven, facts.cap));
    }
    let mut obstacles = obstacles(snapshot, provider, &doubtful, facts);
    for (place, key, mut faults) in doubtful {
        faults.extend(obstacles.remove(&place).unwrap_or_default().into_iter().map(Fault::OnChain));
        if faults.is_empty() {
            judged.good.push(key.clone());
        } else {
            judged.bad.push(BadKey { place, attester: key.attester, faults });
        }
    }
    judged
}

/// Whether a delegator took the key out of that provider's queue, and it waits or stands since with this BLS key.
fn is_delegated(snapshot: &NetworkSnapshot, provider: Option<ProviderId>, key: &KeyStore) -> bool {
    let mut delegations = snapshot.delegations.iter();
    let is_ours = delegations.any(|one| Some(one.provider_id) == provider && one.attester == key.attester);
    let bls = bls_public_key(key.public_key_g1.x, key.public_key_g1.y);
    let waits = || snapshot.entry_queue.iter().any(|one| (one.attester, one.bls_public_key) == (key.attester, bls));
    let stands = || {
        let view = snapshot.attesters.get(&key.attester);
        view.is_some_and(|view| view.bls_public_key == bls && bls.is_some())
    };
    is_ours && (waits() || stands())
}

pub(super) fn registration(key: &KeyStore) -> Registration {
    let (g2, proof) = (&key.public_key_g2, &key.proof_of_possession);
    Registration {
        key: Some(public(key)),
        twin: Some(Group2 { x0: g2.x_0, x1: g2.x_1, y0: g2.y_0, y1: g2.y_1 }),
        proof: Some(Group1 { x: proof.x, y: proof.y }),
    }
}

fn public(key: &KeyStore) -> Group1 {
    Group1 { x: key.public_key_g1.x, y: key.public_key_g1.y }
}

fn of_proof(key: &KeyStore, is_proven: bool, cap: Option<u64>) -> Option<Fault> {
    if !is_proven {
        return Some(Fault::ProofWrong);
    }
    let (gas, cap) = (public(key).proof_gas()?, cap.unwrap_or(PRESUMED_CAP));
    let most = cap.saturating_sub(cap.div_ceil(SPARED));
    (gas > most).then_some(Fault::ProofTooDear { gas, most })
}

/// What would be wrong with each key if it stood at the end of the queue, by its place in the file.
fn obstacles(
    snapshot: &NetworkSnapshot,
    provider: Option<ProviderId>,
    keys: &[(usize, &KeyStore, Vec<Fault>)],
    facts: &KeyFacts,
) -> BTreeMap<usize, Vec<Obstacle>> {
    let mut imagined = snapshot.clone();
    // Whoever deposits has no queue: the keys stand alone then.
    let owner = provider.or_else(|| nobody(snapshot));
    let Some(owner) = owner else { return BTreeMap::new() };
    let queue = &mut imagined.providers.entry(owner).or_insert_with(nothing).queue;
    let next = queue.last().map_or(0, |entry| entry.index.saturating_add(1));
    let mut places = BTreeMap::new();
    for (index, (place, key, faults)) in (next..).zip(keys) {
        // A repeated key is told as that already, and must not be one before its own twin.
        if faults.iter().any(|fault| matches!(fault, Fault::Repeated(_) | Fault::QueuedOtherwise { .. })) {
            continue;
        }
        places.insert(index, *place);
        let bls_key_used = facts.used.contains(&ProvenKey::from(*key).key_hash());
        let escrow = Some(EscrowView { bls_key_used, proof: Some(ProofVerdict::Valid) });
        let bls_public_key = bls_public_key(key.public_key_g1.x, key.public_key_g1.y);
        queue.push(ProviderQueueEntry { index, attester: key.attester, bls_public_key, escrow });
    }
    let mut found = BTreeMap::<usize, Vec<Obstacle>>::new();
    for bad in bad_queue_keys(&imagined).into_iter().filter(|bad| bad.provider_id == owner) {
        if let Some(place) = places.get(&bad.index) {
            found.entry(*place).or_default().extend(bad.obstacles);
        }
    }
    found
}

/// A number that no provider has.
fn nobody(snapshot: &NetworkSnapshot) -> Option<ProviderId> {
    let last = snapshot.providers.keys().chain(snapshot.other_providers.keys()).max();
    ProviderId::try_from(last.map_or(1, |id| id.get().saturating_add(1))).ok()
}

fn nothing() -> ProviderFacts {
    ProviderFacts {
        admin: Address::zero(),
        pending_admin: None,
        take_rate_bps: 0,
        rewards_recipient: Address::zero(),
        queue: Vec::new(),
    }
}
