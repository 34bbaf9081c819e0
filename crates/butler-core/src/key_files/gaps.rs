//! What could not be read, before it is decided what of that makes anybody doubtful.

use std::collections::BTreeSet;
use std::ops::Bound;
use std::path::{Path, PathBuf};

use glob::Pattern;

use super::content::Content;
use super::discovery::{Folders, Found, Role, plain};
use super::fault::{FileFault, SourceFault};
use super::outcome::Outcome;
use super::shown::shown_path;
use super::walk::{OPTIONS, has_wildcard};
use crate::text::pattern::bounded_pattern;

/// A file or pattern that could not be read, or not in every part, and for which no last good content stands.
pub(super) struct Gap {
    /// The file without its version, or the pattern, fit to be shown and stored: what it is known by.
    pub(super) key: String,
    /// Where attesters may stand, with the reason; nowhere in a file of publishers.
    pub(super) told: Option<(String, String)>,
    /// What may say something for other files.
    pub(super) unread: Option<Found>,
}

/// Everything that could not be read; `kept` are last good contents.
pub(super) fn gaps(faults: &[SourceFault], outcomes: &[Outcome], kept: &[(&Found, &Content)]) -> Vec<Gap> {
    let families: BTreeSet<PathBuf> = kept.iter().map(|(found, _)| found.family()).collect();
    let places: BTreeSet<PathBuf> = kept.iter().map(|(found, _)| plain(&found.path)).collect();
    let mut folders = Folders::default();
    let mut is_kept = |fault: &SourceFault| stands_for(&fault.at, (&places, &families), &mut folders);
    let of_sources: Vec<&SourceFault> = faults.iter().filter(|fault| !is_kept(fault)).collect();
    let of_sources = of_sources.into_iter().map(|SourceFault { at, server, fault }| Gap {
        key: shown_path(at),
        told: Some((shown_path(at), fault.what.clone())),
        unread: server
            .as_ref()
            .map(|server| Found::new(at.clone(), server.clone(), Role::KeyFile).located_in(&mut folders)),
    });
    let of_files = outcomes.iter().filter_map(|outcome| {
        let family = outcome.found.family();
        if families.contains(&family) {
            return None;
        }
        let is_unread = outcome.content.is_none() && outcome.faults.iter().any(FileFault::leaves_gap);
        let told = outcome.gap().map(|why| (shown_path(&outcome.found.path), why));
        let unread = is_unread.then(|| outcome.found.clone());
        (told.is_some() || unread.is_some()).then(|| Gap { key: shown_path(&family), told, unread })
    });
    of_sources.chain(of_files).collect()
}

/// Whether a last good content stands for what could not be read at `at`: a pattern, a folder, or a version of a file.
fn stands_for(at: &Path, (kept, families): (&BTreeSet<PathBuf>, &BTreeSet<PathBuf>), folders: &mut Folders) -> bool {
    if kept.is_empty() {
        return false;
    }
    let place = plain(at);
    // What lies below a folder follows it in the order of paths.
    let next = || kept.range::<Path, _>((Bound::Included(place.as_path()), Bound::Unbounded)).next();
    let shown = place.to_string_lossy();
    let pattern = || bounded_pattern(&shown).filter(|_| has_wildcard(&shown));
    let is_matched = |pattern: Pattern| kept.iter().any(|path| pattern.matches_path_with(path, OPTIONS));
    next().is_some_and(|path| path.starts_with(&place))
        || pattern().is_some_and(is_matched)
        || families.contains(&Found::new(at.to_owned(), String::new(), Role::KeyFile).located_in(folders).family())
}
