//! Reading the splits of delegations: what the factory told beside each, and what the contracts keep.
//!
//! What was told is read once, many blocks in one exchange, and kept with the delegation. What a contract keeps is read at
//! every block beside everything else, so it costs no round trip. What does not fit is read again, from another endpoint
//! where there is one, and is then left unconfirmed: a wrong answer about one split is no reason to have no snapshot.

use std::collections::{BTreeMap, BTreeSet};

use ethers_contract::EthEvent as _;
use ethers_core::types::{Address, H256};

use super::error::SnapshotError;
use super::stages::intact;
use crate::client::error::RpcFailure;
use crate::client::l1::L1Client;
use crate::client::logs::{LogFilter, LogRange, LogStep};
use crate::contracts::bindings::split_factory::SplitCreatedFilter;
use crate::contracts::split::{SplitCreation, decode_split_creation};
use crate::domain::attester::delegation::Delegation;
use crate::domain::ids::{Coinbase, ProviderId};
use crate::domain::provider::facts::ProviderFacts;
use crate::domain::provider::split::{SplitCheck, SplitEvidence, SplitRecord, check_splits};
use crate::domain::provider::terms::{TermsEvent, provider_terms};

/// The most splits that one query names: endpoints bound the length of a filter.
const NAMED: usize = 100;

/// The contracts that make splits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Makers {
    /// The registry that has them made.
    pub(super) registry: Address,
    /// The registry's factory; `None` for a registry that names none.
    pub(super) factory: Option<Address>,
}

/// What the factory told beside some delegations.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// The splits of a form that the registry gives.
    records: BTreeMap<Coinbase, SplitRecord>,
    /// Splits of other forms.
    misfits: BTreeSet<Coinbase>,
    /// The endpoints that told it.
    endpoints: BTreeSet<usize>,
}

/// What is known of the splits of all delegations of one snapshot.
#[derive(Debug, Default)]
pub(super) struct Splits {
    /// The verdicts.
    pub(super) checks: BTreeMap<Coinbase, SplitCheck>,
    /// What was read and fits, to be kept.
    pub(super) learnt: BTreeMap<Coinbase, SplitRecord>,
    /// What was kept and does not fit.
    pub(super) refuted: BTreeSet<Coinbase>,
}

impl Makers {
    /// Reads what was told beside the delegations that nothing is known of yet.
    /// The logs of the range `along` come with it where that costs no request.
    pub(super) async fn told(
        &self,
        client: &L1Client,
        delegations: &[Delegation],
        along: Option<&LogRange<'_>>,
    ) -> Result<(Told, Option<LogStep>), SnapshotError> {
        let wanted: Vec<&Delegation> = delegations.iter().filter(|delegation| delegation.split.is_none()).collect();
        self.beside(client, &wanted, &BTreeSet::new(), along).await
    }

    /// Reads what was told beside these delegations, by an endpoint that is not among `others`.
    async fn beside(
        &self,
        client: &L1Client,
        delegations: &[&Delegation],
        others: &BTreeSet<usize>,
        along: Option<&LogRange<'_>>,
    ) -> Result<(Told, Option<LogStep>), SnapshotError> {
        let mut told = Told::default();
        let Some(factory) = self.factory else { return Ok((told, None)) };
        // A split is made in the very transaction of its delegation, before it.
        let wanted: BTreeMap<(H256, Address), &Delegation> = delegations
            .iter()
            .map(|delegation| ((delegation.log.transaction_hash, delegation.coinbase.address()), *delegation))
            .collect();
        let blocks: BTreeSet<u64> = delegations.iter().map(|delegation| delegation.log.block_number).collect();
        if blocks.is_empty() {
            return Ok((told, None));
        }
        let blocks: Vec<u64> = blocks.into_iter().collect();
        // What others let that factory make is not asked for, where ours can be named.
        let splits: BTreeSet<H256> = delegations.iter().map(|known| known.coinbase.address().into()).collect();
        let named = if splits.len() > NAMED { Vec::new() } else { splits.into_iter().collect() };
        let topics = vec![vec![SplitCreatedFilter::signature()], named];
        let filter = LogFilter { addresses: vec![factory], topics };
        let read = client.block_logs_along(&filter, &blocks, others, along).await;
        let (read, step) = read.map_err(SnapshotError::Rpc)?;
        for block in read {
            told.endpoints.insert(block.endpoint);
            for log in &block.logs {
                // Whoever else lets that factory make a split may give it what they like.
                let Ok(SplitCreation { log, split, record }) = decode_split_creation(log, self.registry) else {
                    continue;
                };
                let Some(delegation) = wanted.get(&(log.transaction_hash, split)) else { continue };
                if log.block_hash != delegation.log.block_hash || log.log_index >= delegation.log.log_index {
                    continue;
                }
                match record {
                    Some(record) => {
                        told.records.insert(delegation.coinbase, record);
                    }
                    None => {
                        told.misfits.insert(delegation.coinbase);
                    }
                }
            }
        }
        Ok((told, step))
    }

    /// Judges the splits of all delegations.
    pub(super) async fn judge(&self, client: &L1Client, told: Told, facts: &SplitFacts<'_>) -> Splits {
        let mut told = told;
        let sound = self.settle(client, &mut told, facts).await;
        let delegations: Vec<Delegation> = facts
            .delegations
            .iter()
            .map(|delegation| {
                let record = told.records.get(&delegation.coinbase).copied();
                Delegation { split: record.or(delegation.split), ..*delegation }
            })
            .collect();
        let terms = provider_terms(facts.providers, facts.terms);
        let evidence = SplitEvidence {
            delegations: &delegations,
            terms: &terms,
            intact: &sound,
            misfits: &told.misfits,
            disputed: facts.disputed,
        };
        let kept: BTreeSet<Coinbase> =
            facts.delegations.iter().filter(|known| known.split.is_some()).map(|known| known.coinbase).collect();
        Splits {
            checks: check_splits(&evidence),
            learnt: told.records.into_iter().filter(|(coinbase, _)| sound.contains(coinbase)).collect(),
            refuted: kept.difference(&sound).copied().collect(),
        }
    }

    /// Reads again what does not fit, and says which coinbases keep the hash of what is known of them in the end.
    async fn settle(&self, client: &L1Client, told: &mut Told, facts: &SplitFacts<'_>) -> BTreeSet<Coinbase> {
        let known = facts.delegations.iter().filter_map(|delegation| Some((delegation.coinbase, delegation.split?)));
        let mut records: BTreeMap<Coinbase, SplitRecord> = known.collect();
        records.extend(&told.records);
        let sound = intact(facts.hashes, &records);
        let has_others = client.endpoints().len() > 1;
        let doubtful: Vec<&Delegation> = facts
            .delegations
            .iter()
            .filter(|delegation| !sound.contains(&delegation.coinbase) && (has_others || delegation.split.is_some()))
            .collect();
        if doubtful.is_empty() {
            return sound;
        }
        let again = match self.beside(client, &doubtful, &told.endpoints, None).await {
            Ok((again, _)) => again,
            Err(error) => {
                tracing::debug!("splits that do not fit cannot be read again: {error}");
                return sound;
            }
        };
        let mended = intact(facts.hashes, &again.records);
        if !mended.is_empty() {
            for endpoint in told.endpoints.difference(&again.endpoints) {
                let what = "splits were told otherwise than their contracts and another endpoint have them";
                client.distrust(*endpoint, &RpcFailure::Incomplete(what.to_owned()));
            }
        }
        told.misfits.extend(&again.misfits);
        told.misfits.retain(|coinbase| !mended.contains(coinbase));
        told.records.extend(again.records.into_iter().filter(|(coinbase, _)| mended.contains(coinbase)));
        &sound | &mended
    }
}

/// What splits are judged by.
#[derive(Debug, Clone, Copy)]
pub(super) struct SplitFacts<'a> {
    /// Every delegation of our providers, with the split that is kept of it.
    pub(super) delegations: &'a [Delegation],
    /// The hash that each contract keeps at the snapshot's block.
    pub(super) hashes: &'a BTreeMap<Coinbase, H256>,
    /// Our providers at that block.
    pub(super) providers: &'a BTreeMap<ProviderId, ProviderFacts>,
    /// The events of their terms.
    pub(super) terms: &'a [TermsEvent],
    /// Coinbases about whose delegations or contracts endpoints disagree.
    pub(super) disputed: &'a BTreeSet<Coinbase>,
}
