//! When the nodes of a server took its keystore the last time, for whoever asks whether they know what it says: durable, since a proposal
//! proves something of it hours later.

use butler_core::domain::action::{ActionKind, EffectKey, Part, Place};
use butler_core::runtime::clock::unix_now;
use ethers_core::types::H256;
use ethers_core::utils::keccak256;
use serde_json::json;

use super::keystore::Keystore;
use crate::journal::{Batch, Journal, JournalError, Keep};

/// The name of a record of that sort about a server of a network.
#[must_use]
pub fn record_of(sort: &str, place: &Place, server: &str) -> String {
    // As a key it may be longer than a name.
    let of = EffectKey::new(ActionKind::ReloadKeystore, place, &[Part::Name(server)]);
    format!("{sort}:{:x}", H256(keccak256(of.as_str())))
}

const SORT: &str = "keystore-loaded";

/// Makes durable that its nodes took it just now. Blocks.
pub(super) fn note(journal: &dyn Journal, keystore: &Keystore) -> Result<(), JournalError> {
    let name = record_of(SORT, &keystore.place, keystore.server());
    let value = Some(json!({ "server": keystore.server(), "at": unix_now() }));
    journal.commit(&Batch { keeps: vec![Keep { name, value }], ..Batch::default() })?;
    Ok(())
}

/// When the nodes of a server took its keystore the last time, in unix seconds; `None` where that is not known. Blocks.
///
/// # Errors
/// The journal cannot be read.
pub fn loaded_at(journal: &dyn Journal, place: &Place, server: &str) -> Result<Option<u64>, JournalError> {
    let kept = journal.kept(&record_of(SORT, place, server))?;
    Ok(kept.into_values().next().and_then(|value| value.get("at")?.as_u64()))
}
