//! What is told beyond the final block: good for a notice that can be taken back, and for nothing else.

use std::collections::BTreeSet;

use butler_core::client::l1::L1Client;
use butler_core::domain::block::BlockRef;
use ethers_core::types::Log;

use super::range::Wanted;
use crate::plan::Occurred;

/// The events after the final block up to `head`, by whoever answers first; none when nobody does, or tells what cannot be read.
pub(super) async fn early(client: &L1Client, wanted: &Wanted<'_>, head: BlockRef) -> Vec<Occurred> {
    let (heard, untold) = wanted.heard.of(None, (wanted.to.number.saturating_add(1), head.number));
    let occurred = |log: &Log| {
        let (log, contract, what) = wanted.take(log).ok().flatten()?;
        Some(Occurred { log, time: head.timestamp, contract, what })
    };
    let mut events: Vec<Occurred> = heard.into_iter().filter_map(occurred).collect();
    for range in untold {
        let mut scan = client.log_scan(wanted.filter, range, Some(head), BTreeSet::new());
        loop {
            match scan.next().await {
                Ok(Some(step)) => events.extend(step.logs.iter().filter_map(occurred)),
                Ok(None) => break,
                Err(error) => {
                    tracing::debug!("what is not final yet is not told: {error}");
                    return Vec::new();
                }
            }
        }
    }
    events.sort_by_key(|event| event.log);
    events
}
