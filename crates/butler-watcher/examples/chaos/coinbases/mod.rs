//! A coinbase, approved and due, and the whole watcher struck at every system call between its claim and its settlement.
//!
//! The watcher is killed at a call, or the call fails; then it is started again and left alone. At every death the key files are the old
//! or the new ones, whole, with their rights; in the end file and nodes have the coinbase, it was done once, and nothing is left over.

mod bench;
mod calls;
mod control;
mod round;
mod tracer;
mod verdict;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde_json::{Map, Value};

use self::bench::{Bench, SERVER};
use self::round::{Outcome, Scenario, Strike, round};
pub(crate) use self::tracer::{Options, trace};
use crate::judge::Tally;
use crate::kills::Dice;

/// How long the strikes of a quick run may take, by scenario.
const QUICK: Duration = Duration::from_secs(5);
/// Calls that only look: a kill there is one at the next call that changes something.
const LOOKS: [&str; 5] = ["read", "pread64", "getdents64", "statx", "newfstatat"];
/// What happens at a call beside errors.
const KILL: &str = "KILL";
/// Strikes that go on side by side: they wait most of the time.
const HANDS: usize = 3;

/// How many strikes of which kind there were.
#[derive(Debug, Default)]
struct Figures {
    tally: Tally,
    kills: u64,
    errors: u64,
    /// The call did not come in that round: threads take turns.
    missed: u64,
    parked: u64,
    reloads: u64,
}

/// Sweeps over all that carries out a coinbase; `most` bounds the strikes of each scenario, `quick` their time.
pub(crate) fn coinbases(
    room: &Path,
    watcher: &Path,
    (quick, most): (bool, Option<u64>),
    seed: u64,
) -> anyhow::Result<(Tally, Map<String, Value>)> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let bench = runtime.block_on(Bench::start(room.join("ready"), watcher))?;
    let known = round(&bench, Scenario::Taken, room.join("known"), None, None)?;
    let new = written(&bench, &known)?;
    let (mut all, mut dice, mut seen) = (Figures::default(), Dice::new(seed), BTreeSet::new());
    let is_blind = !control::control(&bench, &room.join("known"), &new)?;
    let scenarios: &[Scenario] = if quick {
        &[Scenario::Taken, Scenario::Refused]
    } else {
        &[Scenario::Taken, Scenario::Refused, Scenario::Signer]
    };
    for scenario in scenarios {
        let begun = Instant::now();
        let calls = round(&bench, *scenario, room.join(format!("calls-{scenario:?}")), None, None)?.calls;
        let mut strikes = mixed(strikes(&calls, &mut seen), &mut dice);
        strikes.truncate(most.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX));
        let until = quick.then(|| Instant::now() + QUICK);
        let found = sweep(&bench, *scenario, room, &new, &strikes, until)?;
        eprintln!(
            "coinbases {scenario:?}: {} kills and {} errors at {} calls, {} missed, {} parked, {} reloads, in {:.1?}",
            found.kills,
            found.errors,
            calls.len(),
            found.missed,
            found.parked,
            found.reloads,
            begun.elapsed()
        );
        all.add(&found);
    }
    let mut told = Map::new();
    all.tally.is_blind = is_blind;
    told.insert("coinbases_kills".to_owned(), all.kills.into());
    told.insert("coinbases_errors".to_owned(), all.errors.into());
    told.insert("coinbases_missed".to_owned(), all.missed.into());
    told.insert("coinbases_parked".to_owned(), all.parked.into());
    told.insert("coinbases_reloads".to_owned(), all.reloads.into());
    told.insert("coinbases_control_caught".to_owned(), (!is_blind).into());
    Ok((all.tally, told))
}

impl Figures {
    fn add(&mut self, other: &Self) {
        self.tally.add(&other.tally);
        self.kills += other.kills;
        self.errors += other.errors;
        self.missed += other.missed;
        self.parked += other.parked;
        self.reloads += other.reloads;
    }

    fn take(&mut self, strike: &Strike, outcome: &Outcome) {
        if outcome.was_struck {
            self.tally.sweep_points += 1;
            *if strike.what == KILL { &mut self.kills } else { &mut self.errors } += 1;
        } else {
            self.missed += 1;
        }
        self.parked += u64::from(outcome.was_parked);
        self.reloads += outcome.reloads;
        self.tally.hung += u64::from(outcome.is_hung);
        outcome.faults.count(&mut self.tally);
    }
}

/// What an undisturbed watcher writes: the old file with one line more.
fn written(bench: &Bench, known: &Outcome) -> anyhow::Result<Vec<u8>> {
    let (old, new) = (std::str::from_utf8(&bench.old)?, std::str::from_utf8(&known.content)?);
    let coinbase = ethers_core::utils::to_checksum(&bench.coinbase, None);
    let mut content: Value = serde_json::from_str(new)?;
    let validator = content["validators"].get_mut(0).and_then(Value::as_object_mut).context("it has validators")?;
    let is_set = validator
        .remove("coinbase")
        .is_some_and(|set| set.as_str().is_some_and(|set| set.eq_ignore_ascii_case(&coinbase)));
    if !is_set || content != serde_json::from_str::<Value>(old)? {
        bail!("an undisturbed watcher wrote something else than was approved: {new}\n{}", known.words);
    }
    Ok(known.content.clone())
}

/// What to strike at: killed at each call that changes something, and each error at each call that no scenario had before, or that comes after
/// the first word to a server: from there on scenarios are not alike. What the journal reads is struck by the sweep over the journal.
fn strikes(calls: &[String], seen: &mut BTreeSet<String>) -> Vec<Strike> {
    let (mut strikes, mut has_asked) = (Vec::new(), false);
    for call in calls {
        let mut words = call.split(' ');
        let (name, place) = (words.next().unwrap_or_default(), words.nth(1).unwrap_or_default());
        let is_look = LOOKS.contains(&name);
        let is_keystores = place.starts_with(SERVER) || place.starts_with("state/keystores");
        let is_journal = place.starts_with("state/journal") && !is_look && !matches!(name, "openat" | "open" | "close");
        let is_port = !place.contains('/') && (place.starts_with("node") || place.starts_with("signer"));
        // Whoever closes what was only read is as far as whoever opens the next file.
        let is_end_of_look =
            name == "close" && is_keystores && !(place.ends_with(".tmp") || place.ends_with(".before"));
        if !(is_keystores || is_journal || is_port) {
            continue;
        }
        let strike = |what: &str| Strike { at: call.clone(), what: what.to_owned() };
        if !is_look && !is_end_of_look {
            strikes.push(strike(KILL));
        }
        has_asked |= is_port;
        if seen.insert(call.clone()) || (has_asked && is_keystores) {
            let errors = calls::errors(name).iter().take(if is_journal { 1 } else { usize::MAX });
            strikes.extend(errors.map(|error| strike(error)));
        }
    }
    strikes
}

/// In any order, kills and errors by turns.
fn mixed(strikes: Vec<Strike>, dice: &mut Dice) -> Vec<Strike> {
    let (mut kills, mut errors): (Vec<_>, Vec<_>) = strikes.into_iter().partition(|strike| strike.what == KILL);
    let mut mixed = Vec::new();
    while !kills.is_empty() || !errors.is_empty() {
        for some in [&mut kills, &mut errors] {
            let index = usize::try_from(dice.below(u64::try_from(some.len()).unwrap_or_default())).unwrap_or_default();
            if index < some.len() {
                mixed.push(some.swap_remove(index));
            }
        }
    }
    mixed
}

fn sweep(
    bench: &Bench,
    scenario: Scenario,
    room: &Path,
    new: &[u8],
    strikes: &[Strike],
    until: Option<Instant>,
) -> anyhow::Result<Figures> {
    let (next, figures, failed) = (AtomicUsize::new(0), Mutex::new(Figures::default()), Mutex::new(None));
    std::thread::scope(|scope| {
        for _ in 0..HANDS {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(strike) = strikes.get(index) else { return };
                    if until.is_some_and(|until| Instant::now() > until) {
                        return;
                    }
                    let folder = room.join(format!("{scenario:?}-{index}"));
                    match round(bench, scenario, folder, Some(strike), Some(new)) {
                        Ok(outcome) => {
                            for (fault, what) in &outcome.faults.0 {
                                eprintln!("{scenario:?}, {} at {}: {fault:?}: {what}", strike.what, strike.at);
                            }
                            if !outcome.words.is_empty() {
                                eprintln!("{}", outcome.words);
                            }
                            figures.lock().unwrap_or_else(PoisonError::into_inner).take(strike, &outcome);
                        }
                        Err(error) => {
                            let error = error.context(format!("{scenario:?}, {} at {}", strike.what, strike.at));
                            *failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                            return;
                        }
                    }
                }
            });
        }
    });
    match failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some(error) => Err(error),
        None => Ok(figures.into_inner().unwrap_or_else(PoisonError::into_inner)),
    }
}
