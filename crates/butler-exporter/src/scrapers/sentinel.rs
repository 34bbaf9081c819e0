//! The scraper of what own nodes saw of own attesters: duties missed, by their sentinels, and offences, by their admin
//! ports.
//!
//! A node that does not answer is counted by its kind of failure and left out; what the others saw is served. What is
//! believed of an attester is decided in `domain/sentinel.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use butler_core::client::aztec_node::{AztecNode, NodeInfo, OffenceRange};
use butler_core::client::error::ErrorKind;
use butler_core::config::NetworkConfig;
use butler_core::domain::findings::Source;
use butler_core::domain::findings::sentinel::{SentinelState, of_admin_port, of_duties, of_offences, of_sentinels};
use butler_core::domain::operator::node::follows_canonical;
use butler_core::domain::rollup::RollupFacts;
use butler_core::domain::slashing::offence::{Offence, sum_offences};
use butler_core::domain::slashing::sentinel::{AttesterDuties, MissedShare, SentinelReport, believe};
use butler_core::key_files::PrivateKeys;
use butler_core::network::{NetworkError, admin_ports, aztec_nodes};
use butler_core::runtime::clock::unix_now;
use ethers_core::types::Address;
use futures_util::future::{BoxFuture, FutureExt as _, join_all};
use futures_util::stream::{self, StreamExt as _};
use tokio::task::block_in_place;

use crate::catalogue;
use crate::catalogue::values::FailureKind;
use crate::key_keeper::KeyKeeper;
use crate::readings::{Readings, address, count, number, truth, units};
use crate::scrapers::ask::{fits, within};
use crate::scrapers::failure::Failure;
use crate::scrapers::failure_log::FailureLog;
use crate::scrapers::last_snapshot::{FirstLook, LastSnapshot, LastSnapshotReceiver, fresh};
use crate::scrapers::scrape::Scrape;
use crate::slots::{Scraped, Slot};

/// How many sentinels are asked at the same time: each answers with megabytes.
const LONG_ANSWERS: usize = 2;

/// A node that follows another chain, registry or rollup.
const STRANGER: FailureKind = FailureKind::Rpc(ErrorKind::WrongChain);

/// What one node's sentinel said.
type Report = (String, Result<SentinelReport, FailureKind>);
/// What one node's admin port said: the offences of the current round, and all. `None` for a node that notes none.
type Noted = (String, Result<Option<[Vec<Offence>; 2]>, FailureKind>);

#[derive(Debug)]
struct Clients {
    nodes: Vec<AztecNode>,
    admin_ports: Vec<AztecNode>,
}

impl Clients {
    fn new(config: &NetworkConfig) -> Result<Self, NetworkError> {
        Ok(Self { nodes: aztec_nodes(config)?, admin_ports: admin_ports(config)? })
    }
}

/// Scrapes one network's sentinels and admin ports, again and again. Key files are read in place, which needs a runtime of
/// several threads.
#[derive(Debug)]
pub struct SentinelScraper {
    config: NetworkConfig,
    keys: (KeyKeeper, PrivateKeys),
    last: LastSnapshotReceiver,
    /// A snapshot that is older does not count.
    age_limit: Duration,
    first_look: FirstLook,
    clients: Option<Clients>,
    log: FailureLog,
}

impl SentinelScraper {
    /// A scraper that has asked nobody yet.
    #[must_use]
    pub fn new(
        config: NetworkConfig,
        keys: (KeyKeeper, PrivateKeys),
        last: LastSnapshotReceiver,
        age_limit: Duration,
    ) -> Self {
        Self {
            config,
            keys,
            last,
            age_limit,
            first_look: FirstLook::default(),
            clients: None,
            log: FailureLog::default(),
        }
    }

    async fn read(&mut self, slot: &Slot) -> Result<Scraped, Failure> {
        self.first_look.wait(&mut self.last).await;
        let seen = fresh(&self.last, self.age_limit);
        let own = self.own_attesters(seen.as_deref());
        let clients = match self.clients.take() {
            Some(clients) => self.clients.insert(clients),
            None => self.clients.insert(Clients::new(&self.config)?),
        };
        let (config, rollup) = (&self.config, seen.as_ref().map(|seen| &seen.snapshot.rollup));
        let ask = |node| ask_sentinel(node, config, rollup, &own, slot.deadline).boxed();
        let questions: Vec<_> = clients.nodes.iter().map(ask).collect();
        let reports = stream::iter(questions).buffered(LONG_ANSWERS).inspect(|_| slot.tick()).collect::<Vec<Report>>();
        let noted = join_all(clients.admin_ports.iter().map(|port| ask_admin_port(port, slot.deadline)));
        let (reports, mut noted) = tokio::join!(reports, noted);
        forget_strangers(&mut noted, &reports);
        let sentinels = reports.iter().map(|(node, answer)| ("the sentinel of node", node, answer.as_ref().err()));
        let ports = noted.iter().map(|(node, answer)| ("the admin port of node", node, answer.as_ref().err()));
        for (subject, node, failure) in sentinels.chain(ports) {
            failure.iter().for_each(|kind| slot.count_error(**kind));
            self.log.note(slot, subject, node, failure.map(|kind| (*kind, None)));
        }
        let current_slot = seen.and_then(|seen| seen.snapshot.rollup.clock.slot_at(seen.snapshot.block.timestamp));
        let reports: BTreeMap<String, SentinelReport> =
            reports.into_iter().filter_map(|(node, report)| Some((node, report.ok()?))).collect();
        let duties = believe(&reports, current_slot);
        let mut readings = sentinel_readings(&reports, &duties, current_slot);
        push_offences(&mut readings, &noted, &own);
        let thresholds = self.config.thresholds();
        let mut found = of_sentinels(&states(&reports, current_slot), &thresholds);
        found.extend(of_duties(&duties, &thresholds));
        let down = noted.iter().filter_map(|(node, answer)| Some((node, answer.as_ref().err()?)));
        found.extend(down.map(|(node, kind)| of_admin_port(node, &format!("is not up ({})", kind.name()))));
        let current = noted.iter().filter_map(|(_, answer)| answer.as_ref().ok()?.as_ref()?.first()).flatten();
        found.extend(of_offences(&sum_offences(current, &own).by_attester));
        Ok(Scraped::found(readings, Source::Sentinel, found, unix_now()))
    }

    /// Those of key files and of the configuration, and those that the last snapshot found besides.
    fn own_attesters(&self, seen: Option<&LastSnapshot>) -> BTreeSet<Address> {
        let mut own = block_in_place(|| self.keys.0.load(&self.config, self.keys.1)).book.attesters();
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
}

/// A node that follows something else tells of other attesters' duties, under the same addresses perhaps. One that does
/// not know the method has no sentinel, which is no failure.
async fn ask_sentinel(
    node: &AztecNode,
    config: &NetworkConfig,
    rollup: Option<&RollupFacts>,
    own: &BTreeSet<Address>,
    deadline: Duration,
) -> Report {
    let follows = |info: &NodeInfo, rollup: &RollupFacts| {
        follows_canonical(rollup, info.l1_contract_addresses.rollup_address, info.rollup_version)
    };
    let report = match within(deadline, node.node_info()).await {
        Err(kind) => Err(kind),
        Ok(info) if !fits(&info, config) || rollup.is_some_and(|rollup| !follows(&info, rollup)) => Err(STRANGER),
        Ok(_) => match within(deadline, node.validators_stats(own)).await {
            Err(FailureKind::Rpc(ErrorKind::MethodNotFound)) => Ok(SentinelReport::default()),
            answer => answer,
        },
    };
    (node.name().to_owned(), report)
}

/// A node without a slasher answers with an error, which is no failure. A port that does not know the method is no admin
/// port, and that is one.
async fn ask_admin_port(port: &AztecNode, deadline: Duration) -> Noted {
    let ask = async |range| within(deadline, port.noted_offences(range)).await;
    let [current, all] = OffenceRange::BOTH;
    let noted = match tokio::join!(ask(current), ask(all)) {
        (Err(failure), _) | (_, Err(failure)) => Err(failure),
        (Ok(current), Ok(all)) => Ok(current.zip(all).map(<[_; 2]>::from)),
    };
    (port.name().to_owned(), noted)
}

/// Leaves out what the admin port of a node that follows something else noted.
fn forget_strangers(noted: &mut [Noted], reports: &[Report]) {
    for (node, answer) in noted {
        let is_stranger = reports.iter().any(|(name, report)| name == node && matches!(report, Err(STRANGER)));
        if let (true, Ok(offences)) = (is_stranger, answer) {
            *offences = None;
        }
    }
}

/// What findings are made from.
fn states(reports: &BTreeMap<String, SentinelReport>, current_slot: Option<u64>) -> Vec<SentinelState> {
    let state = |(node, report): (&String, &SentinelReport)| SentinelState {
        node: node.clone(),
        is_enabled: report.is_enabled(),
        lag: report.lag(current_slot),
    };
    reports.iter().map(state).collect()
}

/// Turns the reports of all nodes that answered into readings, and what is believed of attesters. `current_slot` is the
/// rollup's, of the last snapshot.
fn sentinel_readings(
    reports: &BTreeMap<String, SentinelReport>,
    believed: &BTreeMap<Address, AttesterDuties>,
    current_slot: Option<u64>,
) -> Readings {
    let mut readings = Readings::default();
    for (node, report) in reports {
        let label = || [node.clone()];
        readings.push(&catalogue::SENTINEL_ENABLED, label(), truth(report.is_enabled()));
        if !report.is_enabled() {
            continue;
        }
        if let Some(slot) = report.last_processed_slot {
            readings.push(&catalogue::SENTINEL_SLOT, label(), number(slot));
        }
        if let Some(lag) = report.lag(current_slot) {
            readings.push(&catalogue::SENTINEL_LAG, label(), number(lag));
        }
        if !report.is_fresh(current_slot) {
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
    for (attester, duties) in believed.iter().filter(|(_, duties)| duties.has_misses()) {
        let label = || [address(*attester)];
        readings.push(&catalogue::ATTESTER_MISSED_ATTESTATIONS, label(), number(duties.attestations.missed));
        readings.push(&catalogue::ATTESTER_ATTESTATION_STREAK, label(), number(duties.attestations.streak));
        readings.push(&catalogue::ATTESTER_MISSED_PROPOSALS, label(), number(duties.proposals.missed));
        readings.push(&catalogue::ATTESTER_PROPOSAL_STREAK, label(), number(duties.proposals.streak));
    }
    readings
}

/// Offences are served only where an admin port answered: none known is not the same as nobody asked.
fn push_offences(readings: &mut Readings, noted: &[Noted], own: &BTreeSet<Address>) {
    for (node, answer) in noted {
        readings.push(&catalogue::NODE_ADMIN_UP, [node.clone()], truth(answer.is_ok()));
    }
    let answers: Vec<_> = noted.iter().filter_map(|(_, answer)| answer.as_ref().ok()?.as_ref()).collect();
    if answers.is_empty() {
        return;
    }
    let of = |range: usize| answers.iter().filter_map(move |ranges| ranges.get(range)).flatten();
    for (index, range) in OffenceRange::BOTH.into_iter().enumerate() {
        let sums = sum_offences(of(index), own);
        for (kind, sum) in sums.by_kind {
            let label = || [kind.name().to_owned(), range.name().to_owned()];
            readings.push(&catalogue::OFFENCES, label(), number(sum.offences));
        }
        for ((attester, kind), sum) in sums.by_attester {
            let label = || [address(attester), kind.name().to_owned(), range.name().to_owned()];
            readings.push(&catalogue::ATTESTER_OFFENCES, label(), number(sum.offences));
            readings.push(&catalogue::ATTESTER_OFFENCE_AMOUNT, label(), units(sum.amount));
        }
    }
}
