//! One chain, three endpoints, one watcher with its journal, and what becomes of it.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use butler_core::domain::action::Phase;
use butler_testkit::devnet::{Chain, DevnetSpec, Move, ensure, example_files};
use butler_testkit::proxy::{FaultPlan, FaultProxy};
use tokio::time::sleep;

use super::hook::Hook;
use super::moves::CONFIRMATIONS;
use super::running::{Program, Running, status};
use super::trouble::{Clock, Disk, at_endpoints};
use super::verdict::{self, Found};
use crate::judge::Tally;
use crate::kills::Dice;

/// How long anything may take in the morning. A lease lasts half a minute, and pauses after failures a minute.
const PATIENCE: Duration = Duration::from_secs(150);
const PAUSE: Duration = Duration::from_millis(20);
/// Longer than any lease and any pause of the journal.
const LATER: u64 = 3_600;
/// What a process ends with that does not listen to SIGTERM yet.
const TERMINATED: i32 = 128 + 15;
/// The configurations: of the watcher that is tried, and of one that comes later and reads the chain in one pass.
const TRIED: &str = "tried.toml";
const CLEAN: &str = "clean.toml";

/// Everything of one night.
pub(super) struct World {
    pub(super) chain: Chain,
    /// Keys that were made up so far.
    pub(super) keys: u64,
    proxies: Vec<FaultProxy>,
    hook: Hook,
    clock: Option<Clock>,
    disk: Disk,
    program: Program,
    running: Option<Running>,
    /// The disk is full now, or was in this round: then a write may fail.
    is_full: bool,
    /// How often it was killed.
    kills: u64,
}

impl World {
    pub(super) async fn start(folder: PathBuf, watcher: &Path) -> anyhow::Result<Self> {
        let chain = Chain::start(&ensure(&DevnetSpec::scenario())?).await?;
        let mut proxies = Vec::new();
        for _ in 0..3 {
            proxies.push(FaultProxy::start(chain.url()).await?);
        }
        let hook = Hook::start()?;
        let files = example_files(&folder, chain.oracle()?, "http://127.0.0.1:1")?;
        let text = std::fs::read_to_string(files.config)?;
        let (head, _) = text.split_once("[[networks.devnet.l1]]").context("the example has an endpoint")?;
        let start = chain.block_number().await? + 1;
        let own = format!("[networks.devnet]\nstart_block = {start}\nconfirmations = {CONFIRMATIONS}\n");
        let head = head.replacen("[networks.devnet]\n", &own, 1);
        let endpoint = |url: &str| format!("[[networks.devnet.l1]]\nurl = \"{url}\"\ntimeout = \"1s\"\n");
        let rest = |state: &str| {
            format!(
                "[watcher]\nlisten = \"127.0.0.1:0\"\npoll_interval = \"1s\"\nstate_directory = \"{state}\"\n\
                 runtime_directory = \"{state}-run\"\n[watcher.policies]\nconfigure_coinbase = \"notify\"\n"
            )
        };
        let named = (0..)
            .zip(&proxies)
            .map(|(index, proxy)| endpoint(&proxy.url()).replace("url =", &format!("name = \"e{index}\"\nurl =")));
        let named: String = named.collect();
        let webhook = format!("[[watcher.webhooks]]\nname = \"pager\"\nurl = \"{}\"\n", hook.url());
        let write = |name: &str, text: String| {
            #[expect(clippy::disallowed_methods, reason = "a file of a trial that is thrown away")]
            std::fs::write(folder.join(name), text)
        };
        write(TRIED, format!("{head}{named}{}{webhook}", rest("disk")))?;
        write(CLEAN, format!("{head}{}{}", endpoint(chain.url()), rest("clean")))?;
        Ok(Self {
            clock: Clock::new(&folder)?,
            disk: Disk::new(folder.join("disk"))?,
            program: Program { program: watcher.to_path_buf(), folder },
            chain,
            keys: 0,
            proxies,
            hook,
            running: None,
            is_full: false,
            kills: 0,
        })
    }

    /// Something else goes wrong from now on, or nothing.
    pub(super) fn trouble(&mut self, dice: &mut Dice) -> anyhow::Result<()> {
        at_endpoints(&self.proxies, dice);
        if let Some(clock) = &mut self.clock
            && dice.below(5) == 0
        {
            clock.step(dice.below(LATER))?;
        }
        let was_full = self.is_full;
        self.is_full = match dice.below(8) {
            0 => self.disk.leave(Some(dice.below(17 << 20)))?,
            1 => self.disk.leave(Some(dice.below(200_000)))?,
            _ => self.disk.leave(None)?,
        };
        // A write may have failed before, and the end of the watcher comes now.
        self.is_full |= was_full;
        Ok(())
    }

    /// Lets the watcher run for a while, and perhaps ends it.
    pub(super) async fn run_for(&mut self, time: Duration, dice: &mut Dice) -> anyhow::Result<Tally> {
        let mut tally = Tally::default();
        let mut running = match self.running.take() {
            Some(running) => running,
            None => self.program.start(TRIED, self.clock.as_ref())?,
        };
        let until = Instant::now() + time;
        while Instant::now() < until {
            if let Some(code) = running.ended()? {
                self.judge_end(code, &mut tally);
                return Ok(tally);
            }
            sleep(PAUSE).await;
        }
        match dice.below(10) {
            0..=2 => self.running = Some(running),
            3 => {
                running.terminate()?;
                self.wait_for_end(&mut running, &mut tally).await?;
            }
            _ => self.kills += 1,
        }
        Ok(tally)
    }

    async fn wait_for_end(&mut self, running: &mut Running, tally: &mut Tally) -> anyhow::Result<()> {
        let until = Instant::now() + Duration::from_secs(12);
        while Instant::now() < until {
            match running.ended()? {
                Some(0) => return Ok(()),
                // It was told to before it listened: that is an end like any other.
                Some(TERMINATED) => {
                    self.kills += 1;
                    return Ok(());
                }
                Some(code) => {
                    self.judge_end(code, tally);
                    return Ok(());
                }
                None => sleep(PAUSE).await,
            }
        }
        // What sled waits for after a sync that failed never comes.
        tally.hung += 1;
        eprintln!("it does not end when it is told to\n{}", self.program.last_words(TRIED));
        self.kills += 1;
        Ok(())
    }

    /// Nothing but a disk that refuses may end it.
    fn judge_end(&mut self, code: i32, tally: &mut Tally) {
        if code == 7 && self.is_full {
            self.kills += 1;
            return;
        }
        tally.refused_open += 1;
        eprintln!("it ended by itself with code {code}\n{}", self.program.last_words(TRIED));
    }

    /// Everything is well again: what is left is driven to its end, and held against a clean pass.
    pub(super) async fn morning(&mut self, tally: &mut Tally) -> anyhow::Result<()> {
        self.proxies.iter().for_each(|proxy| proxy.set(FaultPlan::none()));
        self.disk.leave(None)?;
        for _ in 0..CONFIRMATIONS {
            self.chain.mine().await?;
        }
        if self.running.take().is_some() {
            self.kills += 1;
        }
        let last = self.chain.block_number().await? - CONFIRMATIONS;
        if let Some(clock) = &mut self.clock {
            clock.step(clock.most + LATER)?;
        }
        if !self.follow_to(TRIED, "disk", last, tally).await? {
            return Ok(());
        }
        if !self.follow_to(CLEAN, "clean", last, tally).await? {
            return Ok(());
        }
        let tried = Found::read(&self.disk.path, tally)?;
        let clean = Found::read(&self.program.folder.join("clean"), tally)?;
        verdict::compare(&tried, &clean, &self.hook.kept(), self.kills, tally);
        self.other_history(&tried, tally).await
    }

    /// Runs a watcher until it planned up to a block and nothing is left to tell, and ends it. Whether it came so far.
    async fn follow_to(&mut self, config: &str, state: &str, last: u64, tally: &mut Tally) -> anyhow::Result<bool> {
        let until = Instant::now() + PATIENCE;
        let runtime = self.program.folder.join(format!("{state}-run"));
        let mut running = self.program.start(config, self.clock.as_ref())?;
        while Instant::now() < until {
            if let Some(code) = running.ended()? {
                tally.refused_open += 1;
                eprintln!("in the morning it ended with code {code}\n{}", self.program.last_words(config));
                return Ok(false);
            }
            let is_there = status(&runtime).is_some_and(|status| {
                let is_moving = |phase: &Phase| !matches!(phase, Phase::Done | Phase::Dropped | Phase::Parked);
                let live: u64 = status
                    .actions
                    .values()
                    .flatten()
                    .filter(|(phase, _)| is_moving(phase))
                    .map(|(_, count)| *count)
                    .sum();
                status.networks.values().all(|network| network.checkpoint == Some(last)) && live == 0
            });
            if is_there {
                running.terminate()?;
                self.wait_for_end(&mut running, tally).await?;
                return Ok(true);
            }
            sleep(PAUSE).await;
        }
        tally.stuck += 1;
        eprintln!("it does not come to block {last}: {:?}\n{}", status(&runtime), self.program.last_words(config));
        Ok(false)
    }

    /// A block that was final is another one: it must end, say so, and change nothing.
    async fn other_history(&mut self, before: &Found, tally: &mut Tally) -> anyhow::Result<()> {
        self.chain.play(Move::Reorg { depth: CONFIRMATIONS + 2 }).await?;
        let mut running = self.program.start(TRIED, self.clock.as_ref())?;
        let until = Instant::now() + PATIENCE;
        let code = loop {
            match running.ended()? {
                Some(code) => break Some(code),
                None if Instant::now() > until => break None,
                None => sleep(PAUSE).await,
            }
        };
        drop(running);
        let after = Found::read(&self.disk.path, tally)?;
        if code != Some(6) || after != *before {
            tally.inconsistent += 1;
            eprintln!(
                "on another history it ended with {code:?}, its journal {}\n{}",
                if after == *before { "as it was" } else { "changed" },
                self.program.last_words(TRIED)
            );
        }
        Ok(())
    }
}
