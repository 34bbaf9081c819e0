//! The scraper of what own nodes saw of own attesters: duties missed, by their sentinels, and offences, by their admin
//! ports.
//!
//! A node that does not answer is counted by its kind of failure and told; what it saw last, and what the others see, is served. What is
//! believed of an attester is decided in core, which also asks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use butler_core::client::aztec_node::{AztecNode, OffenceRange};
use butler_core::client::error::ErrorKind;
use butler_core::config::NetworkConfig;
use butler_core::domain::duties::DutiesSeen;
use butler_core::domain::findings::Source;
use butler_core::domain::findings::contradicted::of_contradicted;
use butler_core::domain::operator::key_book::KeyBook;
use butler_core::domain::slashing::offence::OffenceSums;
use butler_core::domain::slashing::sentinel::{HeldReport, MissedShare};
use butler_core::key_files::PrivateKeys;
use butler_core::network::nodes::{
    AdminAnswers, DutyMemory, JudgedDuties, SentinelAnswers, ask_admin_port, ask_sentinel, judge_duties,
};
use butler_core::network::{NetworkError, admin_ports, aztec_nodes};
use butler_core::runtime::clock::unix_now;
use ethers_core::types::Address;
use futures_util::future::BoxFuture;
use tokio::sync::Semaphore;
use tokio::sync::watch;
use tokio::task::block_in_place;

use crate::catalogue;
use crate::catalogue::values::FailureKind;
use crate::key_keeper::KeyKeeper;
use crate::readings::{Readings, ServersByAttester, address, count, number, server_label, truth, units};
use crate::scrapers::ask::kind_of;
use crate::scrapers::failure::Failure;
use crate::scrapers::failure_log::FailureLog;
use crate::scrapers::fleet::Fleet;
use crate::scrapers::last_snapshot::{FirstLook, LastSnapshot, LastSnapshotReceiver, fresh};
use crate::scrapers::scrape::Scrape;
use crate::slots::{Scraped, Slot};

/// How many sentinels are asked at the same time: each answers with megabytes.
const LONG_ANSWERS: usize = 2;

/// A node that follows another chain, registry or rollup.
const STRANGER: FailureKind = FailureKind::Rpc(ErrorKind::WrongChain);

/// What one port of one node told.
#[derive(Debug)]
enum Told {
    Sentinel(SentinelAnswers),
    Admin(AdminAnswers),
}

impl Told {
    fn sentinel(&self) -> Option<&SentinelAnswers> {
        match self {
            Self::Sentinel(answers) => Some(answers),
            Self::Admin(_) => None,
        }
    }

    fn admin(&self) -> Option<&AdminAnswers> {
        match self {
            Self::Sentinel(_) => None,
            Self::Admin(answers) => Some(answers),
        }
    }
}

#[derive(Debug)]
struct Clients {
    nodes: Vec<Arc<AztecNode>>,
    admin_ports: Vec<Arc<AztecNode>>,
    turns: Arc<Semaphore>,
}

impl Clients {
    fn new(config: &NetworkConfig) -> Result<Self, NetworkError> {
        let shared = |clients: Vec<AztecNode>| clients.into_iter().map(Arc::new).collect();
        Ok(Self {
            nodes: shared(aztec_nodes(config)?),
            admin_ports: shared(admin_ports(config)?),
            turns: Arc::new(Semaphore::new(LONG_ANSWERS)),
        })
    }

    /// Asks every port that is not being asked.
    fn ask(&self, fleet: &mut Fleet<Told>, config: &Arc<NetworkConfig>, own: &Arc<BTreeSet<Address>>, slot: &Slot) {
        let deadline = slot.deadline;
        for node in &self.nodes {
            let (asked, config, own, turns) =
                (Arc::clone(node), Arc::clone(config), Arc::clone(own), Arc::clone(&self.turns));
            fleet.ask(&format!("sentinel of {}", node.name()), || async move {
                Told::Sentinel(ask_sentinel(&asked, &config, &own, (deadline, &turns)).await)
            });
        }
        for port in &self.admin_ports {
            let asked = Arc::clone(port);
            fleet.ask(&format!("admin port of {}", port.name()), || async move {
                Told::Admin(ask_admin_port(&asked, deadline).await)
            });
        }
    }
}

/// Scrapes one network's sentinels and admin ports, again and again. Key files are read in place, which needs a runtime of
/// several threads.
#[derive(Debug)]
pub struct SentinelScraper {
    config: Arc<NetworkConfig>,
    keys: (KeyKeeper, PrivateKeys),
    last: LastSnapshotReceiver,
    /// What L1 has of duties.
    on_l1: watch::Receiver<Option<Arc<DutiesSeen>>>,
    /// A snapshot that is older does not count.
    age_limit: Duration,
    first_look: FirstLook,
    clients: Option<Clients>,
    fleet: Fleet<Told>,
    memory: DutyMemory,
    log: FailureLog,
}

impl SentinelScraper {
    /// A scraper that has asked nobody yet.
    #[must_use]
    pub fn new(
        config: NetworkConfig,
        keys: (KeyKeeper, PrivateKeys),
        (last, on_l1): (LastSnapshotReceiver, watch::Receiver<Option<Arc<DutiesSeen>>>),
        age_limit: Duration,
    ) -> Self {
        Self {
            config: Arc::new(config),
            keys,
            last,
            on_l1,
            age_limit,
            first_look: FirstLook::default(),
            clients: None,
            fleet: Fleet::default(),
            memory: DutyMemory::default(),
            log: FailureLog::default(),
        }
    }

    async fn read(&mut self, slot: &Slot) -> Result<Scraped, Failure> {
        self.first_look.wait(&mut self.last).await;
        let seen = fresh(&self.last, self.age_limit);
        let book = block_in_place(|| self.keys.0.load(&self.config, self.keys.1)).book;
        let own = Arc::new(self.own_attesters(&book, seen.as_deref()));
        let clients = match self.clients.take() {
            Some(clients) => self.clients.insert(clients),
            None => self.clients.insert(Clients::new(&self.config)?),
        };
        clients.ask(&mut self.fleet, &self.config, &own, slot);
        let limits = self.config.thresholds();
        let on_l1 = self.on_l1.borrow().clone();
        let judge = |fleet: &Fleet<Told>, memory: &DutyMemory| {
            let snapshot = seen.as_ref().map(|seen| &seen.snapshot);
            let sentinels = fleet.known().filter_map(Told::sentinel);
            let ports: Vec<_> = fleet.known().filter_map(Told::admin).collect();
            let mut judged = judge_duties(sentinels, &ports, (memory, unix_now()), &own, snapshot, &limits);
            let on_l1 = on_l1.iter();
            judged.findings.extend(on_l1.flat_map(|on_l1| of_contradicted(on_l1, &judged.reports, &limits)));
            judged
        };
        let memory = &self.memory;
        self.fleet.gather(slot, |fleet| scraped(judge(fleet, memory), fleet, &book)).await;
        self.memory.learn_reports(self.fleet.news().filter_map(Told::sentinel));
        self.memory.learn_rules(self.fleet.news().filter_map(Told::admin), unix_now());
        let judged = judge(&self.fleet, &self.memory);
        for told in self.fleet.news() {
            let (subject, node, kind) = match told {
                Told::Sentinel(SentinelAnswers { node, .. }) if judged.strangers.contains(node) => {
                    ("the sentinel of node", node, Some(STRANGER))
                }
                Told::Sentinel(answers) => ("the sentinel of node", &answers.node, answers.failure().map(kind_of)),
                Told::Admin(AdminAnswers { node, noted, .. }) => {
                    ("the admin port of node", node, noted.as_ref().err().map(kind_of))
                }
            };
            kind.into_iter().for_each(|kind| slot.count_error(kind));
            self.log.note(slot, subject, node, kind.map(|kind| (kind, None)));
        }
        Ok(scraped(judged, &self.fleet, &book))
    }

    /// Those of key files and of the configuration, and those that the last snapshot found besides.
    fn own_attesters(&self, book: &KeyBook, seen: Option<&LastSnapshot>) -> BTreeSet<Address> {
        let mut own = book.attesters();
        own.extend(&self.config.extra_attesters);
        own.extend(seen.into_iter().flat_map(|seen| seen.snapshot.attesters.keys()));
        own
    }
}

impl Scrape for SentinelScraper {
    fn subject(&self) -> &'static str {
        "the sentinels"
    }

    fn scrape<'a>(&'a mut self, slot: &'a Slot) -> BoxFuture<'a, Result<Scraped, Failure>> {
        Box::pin(self.read(slot))
    }

    fn has_more(&self) -> bool {
        self.fleet.is_asking()
    }
}

/// What is served of what was judged.
fn scraped(judged: JudgedDuties, fleet: &Fleet<Told>, book: &KeyBook) -> Scraped {
    let mut readings = Readings::default();
    push_sentinels(&mut readings, &judged.reports);
    let servers = book.servers_by_attester();
    push_duties(&mut readings, &judged, &servers);
    for told in fleet.known() {
        if let Told::Admin(AdminAnswers { node, noted, .. }) = told {
            readings.push(&catalogue::NODE_ADMIN_UP, [node.clone()], truth(noted.is_ok()));
        }
    }
    push_offences(&mut readings, judged.offences.as_ref(), &servers);
    Scraped::found(readings, Source::Sentinel, judged.findings, unix_now())
}

/// Turns the reports of all nodes that answered into readings. Of a sentinel that has nothing to look at nothing is told.
fn push_sentinels(readings: &mut Readings, reports: &BTreeMap<String, HeldReport>) {
    for (node, held) in reports.iter().filter(|(_, held)| !held.is_idle()) {
        let (label, report) = (|| [node.clone()], &held.report);
        readings.push(&catalogue::SENTINEL_ENABLED, label(), truth(report.is_enabled()));
        if !report.is_enabled() {
            continue;
        }
        if let Some(slot) = report.last_processed_slot {
            readings.push(&catalogue::SENTINEL_SLOT, label(), number(slot));
        }
        if let Some(lag) = held.lag() {
            readings.push(&catalogue::SENTINEL_LAG, label(), number(lag));
        }
        if !held.is_fresh() {
            continue;
        }
        readings.push(&catalogue::SENTINEL_OWN, label(), count(report.duties.len()));
        let ratio = |share: MissedShare| number(share.missed) / number(share.total);
        if let Some(share) = report.missed_share(|duties| duties.attestations) {
            readings.push(&catalogue::SENTINEL_MISSED_ATTESTATIONS, label(), ratio(share));
        }
        if let Some(share) = report.missed_share(|duties| duties.proposals) {
            readings.push(&catalogue::SENTINEL_MISSED_PROPOSALS, label(), ratio(share));
        }
    }
}

fn push_duties(readings: &mut Readings, judged: &JudgedDuties, servers: &ServersByAttester<'_>) {
    readings.push(&catalogue::INACTIVE_STREAK, [], number(judged.inactive_streak));
    for (attester, duties) in judged.believed.iter().filter(|(_, duties)| duties.has_misses()) {
        let label = || [address(*attester), server_label(servers, *attester)];
        readings.push(&catalogue::ATTESTER_MISSED_ATTESTATIONS, label(), number(duties.attestations.missed));
        readings.push(&catalogue::ATTESTER_ATTESTATION_STREAK, label(), number(duties.attestations.streak));
        readings.push(&catalogue::ATTESTER_MISSED_PROPOSALS, label(), number(duties.proposals.missed));
        readings.push(&catalogue::ATTESTER_PROPOSAL_STREAK, label(), number(duties.proposals.streak));
    }
}

/// Offences are served only where an admin port answered: none known is not the same as nobody asked.
fn push_offences(readings: &mut Readings, offences: Option<&[OffenceSums; 2]>, servers: &ServersByAttester<'_>) {
    for (range, sums) in OffenceRange::BOTH.into_iter().zip(offences.into_iter().flatten()) {
        for (kind, sum) in &sums.by_kind {
            let label = || [kind.name().to_owned(), range.name().to_owned()];
            readings.push(&catalogue::OFFENCES, label(), number(sum.offences));
        }
        for ((attester, kind), sum) in &sums.by_attester {
            let (kind, range, server) = (kind.name(), range.name(), server_label(servers, *attester));
            let label = || [address(*attester), kind.to_owned(), range.to_owned(), server.clone()];
            readings.push(&catalogue::ATTESTER_OFFENCES, label(), number(sum.offences));
            readings.push(&catalogue::ATTESTER_OFFENCE_AMOUNT, label(), units(sum.amount));
        }
    }
}
