//! What a journal holds, held against that of a clean pass and against what was told.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use butler_core::domain::action::{Action, ActionKind, EffectKey, Evidence, Phase};
use butler_watcher::journal::{Cursor, Journal as _, Keeper, Op, Query, Settings};
use butler_watcher::program::journal_directory;

use crate::judge::Tally;

/// What is read of a journal.
#[derive(Debug, PartialEq)]
pub(super) struct Found {
    /// Every action as it was planned first, with how often it was planned although it was done.
    planned: BTreeMap<EffectKey, (Action, u64)>,
    finished: BTreeMap<EffectKey, Phase>,
    /// Where what is not over stands.
    live: BTreeMap<EffectKey, Phase>,
    cursor: Option<Cursor>,
}

impl Found {
    /// Reads what a watcher left that has ended.
    pub(super) fn read(state: &Path, tally: &mut Tally) -> anyhow::Result<Self> {
        let keeper = Keeper::open(&journal_directory(state), Settings::default())?;
        for what in keeper.verify()?.faults {
            eprintln!("the journal is not whole: {what}");
            tally.inconsistent += 1;
        }
        let (mut planned, mut done) = (BTreeMap::new(), BTreeSet::new());
        let mut after = 0;
        loop {
            let lines = keeper.history(after, 1_000)?;
            let Some(last) = lines.last() else { break };
            after = last.line;
            for line in lines {
                match line.op {
                    Op::Planned(entry) => {
                        let action = entry.action;
                        // Before it is done its words may change: that is no second one.
                        let again = u64::from(done.contains(&action.key));
                        planned.entry(action.key.clone()).or_insert((action, 0_u64)).1 += again;
                    }
                    Op::Finished(one) if one.phase == Phase::Done => {
                        done.insert(one.key);
                    }
                    Op::Finished(_)
                    | Op::Moved { .. }
                    | Op::Cursor { .. }
                    | Op::Spent { .. }
                    | Op::Counted { .. }
                    | Op::Kept(_)
                    | Op::Note(_) => {}
                }
            }
        }
        let read = |phase| keeper.read(&Query { phase, after: None, limit: 100_000 });
        let mut finished = BTreeMap::new();
        for phase in [Phase::Done, Phase::Dropped] {
            finished.extend(read(Some(phase))?.finished.into_iter().map(|one| (one.key, one.phase)));
        }
        let live = read(None)?.live.into_iter().map(|one| (one.action.key, one.standing.phase)).collect();
        Ok(Self { planned, finished, live, cursor: keeper.cursor("devnet")? })
    }

    /// What events asked for. Conditions depend on when somebody looked.
    fn of_events(&self) -> impl Iterator<Item = (&EffectKey, &Action)> {
        let is_of_event = |action: &Action| {
            !matches!(action.kind, ActionKind::ConditionBegan | ActionKind::ConditionEnded) && !is_of_state(action)
        };
        self.planned.iter().map(|(key, (action, _))| (key, action)).filter(move |(_, action)| is_of_event(action))
    }
}

/// Whether it was seen in the state, and its event was not: whoever answers alone can leave it out.
fn is_of_state(action: &Action) -> bool {
    action.evidence.iter().any(|evidence| matches!(evidence, Evidence::State { .. }))
}

/// Whether one of them says that this happened, although its event was not seen.
fn is_told_unseen(tried: &Found, action: &Action) -> bool {
    let unseen = tried.planned.values().map(|(other, _)| other).filter(|other| is_of_state(other));
    let mut alike = unseen.filter(|other| (other.kind, &other.subject) == (action.kind, &action.subject));
    alike.any(|other| other.why.starts_with(&action.why))
}

/// Holds what was tried against a clean pass. `told` has what the webhook took, by key and try.
pub(super) fn compare(
    tried: &Found,
    clean: &Found,
    told: &BTreeMap<String, BTreeMap<u64, u64>>,
    kills: u64,
    tally: &mut Tally,
) {
    let mut fault = |count: fn(&mut Tally) -> &mut u64, what: String| {
        eprintln!("{what}");
        *count(tally) += 1;
    };
    let expected: BTreeMap<_, _> = clean.of_events().collect();
    for (key, action) in &expected {
        match tried.planned.get(*key) {
            None if is_told_unseen(tried, action) => eprintln!("`{key}` was told without its event"),
            None => fault(|tally| &mut tally.lost, format!("`{key}` was never planned")),
            // How many endpoints said so depends on who was well.
            Some((other, _)) if Action { assurance: action.assurance, ..other.clone() } != **action => {
                fault(
                    |tally| &mut tally.inconsistent,
                    format!("`{key}` was planned otherwise: {other:?}, not {action:?}"),
                );
            }
            Some(_) => {}
        }
    }
    for (key, _) in tried.of_events().filter(|(key, _)| !expected.contains_key(*key)) {
        fault(|tally| &mut tally.inconsistent, format!("`{key}` was planned, and the chain does not ask for it"));
    }
    for (action, _) in tried.planned.values().filter(|(action, _)| is_of_state(action)) {
        let mut alike =
            expected.values().filter(|other| (other.kind, &other.subject) == (action.kind, &action.subject));
        if !alike.any(|other| action.why.starts_with(&other.why)) {
            fault(|tally| &mut tally.inconsistent, format!("`{}` never happened: {}", action.key, action.why));
        }
    }
    for (key, (_, count)) in tried.planned.iter().filter(|(_, (_, count))| *count > 0) {
        fault(|tally| &mut tally.doubled, format!("`{key}` was planned {count} times more, although it was done"));
    }
    for (key, phase) in &tried.live {
        fault(|tally| &mut tally.stuck, format!("`{key}` is left {phase:?}"));
    }
    if tried.cursor != clean.cursor {
        fault(|tally| &mut tally.inconsistent, format!("the cursor is at {:?}, not {:?}", tried.cursor, clean.cursor));
    }
    for (key, _) in tried.finished.iter().filter(|(_, phase)| **phase == Phase::Done) {
        if !told.contains_key(key.as_str()) {
            fault(|tally| &mut tally.lost, format!("`{key}` is done, and was never told"));
        }
    }
    for (key, tries) in told.iter().filter(|(_, tries)| tries.values().any(|count| *count > 1)) {
        fault(|tally| &mut tally.doubled, format!("one try of `{key}` was posted more than once: {tries:?}"));
    }
    let again: u64 = told.values().map(|tries| tries.values().sum::<u64>().saturating_sub(1)).sum();
    if again > kills {
        fault(|tally| &mut tally.doubled, format!("{again} posts were repeated after {kills} ends"));
    }
    eprintln!(
        "a night: {} actions, {} of events; {kills} ends, {again} posts repeated",
        tried.planned.len(),
        expected.len()
    );
}
