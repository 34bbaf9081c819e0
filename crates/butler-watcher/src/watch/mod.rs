//! One network, watched: look, plan, commit, and again.
//!
//! Whatever fails is tried again after a pause and leaves the checkpoint where it is. Only what waiting cannot mend ends the
//! program: another history at the checkpoint, another chain, a log of ours that nobody can read.

mod duties;
mod early;
mod edits;
mod error;
mod findings;
mod keys;
mod memory;
mod proposals;
mod propose;
mod prove;
mod proven;
mod reloads;
mod renew;
mod wishes;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use butler_core::client::l1::Policy as Patience;
use butler_core::config::Config;
use butler_core::domain::action::{Action, Assurance, EffectKey, Place};
use butler_core::network::Network;
use butler_core::runtime::backoff::Backoff;
use butler_core::runtime::clock::unix_now;
use butler_core::runtime::failures::FailureStreak;
use butler_core::runtime::report::Chain;
use ethers_core::types::H256;
use tokio::sync::{Notify, watch};
use tokio::task::block_in_place;
use tokio::time::sleep;

use self::duties::{Duties, Read};
use self::early::Early;
use self::edits::Edits;
use self::error::Failed;
pub use self::error::WatchError;
use self::findings::{Beside, Found};
use self::keys::Keys;
use self::memory::Memory;
use self::proposals::Proposals;
pub use self::wishes::Wishes;
use crate::executors::proposals::{Books, can_propose};
use crate::executors::{Keystores, Rollups};
use crate::follower::{Checkpoint, FollowError, Follower, Look};
use crate::health::Health;
use crate::journal::{Batch, Cursor, CursorMove, Journal, JournalError};
use crate::plan::terms::Looked;
use crate::plan::{Happened, Occurred, Plans, conditions};
use crate::tell::{Configured, Named};

/// How hard one look tries; the next one comes soon.
const PATIENCE: Patience = Patience { rounds: 2, patience: Duration::from_secs(20) };
/// Events that are planned in one commit, but for those of one block.
const AT_ONCE: usize = 5_000;
/// Pauses after failures.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// Watches one network.
#[derive(Debug)]
pub struct Watch {
    name: String,
    poll: Duration,
    follower: Follower,
    keys: Keys,
    memory: Memory,
    early: Early,
    beside: Beside,
    duties: Duties,
    journal: Arc<dyn Journal>,
    health: Arc<Health>,
    news: Arc<Notify>,
    configured: Arc<watch::Sender<Configured>>,
    wishes: Wishes,
    edits: Edits,
    rollups: Arc<watch::Sender<Rollups>>,
    books: Arc<watch::Sender<Books>>,
    proposals: Proposals,
    /// What the key files name, and what they named when what waits was last held against them.
    named: Named,
    held_against: Option<Named>,
    /// Where it is heard that a person had something tried again.
    retries: watch::Receiver<()>,
}

impl Watch {
    /// Opens a network. `state` is the watcher's folder. Blocks.
    ///
    /// # Errors
    /// The network cannot be opened, or is neither known to the journal nor has a block to begin with.
    pub fn open(
        config: &Arc<Config>,
        network: &str,
        state: &Path,
        (journal, health, news): (Arc<dyn Journal>, Arc<Health>, Arc<Notify>),
        (configured, wishes): (Arc<watch::Sender<Configured>>, Wishes),
        keystores: Option<Arc<Keystores>>,
        (rollups, books): (Arc<watch::Sender<Rollups>>, Arc<watch::Sender<Books>>),
    ) -> Result<Self, WatchError> {
        let failed = |source: FollowError| WatchError::Follow { network: network.to_owned(), source: Box::new(source) };
        let settings = config.network(Some(network)).map_err(|error| failed(FollowError::Network(error.into())))?;
        let mut keys = Keys::open(state, settings);
        let report = keys.load(settings);
        let opened = Network::open_with(config, Some(network), PATIENCE, report);
        let opened = opened.map_err(|error| failed(FollowError::Network(error)))?;
        let cursor = journal.cursor(network)?;
        if cursor.is_none() {
            Follower::beginning(&opened.config).map_err(failed)?;
        }
        health.begin(network, cursor);
        let subject = (opened.config.chain_id, opened.config.staking_registry);
        let (duties, retries) = (Duties::new(state, &opened.config), health.retries.listen());
        let mut watch = Self {
            name: network.to_owned(),
            poll: config.watcher.poll_interval,
            follower: Follower::new(opened),
            keys,
            memory: Memory::new(state.join(format!("{network}-conditions.json")), subject),
            early: Early::default(),
            beside: Beside::default(),
            duties,
            journal,
            health,
            news,
            configured,
            wishes,
            edits: Edits::new(keystores),
            rollups,
            books,
            proposals: Proposals::new(Arc::clone(config)),
            named: Named::default(),
            held_against: None,
            retries,
        };
        // What was planned before the last end may be done by now.
        let keys = watch.follower.network().keys.clone();
        watch.show_coinbases(&keys);
        Ok(watch)
    }

    /// Watches until it is dropped.
    ///
    /// # Errors
    /// What waiting does not mend.
    pub async fn run(mut self) -> Result<(), WatchError> {
        let (mut streak, mut backoff) = (FailureStreak::default(), Backoff::new(PAUSES.0, PAUSES.1));
        loop {
            let turn = Box::pin(self.turn()).await;
            self.note_endpoints();
            let pause = match turn {
                Ok(()) => {
                    self.health.looked(&self.name, None);
                    backoff.reset();
                    if let Some(failures) = streak.ended() {
                        tracing::info!(
                            network = self.name,
                            "{} is followed again after {failures} failures",
                            self.name
                        );
                    }
                    self.poll
                }
                Err(failed) => {
                    let worth = streak.failed();
                    self.judge(failed, worth)?;
                    backoff.pause()
                }
            };
            tokio::select! {
                () = sleep(pause) => {}
                // What is tried again is shown as it is now before anybody approves it.
                Ok(()) = self.retries.changed() => self.edits.look_soon(),
            }
        }
    }

    /// Ends the watch for what waiting does not mend, and tells the rest when it is worth a line.
    fn judge(&self, failed: Failed, worth: Option<u64>) -> Result<(), WatchError> {
        let name = &self.name;
        let (told, hint) = failed.passing(name)?;
        self.health.looked(name, Some(told.clone()));
        if let Some(failures) = worth {
            let hint = hint.map(|hint| format!(" (hint: {hint})")).unwrap_or_default();
            tracing::warn!(network = name, failures, "{name} is not followed further: {told}{hint}");
        }
        Ok(())
    }

    async fn turn(&mut self) -> Result<(), Failed> {
        let began = unix_now();
        let cursor = block_in_place(|| self.journal.cursor(&self.name)).map_err(Failed::Journal)?;
        let checkpoint = match cursor {
            Some(cursor) => Checkpoint { number: cursor.block, hash: Some(cursor.hash) },
            None => Follower::beginning(&self.follower.network().config).map_err(Failed::Follow)?,
        };
        let tip = self.follower.tip(&checkpoint).await.map_err(Failed::Follow)?;
        self.health.final_block(&self.name, tip.last, unix_now());
        let place = self.place();
        if self.edits.look((self.journal.as_ref(), &self.health), place, false).await.map_err(Failed::Journal)? {
            block_in_place(|| self.renew_edits()).map_err(Failed::Journal)?;
        }
        if tip.last.number <= checkpoint.number {
            return Ok(());
        }
        let keys = block_in_place(|| self.keys.load(&self.follower.network().config));
        self.health.remembered(&self.name, self.keys.is_kept());
        self.show_coinbases(&keys);
        self.follower.network_mut().keys = keys;
        self.hand_out_keys();
        block_in_place(|| self.hold_against_files()).map_err(Failed::Journal)?;
        let (health, name) = (Arc::clone(&self.health), self.name.clone());
        let progress = move |block| health.progress(&name, block);
        let look = self.follower.look(&checkpoint, tip, &progress).await;
        if let Err(error) = block_in_place(|| self.follower.network_mut().reader.save_ledger()) {
            tracing::debug!("the ledger cannot be kept: {}", Chain(&error));
        }
        let look = look.map_err(Failed::Follow)?;
        if let Some(snapshot) = &look.snapshot {
            let rollup = (snapshot.rollup.address, snapshot.rollup.clock);
            self.rollups.send_modify(|rollups| {
                rollups.insert(place, rollup);
            });
        }
        if look.events.iter().any(|event| matches!(event.what, Happened::Staked { .. })) {
            self.edits.look((self.journal.as_ref(), &self.health), place, true).await.map_err(Failed::Journal)?;
            let keys = self.follower.network().keys.clone();
            self.show_coinbases(&keys);
        }
        block_in_place(|| self.memory.load());
        let due = self.memory.terms.due(look.to.number);
        let final_blocks = self.follower.final_blocks(&look.to, due).await;
        let mut beside = Found::default();
        if let Some(snapshot) = &look.snapshot {
            beside = Box::pin(self.beside.look(self.follower.network(), snapshot)).await;
            block_in_place(|| self.duties.note(self.follower.network(), snapshot));
            self.duties.find(self.follower.network(), &mut beside);
        }
        let wished = match &look.snapshot {
            Some(snapshot) => Box::pin(self.wish(snapshot, began)).await?,
            None => Default::default(),
        };
        let (to, assurance) = (Cursor::from(&look.to), look.assurance);
        let (look, read) = Read::of(look);
        block_in_place(|| self.commit(cursor, look, beside, &final_blocks))?;
        block_in_place(|| self.plan_wishes(wished, assurance, to))?;
        self.news.notify_one();
        self.duties.follow(self.follower.network(), &read, &self.health).await;
        self.prove(&read, to).await?;
        self.news.notify_one();
        Ok(())
    }

    /// Plans what was found, block by block, and moves the checkpoint with it.
    fn commit(
        &mut self,
        mut cursor: Option<Cursor>,
        mut look: Look,
        beside: Found,
        final_blocks: &BTreeMap<u64, H256>,
    ) -> Result<(), Failed> {
        look.known.expect(self.memory.terms.unsaid());
        // Kept before the first event is planned: a restart behind it does not read it again.
        let mut of_state = self.of_state(&look, beside, final_blocks)?;
        let mut rest = look.events.as_slice();
        let mut planned = BTreeSet::new();
        loop {
            let (some, after) = rest.split_at(whole_blocks(rest));
            rest = after;
            let mut plans = crate::plan::plan(&look.setting, &mut look.known, some, look.assurance);
            let to = match some.last() {
                Some(event) if !rest.is_empty() => {
                    Cursor { block: event.log.block_number, hash: event.log.block_hash, time: event.time }
                }
                Some(_) | None => Cursor::from(&look.to),
            };
            if rest.is_empty() {
                plans.actions.extend(std::mem::take(&mut of_state));
            }
            let step = CursorMove { name: self.name.clone(), expected: cursor, to };
            let batch = self.batch(plans, Some(step));
            self.carry_out(&batch, to).map_err(Failed::Journal)?;
            planned.extend(batch.plans.into_iter().map(|plan| plan.action.key));
            cursor = Some(to);
            if rest.is_empty() {
                self.memory.episodes.retain(|episode| episode.ended.is_none());
                self.memory.terms.settle(look.setting.staking_registry, &look.events);
                let early = crate::plan::plan(&look.setting, &mut look.known, &look.early, Assurance::OneEndpoint);
                self.early.look(|key| planned.contains(key), early.actions).log(&self.name);
                return Ok(());
            }
        }
    }

    fn batch(&self, plans: Plans, step: Option<CursorMove>) -> Batch {
        wishes::batch(plans, step, &self.edits, (&self.wishes.borrow(), &self.named))
    }

    fn carry_out(&self, batch: &Batch, to: Cursor) -> Result<(), JournalError> {
        let done = self.journal.commit(batch)?;
        let new: BTreeSet<&EffectKey> = done.planned.iter().collect();
        let planned = batch.plans.iter().filter(|plan| new.contains(&plan.action.key));
        let kinds: Vec<_> = planned.map(|plan| plan.action.kind).collect();
        if !kinds.is_empty() {
            tracing::info!(
                network = self.name,
                block = to.block,
                planned = kinds.len(),
                "planned up to block {}",
                to.block
            );
        }
        self.health.planned(&self.name, to, kinds);
        Ok(())
    }

    /// What to tell of the state: of conditions, and of what the registry says and no event told. Once their memory is kept: without
    /// it nothing is planned, since a restart would take what an event tells now for something that none told.
    fn of_state(
        &mut self,
        look: &Look,
        beside: Found,
        final_blocks: &BTreeMap<u64, H256>,
    ) -> Result<Vec<Action>, Failed> {
        let Some(snapshot) = &look.snapshot else { return Ok(Vec::new()) };
        let mut findings = findings::findings(self.follower.network(), snapshot);
        findings.extend(beside.findings);
        let looked = Looked {
            block: snapshot.block,
            providers: &snapshot.providers,
            to: look.to.number,
            events: &look.events,
            final_blocks,
        };
        self.memory.terms.look(look.setting.staking_registry, &looked);
        conditions::look(&mut self.memory.episodes, &findings, &beside.unasked, &snapshot.block);
        self.memory.save().map_err(Failed::Memory)?;
        let place = look.setting.at(look.setting.staking_registry);
        let mut actions = self.memory.terms.plan(&look.setting, look.assurance);
        actions.extend(conditions::plan(&self.memory.episodes, &place, look.assurance));
        Ok(actions)
    }

    /// Hands the key files to whoever proposes.
    fn hand_out_keys(&self) {
        let network = self.follower.network();
        if can_propose(&network.config) {
            let (place, keys) = (self.place(), Arc::new(network.keys.clone()));
            self.books.send_modify(|books| drop(books.insert(place, keys)));
        }
    }

    fn place(&self) -> Place {
        let config = &self.follower.network().config;
        Place { chain_id: config.chain_id, contract: config.staking_registry }
    }

    fn note_endpoints(&self) {
        let client = self.follower.network().reader.client();
        let figures = client.endpoints().iter().map(|endpoint| {
            let requests = endpoint.peer().counters().requests.load(Ordering::Relaxed);
            (endpoint.name().to_owned(), (requests, endpoint.health().last_failure().is_none()))
        });
        self.health.endpoints(&self.name, figures.collect::<BTreeMap<_, _>>());
    }
}

/// How many of the events are taken at once: whole blocks.
fn whole_blocks(events: &[Occurred]) -> usize {
    let Some(last) = events.get(AT_ONCE.min(events.len()).saturating_sub(1)) else { return 0 };
    events.partition_point(|event| event.log.block_number <= last.log.block_number)
}
