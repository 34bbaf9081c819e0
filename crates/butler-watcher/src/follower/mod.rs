//! Follows one network's chain up to its final block, and says what happened there.
//!
//! A look begins after the checkpoint and ends at the final block; what it tells is whole, and proven as far as the chain and
//! the endpoints allow, or it is an error and nothing is told. Nothing is skipped and nothing is rewound: the checkpoint is the
//! caller's, and its hash is held against the chain at every look. State is read at the newest block, which needs no archive.

mod checkpoint;
mod decode;
mod ear;
mod early;
mod error;
mod look;
mod range;
mod tip;

use std::collections::{BTreeMap, BTreeSet};

use butler_core::chain::{Along, EventSources, Heard, Progress, SnapshotRequest, event_sources};
use butler_core::client::l1::{BlockTag, Head, L1Client};
use butler_core::config::NetworkConfig;
use butler_core::contracts::events::Source;
use butler_core::domain::action::Assurance;
use butler_core::domain::attester::delegation::LogId;
use butler_core::domain::block::BlockRef;
use butler_core::domain::ids::ProviderId;
use butler_core::domain::provider::ledger::LedgerEvent;
use butler_core::domain::rollups::untold::LastTold;
use butler_core::domain::snapshot::NetworkSnapshot;
use butler_core::network::Network;
use ethers_core::types::{Address, H256};

pub use self::checkpoint::Checkpoint;
pub use self::decode::happened;
pub use self::error::FollowError;
use self::range::{Range, Told, Wanted};
pub use self::tip::Tip;
use crate::plan::{Happened, Known, Occurred, Setting};

/// Blocks whose headers are asked for at once.
const HEADERS: usize = 200;
/// Every so many looks that find nothing, state is read all the same, for what no event tells.
const QUIET: u32 = 3;
/// Checkpoints of the last blocks are heard again: the ledger scans them once more, too.
const AGAIN: u64 = 64;

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
    /// The newest block.
    pub head: BlockRef,
    /// What was told in the same blocks, of checkpoints, too. Nothing where contracts were not listened to.
    pub heard: Heard,
    /// How everything stands at the newest block; absent where nothing happened, but for every third time.
    pub snapshot: Option<NetworkSnapshot>,
}

/// Follows one network.
#[derive(Debug)]
pub struct Follower {
    network: Network,
    /// The contracts, and what they were found for.
    sources: Option<Found>,
    /// Looks since the last one that read the state.
    quiet: u32,
    last_told: LastTold,
}

/// Canonical rollup, its slasher, the number of former rollups: with these the contracts change.
type Mark = (Address, Address, usize);

/// Contracts, with the block that they were found at, and their mark once it is known.
#[derive(Debug)]
struct Found {
    at: BlockRef,
    mark: Option<Mark>,
    sources: EventSources,
}

/// How much of the state is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Depth {
    /// What proves that no event of ours is missing.
    Counters,
    /// Everything that a plan may need.
    Everything,
}

/// What was read at the newest block.
struct Gathered {
    block: BlockRef,
    own: BTreeSet<ProviderId>,
    snapshot: Option<NetworkSnapshot>,
    heard: Heard,
    /// The contracts that were listened to.
    contracts: BTreeMap<Address, Source>,
}

impl Follower {
    /// A follower of an opened network.
    #[must_use]
    pub fn new(network: Network) -> Self {
        Self { network, sources: None, quiet: 0, last_told: LastTold::default() }
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

    /// Where the chain ends, once it was found to have the checkpoint.
    ///
    /// # Errors
    /// `OtherHistory` when it has another block there; `Rpc` when nobody tells.
    pub async fn tip(&self, checkpoint: &Checkpoint) -> Result<Tip, FollowError> {
        let reader = &self.network.reader;
        tip::tip(reader.client(), checkpoint, self.network.config.confirmations, reader.ledger().anchors()).await
    }

    /// Which blocks the chain that ends with `last` has at these heights, as far as somebody tells.
    pub async fn final_blocks(&self, last: &BlockRef, heights: BTreeSet<u64>) -> BTreeMap<u64, H256> {
        let heights: Vec<u64> = heights.into_iter().collect();
        if heights.is_empty() {
            return BTreeMap::new();
        }
        let client = self.network.reader.client();
        match client.head(BlockTag::Number(last.number), &heights).await {
            Ok(head) if head.block == *last => {
                let known = heights.into_iter().zip(head.known);
                known.filter_map(|(number, block)| Some((number, block?.hash))).collect()
            }
            Ok(_) => BTreeMap::new(),
            Err(error) => {
                tracing::debug!("which blocks are final is not told: {error}");
                BTreeMap::new()
            }
        }
    }

    /// Reads what happened between the checkpoint and the tip's final block.
    ///
    /// # Errors
    /// See [`FollowError`]; nothing partial is told.
    pub async fn look(
        &mut self,
        checkpoint: &Checkpoint,
        tip: Tip,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<Look, FollowError> {
        let Tip { last, mut head } = tip;
        let range = (checkpoint.number.saturating_add(1), last.number);
        let request = SnapshotRequest { admins_may_be_gone: true, ..self.network.request(BlockTag::Latest) };
        if self.sources.is_some() && self.quiet.saturating_add(1) < QUIET {
            let gathered = self.gather(&request, head.take(), range, Depth::Counters, progress).await?;
            let endpoints = self.network.reader.client().endpoints().len();
            if ear::is_silent(&gathered.heard, endpoints, range.0) {
                let look = self.hold(checkpoint, last, &request, gathered, progress).await?;
                if look.events.is_empty() && look.early.is_empty() {
                    self.quiet = self.quiet.saturating_add(1);
                    return Ok(look);
                }
            }
        }
        let gathered = self.gather(&request, head, range, Depth::Everything, progress).await?;
        let look = self.hold(checkpoint, last, &request, gathered, progress).await?;
        self.quiet = 0;
        Ok(look)
    }

    /// Holds what was gathered against everything that can contradict it.
    async fn hold(
        &mut self,
        checkpoint: &Checkpoint,
        last: BlockRef,
        request: &SnapshotRequest,
        gathered: Gathered,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<Look, FollowError> {
        let Gathered { block, own, snapshot, mut heard, contracts } = gathered;
        if block.number < last.number {
            return Err(FollowError::Behind { head: block.number, last: last.number });
        }
        let from = checkpoint.number.saturating_add(1);
        let registry = self.network.config.staking_registry;
        let mark = snapshot
            .as_ref()
            .map(|snapshot| (snapshot.rollup.address, snapshot.rollup.slasher, snapshot.former_rollups.len()));
        let sources = self.sources(&block, mark).await?;
        if contracts != sources.contracts {
            // What was heard lacks the contracts that are new.
            heard = Heard::default();
        }
        let ledger = self.network.reader.ledger();
        let mut known = Known::default();
        let happened = |event: &LedgerEvent| Happened::of_ledger(event);
        for what in ledger.told(&own, 0, checkpoint.number).filter_map(happened) {
            known.note_change(&own, &what);
        }
        let proven: Vec<(LogId, Happened)> =
            ledger.told(&own, from, last.number).filter_map(|event| Some((event.log, happened(event)?))).collect();
        let mut attesters: BTreeSet<Address> = request.attesters.clone();
        attesters.extend(ledger.told(&own, 0, block.number).flat_map(look::attesters_of));
        let filter = decode::filter(&sources.contracts);
        let wanted = Wanted {
            contracts: &sources.contracts,
            filter: &filter,
            providers: &own,
            attesters: &attesters,
            from,
            to: last,
            proven: (registry, proven),
            heard: &heard,
        };
        let client = self.network.reader.client();
        let Range { told, mut assurance } = wanted.read(client, progress).await?;
        let times = times(client, &last, &told).await?;
        let early = early::early(client, &wanted, block).await;
        let mut events = Vec::with_capacity(told.len());
        let is_any_refunded = told.iter().any(|(_, _, what)| matches!(what, Happened::Refunded { .. }));
        let refunded = snapshot.as_ref().filter(|_| is_any_refunded).map(look::refunded).unwrap_or_default();
        for (log, contract, mut what) in told {
            if let Happened::Refunded { attester, splits, .. } = &mut what {
                splits.extend(refunded.get(attester).into_iter().flatten());
            }
            let (what, seen) = match &snapshot {
                Some(snapshot) => look::judged(snapshot, &log, what, assurance)?,
                None => (what, assurance),
            };
            assurance = assurance.min(seen);
            let time = times.get(&log.block_number).copied().unwrap_or(last.timestamp);
            events.push(Occurred { log, time, contract, what });
        }
        let setting = Setting {
            chain_id: client.chain_id(),
            staking_registry: registry,
            providers: own,
            admins: self.network.config.provider_admins.iter().copied().collect(),
            policies: self.network.config.coinbase_policies.clone(),
            attesters: request.attesters.clone(),
            clocks: sources.clocks,
        };
        Ok(Look { to: last, events, known, setting, assurance, early, head: block, heard, snapshot })
    }

    /// Reads the state and the ledger, and hears what is said in the same blocks.
    async fn gather(
        &mut self,
        request: &SnapshotRequest,
        head: Option<Head>,
        (from, last): (u64, u64),
        depth: Depth,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<Gathered, FollowError> {
        let at = head.as_ref().map(|head| head.block).or(self.sources.as_ref().map(|found| found.at));
        let mut contracts = BTreeMap::new();
        if let Some(at) = at {
            let sources = self.sources(&at, None).await?;
            let mut attesters = request.attesters.clone();
            attesters.extend(self.network.reader.ledger().all_told().flat_map(look::attesters_of));
            let keep = ear::keep(&sources, attesters);
            let from = from.min(at.number.saturating_sub(AGAIN));
            self.network.reader.listen(Along::new(ear::filter(&sources), from, keep));
            contracts = sources.contracts;
        }
        let reader = &mut self.network.reader;
        if let Some(head) = head {
            reader.begin_at(head);
        }
        let told = |at: Progress| match at {
            Progress::Ledger { block, .. } => progress(block.min(last)),
            Progress::Head
            | Progress::Contracts { .. }
            | Progress::Checkpoints { .. }
            | Progress::Transactions { .. } => {}
        };
        let (block, own, snapshot) = match depth {
            Depth::Counters => {
                let (block, own) = reader.read_ledger(request, &told).await?;
                (block, own, None)
            }
            Depth::Everything => {
                let mut snapshot = reader.read(request, &told).await?;
                self.last_told.lend(&mut snapshot);
                (snapshot.block, snapshot.providers.keys().copied().collect(), Some(snapshot))
            }
        };
        Ok(Gathered { block, own, snapshot, heard: reader.heard(), contracts })
    }

    /// The contracts whose events are followed, found again whenever there may be more of them: when `mark` is another one.
    async fn sources(&mut self, at: &BlockRef, mark: Option<Mark>) -> Result<EventSources, FollowError> {
        if let Some(found) = &mut self.sources {
            if found.mark.is_none() && found.at == *at {
                found.mark = mark;
            }
            if mark.is_none() || found.mark == mark {
                return Ok(found.sources.clone());
            }
        }
        let config = &self.network.config;
        let client = self.network.reader.client();
        let sources = event_sources(client, at, config.aztec_registry, config.staking_registry).await?;
        // Who was a slasher may slash for a while after it was replaced.
        let mut contracts = self.sources.take().map(|found| found.sources.contracts).unwrap_or_default();
        contracts.extend(sources.contracts);
        let sources = EventSources { contracts, ..sources };
        // By the word of one of several endpoints nothing is kept.
        if sources.unconfirmed.is_none() {
            self.sources = Some(Found { at: *at, mark, sources: sources.clone() });
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
