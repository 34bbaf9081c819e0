//! Duties of one rollup, followed from block to block and kept on disk.
//!
//! Logs come along with the ledger's scan; what nobody heard is asked for. Logs of the last blocks are taken anew each time, so that a
//! reorganized block tells what it has now. The draw of an epoch is asked for once. Transactions are read where they matter: own
//! proposals at once (of whoever has one in nearly every slot with the next look: [`pace`]), the others of an epoch with own members when it
//! is over, in one exchange. What waits is not told. Each is held against the draw of its epoch, and is asked for a few times before it is told as not read. The file is a memory: without it, the span is read again.

mod asked;
mod content;
mod file;
mod following;
mod pace;
mod seen;
mod transactions;
mod update;

use std::path::{Path, PathBuf};

use ethers_core::types::Address;

use self::asked::Asked;
use self::content::{Content, Subject};
pub use self::following::Following;
use self::update::update;
use super::logs;
use crate::chain::error::SnapshotError;
use crate::chain::request::Progress;
use crate::client::l1::L1Client;
use crate::client::logs::LogFilter;
use crate::domain::duties::{DutiesSeen, SeenProposal};
use crate::store::file::StoreError;

/// The duties of one rollup, with their place on disk.
#[derive(Debug)]
pub struct DutiesBook {
    path: Option<PathBuf>,
    subject: Subject,
    content: Option<Content>,
    asked: Asked,
    seen: Option<DutiesSeen>,
    is_saved: bool,
}

impl DutiesBook {
    /// What an earlier run kept at `path`, or nothing yet. Blocks while it reads the file. One that is damaged or about something else is
    /// written over when something was read.
    #[must_use]
    pub fn open(path: Option<&Path>, chain_id: u64, rollup: Address) -> Self {
        let subject = Subject { chain_id, rollup };
        let content = path.and_then(|path| file::load(path, &subject));
        Self { path: path.map(Path::to_owned), subject, content, asked: Asked::default(), seen: None, is_saved: true }
    }

    /// The logs that tell of these rollups, to be heard along with other scans.
    #[must_use]
    pub fn filter(rollups: impl IntoIterator<Item = Address>) -> LogFilter {
        logs::filter(rollups)
    }

    /// The rollup.
    #[must_use]
    pub fn rollup(&self) -> Address {
        self.subject.rollup
    }

    /// What was seen when it was followed last.
    #[must_use]
    pub fn seen(&self) -> Option<&DutiesSeen> {
        self.seen.as_ref()
    }

    /// Own proposals that are kept, oldest first, also such that are older than any span.
    #[must_use]
    pub fn proposals(&self) -> Vec<SeenProposal> {
        let kept = self.content.iter().flat_map(|content| content.proposals_at(self.subject.rollup));
        kept.collect()
    }

    /// Forgets all but own proposals, where nothing more is to be followed.
    pub fn retire(&mut self) {
        self.seen = None;
        self.asked = Asked::default();
        if let Some(content) = &mut self.content {
            self.is_saved &= !content.retire();
        }
    }

    /// Reads on, up to the newest block.
    ///
    /// # Errors
    /// See [`SnapshotError`]; what was read before that stays, and so does what was seen last. A transaction that cannot be read is no
    /// error, and neither is a gap.
    pub async fn follow(
        &mut self,
        client: &L1Client,
        following: &Following<'_>,
        progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<(), SnapshotError> {
        self.is_saved = false;
        let gap = update(client, self.subject.rollup, &mut self.content, &mut self.asked, following, progress).await?;
        if let Some(content) = &mut self.content {
            self.seen = Some(content.seen(self.subject.rollup, following, gap));
        }
        Ok(())
    }

    /// Keeps it for the next start, where something was read. Blocks.
    ///
    /// # Errors
    /// What stopped the file from being replaced; the old one is still whole.
    pub fn save(&mut self) -> Result<(), StoreError> {
        let (Some(path), Some(content), false) = (&self.path, &self.content, self.is_saved) else { return Ok(()) };
        file::save(path, &self.subject, content)?;
        self.is_saved = true;
        Ok(())
    }
}
