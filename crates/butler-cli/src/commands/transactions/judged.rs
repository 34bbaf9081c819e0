//! Keys held against the chain, and against whatever else addresses are used for here.

use butler_core::contracts::bindings::staking_registry::KeyStore;
use butler_core::domain::ids::ProviderId;
use butler_core::proposing::roles_of;
use butler_core::transaction::keys::facts::KeyFacts;
use butler_core::transaction::keys::{Judged, judge};

use crate::error::CliError;
use crate::gather::Gathered;

/// What is wrong with keys that are to be added to a queue, or deposited.
pub(super) async fn judged(
    gathered: &Gathered,
    provider: Option<ProviderId>,
    keys: &[KeyStore],
) -> Result<Judged, CliError> {
    let (client, snapshot) = (gathered.network.reader.client(), &gathered.snapshot);
    let facts = KeyFacts::read(client, (gathered.network.config.staking_registry, snapshot), keys).await?;
    Ok(judge(snapshot, provider, keys, (&facts, &roles_of(snapshot, &gathered.network.keys.book))))
}
