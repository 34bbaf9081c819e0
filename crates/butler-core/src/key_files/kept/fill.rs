//! What counts of a file that is good but for some of its entries, or for keys that vanished from folders to which it leads.

use std::collections::BTreeSet;

use ethers_core::types::Address;

use super::one::Kept;
use crate::key_files::content::Content;
use crate::key_files::fault::FileFault;
use crate::key_files::kept_file::KeptWhy;
use crate::key_files::vanished::Vanished;

/// What is known of all files together while each is looked at.
pub(super) struct All {
    /// The attesters that are named, where a file leads to folders of keys.
    pub(super) named: BTreeSet<Address>,
    pub(super) is_anybody_left: bool,
    pub(super) now: u64,
}

/// Takes for what is not legible in a content, and for what vanished from its folders, what was read last. `None` when nothing was
/// taken, else why something was and what is told of that.
pub(super) fn fill(content: &mut Content, known: &mut Kept, all: &All) -> Option<(KeptWhy, Vec<FileFault>)> {
    known.vanished.clear();
    let taken_away = if content.has_holes() { content.fill_from(&known.content) } else { None };
    let is_over =
        matches!(known.failing, Some((KeptWhy::PartlyGone, _))) && known.is_over(all.is_anybody_left, all.now);
    let vanished = if is_over { Vanished::default() } else { content.fill_folders(&known.content, &all.named) };
    let why = match &taken_away {
        Some(_) => KeptWhy::Partly,
        None if vanished.places.is_empty() => return None,
        None => KeptWhy::PartlyGone,
    };
    known.vanished = vanished.attesters;
    let mut faults: Vec<FileFault> = taken_away.into_iter().flatten().map(none_left).collect();
    faults.extend(vanished.places.into_iter().map(|place| {
        let what = "encrypted keys are gone from the folder that this leads to";
        FileFault::at(place, what).hint("put them back; where they are gone for good, this is told for a day")
    }));
    Some((why, faults))
}

/// What is told of publishers that were taken away under a running program.
fn none_left(place: String) -> FileFault {
    let what = "no publisher any more: a node that reads it uses the attester's own account, or refuses the file";
    FileFault::at(place, what).hint("put the publisher back, or remove the key where that is meant")
}
