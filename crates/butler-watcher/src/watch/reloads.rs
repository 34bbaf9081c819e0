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
    Asked, At, Became, Contradiction, Live, Reloading, Reloads, Remedy, Server, Telling, decide, mend_keys,
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
    if config.policies.of(ActionKind::ConfigureCoinbase).acts() {
        for (attester, one) in open {
            if is_planned_beside(*attester, one, telling, journal)? {
                served.insert(*attester);
            }
        }
    }
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
            is_wanted: config.policies.of(ActionKind::ReloadKeystore).acts(),
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

/// Whether what is to be written for an attester is planned in this look. Not where a person said no since its last proposal.
fn is_planned_beside(
    attester: Address,
    one: &Contradiction,
    telling: &Telling<'_>,
    journal: &dyn Journal,
) -> Result<bool, JournalError> {
    if !matches!(telling.remedies.get(&attester), Some(Remedy::Write(_))) {
        return Ok(false);
    }
    for key in mend_keys(attester, one, &telling.place) {
        match journal.look_up(&key)? {
            // Those that wait or are being done are known already.
            Some(Known::Live(_)) => return Ok(false),
            Some(Known::Finished(finished)) if is_older(one, finished.at, telling) => return Ok(false),
            Some(Known::Finished(finished)) if !finished.again => {}
            Some(Known::Finished(_)) | None => return Ok(true),
        }
    }
    Ok(false)
}

/// Whether the last wrong proposal was made before that moment, in unix milliseconds.
pub(super) fn is_older(one: &Contradiction, moment: u64, telling: &Telling<'_>) -> bool {
    telling.began(&one.last).is_some_and(|start| start.saturating_mul(1000) < moment)
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
        Some(Known::Finished(finished)) if finished.is_unasked() => Became::Unasked,
        Some(Known::Finished(finished)) if finished.phase == Phase::Done => Became::Loaded,
        Some(Known::Finished(_)) => Became::Denied,
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use butler_core::domain::action::{Assurance, EffectKey, KeystoreContent, Part, Priority, Schema};

    use super::*;
    use crate::journal::{
        Batch, Claim, Decision, Keeper, Outcome, Plan, Retraction, Settings, Settlement, Verdict, Work,
    };

    const PLACE: Place = Place { chain_id: 1, contract: Address::repeat_byte(0xf0) };

    /// A journal in which that was asked for of a server under a policy.
    fn asked(folder: &tempfile::TempDir, server: &str, policy: Policy) -> (Keeper, EffectKey) {
        let keeper = Keeper::open(&folder.path().join(server), Settings::default()).unwrap();
        let key = EffectKey::new(ActionKind::ReloadKeystore, &PLACE, &[Part::Name(server), Part::Number(7)]);
        let content = KeystoreContent::of(Vec::new());
        let action = Action {
            schema: Schema,
            key: key.clone(),
            kind: ActionKind::ReloadKeystore,
            place: PLACE,
            subject: ActionSubject::Named(server.to_owned()),
            goal: Goal::KeystoreLoaded { server: server.to_owned(), nodes: Vec::new(), content },
            priority: Priority::Urgent,
            until: None,
            why: String::new(),
            evidence: Vec::new(),
            assurance: Assurance::TwoEndpoints,
            edits: Vec::new(),
        };
        let one = (action, Asked { key: key.clone(), block: 7, count: 1, before: 0 });
        let keeps = keep(&one).into_iter().collect();
        keeper.commit(&Batch { plans: vec![Plan { action: one.0, policy }], keeps, ..Batch::default() }).unwrap();
        (keeper, key)
    }

    fn became(keeper: &Keeper, server: &str) -> Option<Became> {
        last(keeper, &PLACE, server).unwrap().map(|(_, became)| became)
    }

    fn settled(keeper: &Keeper, work: Work, proof: Option<&str>) {
        let ask = Claim { limit: 9, lease: Duration::from_secs(9), chain_time: 0, holds: false, work };
        let leased = keeper.claim(&ask).unwrap();
        let outcome = Outcome::Proven { proof: proof.map(str::to_owned) };
        let settlement = Settlement { lease: leased[0].lease.clone(), outcome };
        keeper.settle(&[settlement]).unwrap();
    }

    #[test]
    fn what_became_of_the_last_one_is_known_whatever_ended_it() {
        let folder = tempfile::tempdir().unwrap();
        let (keeper, key) = asked(&folder, "paris", Policy::Approve);
        assert_eq!((became(&keeper, "paris"), became(&keeper, "oslo")), (Some(Became::Live), None));
        let retraction = Retraction { key, reason: "not needed".to_owned() };
        keeper.commit(&Batch { retractions: vec![retraction], ..Batch::default() }).unwrap();
        assert_eq!(became(&keeper, "paris"), Some(Became::TakenBack));

        let (keeper, key) = asked(&folder, "oslo", Policy::Approve);
        let (version, actor) = (1, "uid 1".to_owned());
        keeper.decide(&Verdict { key, version, decision: Decision::Deny, actor, reason: None }).unwrap();
        assert_eq!(became(&keeper, "oslo"), Some(Became::Denied), "a person said no");

        let (keeper, _) = asked(&folder, "rome", Policy::Off);
        assert_eq!(became(&keeper, "rome"), Some(Became::Unasked), "nobody wants it");

        let (keeper, _) = asked(&folder, "bern", Policy::Notify);
        settled(&keeper, Work::Tell, None);
        assert_eq!(became(&keeper, "bern"), Some(Became::Unasked), "it was told");

        let (keeper, _) = asked(&folder, "wien", Policy::Auto);
        settled(&keeper, Work::CarryOut, Some("taken"));
        assert_eq!(became(&keeper, "wien"), Some(Became::Loaded));
    }
}
