//! Where calls may go, what addresses are used for, and which keys nobody runs: from a snapshot and the key files.

use std::collections::BTreeMap;

use ethers_core::types::Address;

use crate::contracts::bindings::staking_registry::KeyStore;
use crate::domain::operator::key_book::{Completeness, KeyBook};
use crate::domain::snapshot::NetworkSnapshot;
use crate::text::time::count;
use crate::transaction::permitted::Places;

/// Where calls that change something may go.
#[must_use]
pub fn places_of(staking_registry: Address, snapshot: &NetworkSnapshot, book: &KeyBook) -> Places {
    Places {
        chain_id: snapshot.chain_id,
        staking_registry,
        rollup: snapshot.rollup.address,
        staking_asset: snapshot.rollup.staking_asset,
        funded: book.servers_by_publisher().into_keys().collect(),
    }
}

/// What addresses are used for that must not be attesters.
#[must_use]
pub fn roles_of(snapshot: &NetworkSnapshot, book: &KeyBook) -> BTreeMap<Address, &'static str> {
    let mut roles = BTreeMap::new();
    for facts in snapshot.providers.values() {
        roles.insert(facts.rewards_recipient, "who receives the provider's rewards");
        roles.insert(facts.admin, "the provider's admin");
        roles.extend(facts.pending_admin.map(|admin| (admin, "the provider's next admin")));
    }
    let coinbases = book.entries.iter().filter_map(|entry| Some((entry.attester, entry.coinbase?.address())));
    roles.extend(coinbases.filter(|(attester, to)| attester != to).map(|(_, to)| (to, "a coinbase")));
    // An attester that pays for itself is a publisher that nobody else uses.
    let itself: Vec<Address> = book.entries.iter().filter(|one| one.pays_itself).map(|one| one.attester).collect();
    let publishers = book.servers_by_publisher().into_keys().filter(|publisher| !itself.contains(publisher));
    roles.extend(publishers.map(|publisher| (publisher, "a publisher")));
    roles
}

/// That no server is known to run some keys that are to be added: the first duty of one would be missed. Nothing is said without key files.
#[must_use]
pub fn not_run(book: &KeyBook, keys: &[KeyStore]) -> Option<String> {
    let known = book.attesters();
    let missing = keys.iter().filter(|key| !known.contains(&key.attester)).count();
    let is_known = !known.is_empty() && book.completeness() == Completeness::Complete;
    (is_known && missing > 0).then(|| {
        format!(
            "{} of the file stand in no key file: servers must have them before somebody delegates",
            count(missing, "key")
        )
    })
}
