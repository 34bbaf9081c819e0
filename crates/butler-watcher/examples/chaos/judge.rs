//! What is left, held against what was told.

use std::collections::BTreeMap;
use std::path::Path;

use butler_core::domain::action::{EffectKey, Phase};
use butler_watcher::journal::{Claim, Journal as _, Keeper, Outcome, Query, Settlement};
use serde_json::Value;

use crate::script::{Hand, claim};
use crate::worker::{digest, open};

/// What all parts found.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally {
    pub(crate) images: u64,
    pub(crate) sweep_points: u64,
    pub(crate) rounds: u64,
    pub(crate) lost: u64,
    pub(crate) doubled: u64,
    pub(crate) stuck: u64,
    pub(crate) inconsistent: u64,
    pub(crate) refused_open: u64,
    /// Children that had to be killed, since they said nothing any more.
    pub(crate) hung: u64,
    /// The control found nothing.
    pub(crate) is_blind: bool,
}

impl Tally {
    pub(crate) fn add(&mut self, other: &Self) {
        self.images += other.images;
        self.sweep_points += other.sweep_points;
        self.rounds += other.rounds;
        self.lost += other.lost;
        self.doubled += other.doubled;
        self.stuck += other.stuck;
        self.inconsistent += other.inconsistent;
        self.refused_open += other.refused_open;
        self.hung += other.hung;
        self.is_blind |= other.is_blind;
    }

    /// Five zeros. One child of twenty may hang: sled can wait for ever for a sync that failed (seen once of about 900 points, always
    /// at `sync_file_range`), and a daemon's watchdog ends that.
    pub(crate) fn is_clean(&self) -> bool {
        self.lost + self.doubled + self.stuck + self.inconsistent + self.refused_open == 0
            && self.hung * 20 <= self.sweep_points
    }

    pub(crate) fn figures(&self) -> Vec<(String, Value)> {
        let figures = [
            ("images", self.images),
            ("sweep_points", self.sweep_points),
            ("rounds", self.rounds),
            ("lost", self.lost),
            ("doubled", self.doubled),
            ("stuck", self.stuck),
            ("inconsistent", self.inconsistent),
            ("refused_open", self.refused_open),
            ("hung", self.hung),
        ];
        figures.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect()
    }
}

/// What a child told until it ended.
#[derive(Debug, Clone, Default)]
pub(crate) struct Told {
    /// The state after each acknowledged call.
    pub(crate) states: Vec<String>,
    /// A call was begun and not acknowledged.
    pub(crate) is_open: bool,
    /// What was done to the world, and how often.
    pub(crate) world: BTreeMap<String, u64>,
    /// It came to its end.
    pub(crate) is_over: bool,
    /// It said nothing any more, and was killed.
    pub(crate) is_hung: bool,
    /// A call failed.
    pub(crate) failure: Option<String>,
}

impl Told {
    pub(crate) fn hear(&mut self, line: &str) {
        match line.split_once(' ').unwrap_or((line, "")) {
            ("begin", _) => self.is_open = true,
            ("ack", state) => {
                self.states.push(state.to_owned());
                self.is_open = false;
            }
            ("effect", key) => {
                *self.world.entry(key.to_owned()).or_default() += 1;
                self.is_open = false;
            }
            ("fail", what) => self.failure = Some(what.to_owned()),
            ("end", _) => self.is_over = true,
            _ => {}
        }
    }
}

/// Opens what is left and holds it against what was told. `known` has every state of a whole run, in order; without them, an unknown
/// state is taken when a call was open.
pub(crate) fn judge(folder: &Path, told: &Told, known: &[String], what: &str) -> Tally {
    let (mut tally, hand) = (Tally::default(), Hand::default());
    let keeper = match open(folder, false, &hand) {
        Ok(keeper) => keeper,
        Err(error) => {
            eprintln!("{what}: refused to open: {}", butler_core::runtime::report::one_line(&error));
            tally.refused_open = 1;
            return tally;
        }
    };
    match digest(&keeper) {
        Ok(state) => hold(&state, told, known, what, &mut tally),
        Err(error) => fault(&mut tally.inconsistent, what, &format!("{error:#}")),
    }
    match keeper.verify() {
        Ok(checked) if checked.faults.is_empty() => {}
        Ok(checked) => fault(&mut tally.inconsistent, what, &checked.faults.join("; ")),
        Err(error) => fault(&mut tally.inconsistent, what, &error.to_string()),
    }
    let mut world = told.world.clone();
    if let Err(error) = drive(&keeper, &hand, &mut world, what, &mut tally) {
        fault(&mut tally.stuck, what, &format!("{error:#}"));
    }
    tally
}

fn fault(count: &mut u64, what: &str, why: &str) {
    eprintln!("{what}: {why}");
    *count += 1;
}

fn hold(state: &str, told: &Told, known: &[String], what: &str, tally: &mut Tally) {
    let last = told.states.last();
    if last.is_some_and(|last| last == state) {
        return;
    }
    // The last acknowledged state's place: a state may come twice, so the place is counted and not looked up.
    let place = told.states.len();
    let is_next = told.is_open && known.get(place).is_some_and(|next| next == state);
    if is_next || (told.is_open && known.is_empty()) || last.is_none() {
        return;
    }
    if told.states.iter().any(|earlier| earlier == state) || known.iter().take(place).any(|earlier| earlier == state) {
        fault(&mut tally.lost, what, "something that was acknowledged is gone");
    } else {
        fault(&mut tally.inconsistent, what, "the state is none that ever was");
    }
}

/// Does what is left to be done, as executors would: what may have happened is looked up, and not repeated.
fn drive(
    keeper: &Keeper,
    hand: &Hand,
    world: &mut BTreeMap<String, u64>,
    what: &str,
    tally: &mut Tally,
) -> anyhow::Result<()> {
    for _ in 0..6 {
        for leased in keeper.claim(&Claim { limit: 1000, ..claim() })? {
            let is_look = leased.entry.standing.phase == Phase::Verifying;
            let happened = world.entry(leased.lease.key.to_string()).or_default();
            let outcome = if is_look && *happened == 0 {
                Outcome::Retry { after: None, reason: "it is not there".to_owned() }
            } else {
                *happened += u64::from(!is_look);
                Outcome::Proven { proof: None }
            };
            keeper.settle(&[Settlement { lease: leased.lease, outcome }])?;
        }
        if live(keeper)?.is_empty() {
            break;
        }
        hand.pass(600_000);
    }
    for (key, count) in world.iter().filter(|(_, count)| **count > 1) {
        fault(&mut tally.doubled, what, &format!("`{key}` was done {count} times"));
    }
    for key in live(keeper)? {
        fault(&mut tally.stuck, what, &format!("`{key}` never comes to its end"));
    }
    // What was done and is known to the world is not planned anew.
    for key in world.keys() {
        let key: EffectKey = key.parse()?;
        if keeper.look_up(&key)?.is_none() {
            fault(&mut tally.lost, what, &format!("`{key}` was done, and nobody knows"));
        }
    }
    Ok(())
}

/// What is neither done nor waiting for a person.
fn live(keeper: &Keeper) -> anyhow::Result<Vec<EffectKey>> {
    let page = keeper.read(&Query { phase: None, after: None, limit: 100_000 })?;
    let is_moving = |phase| !matches!(phase, Phase::Parked | Phase::AwaitingApproval);
    Ok(page.live.into_iter().filter(|e| is_moving(e.standing.phase)).map(|e| e.action.key).collect())
}
