//! The scraper of one network's chain: key files, one snapshot, readings.
//!
//! Everything of a snapshot is read at one block or nothing is. A failure is counted and logged, and the readings stay.

use std::collections::{BTreeMap, BTreeSet};
use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use butler_core::chain::{Along, DelegationTimes, DutiesBook, SnapshotRequest};
use butler_core::client::l1::{BlockTag, L1Client, Policy};
use butler_core::config::Config;
use butler_core::domain::findings::staking::registered_bls_keys;
use butler_core::domain::findings::{Source, program};
use butler_core::domain::ids::ProviderId;
use butler_core::domain::provider::publisher::TopUpError;
use butler_core::domain::provider::runway::SpendHistory;
use butler_core::domain::rollups::untold::LastTold;
use butler_core::domain::snapshot::NetworkSnapshot;
use butler_core::key_files::{KeyFileFault, KeyFilesReport};
use butler_core::network::{Network, NetworkError};
use butler_core::runtime::clock::unix_now;
use butler_core::runtime::report::one_line;
use ethers_core::types::Address;
use futures_util::future::BoxFuture;
use tokio::task::block_in_place;
use tokio::time::Instant;

use crate::catalogue;
use crate::catalogue::values::FailureKind;
use crate::key_keeper::{KeyKeeper, private_keys};
use crate::readings::details::Details;
use crate::readings::findings::push_findings;
use crate::readings::runway::{note_balances, runway_readings};
use crate::readings::{ChainReadings, Readings, address, chain_readings, number, truth};
use crate::scrapers::failure::Failure;
use crate::scrapers::last_snapshot::{LastSnapshot, LastSnapshotSender};
use crate::scrapers::others::Others;
use crate::scrapers::scrape::{Ending, Patience, Scrape};
use crate::slots::{EndpointFigures, Outcome, Scraped, Slot, Store};

/// How hard one scrape tries; the next one comes soon.
const POLICY: Policy = Policy { rounds: 2, patience: Duration::from_secs(20) };

/// So many blocks are heard again each time: the ledger's scan reads them again anyway.
const HEARD_AGAIN: u64 = 63;

/// Scrapes one network's chain, again and again. Key files and the ledger are files: they are read and written in place,
/// which needs a runtime of several threads.
#[derive(Debug)]
pub struct L1Scraper {
    config: Arc<Config>,
    keeper: KeyKeeper,
    last: LastSnapshotSender,
    network: Option<Network>,
    delegation_times: DelegationTimes,
    last_told: LastTold,
    spending: BTreeMap<Address, SpendHistory>,
    /// What is wrong with key files and was logged.
    told_faults: BTreeSet<String>,
    is_unsaved: bool,
    others: Others,
    /// Our providers, as the last snapshot has them.
    own: BTreeSet<ProviderId>,
}

impl L1Scraper {
    /// A scraper that has opened nothing yet. What it reads is shown to others through `last`.
    #[must_use]
    pub fn new(config: Arc<Config>, keeper: KeyKeeper, last: LastSnapshotSender) -> Self {
        Self {
            config,
            keeper,
            last,
            network: None,
            delegation_times: DelegationTimes::default(),
            last_told: LastTold::default(),
            spending: BTreeMap::new(),
            told_faults: BTreeSet::new(),
            is_unsaved: false,
            others: Others::default(),
            own: BTreeSet::new(),
        }
    }

    async fn read(&mut self, slot: &Slot) -> Result<Scraped, Failure> {
        let keys = self.keys(&slot.network)?;
        self.tell_faults(&slot.network, &keys);
        let network = match &mut self.network {
            Some(network) => {
                network.keys = keys;
                network
            }
            unopened @ None => {
                let open = || Network::open_with(&self.config, Some(&slot.network), POLICY, keys);
                unopened.insert(block_in_place(open)?)
            }
        };
        let asked = network.request(BlockTag::Latest);
        let request = SnapshotRequest { admins_may_be_gone: true, with_cut_over_time: true, ..asked };
        let mut heard_of = BTreeSet::new();
        if let Some(last) = self.last.borrow().as_ref() {
            heard_of = worth_hearing(&last.snapshot);
            let (filter, from) = (DutiesBook::filter(heard_of.iter().copied()), last.snapshot.block.number);
            let along = Along::new(filter, from.saturating_sub(HEARD_AGAIN), Box::new(|_, _| true));
            network.reader.listen(along.and_earlier());
        }
        let read = network.reader.read(&request, &|_| slot.tick()).await;
        let heard = network.reader.heard();
        let mut snapshot = read?;
        self.last_told.lend(&mut snapshot);
        let mut lent = Readings::default();
        let unread = self.others.lend(&mut snapshot, &mut lent);
        self.own = snapshot.providers.keys().copied().collect();
        let (registered, private_keys) = (registered_bls_keys(&snapshot), private_keys(&self.config));
        let (keeper, config) = (&self.keeper, &network.config);
        block_in_place(|| keeper.hold_against_chain(&mut network.keys, config, private_keys, &registered));
        let readings = chain_readings(&network.config, &network.keys, &snapshot, &slot.states());
        let mut readings = readings.map_err(|error| top_up_failed(&error))?;
        let client = network.reader.client();
        let times = self.delegation_times.read(client, &snapshot.block, &snapshot.delegations).await;
        note_balances(&mut self.spending, &snapshot);
        let thresholds = network.config.thresholds();
        let times = times?;
        let (runways, dry) = runway_readings(&snapshot, &times, &self.spending, &thresholds);
        readings.readings.0.extend(runways.0);
        readings.readings.0.extend(lent.0);
        readings.findings.extend(unread);
        readings.findings.extend(dry);
        push_endpoints(&mut readings.readings, client, snapshot.block.number);
        readings.findings.extend(client.clock_behind().map(program::of_clock));
        readings.findings.extend(snapshot.unconfirmed.as_deref().map(program::of_unconfirmed));
        let (number, time) = (snapshot.block.number, snapshot.block.timestamp);
        readings.findings.extend(program::of_block(number, time, unix_now(), &thresholds));
        push_findings(&mut readings.readings, Source::Chain, &readings.findings, time);
        let rollups = snapshot.former_rollups.iter().map(|former| former.id.address).chain([snapshot.rollup.address]);
        let duties_paths = rollups.filter_map(|rollup| Some((rollup, network.reader.duties_path(rollup)?))).collect();
        self.last.send_replace(Some(Arc::new(LastSnapshot {
            snapshot,
            basis: readings.basis,
            heard,
            heard_of,
            duties_paths,
            keys: network.keys.book.clone(),
            thresholds,
            client: network.reader.shared_client(),
            taken: Instant::now(),
        })));
        for step in &readings.steps {
            let (attester, from, to) = (address(step.attester), step.from, step.to);
            tracing::info!(
                network = slot.network, %attester, %from, %to, judgement = step.judgement.name(),
                "attester {attester} is now {to}, before {from} ({})", step.judgement.name()
            );
        }
        let steps = readings.steps.iter().map(|step| step.judgement).collect();
        let ChainReadings { readings, findings, states, attesters, .. } = readings;
        let details = Details { attesters, ..Details::default() };
        Ok(Scraped { readings, findings, states, steps, details })
    }

    /// What the key files say now, or said last.
    fn keys(&self, network: &str) -> Result<KeyFilesReport, Failure> {
        let config = self.config.network(Some(network)).map_err(NetworkError::from)?;
        Ok(block_in_place(|| {
            self.keeper.restore(&self.config, config);
            self.keeper.load(config, private_keys(&self.config))
        }))
    }

    /// Logs what is newly wrong with key files, and what is right again.
    fn tell_faults(&mut self, network: &str, keys: &KeyFilesReport) {
        let kept = keys.kept.iter().map(|kept| format!("what a key file said last counts: {kept}"));
        let told = |fault: &KeyFileFault| {
            let what = if fault.refuses_file() { "a key file is left out" } else { "an entry of a key file is wrong" };
            format!("{what}: {fault}")
        };
        let faults: BTreeSet<String> = keys.faults.iter().map(told).chain(kept).collect();
        for fault in faults.difference(&self.told_faults) {
            tracing::warn!(network, "{fault}");
        }
        if faults.is_empty() && !self.told_faults.is_empty() {
            tracing::info!(network, "all key files of {network} are read again");
        }
        self.told_faults = faults;
    }

    /// Keeps the ledger for the next start. The readings are good all the same.
    fn save_ledger(&mut self, slot: &Slot) {
        let Some(network) = &mut self.network else { return };
        let name = &slot.network;
        match block_in_place(|| network.reader.save_ledger()) {
            Ok(()) => {
                slot.note_kept(Store::Ledger, true);
                if std::mem::take(&mut self.is_unsaved) {
                    tracing::info!(network = name, "the ledger of {name} is kept again");
                }
            }
            Err(error) => {
                slot.note_kept(Store::Ledger, false);
                if !std::mem::replace(&mut self.is_unsaved, true) {
                    let why = one_line(&error);
                    tracing::warn!(network = name, "the ledger of {name} cannot be kept for the next start: {why}");
                }
            }
        }
    }
}

impl Scrape for L1Scraper {
    fn subject(&self) -> &'static str {
        "the chain"
    }

    fn patience(&self) -> Patience {
        Patience::WholeScrape
    }

    fn scrape<'a>(&'a mut self, slot: &'a Slot) -> BoxFuture<'a, Result<Scraped, Failure>> {
        Box::pin(self.read(slot))
    }

    fn ended(&mut self, slot: &Slot, ending: Ending) {
        if let Some(network) = &self.network {
            slot.note_endpoints(endpoint_figures(network), unix_now());
        }
        if ending == Ending::Bad {
            // A scan that is cut by the deadline goes on from there the next time, also after a restart.
            self.save_ledger(slot);
            // Whoever waits for the first snapshot need not wait any longer.
            self.last.send_modify(|_| {});
        }
    }

    fn served(&mut self, slot: &Slot) {
        self.save_ledger(slot);
        block_in_place(|| slot.save_states());
        slot.note_kept(Store::KeyFiles, self.keeper.is_stored());
    }

    fn afterwards<'a>(&'a mut self, slot: &'a Slot) -> BoxFuture<'a, ()> {
        let is_good = slot.last_outcome() == Some(Outcome::Success);
        let Some(network) = self.network.as_ref().filter(|_| is_good) else { return Box::pin(ready(())) };
        slot.tick();
        Box::pin(self.others.refresh(network, &self.own, slot))
    }

    fn pause(&self) -> Duration {
        self.network.as_ref().map_or(Duration::ZERO, |network| network.reader.client().pause())
    }

    fn has_more(&self) -> bool {
        self.others.is_new()
    }
}

/// The rollups at which own attesters may have duties. To hear of one more costs no request.
fn worth_hearing(snapshot: &NetworkSnapshot) -> BTreeSet<Address> {
    let former = snapshot.former_rollups.iter().filter(|former| former.figures.is_some());
    former.map(|former| former.id.address).chain([snapshot.rollup.address]).collect()
}

fn top_up_failed(error: &TopUpError) -> Failure {
    Failure::new(FailureKind::Overflow, format!("failed to compute what publishers need: {}", one_line(error)))
}

/// How far each endpoint is, what it is asked for at most, and whether the clock here is behind all of them.
fn push_endpoints(readings: &mut Readings, client: &L1Client, block: u64) {
    for endpoint in client.endpoints() {
        let label = || [endpoint.name().to_owned()];
        if let Some(head) = endpoint.record().head {
            readings.push(&catalogue::ENDPOINT_HEAD, label(), number(head));
            readings.push(&catalogue::ENDPOINT_LAG, label(), number(block) - number(head));
        }
        let limits = endpoint.limits();
        readings.push(&catalogue::ENDPOINT_BATCH, label(), number(limits.batch_calls));
        readings.push(&catalogue::ENDPOINT_GAS, label(), number(limits.call_gas));
        readings.push(&catalogue::ENDPOINT_RANGE, label(), number(limits.log_range_blocks));
        readings.push(&catalogue::ENDPOINT_MULTICALL, label(), truth(limits.uses_multicall));
        readings.push(&catalogue::ENDPOINT_OVERRIDES, label(), truth(limits.uses_overrides));
    }
    readings.push(&catalogue::CLOCK_BEHIND, [], number(client.clock_behind().unwrap_or_default()));
}

fn endpoint_figures(network: &Network) -> Vec<EndpointFigures> {
    use std::sync::atomic::Ordering::Relaxed;
    let figures = |endpoint: &butler_core::client::endpoint::Endpoint| {
        let counters = endpoint.peer().counters();
        EndpointFigures {
            name: endpoint.name().to_owned(),
            requests: counters.requests.load(Relaxed),
            sent: counters.bytes_sent.load(Relaxed),
            received: counters.bytes_received.load(Relaxed),
            credits: endpoint.credits(),
            credits_per_day: endpoint.credits_per_day(),
            durations: counters.durations.counts(),
            failures: endpoint.record().failures,
            healthy: endpoint.health().last_failure().is_none(),
        }
    };
    network.reader.client().endpoints().iter().map(figures).collect()
}
