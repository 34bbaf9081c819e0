//! What the state of past blocks says, where an endpoint has it.

use std::collections::BTreeSet;

use butler_core::chain::SnapshotRequest;
use butler_core::client::l1::BlockTag;
use butler_core::domain::backtest::{Fact, Moment, Past};
use butler_core::domain::findings::{Finding, Subject};
use butler_core::domain::ids::ProviderId;
use butler_core::runtime::report::Chain;

use crate::commands::audit;
use crate::commands::duties::Found;
use crate::commands::rows::rows;
use crate::error::CliError;
use crate::gather::beside;
use crate::progress::Waiting;

/// What was read.
#[derive(Debug, Default)]
pub(super) struct StateRead {
    /// What was wrong at each block.
    pub(super) past: Vec<Past>,
    /// Blocks at which something changed.
    pub(super) changes: usize,
    /// Why the state of some of them was not read.
    pub(super) unread: Option<String>,
}

/// Reads the state of at most `most` blocks at which something of ours changed, evenly over the span, the newest first.
///
/// # Errors
/// When a signal ends it. What no endpoint has is no error.
pub(super) async fn read_state(found: &mut Found, most: usize) -> Result<StateRead, CliError> {
    let blocks = changes(found);
    let mut read = StateRead { changes: blocks.len(), ..StateRead::default() };
    if most == 0 {
        read.unread = Some("`--state 0` asks for logs alone".to_owned());
        return Ok(read);
    }
    let now = found.gathered.snapshot.clone();
    for block in evenly(&blocks, most).into_iter().rev() {
        let request = found.gathered.network.request(BlockTag::Number(block));
        let request = SnapshotRequest { with_queue_proofs: false, ..request };
        let reader = &mut found.gathered.network.reader;
        let reading = async |waiting: &Waiting| Ok(reader.read(&request, &|progress| waiting.note(progress)).await);
        match Box::pin(beside(reading)).await? {
            Ok(snapshot) => found.gathered.snapshot = snapshot,
            Err(error) => {
                // Whoever does not have this one has none that is older.
                read.unread = Some(format!("the state of block {block} could not be read: {}", Chain(&error)));
                break;
            }
        }
        let at = found.gathered.snapshot.block;
        let mut told = audit::findings(&found.gathered, &rows(&found.gathered));
        told.retain(is_of_chain);
        let at = Moment { block: at.number, time: at.timestamp };
        read.past.push(Past { at, fact: Fact::State(told) });
    }
    found.gathered.snapshot = now;
    Ok(read)
}

/// What is about files is of now, and was not so then for all that is known.
fn is_of_chain(finding: &Finding) -> bool {
    match finding.subject {
        Subject::Attester(_) | Subject::Publisher(_) | Subject::BlsKey(_) | Subject::Provider(_) | Subject::Network => {
            true
        }
        Subject::Node(_)
        | Subject::Host(_)
        | Subject::File(_)
        | Subject::Endpoint(_)
        | Subject::Scraper(_)
        | Subject::Program => false,
    }
}

/// The first and the last block, and those between them that have events of our providers.
fn changes(found: &Found) -> Vec<u64> {
    let (first, last) = (found.blocks.0.number, found.blocks.1.number);
    let own: BTreeSet<ProviderId> = found.gathered.snapshot.providers.keys().copied().collect();
    let events = found.gathered.network.reader.ledger().told(&own, first, last);
    let mut blocks: BTreeSet<u64> = events.map(|event| event.log.block_number).collect();
    blocks.extend([first, last]);
    blocks.into_iter().collect()
}

/// So many of these at most: the first, the last, and others evenly between them.
fn evenly(all: &[u64], most: usize) -> Vec<u64> {
    if all.len() <= most {
        return all.to_vec();
    }
    let steps = most.saturating_sub(1).max(1);
    let place = |step: usize| step.saturating_mul(all.len().saturating_sub(1)).checked_div(steps);
    let chosen: BTreeSet<u64> = (0..most).filter_map(|step| all.get(place(step)?).copied()).collect();
    chosen.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_blocks_the_first_and_the_last_stay_and_others_evenly_between_them() {
        let all: Vec<u64> = (100..200).collect();
        assert_eq!(evenly(&all, 3), [100, 149, 199]);
        assert_eq!(evenly(&all, 1), [100]);
        assert_eq!(evenly(&all[..2], 3), [100, 101]);
        assert_eq!(evenly(&all, 100).len(), 100);
    }
}
