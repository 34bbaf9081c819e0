//! Reading the splits of delegations. Each is read once: from the event of its creation, in the block of its delegation,
//! and believed when the split itself keeps the same hash.

use std::collections::{BTreeMap, BTreeSet};

use ethers_contract::EthEvent as _;
use ethers_core::abi::{Tokenizable as _, encode};
use ethers_core::types::{Address, H256, Log};
use ethers_core::utils::keccak256;
use futures_util::StreamExt as _;
use futures_util::stream::iter;

use super::error::{Contract, SnapshotError};
use super::reads::{Reads, Slot};
use crate::client::l1::L1Client;
use crate::client::logs::LogFilter;
use crate::contracts::bindings::split_factory::SplitCreatedFilter;
use crate::contracts::bindings::{pull_split, staking_registry};
use crate::contracts::call::{DecodeError, GETTER_GAS};
use crate::contracts::decode;
use crate::contracts::events::{Source, TypedEvent, decode_event};
use crate::domain::block::BlockRef;
use crate::domain::delegation::Delegation;
use crate::domain::ids::Coinbase;
use crate::domain::rewards::Split;

/// How many blocks are read at the same time.
const CONCURRENCY: usize = 8;

/// The splits that were read so far.
#[derive(Debug, Default)]
pub struct SplitReader {
    factory: Option<(Address, Address)>,
    known: BTreeMap<Coinbase, Split>,
}

impl SplitReader {
    /// The splits of these delegations. What was read stays when a later read fails.
    ///
    /// # Errors
    /// See [`SnapshotError`].
    pub async fn read(
        &mut self,
        client: &L1Client,
        pin: &BlockRef,
        registry: Address,
        delegations: &[Delegation],
    ) -> Result<&BTreeMap<Coinbase, Split>, SnapshotError> {
        let wanted: BTreeSet<Coinbase> = delegations.iter().map(|delegation| delegation.coinbase).collect();
        self.known.retain(|coinbase, _| wanted.contains(coinbase));
        let mut blocks: BTreeMap<u64, BTreeSet<Coinbase>> = BTreeMap::new();
        for delegation in delegations.iter().filter(|delegation| !self.known.contains_key(&delegation.coinbase)) {
            blocks.entry(delegation.log.block_number).or_default().insert(delegation.coinbase);
        }
        if blocks.is_empty() {
            return Ok(&self.known);
        }
        let factory = self.factory(client, pin, registry).await?;
        let steps = blocks.into_iter().map(|(number, coinbases)| async move {
            let topics = coinbases.iter().map(|coinbase| H256::from(coinbase.address())).collect();
            let filter =
                LogFilter { addresses: vec![factory], topics: vec![vec![SplitCreatedFilter::signature()], topics] };
            client.log_step(&filter, number, number).await
        });
        let steps: Vec<_> = steps.collect();
        let mut pending = iter(steps).buffer_unordered(CONCURRENCY);
        while let Some(step) = pending.next().await {
            for log in step.map_err(SnapshotError::Rpc)?.logs {
                let (coinbase, split, hash) = decode_split(&log)?;
                if split_hash(client, pin, coinbase.address()).await? != hash {
                    return Err(nonsense(coinbase.address(), "another hash than the event of its creation gives"));
                }
                self.known.insert(coinbase, split);
            }
        }
        match wanted.into_iter().find(|coinbase| !self.known.contains_key(coinbase)) {
            Some(coinbase) => Err(nonsense(coinbase.address(), "no event of its creation beside its delegation")),
            None => Ok(&self.known),
        }
    }

    /// The registry's factory of splits, which never changes.
    async fn factory(
        &mut self,
        client: &L1Client,
        pin: &BlockRef,
        registry: Address,
    ) -> Result<Address, SnapshotError> {
        if let Some((_, factory)) = self.factory.filter(|(of, _)| *of == registry) {
            return Ok(factory);
        }
        let mut reads = Reads::default();
        let slot: Slot<Address> =
            reads.push(Contract::StakingRegistry, registry, GETTER_GAS, staking_registry::PullSplitFactoryCall);
        let answers = reads.fetch(client, pin).await?;
        let factory = answers.checked(&slot, |address| decode::present("PULL_SPLIT_FACTORY", address))?;
        self.factory = Some((registry, factory));
        Ok(factory)
    }
}

/// The split that an event tells of, and the hash that the split keeps of its parameters.
fn decode_split(log: &Log) -> Result<(Coinbase, Split, [u8; 32]), SnapshotError> {
    let event = decode_event(Source::SplitFactory, log).map_err(SnapshotError::Ledger)?;
    let Some(TypedEvent::SplitFactory(event)) = event.map(|event| event.event) else {
        return Err(nonsense(log.address, "an event that was not asked for"));
    };
    let parameters = event.split_params;
    let split = Split::new(&parameters.recipients, &parameters.allocations, parameters.total_allocation);
    let coinbase = Coinbase::try_from(event.split);
    let (Some(split), Ok(coinbase)) = (split, coinbase) else {
        return Err(nonsense(event.split, "parameters that the registry does not give"));
    };
    Ok((coinbase, split, keccak256(encode(&[parameters.into_token()]))))
}

async fn split_hash(client: &L1Client, pin: &BlockRef, split: Address) -> Result<[u8; 32], SnapshotError> {
    let mut reads = Reads::default();
    let slot: Slot<[u8; 32]> = reads.push(Contract::Split, split, GETTER_GAS, pull_split::SplitHashCall);
    reads.fetch(client, pin).await?.get(&slot)
}

fn nonsense(address: Address, problem: &'static str) -> SnapshotError {
    let source = DecodeError::nonsense("SplitCreated", problem);
    SnapshotError::Nonsense { contract: Contract::Split, address, source }
}
