//! One file whose contents are kept.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use ethers_core::types::Address;
use serde::{Deserialize, Serialize};

use super::named::{Named, Shared};
use crate::key_files::content::Content;
use crate::key_files::discovery::{Found, version_of_path};
use crate::key_files::kept_file::{KeptFile, KeptWhy};
use crate::key_files::registered::{RegisteredKeys, drop_differing, has_differing};
use crate::key_files::shown::shown_path;

/// How long a file counts that is gone while others are there, in seconds.
pub(super) const GONE_FOR: u64 = 24 * 3_600;
/// How long one counts that cannot be read, or of which nobody is left.
pub(super) const KEPT_FOR: u64 = 7 * 24 * 3_600;

/// A file's last good content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Kept {
    pub(super) found: Found,
    pub(super) content: Content,
    /// When it was first read, in seconds since 1970.
    pub(super) first_read: u64,
    /// Why it cannot be read now, and since when.
    pub(super) failing: Option<(KeptWhy, u64)>,
    /// Those of its attesters that other files named, too, when it began to fail: they have not moved there since.
    #[serde(default, flatten)]
    pub(super) shared: Shared,
    /// Attesters for whom it had a BLS key. Set where what was stored stands in, since no BLS key is stored.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) had_bls: BTreeSet<Address>,
    /// The file that said it, where a later version of it was found since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) said_by: Option<PathBuf>,
    /// Whether it was stored before the chain was asked about its BLS keys.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) is_unproven: bool,
    /// Attesters of encrypted keys that are gone from folders to which it leads.
    #[serde(skip)]
    pub(super) vanished: BTreeSet<Address>,
    /// The content before this one, until the chain has been asked about the BLS keys of this one.
    #[serde(skip)]
    pub(super) before: Option<Box<Content>>,
    /// Whether it has been asked.
    #[serde(skip)]
    pub(super) is_confirmed: bool,
    /// Whether everything that it said stands in other files now.
    #[serde(skip)]
    pub(super) has_moved: bool,
}

impl Kept {
    /// What was read now for the first time.
    pub(super) fn new(found: Found, content: Content, now: u64) -> Self {
        Self {
            found,
            content,
            first_read: now,
            failing: None,
            shared: Shared::default(),
            had_bls: BTreeSet::new(),
            said_by: None,
            is_unproven: false,
            vanished: BTreeSet::new(),
            before: None,
            is_confirmed: false,
            has_moved: false,
        }
    }

    /// The file that said what is kept.
    pub(super) fn source(&self) -> &Path {
        self.said_by.as_deref().unwrap_or(&self.found.path)
    }

    /// From now on it is looked for as `found`, whatever that is.
    pub(super) fn is_found_as(&mut self, found: &Found) {
        if self.said_by.is_none() && self.found.place() != found.place() {
            self.said_by = Some(self.found.path.clone());
        }
        self.found = found.clone();
    }

    /// Whether what was found is an older version of the file that said it.
    pub(super) fn is_newer_than(&self, found: &Found) -> bool {
        match (version_of_path(self.source()), version_of_path(&found.path)) {
            (Some(kept), Some(found)) => kept > found,
            (Some(_) | None, _) => false,
        }
    }

    /// Whether it was kept for long enough.
    pub(super) fn is_over(&self, is_anybody_left: bool, now: u64) -> bool {
        self.until(is_anybody_left).is_some_and(|until| now >= until)
    }

    /// Whether it is there, and names nobody any more.
    pub(super) fn is_emptied(&self) -> bool {
        matches!(self.failing, Some((KeptWhy::Emptied, _)))
    }

    /// Whether it is there and names nobody, and nothing of it is kept.
    pub(super) fn is_nobody(&self) -> bool {
        self.is_emptied() && self.content.is_empty() && !self.has_moved
    }

    /// From now on it is what it says: nobody.
    pub(super) fn believe(&mut self) {
        self.content = Content::new(self.content.kind);
        self.failing = None;
        self.has_moved = false;
    }

    /// From now on it says something else, about which the chain was not asked yet.
    pub(super) fn says(&mut self, content: Content) {
        let before = std::mem::replace(&mut self.content, content);
        if self.is_confirmed {
            self.before = Some(Box::new(before));
        }
        self.is_confirmed = false;
    }

    /// From now on it cannot be read; `before` is who was named where until now.
    pub(super) fn fails(&mut self, why: KeptWhy, now: u64, before: &Named) {
        if self.failing.is_none() {
            self.shared = self.shares(before);
        }
        let since = self.failing.map_or(now, |(_, since)| since);
        self.failing = Some((why, since));
    }

    pub(super) fn until(&self, is_anybody_left: bool) -> Option<u64> {
        let (why, since) = self.failing?;
        let is_removed = is_anybody_left && matches!(why, KeptWhy::Gone | KeptWhy::PartlyGone | KeptWhy::Emptied);
        Some(since.saturating_add(if is_removed { GONE_FOR } else { KEPT_FOR }))
    }

    /// What it shares with other files.
    pub(super) fn shares(&self, before: &Named) -> Shared {
        before.shared(&self.found.family(), &self.content)
    }

    /// Whether an attester stands in another file since it cannot be read.
    pub(super) fn has_moved(&self, attester: Address, now: &Named) -> bool {
        self.shared.has_moved(attester, &self.found.family(), self.content.kind, now)
    }

    /// Forgets what other files have now of a file that is gone or broken, and did not have while it was good: `named` is who is
    /// named where, `new` are the publishers of those that came since. `is_top_elsewhere` is whether what stands at its top
    /// stands there, too; if not, that much is kept.
    pub(super) fn forget_moved(&mut self, named: &mut Named, new: &BTreeSet<Address>, is_top_elsewhere: bool) {
        let had_attesters = self.content.attester_count() > 0;
        let is_movable = self.is_gone() || (had_attesters && !self.is_partly());
        if !is_movable || self.content.says_nothing() {
            return;
        }
        let file = self.found.family();
        let attesters = self.content.attesters();
        let moved: Vec<Address> = attesters.filter(|attester| self.has_moved(*attester, named)).collect();
        named.remove(&file, &moved);
        let moved: BTreeSet<Address> = moved.into_iter().collect();
        for validator in &mut self.content.validators {
            validator.keys.retain(|(attester, _)| !moved.contains(attester));
        }
        self.content.validators.retain(|validator| !validator.keys.is_empty());
        let is_left = self.content.attester_count() > 0;
        // With its last attester a file has moved as a whole, and one without attesters with all of its publishers.
        let is_moved = if had_attesters { !is_left } else { self.content.all_publishers().is_subset(new) };
        if is_moved && is_top_elsewhere {
            self.content = Content::new(self.content.kind);
            self.has_moved = true;
        }
    }

    pub(super) fn is_gone(&self) -> bool {
        matches!(self.failing, Some((KeptWhy::Gone | KeptWhy::Emptied, _)))
    }

    pub(super) fn is_partly(&self) -> bool {
        matches!(self.failing, Some((KeptWhy::Partly | KeptWhy::PartlyGone, _)))
    }

    /// Takes in what the chain has registered. Whether the file is still to be kept: one that differs and was never good is
    /// not.
    pub(super) fn learn(&mut self, registered: &RegisteredKeys) -> bool {
        let before = self.before.take();
        if !has_differing(&self.content, registered) {
            self.is_confirmed = true;
            return true;
        }
        match before {
            Some(before) => self.content = *before,
            // It was good as far as anybody knew, until the chain registered another key.
            None if self.is_confirmed => {}
            None => return false,
        }
        drop_differing(&mut self.content, registered);
        self.is_confirmed = true;
        true
    }

    pub(super) fn shown(&self, server: String, is_anybody_left: bool) -> Option<KeptFile> {
        let (why, since) = self.failing?;
        Some(KeptFile {
            file: shown_path(if matches!(why, KeptWhy::Gone) { self.source() } else { &self.found.path }),
            server,
            why,
            attesters: self.content.attester_count(),
            since,
            until: self.until(is_anybody_left)?,
        })
    }
}
