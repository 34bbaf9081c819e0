//! What came of reading one file: what it says, or why it was refused.

use super::content::Content;
use super::discovery::{Found, Role};
use super::fault::{FaultKind, FileFault};

/// A file with what came of reading it.
#[derive(Debug, Clone)]
pub(super) struct Outcome {
    pub(super) found: Found,
    /// `None` when it was refused; the faults say why.
    pub(super) content: Option<Content>,
    pub(super) faults: Vec<FileFault>,
    /// Whether a file that names nobody has done so for long enough, or those that it named stand in other files.
    pub(super) is_believed: bool,
    /// Whether a later version was good, and what it said counts instead.
    pub(super) is_held: bool,
}

impl Outcome {
    pub(super) fn new(found: Found, content: Option<Content>, faults: Vec<FileFault>) -> Self {
        Self { found, content, faults, is_believed: false, is_held: false }
    }

    /// What it says, where that counts.
    pub(super) fn counting(&self) -> Option<&Content> {
        self.content.as_ref().filter(|_| !self.is_held)
    }

    /// Whether it is a key file that names nobody.
    pub(super) fn names_nobody(&self) -> bool {
        self.content.is_some() && self.nobody().is_some()
    }

    fn nobody(&self) -> Option<&FileFault> {
        self.faults.iter().find(|fault| fault.kind == FaultKind::NamesNobody)
    }

    /// Why the file was refused, or a part of it.
    pub(super) fn gap(&self) -> Option<String> {
        if self.found.role == Role::Publishers || self.is_held {
            return None;
        }
        match &self.content {
            Some(content) => {
                let nobody = || self.nobody().filter(|_| !self.is_believed).map(|_| "it names nobody".to_owned());
                content.illegible.clone().or_else(nobody)
            }
            None => self.faults.iter().find(|fault| fault.leaves_gap()).map(|fault| fault.what.clone()),
        }
    }
}

/// Whether anybody is named by what was read.
pub(super) fn is_anybody_left(outcomes: &[Outcome]) -> bool {
    outcomes.iter().filter_map(|outcome| outcome.content.as_ref()).any(|content| content.attester_count() > 0)
}
