//! The queues of all providers that are not ours, for whoever looks at them now and then beside snapshots without them.
//!
//! Either all of them are read at one block or there is an error. So many keys are read at most: of longer queues only the fronts,
//! which are staked first, and the answer says so.

use std::collections::{BTreeMap, BTreeSet};

use ethers_core::types::{Address, U256};

use super::error::{Contract, SnapshotError};
use super::reads::Reads;
use super::stages::{AttesterReads, OtherProviders, ProviderHead};
use crate::client::l1::L1Client;
use crate::contracts::bindings::staking_registry;
use crate::contracts::call::GETTER_GAS;
use crate::contracts::decode;
use crate::domain::block::BlockRef;
use crate::domain::ids::ProviderId;
use crate::domain::provider::facts::ProviderFacts;

/// The most keys that are read.
const MOST_KEYS: u64 = 20_000;
/// The most providers that are believed.
const MOST_PROVIDERS: u64 = 100_000;

/// What was read of providers that are not ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherQueues {
    /// The block.
    pub block: BlockRef,
    /// The providers with their queues.
    pub providers: BTreeMap<ProviderId, ProviderFacts>,
    /// Whether queues were so long that only their fronts were read.
    pub is_cut: bool,
}

impl OtherQueues {
    /// Reads them at `block`.
    ///
    /// # Errors
    /// See [`SnapshotError`].
    pub async fn read(
        client: &L1Client,
        block: &BlockRef,
        registry: Address,
        own: &BTreeSet<ProviderId>,
    ) -> Result<Self, SnapshotError> {
        let mut reads = Reads::default();
        let next: super::reads::Slot<U256> =
            reads.push(Contract::StakingRegistry, registry, GETTER_GAS, staking_registry::NextProviderIdentifierCall);
        let answers = reads.fetch(client, block).await?;
        let next = answers.checked(&next, |next| decode::length("nextProviderIdentifier", next, MOST_PROVIDERS))?;
        let ids = (1..next).filter_map(|id| ProviderId::try_from(id).ok()).filter(|id| !own.contains(id));
        let mut reads = Reads::default();
        let plan = OtherProviders::plan(&mut reads, registry, ids);
        let mut heads = plan.take(&reads.fetch(client, block).await?)?;
        let is_cut = cut(&mut heads);
        let mut reads = Reads::default();
        let plan = AttesterReads::plan(&mut reads, Address::zero(), registry, [], [], &heads);
        let mut queues = plan.queues(&reads.fetch(client, block).await?)?;
        let with_queue = |(id, head): (ProviderId, ProviderHead)| {
            (id, ProviderFacts { queue: queues.remove(&id).unwrap_or_default(), ..head.facts })
        };
        Ok(Self { block: *block, providers: heads.into_iter().map(with_queue).collect(), is_cut })
    }
}

/// Leaves so many keys of each queue that all of them together are few enough. Returns whether some were left out.
fn cut(heads: &mut BTreeMap<ProviderId, ProviderHead>) -> bool {
    let length = |head: &ProviderHead| head.indices.end.saturating_sub(head.indices.start);
    let total: u64 = heads.values().map(length).fold(0, u64::saturating_add);
    if total <= MOST_KEYS {
        return false;
    }
    let queues = heads.values().filter(|head| length(head) > 0).count();
    let each = MOST_KEYS.checked_div(u64::try_from(queues).unwrap_or(u64::MAX)).unwrap_or_default().max(1);
    for head in heads.values_mut() {
        head.indices.end = head.indices.end.min(head.indices.start.saturating_add(each));
    }
    true
}
