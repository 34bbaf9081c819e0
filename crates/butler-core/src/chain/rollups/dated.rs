//! When the canonical rollup became so, as the event of Aztec's registry tells it: nodes and duties are judged by that moment for some
//! hours afterwards.
//!
//! Only a log that is there counts, told by two endpoints where there are two; where none is told the moment stays the one at which
//! the former rollup was first seen as such. It is asked for once, and only while it matters.

use std::collections::BTreeSet;
use std::time::Duration;

use ethers_contract::EthEvent as _;
use ethers_core::types::{Address, H256, Log};
use tokio::time::{Instant, timeout_at};

use super::book::RollupBook;
use crate::client::endpoint::Endpoint;
use crate::client::l1::L1Client;
use crate::client::logs::LogFilter;
use crate::contracts::bindings::aztec_registry::CanonicalRollupUpdatedFilter;
use crate::contracts::events::log_id;
use crate::domain::block::BlockRef;
use crate::domain::rollup::RollupFacts;
use crate::domain::rollups::cut_over::FOLLOWED_SECONDS;
use crate::domain::rollups::{FormerRollup, RollupId};

/// How long it may take.
const PATIENCE: Duration = Duration::from_secs(4);
/// Blocks come no faster than this, in seconds: so no more of them hold the moment.
const BLOCK_SECONDS: u64 = 12;

/// Puts that moment where the former rollups are, and into the book, if it matters and is not known.
pub(in crate::chain) async fn date_cut_over(
    (client, pin): (&L1Client, &BlockRef),
    registry: Address,
    canonical: &RollupFacts,
    former: &mut [FormerRollup],
    book: &mut RollupBook,
) {
    let Some(newest) = former.last() else { return };
    let took = canonical.checkpoints.pending.unwrap_or_default().saturating_mul(canonical.clock.slot_seconds);
    let is_long_ago = took.max(pin.timestamp.saturating_sub(newest.since)) >= FOLLOWED_SECONDS;
    if is_long_ago || !book.may_ask_cut_over(newest.id.version, pin) {
        return;
    }
    let id = RollupId { address: canonical.address, version: canonical.version };
    let told = cut_over_time(client, pin, registry, id).await;
    book.note_cut_over(told, pin);
    for rollup in former {
        rollup.since = book.since(rollup.id.version, pin);
    }
}

/// When `canonical` became the registry's canonical rollup, in unix seconds, if that was within the hours in which it matters.
async fn cut_over_time(client: &L1Client, pin: &BlockRef, registry: Address, canonical: RollupId) -> Option<u64> {
    let deadline = Instant::now().checked_add(client.patience(PATIENCE)).unwrap_or_else(Instant::now);
    let mut told: Vec<u64> = Vec::new();
    for endpoint in client.log_order(&BTreeSet::new(), Endpoint::log_range) {
        let asked = timeout_at(deadline, ask(client, pin, endpoint.index(), registry, canonical)).await;
        let Some(time) = asked.ok().flatten() else { continue };
        if client.endpoints().len() == 1 || told.contains(&time) {
            return Some(time);
        }
        told.push(time);
    }
    None
}

/// What the logs of one endpoint say. A version is registered once, so there is one event.
async fn ask(
    client: &L1Client,
    pin: &BlockRef,
    endpoint: usize,
    registry: Address,
    canonical: RollupId,
) -> Option<u64> {
    let mut version = [0; 32];
    canonical.version.to_big_endian(&mut version);
    let topics = vec![
        vec![CanonicalRollupUpdatedFilter::signature()],
        vec![H256::from(canonical.address)],
        vec![H256::from(version)],
    ];
    let filter = LogFilter { addresses: vec![registry], topics: topics.clone() };
    let others: BTreeSet<usize> = (0..client.endpoints().len()).filter(|other| *other != endpoint).collect();
    let from = pin.number.saturating_sub(FOLLOWED_SECONDS / BLOCK_SECONDS);
    let mut scan = client.log_scan(&filter, (from, pin.number), Some(*pin), others.clone());
    let mut block = None;
    while let Some(step) = scan.next().await.ok()? {
        let is_it = |log: &&Log| {
            log.address == registry && log.topics.iter().eq(topics.iter().flatten()) && log.removed != Some(true)
        };
        if let Some(log) = step.logs.iter().find(is_it) {
            block = Some(log_id(log).ok()?.block_number);
        }
    }
    let block = block.filter(|block| (from..=pin.number).contains(block))?;
    let mut scan = client.log_scan(&filter, (block, block), Some(*pin), others);
    let header = scan.next().await.ok().flatten()?.to;
    (header.timestamp <= pin.timestamp).then_some(header.timestamp)
}
