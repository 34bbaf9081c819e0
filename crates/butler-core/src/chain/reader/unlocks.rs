//! When the governance unlocks each exit of ours: asked once for each exit, beside other reads where its number is known in time.

use std::collections::BTreeMap;

use ethers_core::types::Address;

use crate::chain::error::SnapshotError;
use crate::chain::reads::{Answers, Reads};
use crate::chain::rollups::RollupBook;
use crate::chain::stages::{Opened, UnlockReads};
use crate::chain::witnesses::Witnesses;
use crate::client::l1::L1Client;
use crate::domain::attester::view::{AttesterView, Exit};
use crate::domain::block::BlockRef;
use crate::domain::rollups::FormerRollup;

/// Where it is asked.
#[derive(Clone, Copy)]
pub(super) struct Unlocks<'a> {
    pub(super) client: &'a L1Client,
    pub(super) block: &'a BlockRef,
    /// `None` where nobody says who governs.
    pub(super) governance: Option<Address>,
    pub(super) is_alone: bool,
}

impl Unlocks<'_> {
    /// What is asked beside other reads: exits at that rollup, and those elsewhere of which one endpoint told it once.
    pub(super) fn beside(
        &self,
        (rollup, attesters): (Address, &BTreeMap<Address, AttesterView>),
        book: &RollupBook,
    ) -> Vec<Opened> {
        let Some(governance) = self.governance else { return Vec::new() };
        let is_settled = |exit: &Exit| book.is_unlock_settled(self.client, self.block, governance, exit);
        let exits = attesters.values().filter_map(|view| view.exit.as_ref());
        let here = exits.filter(|exit| !is_settled(exit)).map(|exit| Opened::by(rollup, exit));
        let elsewhere = book.open_unlocks(self.client, self.block, governance);
        here.chain(elsewhere.into_iter().filter(|opened| opened.rollup != rollup)).collect()
    }

    /// Whether it need not be asked where that costs an exchange.
    fn is_known(&self, exit: &Exit, book: &RollupBook) -> bool {
        self.governance.is_some_and(|governance| book.unlock(self.client, self.block, governance, exit).is_some())
    }

    /// Whether an exit is there of which the governance does not tell it.
    pub(super) fn is_one_untold(
        &self,
        (attesters, former): (&BTreeMap<Address, AttesterView>, &[FormerRollup]),
    ) -> bool {
        let views = former.iter().flat_map(|rollup| rollup.attesters.values()).chain(attesters.values());
        self.governance.is_some() && views.filter_map(|view| view.exit).any(|exit| exit.unlocks_at.is_none())
    }

    /// Keeps what was answered.
    pub(super) fn note(
        &self,
        reads: &UnlockReads,
        answers: &Answers,
        book: &mut RollupBook,
    ) -> Result<(), SnapshotError> {
        if let Some(governance) = self.governance {
            book.note_unlocks(governance, &reads.take(answers, self.is_alone)?, answers, self.block);
        }
        Ok(())
    }

    /// Puts the moments where the exits are, and asks for those of exits at former rollups that are new.
    pub(super) async fn settle(
        &self,
        (attesters, former): (&mut BTreeMap<Address, AttesterView>, &mut [FormerRollup]),
        book: &mut RollupBook,
        witnesses: &mut Witnesses,
    ) -> Result<(), SnapshotError> {
        let mut reads = Reads::default();
        let views = former.iter().flat_map(|rollup| rollup.attesters.values().map(|view| (rollup.id.address, view)));
        let exits = views.filter_map(|(rollup, view)| Some((rollup, view.exit.as_ref()?)));
        let unknown = exits.filter(|(_, exit)| !self.is_known(exit, book));
        let opened = unknown.map(|(rollup, exit)| Opened::by(rollup, exit));
        let asked = UnlockReads::plan(&mut reads, self.governance, opened);
        if reads.len() > 0 {
            let answers = reads.fetch(self.client, self.block).await?;
            witnesses.note(&answers);
            self.note(&asked, &answers, book)?;
        }
        let views = former.iter_mut().flat_map(|rollup| rollup.attesters.values_mut()).chain(attesters.values_mut());
        for exit in views.filter_map(|view| view.exit.as_mut()) {
            exit.unlocks_at =
                self.governance.and_then(|governance| book.unlock_at(self.client, self.block, governance, exit));
        }
        Ok(())
    }
}
