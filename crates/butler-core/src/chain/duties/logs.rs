//! The rollup's logs of checkpoints, held against their own numbers: who leaves one out is asked no more.

use std::collections::BTreeSet;

use super::request::DutiesRequest;
use crate::chain::error::SnapshotError;
use crate::chain::request::Progress;
use crate::client::error::RpcFailure;
use crate::client::l1::L1Client;
use crate::client::logs::LogFilter;
use crate::contracts::checkpoint_events::{CheckpointEvent, checkpoint_topics, decode_checkpoint_event};
use crate::domain::attester::delegation::LogId;
use crate::domain::block::BlockRef;
use crate::domain::duties::{Fate, Gap, Happened, fates};
use crate::domain::proposals::LoggedCheckpoint;
use crate::runtime::report::Chain;

/// One checkpoint as its log has it.
#[derive(Debug, Clone)]
pub(super) struct Logged {
    pub(super) log: LogId,
    pub(super) checkpoint: LoggedCheckpoint,
    pub(super) fate: Fate,
}

/// The logs of a range.
#[derive(Debug, Default)]
pub(super) struct Logs {
    pub(super) logged: Vec<Logged>,
    /// Blocks whose times are known, oldest first.
    pub(super) anchors: Vec<BlockRef>,
    pub(super) gap: Option<Gap>,
}

/// Reads them. An endpoint that leaves a gap stands back, and the others are asked; where all leave one, the last word stands with it.
pub(super) async fn read_logs(
    client: &L1Client,
    request: &DutiesRequest<'_>,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Logs, SnapshotError> {
    let mut beside = BTreeSet::new();
    let mut told: Option<Logs> = None;
    loop {
        let (logs, givers) = match scan(client, request, &beside, progress).await {
            Ok(read) => read,
            Err(error) => {
                // The others do not answer: what was told stands as it is, with its gap.
                let Some(told) = told else { return Err(error) };
                tracing::debug!("nobody else tells the checkpoints: {}", Chain(&error));
                return Ok(told);
            }
        };
        let Some(gap) = logs.gap else { return Ok(logs) };
        let giver = givers.iter().find(|(from, to, _)| (*from..=*to).contains(&gap.block)).map(|(_, _, giver)| *giver);
        beside.extend(giver);
        let is_last = giver.is_none() || beside.len() >= client.endpoints().len();
        if let Some(giver) = giver.filter(|_| client.endpoints().len() > 1) {
            client.distrust(giver, &RpcFailure::Incomplete(gap.to_string()));
        }
        if is_last {
            return Ok(logs);
        }
        told = Some(logs);
    }
}

/// A range of blocks, and the endpoint that told its logs.
type Giver = (u64, u64, usize);

async fn scan(
    client: &L1Client,
    request: &DutiesRequest<'_>,
    beside: &BTreeSet<usize>,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<(Logs, Vec<Giver>), SnapshotError> {
    let filter = LogFilter { addresses: vec![request.rollup], topics: vec![checkpoint_topics()] };
    let (from, to) = (request.from.number, request.to.number);
    let mut scan = client.log_scan(&filter, (from, to), Some(request.to), beside.clone());
    let mut logs = Logs { anchors: vec![request.from], ..Logs::default() };
    let (mut happened, mut proposed, mut givers) = (Vec::new(), Vec::new(), Vec::new());
    while let Some(step) = scan.next().await.map_err(SnapshotError::Rpc)? {
        for log in &step.logs {
            let (id, event) = decode_checkpoint_event(log).map_err(SnapshotError::Ledger)?;
            let what = match event {
                CheckpointEvent::Proposed(checkpoint) => {
                    proposed.push((id, checkpoint));
                    Happened::Proposed(checkpoint.number)
                }
                CheckpointEvent::Pruned { proven, pending } => Happened::Pruned(proven, pending),
                CheckpointEvent::Invalidated(number) => Happened::Invalidated(number),
            };
            happened.push((id.block_number, what));
        }
        progress(Progress::Checkpoints { block: step.to.number, last: to });
        givers.push((step.from, step.to.number, step.endpoint));
        logs.anchors.push(step.to);
    }
    let after = request.pending.map(|pending| (pending, to));
    let all = match fates(&happened, None, after) {
        Ok(all) => all,
        Err(gap) => {
            logs.gap = Some(gap);
            vec![Fate::Unknown; proposed.len()]
        }
    };
    let logged = proposed.into_iter().zip(all).map(|((log, checkpoint), fate)| Logged { log, checkpoint, fate });
    logs.logged = logged.collect();
    Ok((logs, givers))
}
