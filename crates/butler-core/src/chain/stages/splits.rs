//! What the splits of delegations keep of themselves.

use std::collections::{BTreeMap, BTreeSet};

use ethers_core::types::H256;

use crate::chain::error::Contract;
use crate::chain::reads::{Answers, Reads, Slot};
use crate::contracts::bindings::pull_split;
use crate::contracts::split::split_hash;
use crate::domain::ids::Coinbase;
use crate::domain::provider::split::SplitRecord;

/// Gas of `splitHash`: one cold slot behind a delegate call.
const HASH_GAS: u64 = 12_000;

/// The hash that each split keeps.
pub(in crate::chain) struct SplitHashes(BTreeMap<Coinbase, Slot<[u8; 32]>>);

impl SplitHashes {
    pub(in crate::chain) fn plan(reads: &mut Reads, coinbases: impl IntoIterator<Item = Coinbase>) -> Self {
        let slot = |coinbase: Coinbase| {
            (coinbase, reads.push(Contract::Split, coinbase.address(), HASH_GAS, pull_split::SplitHashCall))
        };
        Self(coinbases.into_iter().map(slot).collect())
    }

    /// The coinbases of whose contracts endpoints answer differently, and nobody decides.
    pub(in crate::chain) fn disputed(&self, answers: &Answers) -> BTreeSet<Coinbase> {
        self.0.iter().filter(|(_, slot)| answers.is_disputed(slot)).map(|(coinbase, _)| *coinbase).collect()
    }

    /// What each contract answered. One that gives no hash, or is none, is left out: it is no split, and that is a fact.
    pub(in crate::chain) fn take(&self, answers: &Answers) -> BTreeMap<Coinbase, H256> {
        let hash = |(coinbase, slot): (&Coinbase, &Slot<[u8; 32]>)| Some((*coinbase, H256(answers.get(slot).ok()?)));
        self.0.iter().filter_map(hash).collect()
    }
}

/// The coinbases that keep the hash of what was told of them.
pub(in crate::chain) fn intact(
    hashes: &BTreeMap<Coinbase, H256>,
    records: &BTreeMap<Coinbase, SplitRecord>,
) -> BTreeSet<Coinbase> {
    // Who delegates often does so on the same terms, and a hash of eleven words is not for nothing.
    let mut known: BTreeMap<&SplitRecord, H256> = BTreeMap::new();
    let mut hash = |record| *known.entry(record).or_insert_with(|| split_hash(record));
    let mut is_kept = |coinbase: &Coinbase, record| hashes.get(coinbase) == Some(&hash(record));
    records.iter().filter_map(|(coinbase, record)| is_kept(coinbase, record).then_some(*coinbase)).collect()
}
