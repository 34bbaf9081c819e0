//! What own attesters proposed, followed beside the logs, and what it proves of coinbases.
//!
//! It comes after the logs of a look were planned, and never holds them up: what cannot be read is told as that, and nothing is planned of
//! it. The memory is written before anything of it is planned, as that of conditions is.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use butler_core::chain::{DutiesBook, Following, FormerBooks, FormerFollowing, Heard};
use butler_core::config::{NetworkConfig, WatcherConfig};
use butler_core::domain::action::{Action, Assurance, Place};
use butler_core::domain::attester::overview::overview;
use butler_core::domain::block::BlockRef;
use butler_core::domain::duties::{DutiesSeen, Expected, FormerDuties, SeenProposal, all_proposals, expected};
use butler_core::domain::findings::duties::{of_failure, of_rollups};
use butler_core::domain::findings::{FindingKind, Source};
use butler_core::domain::ids::Coinbase;
use butler_core::domain::rollup::RollupClock;
use butler_core::domain::snapshot::NetworkSnapshot;
use butler_core::network::Network;
use butler_core::runtime::failures::FailureStreak;
use butler_core::runtime::report::one_line;
use ethers_core::types::{Address, U256};

use super::early::Early;
use super::edits::Edits;
use super::findings::Found;
use super::proven::ProofsFile;
use super::reloads::{self, Decided, is_older};
use crate::follower::Look;
use crate::health::Health;
use crate::journal::{Journal, JournalError, Keep, Known};
use crate::plan::Plans;
use crate::plan::proofs::{Delegated, Proofs, Reloads, Remedy, Telling, delegated, mend, mend_keys, remedy};
use crate::plan::views::Views;

/// How far back proposals are read: a watcher that was away for longer does not judge those before.
const SPAN: Duration = Duration::from_secs(2 * 86_400);

/// The duties of one network at its canonical rollup, and at former ones at which own attesters can have any.
#[derive(Debug)]
pub(super) struct Duties {
    state: PathBuf,
    network: String,
    book: Option<DutiesBook>,
    former: FormerBooks,
    facts: Option<Facts>,
    file: ProofsFile,
    early: Early,
    failures: FailureStreak,
    failed: Option<String>,
}

/// What a snapshot says that is needed to read and to judge.
#[derive(Debug)]
struct Facts {
    clock: RollupClock,
    /// The newest checkpoint, and the block at which the rollup said so.
    pending: (u64, Option<u64>),
    own: BTreeSet<Address>,
    expected: Expected,
    delegated: BTreeMap<(Address, Coinbase), Delegated>,
}

/// Up to where a look read, and by whose word.
#[derive(Debug)]
pub(super) struct Read {
    /// The last final block.
    pub(super) to: u64,
    head: BlockRef,
    heard: Heard,
    /// The rollups whose checkpoints were heard.
    heard_of: BTreeSet<Address>,
    assurance: Assurance,
}

impl Read {
    /// What of a look is needed here, taken out of it.
    pub(super) fn of(mut look: Look) -> (Look, Self) {
        let heard = std::mem::take(&mut look.heard);
        let heard_of = look.setting.clocks.keys().copied().collect();
        let read = Self { to: look.to.number, head: look.head, heard, heard_of, assurance: look.assurance };
        (look, read)
    }
}

impl Duties {
    /// Nothing was read yet. `state` is the watcher's folder.
    pub(super) fn new(state: &Path, network: &NetworkConfig) -> Self {
        let subject = (network.chain_id, network.staking_registry);
        Self {
            state: state.to_owned(),
            network: network.name.clone(),
            book: None,
            former: FormerBooks::default(),
            facts: None,
            file: ProofsFile::new(state.join(format!("{}-proofs.json", network.name)), subject),
            early: Early::default(),
            failures: FailureStreak::default(),
            failed: None,
        }
    }

    /// Takes in whose proposals matter, and what they must have. Blocks.
    pub(super) fn note(&mut self, network: &Network, snapshot: &NetworkSnapshot) {
        let rows = overview(snapshot, &network.keys.book, &BTreeMap::new(), network.config.coinbase_rules());
        let rollup = snapshot.rollup.address;
        let path = |rollup: Address| self.state.join(format!("{}-duties-{rollup:?}.json", self.network));
        if self.book.as_ref().is_none_or(|book| book.rollup() != rollup) {
            let book = DutiesBook::open(Some(&path(rollup)), network.config.chain_id, rollup);
            if let Some(before) = self.book.replace(book) {
                self.former.take_in(before, snapshot);
            }
        }
        self.former.note(snapshot, |rollup| Some(path(rollup)));
        self.facts = Some(Facts {
            clock: snapshot.rollup.clock,
            pending: (snapshot.block.number, snapshot.rollup.checkpoints.pending),
            own: rows.iter().map(|row| row.attester).collect(),
            expected: expected(&rows, &snapshot.delegations),
            delegated: delegated(&snapshot.delegations),
        });
    }

    /// Reads on up to the newest block. What fails is told, and tried again at the next look.
    pub(super) async fn follow(&mut self, network: &Network, read: &Read, health: &Health) {
        let (Some(book), Some(facts)) = (&mut self.book, &self.facts) else { return };
        let following = Following {
            clock: facts.clock,
            own: &facts.own,
            head: read.head,
            pending: facts.pending.1.filter(|_| facts.pending.0 == read.head.number),
            heard: Some(&read.heard),
            span: SPAN,
        };
        let alive = |_| health.heard(&self.network);
        let client = network.reader.client();
        let followed = Box::pin(book.follow(client, &following, &alive)).await;
        let heard = (&read.heard, &read.heard_of);
        let following = FormerFollowing { own: &facts.own, head: read.head, heard, span: SPAN };
        Box::pin(self.former.follow(client, &following, &alive)).await;
        self.failed = followed.err().map(|error| one_line(&error));
        let name = &self.network;
        match &self.failed {
            Some(why) => {
                if self.failures.failed().is_some() {
                    tracing::warn!(network = name, "what own attesters proposed is not read: {why}");
                }
            }
            None => {
                self.failures.ended();
            }
        }
    }

    /// What could not be read of the last time; nothing of coinbases, which are told by themselves.
    pub(super) fn find(&self, network: &Network, beside: &mut Found) {
        beside.findings.extend(self.failed.iter().map(|why| of_failure(why)));
        let (Some(facts), Some(seen)) = (&self.facts, self.seen()) else {
            beside.unasked.push(Source::Duties);
            return;
        };
        let (former, limits) = (self.former.duties(), network.config.thresholds());
        let all = of_rollups((seen, &former), &facts.expected, &BTreeSet::new(), &limits);
        beside.findings.extend(all.into_iter().filter(|finding| finding.kind == FindingKind::DutiesUnread));
    }

    fn seen(&self) -> Option<&DutiesSeen> {
        self.book.as_ref().and_then(DutiesBook::seen)
    }

    /// Judges what is final and keeps that; whether anything is contradicted. Blocks.
    ///
    /// # Errors
    /// The memory cannot be kept: then nothing may be planned.
    pub(super) fn judge(&mut self, read: &Read, health: &Health) -> Result<bool, String> {
        for kept in [self.book.as_mut().map_or(Ok(()), DutiesBook::save), self.former.save()] {
            if let Err(error) = kept {
                tracing::debug!("duties cannot be kept: {}", one_line(&error));
            }
        }
        let former = self.former.duties();
        let is_unread = self.failed.is_some() || former.iter().any(is_any_unread);
        let (Some(facts), Some(seen)) = (&self.facts, self.book.as_ref().and_then(DutiesBook::seen)) else {
            health.proofs(&self.network, None, is_unread);
            return Ok(false);
        };
        let is_unread = is_unread || lacks_any(seen);
        let proposals = all_proposals(&seen.proposals, &former);
        let proofs = self.file.loaded();
        let before = proofs.clone();
        proofs.look(&proposals, &former, &facts.expected, read.to);
        let (counts, is_contradicted) = (proofs.counts(&facts.expected), proofs.open().next().is_some());
        let is_new = *proofs != before;
        if is_new && let Err(why) = self.file.save() {
            // What is not kept is not told, so nothing of it is served as if it were.
            health.proofs(&self.network, Some(before.counts(&facts.expected)), true);
            *self.file.loaded() = before;
            return Err(why);
        }
        health.proofs(&self.network, Some(counts), is_unread);
        Ok(is_contradicted)
    }

    /// Says what is to be planned of what was judged, and what is to be remembered with it. Blocks.
    ///
    /// # Errors
    /// The journal cannot be asked.
    pub(super) fn plan(
        &mut self,
        (network, read): (&Network, &Read),
        place: Place,
        edits: &Edits,
        (journal, config): (&dyn Journal, &WatcherConfig),
    ) -> Result<(Plans, Vec<Keep>), JournalError> {
        let (Some(facts), Some(seen)) = (&self.facts, self.book.as_ref().and_then(DutiesBook::seen)) else {
            return Ok((Plans::default(), Vec::new()));
        };
        let former = self.former.duties();
        let proposals = all_proposals(&seen.proposals, &former);
        let proofs = self.file.loaded().clone();
        let remedies = remedies(&proofs, network, edits.views());
        let none = BTreeMap::new();
        let (assurance, clock) = (read.assurance, facts.clock);
        let rollups = former_rollups(&self.former);
        let telling = Telling { place, assurance, clock, former: &rollups, remedies: &remedies, reloads: &none };
        let open: Vec<_> = proofs.open().collect();
        let Decided { reloads, states } = reloads::look(&open, &telling, edits, journal, config)?;
        let telling = Telling { reloads: &states, ..telling };
        let mut plans = proofs.plan(&telling);
        for (attester, one) in proofs.open() {
            let is_mendable = matches!(remedies.get(&attester), Some(Remedy::Write(_)));
            let Some(delegated) = facts.delegated.get(&(attester, one.right)).filter(|_| is_mendable) else { continue };
            for key in mend_keys(attester, one, &place) {
                match journal.look_up(&key)? {
                    // It waits, or is being done.
                    Some(Known::Live(_)) => break,
                    // It was mended since, and only the next proposal can tell whether that helped.
                    Some(Known::Finished(finished)) if is_older(one, finished.at, &telling) => break,
                    Some(Known::Finished(finished)) if !finished.again => {}
                    // Asked for by its proposals at another rollup.
                    Some(Known::Finished(_)) | None if plans.actions.iter().any(|action| action.key == key) => break,
                    Some(Known::Finished(_)) | None => {
                        plans.actions.push(mend(key, attester, one, *delegated, &telling));
                        break;
                    }
                }
            }
        }
        // What was told is not planned at each look.
        let told: BTreeSet<_> = plans.actions.iter().map(|action| action.key.clone()).collect();
        let mut fresh = Vec::new();
        for action in plans.actions {
            if !matches!(journal.look_up(&action.key)?, Some(Known::Finished(finished)) if !finished.again) {
                fresh.push(action);
            }
        }
        plans.actions = fresh;
        let Reloads { asks, anew, retractions } = reloads;
        let asked: Vec<_> = asks.into_iter().chain(anew).collect();
        let keeps = asked.iter().filter_map(reloads::keep).collect();
        plans.actions.extend(asked.into_iter().map(|(action, _)| action));
        plans.retractions.extend(retractions);
        let newest = newest(&proofs, (&proposals, &former), facts, &telling);
        let early = newest.into_iter().filter(|action| !told.contains(&action.key)).collect();
        self.early.look(|key| told.contains(key), early).log(&self.network);
        Ok((plans, keeps))
    }

    /// What of the reloads that are asked for is to be shown anew or taken back, by the keystores as they are seen now: nothing more is asked
    /// for before the next proposals are judged. Blocks.
    ///
    /// # Errors
    /// The journal cannot be asked.
    pub(super) fn renewed(
        &mut self,
        network: &Network,
        place: Place,
        edits: &Edits,
        (journal, config): (&dyn Journal, &WatcherConfig),
    ) -> Result<Reloads, JournalError> {
        let Some(facts) = &self.facts else { return Ok(Reloads::default()) };
        let proofs = self.file.loaded();
        let (remedies, none) = (remedies(proofs, network, edits.views()), BTreeMap::new());
        let rollups = former_rollups(&self.former);
        let telling = Telling {
            place,
            assurance: Assurance::OneEndpoint,
            clock: facts.clock,
            former: &rollups,
            remedies: &remedies,
            reloads: &none,
        };
        let open: Vec<_> = proofs.open().collect();
        let Decided { reloads, .. } = reloads::look(&open, &telling, edits, journal, config)?;
        // Without what is asked for instead nothing is taken back for it.
        let retractions = if reloads.asks.is_empty() { reloads.retractions } else { Vec::new() };
        Ok(Reloads { asks: Vec::new(), retractions, ..reloads })
    }

    /// Forgets what was planned durably and needs not be planned again.
    pub(super) fn settle(&mut self) {
        self.file.loaded().settle();
    }
}

/// The versions of former rollups, and their clocks where these are known.
fn former_rollups(books: &FormerBooks) -> BTreeMap<Address, (U256, Option<RollupClock>)> {
    books.rollups().map(|(id, clock)| (id.address, (id.version, clock))).collect()
}

/// Whether something of a former rollup is not known.
fn is_any_unread(former: &FormerDuties) -> bool {
    former.failed.is_some() || former.seen.as_ref().is_some_and(lacks_any)
}

fn lacks_any(seen: &DutiesSeen) -> bool {
    seen.gap.is_some() || !seen.unread.is_empty()
}

/// What would mend each coinbase that is contradicted.
fn remedies(proofs: &Proofs, network: &Network, views: Option<&Views>) -> BTreeMap<Address, Remedy> {
    let book = &network.keys.book;
    proofs.open().map(|(attester, one)| (attester, remedy(book, views, attester, one.right))).collect()
}

/// What would be told if the newest blocks stay.
fn newest(
    proofs: &Proofs,
    (proposals, former): (&[SeenProposal], &[FormerDuties]),
    facts: &Facts,
    telling: &Telling<'_>,
) -> Vec<Action> {
    let mut proofs = proofs.clone();
    proofs.look(proposals, former, &facts.expected, u64::MAX);
    proofs.plan(telling).actions
}
