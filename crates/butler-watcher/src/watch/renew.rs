//! What waits, held against the key files as they are now: ended where somebody did it by hand, shown anew where it would change or load
//! something else.

use std::sync::Arc;

use butler_core::key_files::KeyFilesReport;

use super::{Watch, reloads, wishes};
use crate::journal::{Batch, Committed, JournalError};
use crate::plan::proofs::Reloads;
use crate::tell::Named;

impl Watch {
    /// Shows which coinbases the key files name, so that nobody is told of one that is there.
    pub(super) fn show_coinbases(&mut self, keys: &KeyFilesReport) {
        let place = self.place();
        let policies = self.follower.network().config.coinbase_policies.clone();
        self.named = Named::of(&keys.book, policies, self.edits.views().cloned());
        self.configured.send_modify(|configured| {
            configured.insert(place, self.named.clone());
        });
    }

    /// Plans anew what waits and would change something else by now than was shown.
    pub(super) fn renew_edits(&mut self) -> Result<(), JournalError> {
        let keys = self.follower.network().keys.clone();
        self.show_coinbases(&keys);
        self.hold_against_files()?;
        let (config, place) = (Arc::clone(&self.wishes.borrow()), self.place());
        let plans = self.edits.renewed(self.journal.as_ref(), place, &config)?;
        let asked = (self.journal.as_ref(), config.as_ref());
        let Reloads { anew, retractions, .. } =
            self.duties.renewed(self.follower.network(), place, &self.edits, asked)?;
        if plans.is_empty() && anew.is_empty() && retractions.is_empty() {
            return Ok(());
        }
        let keeps = anew.iter().filter_map(reloads::keep).collect();
        let actions = plans.into_iter().map(|plan| plan.action).chain(anew.into_iter().map(|(action, _)| action));
        let batch = Batch {
            plans: wishes::plans(actions, &config, &self.named),
            approval: Some(config.approval_expiry),
            retractions: wishes::retractions(retractions),
            keeps,
            ..Batch::default()
        };
        let Committed { replaced, dropped, .. } = self.journal.commit(&batch)?;
        self.news.notify_one();
        if !dropped.is_empty() {
            let (network, dropped) = (&self.name, dropped.len());
            tracing::info!(network, dropped, "{dropped} actions are not needed any more");
        }
        let replaced = replaced.len();
        if replaced == 0 {
            return Ok(());
        }
        let network = &self.name;
        tracing::warn!(network, replaced, "{replaced} actions are shown anew: a keystore is not what it was");
        Ok(())
    }

    /// Ends what waits for a person and was done by hand meanwhile.
    pub(super) fn hold_against_files(&mut self) -> Result<(), JournalError> {
        if self.held_against.as_ref() == Some(&self.named) {
            return Ok(());
        }
        let fulfilled = wishes::fulfilled(self.journal.as_ref(), self.place(), &self.named)?;
        if !fulfilled.is_empty() {
            let batch = Batch { fulfilled, ..Batch::default() };
            let done = self.journal.commit(&batch)?.fulfilled.len();
            tracing::info!(network = self.name, done, "{done} actions that waited for somebody are done by now");
        }
        self.held_against = Some(self.named.clone());
        Ok(())
    }
}
