//! What counts of a file that is good but for some of its entries, or for keys that vanished from folders to which it leads.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::named::Named;
use super::one::Kept;
use crate::key_files::content::Content;
use crate::key_files::discovery::Role;
use crate::key_files::fault::FileFault;
use crate::key_files::kept_file::KeptWhy;
use crate::key_files::vanished::Vanished;

/// What is known of all files together while each is looked at.
pub(super) struct All {
    /// Who was named where until now.
    pub(super) before: Named,
    /// Who is named where by what was read, where anything is not legible or leads to folders of keys.
    pub(super) named: Named,
    /// The files that there are now.
    pub(super) present: BTreeSet<(Role, PathBuf)>,
    pub(super) is_anybody_left: bool,
    pub(super) now: u64,
}

/// What was taken for what is not legible.
pub(super) struct Filled {
    pub(super) why: KeptWhy,
    /// What is told of it.
    pub(super) faults: Vec<FileFault>,
    /// Whether the content is what stands behind the next one. Not so where keys vanished: the folders say which.
    pub(super) is_lasting: bool,
}

/// Takes for what is not legible in a content, and for what vanished from its folders, what was read last. `None` when nothing was taken.
pub(super) fn fill(content: &mut Content, known: &mut Kept, all: &All) -> Option<Filled> {
    known.vanished.clear();
    let file = known.found.family();
    let shared = if known.failing.is_some() { known.shared.clone() } else { known.shares(&all.before) };
    let kind = known.content.kind;
    let has_moved = |attester| shared.has_moved(attester, &file, kind, &all.named);
    let taken_away = if content.has_holes() { content.fill_from(&known.content, has_moved) } else { None };
    let is_over =
        matches!(known.failing, Some((KeptWhy::PartlyGone, _))) && known.is_over(all.is_anybody_left, all.now);
    let vanished = if is_over || !known.content.has_folders() {
        Vanished::default()
    } else {
        content.fill_folders(&known.content, has_moved)
    };
    let why = match &taken_away {
        Some(_) => KeptWhy::Partly,
        None if vanished.places.is_empty() => return None,
        None => KeptWhy::PartlyGone,
    };
    let is_lasting = vanished.places.is_empty();
    known.vanished = vanished.attesters;
    let mut faults: Vec<FileFault> = taken_away.into_iter().flatten().map(none_left).collect();
    faults.extend(vanished.places.into_iter().map(|place| {
        let what = "encrypted keys are gone from the folder that this leads to";
        FileFault::at(place, what).hint("put them back; where they are gone for good, this is told for a day")
    }));
    Some(Filled { why, faults, is_lasting })
}

/// What is told of publishers that were taken away under a running program.
fn none_left(place: String) -> FileFault {
    let what = "no publisher any more: a node that reads it uses the attester's own account, or refuses the file";
    FileFault::at(place, what).hint("put the publisher back, or remove the key where that is meant")
}
