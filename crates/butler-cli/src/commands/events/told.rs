//! The events of a range, from the first endpoint that tells all of those that must be there.
//!
//! Of our own providers the registry's counters prove which events there are. An endpoint that leaves one of them out, or
//! tells what does not decode, stands back, and the next one is asked for the whole range.

use std::collections::{BTreeMap, BTreeSet};

use butler_core::chain::Progress;
use butler_core::client::error::{RpcError, RpcFailure};
use butler_core::client::l1::L1Client;
use butler_core::client::logs::LogFilter;
use butler_core::contracts::events::{EventError, Source, log_id, name_event};
use butler_core::domain::block::BlockRef;
use ethers_core::types::{Address, Log};

use super::event::Event;
use crate::error::CliError;
use crate::progress::Waiting;

/// Which events.
pub(super) struct Wanted<'a> {
    /// The contracts that emit them.
    pub(super) contracts: &'a BTreeMap<Address, Source>,
    /// The registry, some of whose events are known.
    pub(super) registry: Address,
    /// Where the known ones stand, as (block, index).
    pub(super) places: BTreeSet<(u64, u64)>,
    /// First block.
    pub(super) from: u64,
    /// Last block.
    pub(super) to: BlockRef,
}

/// What one endpoint did not tell as it is.
struct Fault {
    endpoint: Option<usize>,
    error: FaultKind,
}

enum FaultKind {
    Missing { block: u64 },
    Undecodable(EventError),
}

impl Wanted<'_> {
    /// Reads them, in the chain's order.
    ///
    /// # Errors
    /// `Rpc` when no endpoint tells them all, and when none answers.
    pub(super) async fn read(&self, client: &L1Client) -> Result<Vec<Event>, CliError> {
        let waiting = Waiting::new();
        let mut beside = BTreeSet::new();
        loop {
            let Fault { endpoint, error } = match self.read_beside(client, &beside, &waiting).await? {
                Ok(events) => return Ok(events),
                Err(fault) => fault,
            };
            let failure = RpcFailure::Incomplete(match &error {
                FaultKind::Missing { block } => format!("an event of block {block} is missing"),
                FaultKind::Undecodable(error) => error.to_string(),
            });
            if let Some(index) = endpoint {
                client.distrust(index, &failure);
            }
            let is_new = endpoint.is_some_and(|index| beside.insert(index));
            if is_new && beside.len() < client.endpoints().len() {
                continue;
            }
            return Err(match error {
                FaultKind::Undecodable(error) => error.into(),
                FaultKind::Missing { .. } => {
                    let endpoint = endpoint.and_then(|index| client.endpoints().get(index));
                    let endpoint = endpoint.map_or("no endpoint", |endpoint| endpoint.name()).to_owned();
                    CliError::Rpc(RpcError { endpoint, method: "eth_getLogs", failure })
                }
            });
        }
    }

    /// The same, of endpoints that are not among `beside`.
    async fn read_beside(
        &self,
        client: &L1Client,
        beside: &BTreeSet<usize>,
        waiting: &Waiting,
    ) -> Result<Result<Vec<Event>, Fault>, CliError> {
        let filter = LogFilter { addresses: self.contracts.keys().copied().collect(), topics: Vec::new() };
        let mut scan = client.log_scan(&filter, (self.from, self.to.number), Some(self.to), beside.clone());
        let (mut events, mut places, mut tellers) = (Vec::new(), BTreeSet::new(), BTreeMap::new());
        while let Some(step) = waiting.during(scan.next()).await.map_err(CliError::Rpc)? {
            waiting.note(Progress::Ledger { block: step.to.number, last: self.to.number });
            tellers.insert(step.to.number, step.endpoint);
            for log in &step.logs {
                match self.event(log, &mut places) {
                    Ok(event) => events.extend(event),
                    Err(error) => {
                        let error = FaultKind::Undecodable(error);
                        return Ok(Err(Fault { endpoint: Some(step.endpoint), error }));
                    }
                }
            }
        }
        let missing = self.places.difference(&places).next().map(|(block, _)| *block);
        Ok(match missing {
            None => Ok(events),
            Some(block) => {
                let endpoint = tellers.range(block..).next().map(|(_, endpoint)| *endpoint);
                Err(Fault { endpoint, error: FaultKind::Missing { block } })
            }
        })
    }

    /// The event of a log, and its place when it is the registry's.
    fn event(&self, log: &Log, places: &mut BTreeSet<(u64, u64)>) -> Result<Option<Event>, EventError> {
        if log.address == self.registry {
            let id = log_id(log)?;
            places.insert((id.block_number, id.log_index));
        }
        let Some(source) = self.contracts.get(&log.address) else { return Ok(None) };
        let Some(named) = name_event(*source, log)? else { return Ok(None) };
        let id = log_id(log)?;
        Ok(Some(Event {
            block_number: id.block_number,
            log_index: id.log_index,
            transaction_hash: id.transaction_hash,
            block_hash: id.block_hash,
            contract: *source,
            address: log.address.into(),
            name: named.name,
            arguments: named.arguments,
        }))
    }
}
