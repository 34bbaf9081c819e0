//! What is wrong at the newest block, with the key files as they are now.

use std::collections::BTreeMap;

use butler_core::domain::attester::duplicates::ReplicaPolicy;
use butler_core::domain::attester::overview::overview;
use butler_core::domain::findings::chain::{ChainFacts, of_chain};
use butler_core::domain::findings::{Finding, attester, program};
use butler_core::domain::provider::publisher::top_ups;
use butler_core::domain::snapshot::NetworkSnapshot;
use butler_core::network::Network;

/// Everything that `domain/findings` knows of a snapshot.
pub(super) fn findings(network: &Network, snapshot: &NetworkSnapshot) -> Vec<Finding> {
    let (config, keys) = (&network.config, &network.keys);
    let mut rows = overview(snapshot, &keys.book, &BTreeMap::new(), config.coinbase_rules());
    attester::judge_what_is_known(&mut rows, &keys.book);
    let publishers = top_ups(&keys.book, &snapshot.publisher_balances, config.minimum_ether_per_attester);
    let publishers = publishers.unwrap_or_else(|error| {
        tracing::warn!("publishers are not judged: {error}");
        Vec::new()
    });
    let facts = ChainFacts {
        snapshot,
        book: &keys.book,
        rows: &rows,
        publishers: &publishers,
        has_key_files: keys.says_anything(),
        of_files: keys.findings(),
        watched: network.watched(snapshot.providers.len()),
        replicas: if config.replicated_keys { ReplicaPolicy::Allow } else { ReplicaPolicy::Refuse },
    };
    let mut found = of_chain(facts, &config.thresholds());
    found.extend(snapshot.unconfirmed.as_deref().map(program::of_unconfirmed));
    found
}
