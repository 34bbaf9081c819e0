//! The logs of a final range, told by one endpoint as a whole and held against everything that can contradict it.
//!
//! Each endpoint tells the whole range by itself; what it told while the ledger was scanned it is not asked again. Of our providers the registry's counters have proven which events there
//! are: who tells others of them is no teller. Two that agree are believed. Where they do not, each log that one alone tells
//! is held against the receipts of both, and who contradicts itself is out; then a third decides, or nobody. What one
//! endpoint tells alone must at least stand in its own receipts.

use std::collections::{BTreeMap, BTreeSet};

use butler_core::chain::Heard;
use butler_core::client::error::{RpcError, RpcFailure};
use butler_core::client::l1::L1Client;
use butler_core::client::logs::LogFilter;
use butler_core::contracts::events::{EventError, Source};
use butler_core::domain::action::Assurance;
use butler_core::domain::attester::delegation::LogId;
use butler_core::domain::block::BlockRef;
use butler_core::domain::ids::ProviderId;
use ethers_core::types::{Address, H256, Log};

use super::decode::{happened, may_matter};
use super::error::FollowError;
use crate::plan::Happened;

/// One followed event with where it stands and who tells it.
pub(super) type Told = (LogId, Address, Happened);

/// What is asked of a range.
#[derive(Debug)]
pub(super) struct Wanted<'a> {
    pub(super) contracts: &'a BTreeMap<Address, Source>,
    pub(super) filter: &'a LogFilter,
    pub(super) providers: &'a BTreeSet<ProviderId>,
    /// Everybody who is or was ours.
    pub(super) attesters: &'a BTreeSet<Address>,
    /// First block.
    pub(super) from: u64,
    /// The last block, which every teller must have.
    pub(super) to: BlockRef,
    /// Where the registry has its contract, and what it is proven to have told in these blocks.
    pub(super) proven: (Address, Vec<(LogId, Happened)>),
    /// What was told already, by whom.
    pub(super) heard: &'a Heard,
}

/// A range that is believed.
#[derive(Debug)]
pub(super) struct Range {
    pub(super) told: Vec<Told>,
    pub(super) assurance: Assurance,
}

/// One endpoint's word.
struct Word {
    endpoint: usize,
    told: Vec<Told>,
}

/// Why an endpoint is no teller of this range.
enum NoWord {
    Rpc(RpcError),
    Undecodable(EventError),
    /// It tells of the registry what the counters do not confirm.
    Unproven(u64),
}

impl Wanted<'_> {
    /// Reads the range. `progress` is told the last block that was read.
    ///
    /// # Errors
    /// Nobody tells it, or not in one way.
    pub(super) async fn read(&self, client: &L1Client, progress: &(dyn Fn(u64) + Sync)) -> Result<Range, FollowError> {
        let order: Vec<usize> = {
            let untold = |index| self.heard.of(Some(index), (self.from, self.to.number)).1;
            let blocks = |ranges: Vec<(u64, u64)>| ranges.iter().map(|(from, to)| to - from + 1).sum::<u64>();
            let mut order: Vec<_> = client.endpoints().iter().collect();
            order.sort_by_cached_key(|endpoint| {
                (endpoint.is_quarantined(), blocks(untold(endpoint.index())), endpoint.index())
            });
            order.iter().map(|endpoint| endpoint.index()).collect()
        };
        let mut words: Vec<Word> = Vec::new();
        let mut failed = None;
        for index in order {
            match self.word(client, index, progress).await {
                Ok(word) => words.push(word),
                Err(why) => {
                    self.blame(client, index, &why);
                    // What came first says most: a later one is often only a timeout.
                    failed.get_or_insert(why);
                    continue;
                }
            }
            if let Some(range) = self.agreed(client, &mut words).await? {
                return Ok(range);
            }
        }
        match (words.len(), words.pop()) {
            (1, Some(word)) => self.alone(client, word).await,
            (0, _) | (_, None) => Err(self.nobody(failed)),
            (_, Some(last)) => {
                let first = words.first().map(|word| word.told.as_slice()).unwrap_or_default();
                Err(FollowError::Disputed { block: first_difference(first, &last.told).unwrap_or(self.from) })
            }
        }
    }

    /// Two words that are the same; words of endpoints that contradict themselves are taken away.
    async fn agreed(&self, client: &L1Client, words: &mut Vec<Word>) -> Result<Option<Range>, FollowError> {
        for (place, one) in words.iter().enumerate() {
            if let Some(other) = words.iter().skip(place + 1).find(|other| other.told == one.told) {
                for liar in words.iter().filter(|word| word.told != one.told) {
                    let block = first_difference(&one.told, &liar.told).unwrap_or(self.from);
                    let what = format!("block {block} was told otherwise than by two others");
                    client.distrust(liar.endpoint, &RpcFailure::Incomplete(what));
                }
                let told = other.told.clone();
                return Ok(Some(Range { told, assurance: Assurance::TwoEndpoints }));
            }
        }
        if words.len() > 1 {
            let mut kept = Vec::new();
            let all: Vec<BTreeSet<&Told>> = words.iter().map(|word| word.told.iter().collect()).collect();
            for (word, own) in words.iter().zip(&all) {
                let others: BTreeSet<&Told> = all.iter().flatten().copied().collect();
                let common = all.iter().fold(others.clone(), |common, told| &common & told);
                let open: BTreeSet<&Told> = &others - &common;
                kept.push(self.is_consistent(client, word.endpoint, own, &open).await);
            }
            let mut kept = kept.into_iter();
            words.retain(|_| kept.next().unwrap_or(true));
        }
        Ok(None)
    }

    /// Whether the receipts of an endpoint say the same of these logs as it did. Where they cannot be read, nothing speaks
    /// against it.
    async fn is_consistent(
        &self,
        client: &L1Client,
        endpoint: usize,
        own: &BTreeSet<&Told>,
        open: &BTreeSet<&Told>,
    ) -> bool {
        let transactions: BTreeSet<H256> = open.iter().map(|(log, _, _)| log.transaction_hash).collect();
        let transactions: Vec<H256> = transactions.into_iter().collect();
        let Ok(receipts) = client.receipts(endpoint, &transactions).await else { return true };
        let receipts = receipts.into_iter().map(|logs| self.decoded(&logs.unwrap_or_default()));
        let receipts: BTreeMap<H256, BTreeSet<Told>> = transactions.iter().copied().zip(receipts).collect();
        let contradicted = open.iter().find(|told| {
            let has = receipts.get(&told.0.transaction_hash).is_some_and(|receipt| receipt.contains(**told));
            has != own.contains(**told)
        });
        if let Some((log, _, _)) = contradicted {
            let what = format!("its receipts contradict its logs of block {}", log.block_number);
            client.distrust(endpoint, &RpcFailure::Incomplete(what));
        }
        contradicted.is_none()
    }

    /// The word of one endpoint whom nobody stands beside.
    async fn alone(&self, client: &L1Client, word: Word) -> Result<Range, FollowError> {
        let own: BTreeSet<&Told> = word.told.iter().collect();
        if !self.is_consistent(client, word.endpoint, &own, &own).await {
            let endpoint = client.endpoints().get(word.endpoint).map_or("an endpoint", |endpoint| endpoint.name());
            let block = word.told.first().map_or(self.from, |(log, _, _)| log.block_number);
            return Err(FollowError::Contradicted { endpoint: endpoint.to_owned(), block });
        }
        Ok(Range { told: word.told, assurance: Assurance::OneEndpoint })
    }

    async fn word(&self, client: &L1Client, index: usize, progress: &(dyn Fn(u64) + Sync)) -> Result<Word, NoWord> {
        let others = client.endpoints().iter().map(|endpoint| endpoint.index()).filter(|other| *other != index);
        let others: BTreeSet<usize> = others.collect();
        let (heard, untold) = self.heard.of(Some(index), (self.from, self.to.number));
        let mut told = Vec::new();
        for log in heard {
            told.extend(self.take(log).map_err(NoWord::Undecodable)?);
        }
        for range in untold {
            let mut scan = client.log_scan(self.filter, range, Some(self.to), others.clone());
            while let Some(step) = scan.next().await.map_err(NoWord::Rpc)? {
                for log in &step.logs {
                    told.extend(self.take(log).map_err(NoWord::Undecodable)?);
                }
                progress(step.to.number);
            }
        }
        told.sort_by_key(|(log, _, _)| *log);
        let (registry, proven) = &self.proven;
        let is_counted =
            |what: &Happened| !matches!(what, Happened::AdminChangeBegun { .. } | Happened::AdminChanged { .. });
        let of_registry = told.iter().filter(|(_, contract, what)| contract == registry && is_counted(what));
        let of_registry: Vec<(LogId, &Happened)> = of_registry.map(|(log, _, what)| (*log, what)).collect();
        let proven: Vec<(LogId, &Happened)> = proven.iter().map(|(log, what)| (*log, what)).collect();
        if of_registry != proven {
            let odd = of_registry.iter().chain(&proven).map(|(log, _)| log.block_number);
            let common: BTreeSet<LogId> =
                of_registry.iter().filter(|one| proven.contains(one)).map(|one| one.0).collect();
            let odd = of_registry
                .iter()
                .chain(&proven)
                .find(|one| !common.contains(&one.0))
                .map(|one| one.0.block_number)
                .or(odd.min());
            return Err(NoWord::Unproven(odd.unwrap_or(self.from)));
        }
        Ok(Word { endpoint: index, told })
    }

    /// What a log says, when it may matter.
    pub(super) fn take(&self, log: &Log) -> Result<Option<Told>, EventError> {
        if !may_matter(log, self.contracts, self.providers, self.attesters) {
            return Ok(None);
        }
        let Some(source) = self.contracts.get(&log.address) else { return Ok(None) };
        Ok(happened(*source, log)?.map(|(id, what)| (id, log.address, what)))
    }

    /// What of a receipt's logs is followed; what does not decode was refused before.
    fn decoded(&self, logs: &[Log]) -> BTreeSet<Told> {
        logs.iter().filter_map(|log| self.take(log).ok().flatten()).collect()
    }

    fn blame(&self, client: &L1Client, index: usize, why: &NoWord) {
        let what = match why {
            NoWord::Rpc(_) => return,
            NoWord::Undecodable(error) => error.to_string(),
            NoWord::Unproven(block) => format!("the registry's counters contradict its logs of block {block}"),
        };
        client.distrust(index, &RpcFailure::Incomplete(what));
    }

    fn nobody(&self, failed: Option<NoWord>) -> FollowError {
        match failed {
            Some(NoWord::Rpc(error)) => FollowError::Rpc(error),
            Some(NoWord::Undecodable(error)) => FollowError::Undecodable(error),
            Some(NoWord::Unproven(block)) => FollowError::Disputed { block },
            None => FollowError::Disputed { block: self.from },
        }
    }
}

fn first_difference(one: &[Told], other: &[Told]) -> Option<u64> {
    let places = one.iter().map(Some).chain(std::iter::repeat(None));
    let others = other.iter().map(Some).chain(std::iter::repeat(None));
    let (a, b) = places.zip(others).take(one.len().max(other.len())).find(|(a, b)| a != b)?;
    [a, b].into_iter().flatten().map(|(log, _, _)| log.block_number).min()
}
