//! One round: a copy of the folder, the watcher struck at one call, what is left of it, the watcher once more, and what becomes of it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use butler_core::control::Choice;
use butler_core::domain::action::Phase;
use butler_testkit::keystore_node::{Answer, Effect, KeystoreNode, Script};
use butler_testkit::order::Order;
use butler_testkit::web3signer::FakeWeb3Signer;
use ethers_core::types::Address;

use super::bench::{Bench, FILE, SERVER, STATE, Servers, give};
use super::tracer::{PROCESS, STRUCK};
use super::verdict::{Expected, Fault, Faults, Remains, check_journal, is_tidy};
use crate::disk::{copy_folder, settle_in};

/// How long a struck watcher may go on by itself before it is killed.
const LATER: Duration = Duration::from_secs(6);
/// How long it is left alone after the end, to tidy up.
const GRACE: Duration = Duration::from_millis(1_500);
/// The same at least.
const SHORT: Duration = Duration::from_millis(300);
/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(40);
/// How long it may take to tidy up, or to stay parked when it is to be tried again.
const TIDY: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(10);

/// What stands beside the watcher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scenario {
    /// One node that takes it.
    Taken,
    /// Two nodes, of which the second refuses what the first took, until a person has it tried again.
    Refused,
    /// A web3signer before the node, and reloads at a distance from proposals.
    Signer,
}

/// What is struck.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Strike {
    /// The call, as it is told.
    pub(super) at: String,
    /// `KILL`, or an error.
    pub(super) what: String,
}

/// What came out of a round.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) faults: Faults,
    /// Every call that counts.
    pub(super) calls: Vec<String>,
    /// The strike came to pass.
    pub(super) was_struck: bool,
    /// A person had to have it tried again.
    pub(super) was_parked: bool,
    /// Reloads that were asked for.
    pub(super) reloads: u64,
    /// The watcher had to be killed since it said nothing any more.
    pub(super) is_hung: bool,
    /// What the key file says in the end, where nothing was struck.
    pub(super) content: Vec<u8>,
    /// The last words of the watchers, where something is wrong.
    pub(super) words: String,
}

/// The folder and the servers of one round.
struct Round<'a> {
    bench: &'a Bench,
    scenario: Scenario,
    room: PathBuf,
    work: PathBuf,
    nodes: Vec<KeystoreNode>,
    signer: Option<FakeWeb3Signer>,
}

/// Strikes once; without a strike the watcher is left alone. Without `new` nothing is known of what it writes.
pub(super) fn round(
    bench: &Bench,
    scenario: Scenario,
    room: PathBuf,
    strike: Option<&Strike>,
    new: Option<&[u8]>,
) -> anyhow::Result<Outcome> {
    let round = Round::prepare(bench, scenario, room)?;
    let expected = Expected::of(bench, &round.work, new)?;
    let mut outcome = Outcome::default();
    if new.is_none() {
        round.first_run(None, &mut outcome)?;
        outcome.content = std::fs::read(round.work.join(SERVER).join(FILE))?;
        return Ok(outcome);
    }
    let begin = expected.look(&round.room, &round.work, false, &mut outcome.faults)?;
    round.first_run(strike, &mut outcome)?;
    let dead = expected.look(&round.room, &round.work, round.is_taken(), &mut outcome.faults)?;
    if scenario != Scenario::Refused && dead.content == expected.old && dead.inode != begin.inode {
        outcome.faults.add(Fault::Doubled, "the old file was written anew");
    }
    round.second_run(&expected, &dead, &mut outcome)?;
    outcome.reloads = round.nodes.iter().map(|node| node.reloads().asked).sum();
    if round.nodes.iter().any(|node| node.overlapping() > 0) {
        outcome.faults.add(Fault::Doubled, "two reloads at once");
    }
    if !outcome.faults.0.is_empty() {
        outcome.words = round.words()?;
    }
    std::fs::remove_dir_all(&round.room)?;
    Ok(outcome)
}

impl<'a> Round<'a> {
    fn prepare(bench: &'a Bench, scenario: Scenario, room: PathBuf) -> anyhow::Result<Self> {
        std::fs::create_dir(&room)?;
        let work = room.join("w");
        copy_folder(&bench.ready, &work)?;
        settle_in(&work.join(STATE))?;
        give(&work.join(SERVER))?;
        let count = if scenario == Scenario::Refused { 2 } else { 1 };
        let (nodes, signer) = bench.runtime.block_on(async {
            let mut nodes = Vec::new();
            for _ in 0..count {
                nodes.push(KeystoreNode::start(&work.join(SERVER)).await?);
            }
            let signer = match scenario {
                Scenario::Signer => Some(FakeWeb3Signer::start("signer", &Order::new()).await?),
                Scenario::Taken | Scenario::Refused => None,
            };
            anyhow::Ok((nodes, signer))
        })?;
        if scenario == Scenario::Refused
            && let Some(node) = nodes.last()
        {
            node.script_all(Some(Script { effect: Effect::Nothing, answer: Answer::Refusal("no".to_owned()) }));
        }
        let servers = Servers { nodes: &nodes, signer: signer.as_ref().map(FakeWeb3Signer::url) };
        let more = if scenario == Scenario::Signer { "" } else { "proposal_distance = 0\n" };
        bench.configure(&work, &servers, more)?;
        Ok(Self { bench, scenario, room, work, nodes, signer })
    }

    fn log(&self) -> PathBuf {
        self.room.join("log")
    }

    /// What the watchers said.
    fn words(&self) -> anyhow::Result<String> {
        let log = std::fs::read_to_string(self.log())?;
        let lines: Vec<&str> = log.lines().rev().take(25).collect();
        Ok(lines.into_iter().rev().collect::<Vec<_>>().join("\n"))
    }

    /// Whether every node has the coinbase.
    fn is_taken(&self) -> bool {
        self.used().all(|used| used == Some(self.bench.coinbase))
    }

    /// The coinbase that each node has.
    fn used(&self) -> impl Iterator<Item = Option<Address>> {
        self.nodes.iter().map(|node| node.coinbases().get(&self.bench.attester).copied())
    }

    /// Runs the watcher until it dies of the strike, or ends what it does.
    fn first_run(&self, strike: Option<&Strike>, outcome: &mut Outcome) -> anyhow::Result<()> {
        let told = self.room.join("told");
        let mut tracer = Command::new(std::env::current_exe()?);
        tracer.args(["trace", "--told"]).arg(&told).arg("--root").arg(&self.work);
        for (index, node) in self.nodes.iter().enumerate() {
            tracer.arg(format!("--port=node{index}={}", port(&node.admin_url())?));
        }
        if let Some(signer) = &self.signer {
            tracer.arg(format!("--port=signer={}", port(&signer.url())?));
        }
        if let Some(strike) = strike {
            tracer.args(["--at", &strike.at, "--what", &strike.what]);
        }
        let mut running = Traced(self.bench.command(&self.work, Some(tracer), &self.log())?.spawn()?);
        let (begun, mut struck, mut over) = (Instant::now(), None, None);
        while running.0.try_wait()?.is_none() {
            let log = std::fs::read_to_string(self.log())?;
            // It is there once the tracer began.
            let calls = std::fs::read_to_string(&told).unwrap_or_default();
            if struck.is_none() && calls.lines().any(|line| line == STRUCK) {
                struck = Some(Instant::now());
            }
            if over.is_none() && log.contains("done: ") {
                over = Some(Instant::now());
            }
            let is_late = |since: Option<Instant>, limit| since.is_some_and(|since: Instant| since.elapsed() > limit);
            // Once it was struck nothing is waited for but that it tidies up.
            let is_over = struck.is_some() && is_late(over, SHORT) && is_tidy(&self.work)?;
            if is_over || is_late(over, GRACE) || is_late(struck, LATER) {
                break;
            }
            if begun.elapsed() > PATIENCE {
                outcome.is_hung = true;
                break;
            }
            std::thread::sleep(PAUSE);
        }
        drop(running);
        let told = std::fs::read_to_string(&told).context("it was not traced")?;
        let process = told.lines().next().and_then(|line| line.strip_prefix(PROCESS)).context("it was started")?;
        let until = Instant::now() + PATIENCE;
        while Path::new("/proc").join(process).exists() {
            if Instant::now() > until {
                bail!("a killed watcher does not end");
            }
            std::thread::sleep(PAUSE);
        }
        outcome.was_struck = told.lines().any(|line| line == STRUCK);
        outcome.calls = told.lines().filter(|line| line.split(' ').count() == 3).map(str::to_owned).collect();
        Ok(())
    }

    /// Runs the watcher until it is over, and judges what there is then.
    fn second_run(&self, expected: &Expected, dead: &Remains, outcome: &mut Outcome) -> anyhow::Result<()> {
        let mut running = self.bench.watch(&self.work, &self.log())?;
        let mut until = Instant::now() + PATIENCE;
        let mut tidy = None;
        loop {
            if let Some(code) = running.ended()? {
                outcome.faults.add(Fault::RefusedOpen, format!("it ended by itself with code {code}"));
                return Ok(());
            }
            let row = self.bench.runtime.block_on(self.bench.row(&self.work));
            let phase = row.as_ref().map(|row| row.phase);
            if phase == Some(Phase::Parked) || phase == Some(Phase::Done) {
                // It tidies up after the end.
                let since = *tidy.get_or_insert_with(Instant::now);
                if since.elapsed() < TIDY && !is_tidy(&self.work)? {
                    std::thread::sleep(PAUSE);
                    continue;
                }
            }
            match (phase, row) {
                (Some(Phase::Done), _) => break,
                (Some(Phase::Parked), Some(row)) if !outcome.was_parked => {
                    outcome.was_parked = true;
                    let reason = row.reason.unwrap_or_default();
                    self.check_parked(expected, &reason, outcome)?;
                    self.nodes.iter().for_each(|node| node.script_all(None));
                    let shown = row.shown.context("what is parked can be decided on")?;
                    // What was shown may have changed in this moment: then it is shown as parked again.
                    let decided = self.bench.decide(&self.work, row.key, shown, Choice::Retry);
                    outcome.was_parked = self.bench.runtime.block_on(decided).is_ok();
                    (until, tidy) = (Instant::now() + PATIENCE, None);
                }
                (Some(Phase::AwaitingApproval), Some(row)) if Instant::now() < until => {
                    // What is tried again is approved again.
                    let shown = row.shown.context("what waits can be decided on")?;
                    let _ = self.bench.runtime.block_on(self.bench.decide(&self.work, row.key, shown, Choice::Approve));
                    std::thread::sleep(PAUSE);
                }
                (Some(Phase::Parked), Some(row)) if tidy.is_some_and(|since| since.elapsed() > TIDY) => {
                    outcome.faults.add(Fault::Stuck, format!("it is parked again: {:?}", row.reason));
                    return Ok(());
                }
                (phase, _) if Instant::now() > until => {
                    outcome.faults.add(Fault::Stuck, format!("it never ends: {phase:?}"));
                    return Ok(());
                }
                (_, _) => std::thread::sleep(PAUSE),
            }
        }
        running.terminate()?;
        let until = Instant::now() + PATIENCE / 2;
        let code = loop {
            match running.ended()? {
                None if Instant::now() > until => break None,
                None => std::thread::sleep(PAUSE),
                ended => break ended,
            }
        };
        drop(running);
        outcome.is_hung |= code.is_none();
        if code.is_some_and(|code| code != 0) {
            outcome.faults.add(Fault::RefusedOpen, format!("told to end it ended with {code:?}"));
        }
        let end = expected.look(&self.room, &self.work, true, &mut outcome.faults)?;
        end.check_tidy(&mut outcome.faults);
        if end.content != expected.new {
            outcome.faults.add(Fault::Lost, "it is done, and the file is the old one");
        }
        for used in self.used().filter(|used| *used != Some(self.bench.coinbase)) {
            outcome.faults.add(Fault::Inconsistent, format!("it is done, and a node has {used:?}"));
        }
        let was_new = dead.content == expected.new;
        if self.scenario != Scenario::Refused && !outcome.was_parked && was_new && end.inode != dead.inode {
            outcome.faults.add(Fault::Doubled, "the new file was written twice");
        }
        check_journal(&self.work, &self.bench.key, 1, &mut outcome.faults)
    }

    /// What is parked is as if nothing had been begun.
    fn check_parked(&self, expected: &Expected, reason: &str, outcome: &mut Outcome) -> anyhow::Result<()> {
        let now = expected.look(&self.room, &self.work, true, &mut outcome.faults)?;
        now.check_tidy(&mut outcome.faults);
        if now.content != expected.old {
            outcome.faults.add(Fault::Inconsistent, format!("it is parked, and the file is the new one: {reason}"));
        }
        if self.used().any(|used| used == Some(self.bench.coinbase)) {
            outcome.faults.add(Fault::Inconsistent, format!("it is parked, and a node has the new coinbase: {reason}"));
        }
        Ok(())
    }
}

/// The port of a server's address.
fn port(url: &str) -> anyhow::Result<u16> {
    url.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).context("a server has a port")
}

/// The tracer, and with it what it traces, is killed when this is dropped.
struct Traced(Child);

impl Drop for Traced {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
