//! Everything that is found in one snapshot with its key files, put together once: what `audit` reports is a part of it, and the
//! exporter shows all of it.

use ethers_core::types::Address;

use super::keys::{Watched, of_duplicates, of_gone_admins, of_unwatched};
use super::{Finding, Thresholds, attester, provider, publisher, rollups, staking};
use crate::domain::attester::duplicates::ReplicaPolicy;
use crate::domain::attester::overview::AttesterRow;
use crate::domain::operator::key_book::KeyBook;
use crate::domain::provider::publisher::PublisherRow;
use crate::domain::snapshot::NetworkSnapshot;

/// What is known of a network's chain.
#[derive(Debug)]
pub struct ChainFacts<'a> {
    /// The snapshot.
    pub snapshot: &'a NetworkSnapshot,
    /// What the key files say.
    pub book: &'a KeyBook,
    /// What was decided of each attester from both.
    pub rows: &'a [AttesterRow],
    /// What each publisher has and needs.
    pub publishers: &'a [PublisherRow],
    /// Whether any key file was read, so that not to be in one means something.
    pub has_key_files: bool,
    /// What is wrong with the files themselves.
    pub of_files: Vec<Finding>,
    /// What there is to be watched.
    pub watched: Watched,
    /// The admins that the configuration names.
    pub admins: &'a [Address],
    /// Whether several servers may run one attester.
    pub replicas: ReplicaPolicy,
}

/// Everything that is wrong.
#[must_use]
pub fn of_chain(facts: ChainFacts<'_>, thresholds: &Thresholds) -> Vec<Finding> {
    let (snapshot, rows) = (facts.snapshot, facts.rows);
    let now = snapshot.block.timestamp;
    let mut found = of_duplicates(snapshot, facts.book, facts.replicas, rows);
    found.extend(facts.of_files);
    found.extend(of_unwatched(facts.watched));
    found.extend(of_gone_admins(facts.admins, &snapshot.providers));
    found.extend(attester::of_rows(rows, facts.has_key_files, now, thresholds));
    found.extend(attester::doubts(rows));
    found.extend(staking::of_snapshot(snapshot, facts.book, rows));
    found.extend(rollups::of_former_rollups(snapshot, rows));
    found.extend(rollups::of_rollups(snapshot));
    found.extend(snapshot.providers.iter().flat_map(|(id, facts)| provider::of_provider(*id, facts, thresholds)));
    found.extend(provider::of_arrivals(rows, now, thresholds));
    found.extend(facts.publishers.iter().filter_map(|row| publisher::of_row(row, thresholds)));
    found
}
