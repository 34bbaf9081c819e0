//! The keys of a registration file, looked up and judged.

use std::path::Path;

use butler_core::client::l1::BlockTag;
use butler_core::contracts::bindings::staking_registry::KeyStore;
use butler_core::proposing::not_run;
use butler_core::store::file::load_bounded;
use butler_core::transaction::keys::add_keys;
use butler_core::transaction::keys::file::{MOST_BYTES, read};
use butler_core::transaction::plan::Decision;
use ethers_core::types::Address;

use super::judged::judged;
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
        wanted.remarks.extend(not_run(&gathered.network.keys.book, &keys));
    }
    Ok((gathered, decision))
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
