//! What the chain says of keys that are to be registered, beside a snapshot and at its block.
//!
//! A thousand keys take two rounds of packed reads. Proofs are not put to the chain: they are verified here, as the escrow does it.

use std::collections::{BTreeMap, BTreeSet};

use ethers_core::types::{Address, H256};

use crate::client::l1::L1Client;
use crate::contracts::bindings::gse;
use crate::contracts::bindings::staking_registry::{self, KeyStore};
use crate::contracts::call::Call;
use crate::contracts::proof::ProvenKey;
use crate::domain::ids::ProviderId;
use crate::domain::snapshot::NetworkSnapshot;
use crate::transaction::reading::{ReadingError, must, read};

/// Gas of `ownedPKs`: one cold slot.
const OWNED_GAS: u64 = 6_000;
/// Gas of a queue's entry: nine cold slots.
const ENTRY_GAS: u64 = 35_000;

/// What the chain says of some keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyFacts {
    /// What the escrow grants its verifier, in gas; `None` for an escrow that tells none: then the least that is known is presumed.
    pub cap: Option<u64>,
    /// The keys that somebody registered, by their hashes.
    pub used: BTreeSet<H256>,
    /// What stands in our queues under the addresses of these keys, by provider and index.
    pub queued: BTreeMap<(ProviderId, u64), KeyStore>,
}

impl KeyFacts {
    /// Looks keys up.
    ///
    /// # Errors
    /// See [`ReadingError`].
    pub async fn read(
        client: &L1Client,
        (registry, snapshot): (Address, &NetworkSnapshot),
        keys: &[KeyStore],
    ) -> Result<Self, ReadingError> {
        let escrow = snapshot.rollup.gse;
        let hashes: BTreeSet<H256> = keys.iter().map(|key| ProvenKey::from(key).key_hash()).collect();
        let wanted: BTreeSet<Address> = keys.iter().map(|key| key.attester).collect();
        let entries = snapshot.providers.iter().flat_map(|(id, provider)| {
            let ours = provider.queue.iter().filter(|entry| wanted.contains(&entry.attester));
            ours.map(|entry| (*id, entry.index))
        });
        let places: Vec<(ProviderId, u64)> = entries.collect();
        let mut calls = vec![Call::new(escrow, gse::ProofOfPossessionGasLimitCall).optional()];
        calls.extend(
            hashes
                .iter()
                .map(|hash| Call::new(escrow, gse::OwnedPKsCall { hashed_public_key: hash.0 }).with_gas(OWNED_GAS)),
        );
        calls.extend(places.iter().map(|(id, index)| {
            let (provider_identifier, index) = ((*id).into(), (*index).into());
            let call = staking_registry::GetValueAtIndexInQueueCall { provider_identifier, index };
            Call::new(registry, call).with_gas(ENTRY_GAS)
        }));
        let answers = read(client, &snapshot.block, &calls).await?;
        let mut answers = answers.iter();
        let mut next = || answers.next().and_then(Option::as_ref);
        let cap = next().map(|data| must("proofOfPossessionGasLimit", Some(data))).transpose()?;
        let mut used = BTreeSet::new();
        for hash in hashes {
            if must::<bool>("ownedPKs", next())? {
                used.insert(hash);
            }
        }
        let mut queued = BTreeMap::new();
        for place in places {
            let entry: staking_registry::GetValueAtIndexInQueueReturn = must("getValueAtIndexInQueue", next())?;
            queued.insert(place, entry.0);
        }
        Ok(Self { cap, used, queued })
    }
}
