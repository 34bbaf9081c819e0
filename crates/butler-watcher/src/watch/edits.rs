//! What actions would change in keystores: looked up when they are planned, and again as long as nobody carries them out.
//!
//! A person approves what is shown. What is there now is held against it at every look; where it is something else, the action is planned
//! anew, and what was approved of it is void.

use std::sync::Arc;
use std::time::Duration;

use butler_core::config::WatcherConfig;
use butler_core::domain::action::{
    Action, ActionKind, ActionSubject, CoinbaseBefore, Goal, KeystoreEdit, Phase, Place,
};
use butler_core::domain::ids::Coinbase;
use ethers_core::types::Address;
use tokio::time::Instant;

use crate::executors::{Keystores, is_begun};
use crate::health::Health;
use crate::journal::{Journal, JournalError, Plan, each_live};
use crate::plan::views::{Views, is_as_shown};

/// How often keystores are looked at while something waits.
const EVERY: Duration = Duration::from_secs(15);
/// Where an action may still be planned anew.
const OPEN: [Phase; 2] = [Phase::AwaitingApproval, Phase::Due];

/// The keystores of one network and what they said last.
#[derive(Debug)]
pub(super) struct Edits {
    keystores: Option<Arc<Keystores>>,
    views: Views,
    looked_at: Option<Instant>,
}

impl Edits {
    pub(super) fn new(keystores: Option<Arc<Keystores>>) -> Self {
        Self { keystores, views: Views::default(), looked_at: None }
    }

    /// Has the keystores looked at with the next look, however short ago they were.
    pub(super) fn look_soon(&mut self) {
        self.looked_at = None;
    }

    /// What was seen; `None` where the network has no keystores.
    pub(super) fn views(&self) -> Option<&Views> {
        self.keystores.as_ref().map(|_| &self.views)
    }

    /// The servers, each with its nodes that can be told to reload.
    pub(super) fn servers(&self) -> impl Iterator<Item = (&str, Vec<String>)> {
        self.keystores.iter().flat_map(|keystores| keystores.servers())
    }

    /// Looks at the keystores where something waits that concerns them and it is time, or in any case.
    pub(super) async fn look(
        &mut self,
        (journal, health): (&dyn Journal, &Health),
        place: Place,
        in_any_case: bool,
    ) -> Result<bool, JournalError> {
        let Some(keystores) = &self.keystores else { return Ok(false) };
        let is_time = self.looked_at.is_none_or(|at| at.elapsed() >= EVERY);
        let is_due = in_any_case || is_time && waits(journal, place)?;
        if !is_due {
            return Ok(false);
        }
        keystores.look(&mut self.views, health).await;
        self.looked_at = Some(Instant::now());
        Ok(true)
    }

    /// The same action with what it would change.
    pub(super) fn shown(&self, action: Action) -> Action {
        match wanted(&action) {
            Some((attester, coinbase)) if self.keystores.is_some() => {
                Action { edits: self.views.edits(attester, coinbase), ..action }
            }
            Some(_) | None => action,
        }
    }

    /// The plans of actions whose keystores are not what was shown any more.
    pub(super) fn renewed(
        &self,
        journal: &dyn Journal,
        place: Place,
        config: &WatcherConfig,
    ) -> Result<Vec<Plan>, JournalError> {
        let mut plans = Vec::new();
        each_live(journal, &OPEN, |entry| {
            let Some((attester, coinbase)) = wanted(&entry.action) else { return };
            let phase = entry.standing.phase;
            let is_open = entry.action.place == place && entry.standing.leased_until.is_none();
            if !is_open || !entry.standing.policy.acts() {
                return;
            }
            let shown = &entry.action.edits;
            let now = as_seen_before((phase, shown), self.views.edits(attester, coinbase));
            let is_same = if phase == Phase::Due { is_as_shown(shown, &now) } else { *shown == now };
            // Where all of it stands and a node may not have taken it nothing is to be written, and so to be shown.
            let is_left_to_a_node = is_begun(entry.standing.intent.as_ref()) && is_written(&now);
            if !is_same && !is_left_to_a_node {
                let action = Action { edits: now, ..entry.action };
                plans.push(Plan { policy: action.policy(config.policies.of(action.kind)), action });
            }
        })?;
        Ok(plans)
    }
}

/// What there is now, and where that could not be seen what was shown, which stands: whoever carries it out looks again. What was approved
/// is not void because one more server cannot be seen: nothing is done before it was.
fn as_seen_before((phase, shown): (Phase, &[KeystoreEdit]), now: Vec<KeystoreEdit>) -> Vec<KeystoreEdit> {
    let seen = |edit: KeystoreEdit| match (edit.before, shown.iter().find(|shown| shown.server == edit.server)) {
        (CoinbaseBefore::Unread, None) if phase == Phase::Due => None,
        (CoinbaseBefore::Unread, Some(shown)) => Some(shown.clone()),
        _ => Some(edit),
    };
    now.into_iter().filter_map(seen).collect()
}

/// Whether every file has the coinbase.
fn is_written(edits: &[KeystoreEdit]) -> bool {
    !edits.is_empty() && edits.iter().all(|edit| edit.before == CoinbaseBefore::AsWanted)
}

fn wanted(action: &Action) -> Option<(Address, Coinbase)> {
    match (&action.subject, &action.goal) {
        (ActionSubject::Attester(attester), Goal::CoinbaseConfigured { coinbase, .. }) if action.kind.writes() => {
            Some((*attester, *coinbase))
        }
        (
            ActionSubject::Attester(_)
            | ActionSubject::Provider(_)
            | ActionSubject::Rollup(_)
            | ActionSubject::Named(_)
            | ActionSubject::Network
            | ActionSubject::Job { .. },
            Goal::CoinbaseConfigured { .. }
            | Goal::KeystoreLoaded { .. }
            | Goal::Told
            | Goal::Executed(_)
            | Goal::JobDone { .. },
        ) => None,
    }
}

/// Whether something of the network waits that keystores concern, parked things included.
fn waits(journal: &dyn Journal, place: Place) -> Result<bool, JournalError> {
    let mut found = false;
    each_live(journal, &[Phase::AwaitingApproval, Phase::Due, Phase::Parked], |entry| {
        let is_ours = wanted(&entry.action).is_some() || entry.action.kind == ActionKind::ReloadKeystore;
        found |= entry.action.place == place && is_ours;
    })?;
    Ok(found)
}
