//! The narrowest change of a keystore that gives attesters their coinbases.
//!
//! Only the value of `coinbase` changes where the member is there, in whatever way its name is spelled; where it is not, it is
//! put right behind `attester`, with the white space of its neighbours. All other bytes stay, and that is proven before anything is
//! given back. A coinbase is never taken away, and never the zero address.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use ethers_core::types::Address;
use zeroize::Zeroizing;

use super::error::EditError;
use super::expected::{Splice, prove};
use super::reading::Reading;
use super::setting::Change;
use super::spans::{self, Member};
use crate::domain::ids::Coinbase;
use crate::key_files::content::{Content, Validator};
use crate::key_files::read::FILE_LIMIT;
use crate::text::address::checksummed;

/// A changed file.
pub struct Edited {
    /// All of its bytes, with its keys.
    pub content: Zeroizing<Vec<u8>>,
    /// What changed, in the file's order. Empty when every coinbase was right.
    pub changes: Vec<Change>,
}

impl std::fmt::Debug for Edited {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Edited").field("changes", &self.changes).finish_non_exhaustive()
    }
}

/// Gives attesters of a file their coinbases. The file lies at `path`, which is needed for the encrypted keys that it names.
///
/// # Errors
/// See [`EditError`]: all wishes are carried out, or none is.
pub fn edit(content: &[u8], path: &Path, wanted: &BTreeMap<Address, Coinbase>) -> Result<Edited, EditError> {
    let (reading, _) =
        Reading::of(content, path).map_err(|fault| EditError::NotAKeystore { line: fault.line_number() })?;
    let keystore = reading.keystore()?;
    let text = str::from_utf8(content).map_err(|_| EditError::Unproven)?;
    let written = spans::validators(text).ok_or(EditError::NotAKeystore { line: None })?;
    let accounts: BTreeSet<Address> = keystore.attesters().chain(keystore.all_publishers()).collect();
    let mut changes = Vec::new();
    for (&attester, &after) in wanted {
        let validator = validator_of(attester, keystore)?;
        if !reading.is_single(validator) {
            return Err(EditError::Shared { attester, index: validator.index });
        }
        if after.address() == attester {
            return Err(EditError::OwnAddress { attester });
        }
        if accounts.contains(&after.address()) {
            return Err(EditError::OfAKey { attester });
        }
        let before = reading.setting(validator);
        if !before.is(after) {
            changes.push(Change { attester, index: validator.index, before, after });
        }
    }
    changes.sort_by_key(|change| change.index);
    let splices: Option<Vec<Splice>> =
        changes.iter().map(|change| splice(text, written.get(change.index)?, change.after)).collect();
    let splices = splices.ok_or(EditError::Unproven)?;
    let edited = apply(content, &splices).ok_or(EditError::Unproven)?;
    if u64::try_from(edited.len()).map_or(true, |length| length > FILE_LIMIT) {
        return Err(EditError::TooLarge);
    }
    prove((content, &reading.json), &edited, &changes, &splices)?;
    Ok(Edited { content: edited, changes })
}

fn validator_of(attester: Address, keystore: &Content) -> Result<&Validator, EditError> {
    let is_his = |validator: &&Validator| validator.keys.iter().any(|(key, _)| *key == attester);
    let mut found = keystore.validators.iter().filter(is_his);
    let validator = found.next().ok_or(EditError::NotThere { attester })?;
    let is_twice = validator.keys.iter().filter(|(key, _)| *key == attester).count() > 1;
    if is_twice || found.next().is_some() { Err(EditError::Twice { attester }) } else { Ok(validator) }
}

/// What a coinbase changes in the text.
fn splice(text: &str, members: &[Member], coinbase: Coinbase) -> Option<Splice> {
    let value = format!("\"{}\"", checksummed(&coinbase.address()));
    if let Some(written) = members.iter().find(|member| member.name == "coinbase") {
        return Some(Splice { at: written.value.clone(), text: value });
    }
    let at = members.iter().position(|member| member.name == "attester")?;
    let attester = members.get(at)?;
    let neighbours = (at.checked_sub(1).and_then(|before| members.get(before)), members.get(at + 1));
    let lead = match neighbours {
        (_, Some(next)) => text.get(attester.value.end..next.key.start)?,
        (Some(before), None) => text.get(before.value.end..attester.key.start)?,
        (None, None) => text.get(..attester.key.start)?.rsplit_once('{')?.1,
    };
    let lead = lead.split_once(',').map_or(lead, |(_, lead)| lead);
    let colon = text.get(attester.key.end..attester.value.start)?;
    let colon = if colon.contains(['\n', '\r']) { ": " } else { colon };
    let end = attester.value.end;
    Some(Splice { at: end..end, text: format!(",{lead}\"coinbase\"{colon}{value}") })
}

/// The bytes with the splices, which are in their order.
fn apply(content: &[u8], splices: &[Splice]) -> Option<Zeroizing<Vec<u8>>> {
    let more: usize = splices.iter().map(|splice| splice.text.len()).sum();
    // Never grown, so that no copy stays behind.
    let mut edited = Zeroizing::new(Vec::with_capacity(content.len().checked_add(more)?));
    let mut after = 0;
    for splice in splices {
        edited.extend_from_slice(content.get(after..splice.at.start)?);
        edited.extend_from_slice(splice.text.as_bytes());
        after = splice.at.end;
    }
    edited.extend_from_slice(content.get(after..)?);
    Some(edited)
}
