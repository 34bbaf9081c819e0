//! The providers of a snapshot: our own with their queues' places, and those of others.

use std::collections::{BTreeMap, BTreeSet};

use ethers_core::types::Address;

use crate::chain::error::SnapshotError;
use crate::chain::reads::Reads;
use crate::chain::request::{Progress, SnapshotRequest};
use crate::chain::rollups::{RollupBook, VersionReads, Versions};
use crate::chain::stages::{OtherProviders, ProviderHead, Registries, RegistryFacts};
use crate::chain::witnesses::Witnesses;
use crate::client::l1::L1Client;
use crate::domain::block::BlockRef;
use crate::domain::ids::ProviderId;
use crate::domain::provider::facts::{ProviderFacts, ProviderQueueEntry};

/// Where providers are read.
#[derive(Clone, Copy)]
pub(super) struct ProviderReads<'r> {
    pub(super) client: &'r L1Client,
    pub(super) block: &'r BlockRef,
    pub(super) request: &'r SnapshotRequest,
    pub(super) progress: &'r (dyn Fn(Progress) + Sync),
}

impl ProviderReads<'_> {
    /// The registries, our providers as far as their numbers are known, and the versions of the rollup.
    pub(super) async fn registries(
        &self,
        book: &RollupBook,
        witnesses: &mut Witnesses,
    ) -> Result<(RegistryFacts, Versions), SnapshotError> {
        let mut reads = Reads::default();
        let request = self.request;
        let plan = Registries::plan(
            &mut reads,
            request.aztec_registry,
            request.staking_registry,
            &request.provider_ids,
            &request.publishers,
        );
        let versions = VersionReads::plan(&mut reads, request.aztec_registry, book.versions());
        (self.progress)(Progress::Contracts { reads: reads.len() });
        let answers = reads.fetch(self.client, self.block).await?;
        witnesses.note(&answers);
        let facts = plan.take(&answers)?;
        Ok((facts, versions.take(&answers, (self.client, self.block), witnesses).await?))
    }

    /// All providers that are not among `own`.
    pub(super) async fn others(
        &self,
        next_provider: u64,
        own: &BTreeMap<ProviderId, ProviderHead>,
        witnesses: &mut Witnesses,
    ) -> Result<BTreeMap<ProviderId, ProviderHead>, SnapshotError> {
        let ids = (1..next_provider).filter_map(|id| ProviderId::try_from(id).ok()).filter(|id| !own.contains_key(id));
        let mut reads = Reads::default();
        let plan = OtherProviders::plan(&mut reads, self.request.staking_registry, ids);
        (self.progress)(Progress::Contracts { reads: reads.len() });
        let answers = reads.fetch(self.client, self.block).await?;
        witnesses.note(&answers);
        plan.take(&answers)
    }
}

/// Whose providers our admins were when they were read last.
pub(super) type AdminBook = BTreeMap<Address, BTreeSet<ProviderId>>;

/// Moves the providers of our admins from the others to our own. Those of an admin who has none any more stay ours, as `book` has
/// them: somebody took his place.
pub(super) fn adopt(
    own: &mut BTreeMap<ProviderId, ProviderHead>,
    others: &mut BTreeMap<ProviderId, ProviderHead>,
    request: &SnapshotRequest,
    book: &mut AdminBook,
) -> Result<(), SnapshotError> {
    book.retain(|admin, _| request.provider_admins.contains(admin));
    let goes_on = request.admins_may_be_gone && !request.provider_ids.is_empty();
    for admin in &request.provider_admins {
        let has = |(_, head): &(&ProviderId, &ProviderHead)| head.facts.admin == *admin;
        let theirs: BTreeSet<ProviderId> = own.iter().chain(others.iter()).filter(has).map(|(id, _)| *id).collect();
        if !theirs.is_empty() {
            book.insert(*admin, theirs);
        } else if !book.contains_key(admin) && !goes_on {
            return Err(SnapshotError::UnknownAdmin(*admin));
        }
    }
    let ours: BTreeSet<ProviderId> = book.values().flatten().copied().collect();
    own.extend(ours.iter().filter_map(|id| others.remove_entry(id)));
    Ok(())
}

/// The providers with their queues.
pub(super) fn with_queues(
    heads: BTreeMap<ProviderId, ProviderHead>,
    queues: &mut BTreeMap<ProviderId, Vec<ProviderQueueEntry>>,
) -> BTreeMap<ProviderId, ProviderFacts> {
    heads
        .into_iter()
        .map(|(id, head)| (id, ProviderFacts { queue: queues.remove(&id).unwrap_or_default(), ..head.facts }))
        .collect()
}
