//! The keys of a registration file, looked up and judged.

use std::collections::BTreeMap;
use std::path::Path;

use butler_core::client::l1::BlockTag;
use butler_core::contracts::bindings::staking_registry::KeyStore;
use butler_core::domain::ids::ProviderId;
use butler_core::domain::operator::key_book::Completeness;
use butler_core::store::file::load_bounded;
use butler_core::text::time::count;
use butler_core::transaction::keys::facts::KeyFacts;
use butler_core::transaction::keys::file::{MOST_BYTES, read};
use butler_core::transaction::keys::{Judged, add_keys, judge};
use butler_core::transaction::plan::Decision;
use ethers_core::types::Address;

use super::the_only;
use crate::args::Global;
use crate::error::CliError;
use crate::gather::{Gathered, Look, gather_also};

/// Decides what `provider add-keys` does.
pub(super) async fn add(global: &Global, file: &Path, from: Option<Address>) -> Result<(Gathered, Decision), CliError> {
    let keys = load(file)?;
    let gathered = look_up(global, &keys).await?;
    let provider = the_only(&gathered.snapshot, from)?;
    let judged = judged(&gathered, Some(provider.id), &keys).await?;
    let mut decision = add_keys(&provider, &keys, judged)?;
    if let Decision::Wanted(wanted) = &mut decision {
        wanted.remarks.extend(not_run(&gathered, &keys));
    }
    Ok((gathered, decision))
}

/// That no server is known to run some of the keys: the first duty of one would be missed. Nothing is said without key files.
fn not_run(gathered: &Gathered, keys: &[KeyStore]) -> Option<String> {
    let book = &gathered.network.keys.book;
    let known = book.attesters();
    let missing = keys.iter().filter(|key| !known.contains(&key.attester)).count();
    let is_known = !known.is_empty() && book.completeness() == Completeness::Complete;
    (is_known && missing > 0).then(|| {
        format!(
            "{} of the file stand in no key file: servers must have them before somebody delegates",
            count(missing, "key")
        )
    })
}

/// The keys of a file.
pub(super) fn load(file: &Path) -> Result<Vec<KeyStore>, CliError> {
    let content = load_bounded(file, MOST_BYTES)?;
    read(&content).map_err(|source| CliError::Registration { file: file.display().to_string(), source })
}

/// A snapshot that knows these keys, too.
pub(super) async fn look_up(global: &Global, keys: &[KeyStore]) -> Result<Gathered, CliError> {
    let attesters = keys.iter().map(|key| key.attester).filter(|attester| !attester.is_zero());
    gather_also(global, BlockTag::Latest, Look::Everybody, attesters).await
}

/// What is wrong with keys that are to be added to a queue, or deposited.
pub(super) async fn judged(
    gathered: &Gathered,
    provider: Option<ProviderId>,
    keys: &[KeyStore],
) -> Result<Judged, CliError> {
    let (client, snapshot) = (gathered.network.reader.client(), &gathered.snapshot);
    let facts = KeyFacts::read(client, (gathered.network.config.staking_registry, snapshot), keys).await?;
    Ok(judge(snapshot, provider, keys, (&facts, &roles(gathered))))
}

/// What addresses are used for that must not be attesters.
fn roles(gathered: &Gathered) -> BTreeMap<Address, &'static str> {
    let mut roles = BTreeMap::new();
    for facts in gathered.snapshot.providers.values() {
        roles.insert(facts.rewards_recipient, "who receives the provider's rewards");
        roles.insert(facts.admin, "the provider's admin");
        roles.extend(facts.pending_admin.map(|admin| (admin, "the provider's next admin")));
    }
    let book = &gathered.network.keys.book;
    let coinbases = book.entries.iter().filter_map(|entry| Some((entry.attester, entry.coinbase?.address())));
    roles.extend(coinbases.filter(|(attester, to)| attester != to).map(|(_, to)| (to, "a coinbase")));
    // An attester that pays for itself is a publisher that nobody else uses.
    let itself: Vec<Address> = book.entries.iter().filter(|one| one.pays_itself).map(|one| one.attester).collect();
    let publishers = book.servers_by_publisher().into_keys().filter(|publisher| !itself.contains(publisher));
    roles.extend(publishers.map(|publisher| (publisher, "a publisher")));
    roles
}
