//! What stands in other providers' queues, read now and then: a key of ours that somebody copied is found there.
//!
//! It is thousands of reads that seldom change, so it is read after the readings of a scrape are served, with every tenth scrape,
//! and the last answer is used meanwhile. A failure leaves the last answer; after an hour it is no longer believed.

use std::collections::BTreeSet;
use std::time::Duration;

use butler_core::chain::{AtHead, OtherQueues, SnapshotError};
use butler_core::domain::findings::{Finding, keys};
use butler_core::domain::ids::ProviderId;
use butler_core::domain::snapshot::NetworkSnapshot;
use butler_core::network::Network;
use tokio::time::{Instant, timeout};

use super::failure::Failure;
use crate::catalogue;
use crate::readings::{Readings, count, number};
use crate::slots::Slot;

/// With every so manyth scrape.
const EVERY: u32 = 10;
/// How long an answer is believed that no later one replaced.
const KEPT: Duration = Duration::from_secs(3_600);
/// How long one reading may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// The last answer, and when the next one is due.
#[derive(Debug, Default)]
pub(super) struct Others {
    last: Option<(OtherQueues, Instant)>,
    /// Scrapes until the next reading.
    due_in: u32,
    /// Whether the last reading failed.
    failed: bool,
    /// Whether the last answer was lent to nobody yet.
    is_new: bool,
}

impl Others {
    /// Whether there is an answer that no snapshot has yet.
    pub(super) fn is_new(&self) -> bool {
        self.is_new
    }

    /// Puts the last answer into a snapshot, with readings of its own. Returns what is wrong with it.
    pub(super) fn lend(&mut self, snapshot: &mut NetworkSnapshot, readings: &mut Readings) -> Option<Finding> {
        self.is_new = false;
        if self.last.as_ref().is_some_and(|(_, taken)| taken.elapsed() > KEPT) {
            self.last = None;
        }
        let Some((queues, _)) = &self.last else {
            return self.failed.then(keys::of_unread_queues);
        };
        snapshot.other_providers.clone_from(&queues.providers);
        // What was adopted since is no stranger's.
        snapshot.other_providers.retain(|id, _| !snapshot.providers.contains_key(id));
        let keys: usize = queues.providers.values().map(|provider| provider.queue.len()).sum();
        readings.push(&catalogue::OTHER_QUEUES_KEYS, [], count(keys));
        readings.push(&catalogue::OTHER_QUEUES_TIMESTAMP, [], number(queues.block.timestamp));
        queues.is_cut.then(keys::of_cut_queues)
    }

    /// Reads them again when it is time. `own` are our providers.
    pub(super) async fn refresh(&mut self, network: &Network, own: &BTreeSet<ProviderId>, slot: &Slot) {
        if self.due_in > 0 {
            self.due_in = self.due_in.saturating_sub(1);
            return;
        }
        self.due_in = EVERY.saturating_sub(1);
        let name = &slot.network;
        let why = match timeout(PATIENCE.min(slot.deadline), read(network, own)).await {
            Ok(Ok(queues)) => {
                if std::mem::take(&mut self.failed) {
                    tracing::info!(network = name, "the queues of other providers of {name} are read again");
                }
                self.last = Some((queues, Instant::now()));
                self.is_new = true;
                return;
            }
            Ok(Err(error)) => Failure::from(error).why,
            Err(_) => "it takes too long".to_owned(),
        };
        if !std::mem::replace(&mut self.failed, true) {
            tracing::warn!(network = name, "failed to read the queues of other providers of {name}: {why}");
        }
    }
}

async fn read(network: &Network, own: &BTreeSet<ProviderId>) -> Result<OtherQueues, SnapshotError> {
    let client = network.reader.client();
    let mut at_head = AtHead::new(client);
    loop {
        let block = at_head.block().await?;
        let read = OtherQueues::read(client, &block, network.config.staking_registry, own).await;
        if let Some(queues) = at_head.settle(&block, read)? {
            return Ok(queues);
        }
    }
}
