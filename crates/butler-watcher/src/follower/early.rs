//! What is told beyond the final block: good for a notice that can be taken back, and for nothing else.

use std::collections::BTreeSet;

use butler_core::client::l1::L1Client;
use butler_core::domain::block::BlockRef;

use super::range::Wanted;
use crate::plan::Occurred;

/// The events after the final block up to `head`, by whoever answers first; none when nobody does, or tells what cannot be read.
pub(super) async fn early(client: &L1Client, wanted: &Wanted<'_>, head: BlockRef) -> Vec<Occurred> {
    let range = (wanted.to.number.saturating_add(1), head.number);
    let mut scan = client.log_scan(wanted.filter, range, Some(head), BTreeSet::new());
    let mut events = Vec::new();
    loop {
        match scan.next().await {
            Ok(Some(step)) => {
                let told = step.logs.iter().filter_map(|log| wanted.take(log).ok().flatten());
                let time = head.timestamp;
                events.extend(told.map(|(log, contract, what)| Occurred { log, time, contract, what }));
            }
            Ok(None) => return events,
            Err(error) => {
                tracing::debug!("what is not final yet is not told: {error}");
                return Vec::new();
            }
        }
    }
}
