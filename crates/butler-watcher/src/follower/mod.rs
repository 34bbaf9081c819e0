//! Follows one network's chain up to its final block, and says what happened there.
//!
//! A look begins after the checkpoint and ends at the final block; what it tells is whole, and proven as far as the chain and
//! the endpoints allow, or it is an error and nothing is told. Nothing is skipped and nothing is rewound: the checkpoint is the
//! caller's, and its hash is held against the chain at every look. State is read at the newest block, which needs no archive.

mod decode;
mod early;
mod error;
mod look;
mod range;

use std::collections::{BTreeMap, BTreeSet};

use butler_core::chain::{EventSources, Progress, event_sources};
use butler_core::client::l1::{BlockTag, L1Client};
use butler_core::config::NetworkConfig;
use butler_core::domain::action::Assurance;
use butler_core::domain::attester::delegation::LogId;
use butler_core::domain::block::BlockRef;
use butler_core::domain::ids::ProviderId;
use butler_core::domain::snapshot::NetworkSnapshot;
use butler_core::network::Network;
use ethers_core::types::{Address, H256};

pub use self::error::FollowError;
use self::error::same_history;
use self::range::{Range, Told, Wanted};
use crate::plan::{Happened, Known, Occurred, Setting};

/// Blocks whose headers are asked for at once.
const HEADERS: usize = 200;

/// The last block whose events were planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checkpoint {
    /// Its height.
    pub number: u64,
    /// Its hash; `None` before the first block of all that is followed.
    pub hash: Option<H256>,
}

/// What a look at the chain found.
#[derive(Debug)]
pub struct Look {
    /// The final block: everything up to it is told.
    pub to: BlockRef,
    /// What happened since the checkpoint, in the chain's order.
    pub events: Vec<Occurred>,
    /// What was known before the first of them.
    pub known: Known,
    /// What is ours.
    pub setting: Setting,
    /// How many endpoints say so.
    pub assurance: Assurance,
    /// What happened beyond the final block: it may still be taken back.
    pub early: Vec<Occurred>,
    /// How everything stands at the newest block.
    pub snapshot: NetworkSnapshot,
}

/// Follows one network.
#[derive(Debug)]
pub struct Follower {
    network: Network,
    /// The contracts, and what they were found for: canonical rollup, its slasher, the number of former rollups.
    sources: Option<((Address, Address, usize), EventSources)>,
}

impl Follower {
    /// A follower of an opened network.
    #[must_use]
    pub fn new(network: Network) -> Self {
        Self { network, sources: None }
    }

    /// The network.
    #[must_use]
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The network, for whoever reads its key files again.
    pub fn network_mut(&mut self) -> &mut Network {
        &mut self.network
    }

    /// The checkpoint before the first block that is followed.
    ///
    /// # Errors
    /// `NoStart` where the configuration names no such block.
    pub fn beginning(config: &NetworkConfig) -> Result<Checkpoint, FollowError> {
        let start = config.start_block.ok_or_else(|| FollowError::NoStart(config.name.clone()))?;
        Ok(Checkpoint { number: start.saturating_sub(1), hash: None })
    }

    /// The final block, once the chain was found to have the checkpoint.
    ///
    /// # Errors
    /// `OtherHistory` when it has another block there; `Rpc` when nobody tells.
    pub async fn last_block(&self, checkpoint: &Checkpoint) -> Result<BlockRef, FollowError> {
        let client = self.network.reader.client();
        let known: Vec<u64> = checkpoint.hash.map(|_| checkpoint.number).into_iter().collect();
        let (last, told) = match self.network.config.confirmations {
            None => {
                let head = client.head(BlockTag::Finalized, &known).await.map_err(FollowError::Rpc)?;
                (head.block, head.known)
            }
            Some(blocks) => {
                let newest = client.head(BlockTag::Latest, &[]).await.map_err(FollowError::Rpc)?.block.number;
                let number = newest.saturating_sub(blocks);
                let head = client.head(BlockTag::Number(number), &known).await.map_err(FollowError::Rpc)?;
                (head.block, head.known)
            }
        };
        if let (Some(hash), Some(Some(theirs))) = (checkpoint.hash, told.first()) {
            same_history((checkpoint.number, hash), theirs)?;
        }
        Ok(last)
    }

    /// Reads what happened between the checkpoint and `last`.
    ///
    /// # Errors
    /// See [`FollowError`]; nothing partial is told.
    pub async fn look(
        &mut self,
        checkpoint: &Checkpoint,
        last: BlockRef,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<Look, FollowError> {
        let request = self.network.request(BlockTag::Latest);
        let told = |at: Progress| match at {
            Progress::Ledger { block, .. } => progress(block.min(last.number)),
            Progress::Head | Progress::Contracts { .. } => {}
        };
        let snapshot = self.network.reader.read(&request, &told).await?;
        if snapshot.block.number < last.number {
            return Err(FollowError::Behind { head: snapshot.block.number, last: last.number });
        }
        let from = checkpoint.number.saturating_add(1);
        let own: BTreeSet<ProviderId> = snapshot.providers.keys().copied().collect();
        let registry = self.network.config.staking_registry;
        let sources = self.sources(&snapshot).await?;
        let ledger = self.network.reader.ledger();
        let mut known = Known::default();
        let happened = |event: &butler_core::domain::provider::ledger::LedgerEvent| Happened::of_ledger(event);
        for what in ledger.told(&own, 0, checkpoint.number).filter_map(happened) {
            known.note_change(&own, &what);
        }
        let proven: Vec<(LogId, Happened)> =
            ledger.told(&own, from, last.number).filter_map(|event| Some((event.log, happened(event)?))).collect();
        let mut attesters: BTreeSet<Address> = request.attesters.clone();
        attesters.extend(ledger.told(&own, 0, snapshot.block.number).flat_map(look::attesters_of));
        let filter = decode::filter(&sources.contracts);
        let wanted = Wanted {
            contracts: &sources.contracts,
            filter: &filter,
            providers: &own,
            attesters: &attesters,
            from,
            to: last,
            proven: (registry, proven),
        };
        let client = self.network.reader.client();
        let Range { told, mut assurance } = wanted.read(client, progress).await?;
        let times = times(client, &last, &told).await?;
        let early = early::early(client, &wanted, snapshot.block).await;
        let mut events = Vec::with_capacity(told.len());
        for (log, contract, what) in told {
            let (what, seen) = look::judged(&snapshot, &log, what, assurance)?;
            assurance = assurance.min(seen);
            let time = times.get(&log.block_number).copied().unwrap_or(last.timestamp);
            events.push(Occurred { log, time, contract, what });
        }
        let setting = Setting {
            chain_id: snapshot.chain_id,
            staking_registry: registry,
            providers: own,
            admins: self.network.config.provider_admins.iter().copied().collect(),
            attesters: request.attesters,
            clocks: sources.clocks,
        };
        Ok(Look { to: last, events, known, setting, assurance, early, snapshot })
    }

    /// The contracts whose events are followed, found again whenever there may be more of them.
    async fn sources(&mut self, snapshot: &NetworkSnapshot) -> Result<EventSources, FollowError> {
        let mark = (snapshot.rollup.address, snapshot.rollup.slasher, snapshot.former_rollups.len());
        if let Some((known, sources)) = &self.sources
            && *known == mark
        {
            return Ok(sources.clone());
        }
        let config = &self.network.config;
        let client = self.network.reader.client();
        let sources = event_sources(client, &snapshot.block, config.aztec_registry, config.staking_registry).await?;
        // Who was a slasher may slash for a while after it was replaced.
        let mut contracts = self.sources.take().map(|(_, known)| known.contracts).unwrap_or_default();
        contracts.extend(sources.contracts);
        let sources = EventSources { contracts, ..sources };
        // By the word of one of several endpoints nothing is kept.
        if sources.unconfirmed.is_none() {
            self.sources = Some((mark, sources.clone()));
        }
        Ok(sources)
    }
}

/// The times of the blocks that logs stand in, from headers that most endpoints tell: a log of another block is no log.
async fn times(client: &L1Client, last: &BlockRef, told: &[Told]) -> Result<BTreeMap<u64, u64>, FollowError> {
    let blocks: BTreeMap<u64, H256> = told.iter().map(|(log, _, _)| (log.block_number, log.block_hash)).collect();
    let mut times = BTreeMap::new();
    let numbers: Vec<u64> = blocks.keys().copied().collect();
    for some in numbers.chunks(HEADERS) {
        let head = client.head(BlockTag::Number(last.number), some).await.map_err(FollowError::Rpc)?;
        if head.block != *last {
            return Err(FollowError::Disputed { block: last.number });
        }
        for (number, block) in some.iter().zip(head.known) {
            let block = block.filter(|block| blocks.get(number) == Some(&block.hash));
            let block = block.ok_or(FollowError::Disputed { block: *number })?;
            times.insert(*number, block.timestamp);
        }
    }
    let is_of_its_block = |(log, _, _): &&Told| blocks.get(&log.block_number) == Some(&log.block_hash);
    match told.iter().find(|told| !is_of_its_block(told)) {
        Some((log, _, _)) => Err(FollowError::Disputed { block: log.block_number }),
        None => Ok(times),
    }
}
