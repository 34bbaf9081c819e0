//! What came of reading one file: what it says, or why it was refused.

use super::content::Content;
use super::discovery::{Found, Role};
use super::fault::FileFault;

/// A file with what came of reading it.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) found: Found,
    /// `None` when it was refused; the faults say why.
    pub(super) content: Option<Content>,
    pub(super) faults: Vec<FileFault>,
}

impl Outcome {
    /// Why the file was refused, or a part of it.
    pub(super) fn gap(&self) -> Option<String> {
        if self.found.role == Role::Publishers {
            return None;
        }
        match &self.content {
            Some(content) => content.illegible.clone(),
            None => self.faults.iter().find(|fault| fault.leaves_gap()).map(|fault| fault.what.clone()),
        }
    }
}
