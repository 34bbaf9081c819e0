//! What is asked for of servers whose files are right and whose attesters proposed with other coinbases: gathered from the journal and from
//! the keystores as they were seen last, and decided in `plan/`.

use std::collections::{BTreeMap, BTreeSet};

use butler_core::config::WatcherConfig;
use butler_core::domain::action::{Action, ActionKind, ActionSubject, Goal, Phase, Place, Policy};
use butler_core::key_files::edit::FolderView;
use ethers_core::types::Address;
use serde_json::{Value, to_value};

use super::edits::Edits;
use crate::executors::{loaded_at, record_of};
use crate::journal::{Entry, Journal, JournalError, Keep, Known, each_live};
use crate::plan::proofs::{
    Asked, At, Became, Contradiction, Live, Reloading, Reloads, Remedy, Server, Telling, decide,
};
use crate::plan::views::{content, find, hiding, refusal};

/// Where an action is not over.
const LIVE: [Phase; 5] = [Phase::AwaitingApproval, Phase::Due, Phase::Running, Phase::Verifying, Phase::Parked];
/// The sort of record that remembers what was asked for.
const SORT: &str = "reload-asked";

/// What is asked for, and what is said of it.
#[derive(Debug, Default)]
pub(super) struct Decided {
    pub(super) reloads: Reloads,
    /// What becomes of it, by server.
    pub(super) states: BTreeMap<String, Reloading>,
}

/// What of the journal matters.
#[derive(Debug, Default)]
struct Standing {
    /// Reloads that are not over, by server.
    loads: BTreeMap<String, Entry>,
    /// Attesters whose coinbase is being configured.
    served: BTreeSet<Address>,
}

/// Decides on every server. `wanted` is the operator's policy for reloads. Blocks.
pub(super) fn look(
    open: &[(Address, &Contradiction)],
    telling: &Telling<'_>,
    edits: &Edits,
    journal: &dyn Journal,
    config: &WatcherConfig,
) -> Result<Decided, JournalError> {
    let mut decided = Decided::default();
    let counts = journal.status()?.counts;
    let is_any = counts
        .get(&ActionKind::ReloadKeystore)
        .is_some_and(|phases| phases.iter().any(|(phase, count)| *count > 0 && !phase.is_final()));
    if open.is_empty() && !is_any {
        return Ok(decided);
    }
    let Standing { mut loads, mut served } = standing(journal, &telling.place)?;
    // What is to be written for them is planned beside.
    let is_to_write = |attester: &Address| matches!(telling.remedies.get(attester), Some(Remedy::Write(_)));
    served.extend(open.iter().map(|(attester, _)| *attester).filter(is_to_write));
    let mut servers: BTreeMap<String, Vec<String>> =
        edits.servers().map(|(server, nodes)| (server.to_owned(), nodes)).collect();
    for gone in loads.keys() {
        servers.entry(gone.clone()).or_default();
    }
    for (name, nodes) in &servers {
        let seen = edits.views().and_then(|views| views.seen(name)).filter(|view| hiding(view).is_none());
        let is_refused = seen.is_some_and(|view| refusal(view).is_some());
        let runs = |view: &FolderView| served.iter().any(|attester| find(view, *attester).is_some());
        let entry = loads.remove(name);
        let server = Server {
            name,
            nodes: nodes.clone(),
            content: seen.filter(|_| !is_refused).map(content),
            loaded_at: loaded_at(journal, &telling.place, name)?,
            is_served: seen.is_some_and(runs),
            last: last(journal, &telling.place, name)?,
            live: entry.as_ref().map(|entry| Live { action: entry.action.clone(), at: at(entry) }),
        };
        decide(&server, open, seen, telling, &mut decided.reloads);
        let state = match &entry {
            Some(entry) => reloading(entry),
            None => is_refused.then_some(Reloading::Refused),
        };
        decided.states.extend(state.map(|state| (name.clone(), state)));
    }
    drop_what_is_over(&mut decided.reloads, journal)?;
    for (action, _) in &decided.reloads.asks {
        let Goal::KeystoreLoaded { server, .. } = &action.goal else { continue };
        let state = match action.policy(config.policies.of(action.kind)) {
            Policy::Approve => Reloading::Waits,
            Policy::Auto => Reloading::Due,
            Policy::Off | Policy::Notify => continue,
        };
        decided.states.insert(server.clone(), state);
    }
    Ok(decided)
}

/// What is to be remembered of what is asked for, durable with it.
pub(super) fn keep((action, asked): &(Action, Asked)) -> Option<Keep> {
    let Goal::KeystoreLoaded { server, .. } = &action.goal else { return None };
    Some(Keep { name: record_of(SORT, &action.place, server), value: Some(to_value(asked).ok()?) })
}

fn standing(journal: &dyn Journal, place: &Place) -> Result<Standing, JournalError> {
    let mut found = Standing::default();
    each_live(journal, &LIVE, |entry| {
        if entry.action.place != *place {
            return;
        }
        match (entry.action.kind, &entry.action.subject, &entry.action.goal) {
            (ActionKind::ReloadKeystore, _, Goal::KeystoreLoaded { server, .. }) => {
                found.loads.insert(server.clone(), entry);
            }
            (ActionKind::ConfigureCoinbase, ActionSubject::Attester(attester), _)
                if entry.standing.phase != Phase::Parked =>
            {
                found.served.insert(*attester);
            }
            _ => {}
        }
    })?;
    Ok(found)
}

fn at(entry: &Entry) -> At {
    let standing = &entry.standing;
    let is_open = standing.policy.acts() && standing.leased_until.is_none();
    match standing.phase {
        Phase::Parked => At::Parked,
        Phase::AwaitingApproval | Phase::Due if is_open => At::Open,
        Phase::Planned
        | Phase::AwaitingApproval
        | Phase::Due
        | Phase::Running
        | Phase::Verifying
        | Phase::Done
        | Phase::Dropped => At::Busy,
    }
}

fn reloading(entry: &Entry) -> Option<Reloading> {
    if !entry.standing.policy.acts() {
        return None;
    }
    match entry.standing.phase {
        Phase::AwaitingApproval => Some(Reloading::Waits),
        Phase::Planned | Phase::Due | Phase::Running | Phase::Verifying => Some(Reloading::Due),
        Phase::Parked => Some(Reloading::Parked),
        Phase::Done | Phase::Dropped => None,
    }
}

/// What was asked for of a server the last time.
fn last(journal: &dyn Journal, place: &Place, server: &str) -> Result<Option<(Asked, Became)>, JournalError> {
    let kept: Option<Value> = journal.kept(&record_of(SORT, place, server))?.into_values().next();
    let Some(asked) = kept.and_then(|value| serde_json::from_value::<Asked>(value).ok()) else { return Ok(None) };
    let became = match journal.look_up(&asked.key)? {
        Some(Known::Live(_)) => Became::Live,
        Some(Known::Finished(finished)) if finished.again => Became::TakenBack,
        // What was only told ended without a reason.
        Some(Known::Finished(finished)) if finished.phase == Phase::Done && finished.reason.is_some() => Became::Loaded,
        Some(Known::Finished(_)) => Became::Passed,
        None => return Ok(None),
    };
    Ok(Some((asked, became)))
}

/// What was done on an occasion is not done again for the same one.
fn drop_what_is_over(reloads: &mut Reloads, journal: &dyn Journal) -> Result<(), JournalError> {
    for one in std::mem::take(&mut reloads.asks) {
        let known = journal.look_up(&one.0.key)?;
        if !matches!(known, Some(Known::Finished(finished)) if !finished.again) {
            reloads.asks.push(one);
        }
    }
    Ok(())
}
