//! A network that is made up: as many attesters as wanted in every state, with what goes wrong in each.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use butler_core::domain::attester::arrival::Arrival;
use butler_core::domain::attester::position::Position;
use butler_core::domain::attester::state::State;
use butler_core::domain::findings::{Finding, FindingKind, Severity, Source, Subject};
use butler_core::domain::ids::Coinbase;
use butler_core::runtime::clock::unix_now;
use butler_core::text::address::checksummed;
use butler_exporter::catalogue::values::ScraperKind;
use butler_exporter::catalogue::{self, Family};
use butler_exporter::readings::details::{AttesterLine, Details, Verdict};
use butler_exporter::readings::strips::{Hour, Strip};
use butler_exporter::readings::{Readings, number};
use butler_exporter::slots::{Scraped, Slot, Slots};
use ethers_core::types::Address;
use ethers_core::utils::keccak256;

const HOUR: u64 = 3_600;
const SERVERS: u64 = 5;

/// The slots of its scrapers, each just scraped.
pub(crate) fn slots(attesters: u64) -> Slots {
    let now = unix_now();
    let lines: Vec<AttesterLine> = (0..attesters).map(|index| line(index, now)).collect();
    let scraped = [
        (ScraperKind::L1, chain(&lines, now)),
        (ScraperKind::Duties, duties(attesters, now)),
        (ScraperKind::Slashing, slashing(attesters, now)),
        (ScraperKind::Governance, governance(now)),
        (ScraperKind::Rewards, rewards(attesters)),
        (ScraperKind::Nodes, nodes(attesters, now)),
        (ScraperKind::Hosts, hosts(attesters, now)),
    ];
    let minute = Duration::from_secs(60);
    let slot = |(kind, scraped)| {
        let slot = Arc::new(Slot::new("mainnet", kind, minute, minute));
        slot.succeeded(scraped, Duration::from_millis(1_250), now);
        slot
    };
    let slots = Slots::new(scraped.into_iter().map(slot).collect());
    slots.process().started(now - 30 * HOUR);
    slots
}

/// The address of an attester.
pub(crate) fn address(index: u64) -> String {
    shown(at(index))
}

fn at(index: u64) -> Address {
    Address::from_slice(&keccak256(index.to_be_bytes())[12..])
}

fn shown(address: Address) -> String {
    checksummed(&address).to_string()
}

fn line(index: u64, now: u64) -> AttesterLine {
    let (state, position) = match index % 10 {
        0 => (State::InStakingProviderQueue, Position::ProviderQueue),
        1 => (State::CoinbaseNeeded, Position::EntryQueue),
        2 | 3 => (State::InStakingQueue, Position::EntryQueue),
        9 => (State::NoLongerActive, Position::Zombie),
        _ => (State::Active, Position::Validating),
    };
    let earliest = now + 2 * HOUR + index * 601;
    let waits = position == Position::EntryQueue;
    let verdict = match index {
        5 => Verdict::Wrong,
        _ if state == State::CoinbaseNeeded => Verdict::Missing,
        _ if matches!(state, State::InStakingProviderQueue | State::NoLongerActive) => Verdict::NotNeeded,
        _ => Verdict::Right,
    };
    AttesterLine {
        attester: at(index),
        state,
        servers: [format!("validator-{}.eu-central", index % SERVERS)].into(),
        place: (waits || position == Position::ProviderQueue).then_some(index),
        arrival: waits.then_some(Arrival { epoch: index, earliest, expected: earliest + HOUR }),
        coinbase: (verdict == Verdict::Right).then(|| Coinbase::try_from(at(index + 100_000)).ok()).flatten(),
        verdict,
    }
}

fn push<const N: usize>(readings: &mut Readings, family: &'static Family, labels: [&str; N], value: f64) {
    readings.push(family, labels.map(str::to_owned), value);
}

fn chain(lines: &[AttesterLine], now: u64) -> Scraped {
    let mut readings = Readings::default();
    push(&mut readings, &catalogue::SNAPSHOT_BLOCK_NUMBER, [], 23_456_789.0);
    push(&mut readings, &catalogue::SNAPSHOT_BLOCK_TIMESTAMP, [], number(now - 24));
    push(&mut readings, &catalogue::EPOCH, [], 4_321.0);
    push(&mut readings, &catalogue::ROLLUP_VERSION, [], 2_934_756_905.0);
    let mut states: BTreeMap<State, u64> = State::ALL.into_iter().map(|state| (state, 0)).collect();
    for line in lines {
        *states.get_mut(&line.state).unwrap() += 1;
    }
    for (state, count) in states {
        push(&mut readings, &catalogue::ATTESTERS, [state.name()], number(count));
    }
    push(&mut readings, &catalogue::ENTRY_QUEUE_LENGTH, [], 812.0);
    push(&mut readings, &catalogue::ENTRY_QUEUE_OWN, [], number(u64::try_from(lines.len() / 4).unwrap()));
    let mut findings = Vec::new();
    if !lines.is_empty() {
        push(&mut readings, &catalogue::PROVIDER_QUEUE_LENGTH, ["7"], 12.0);
        push(&mut readings, &catalogue::PROVIDER_DELEGATIONS, ["7"], 412.0);
        push(&mut readings, &catalogue::PROVIDER_TAKE_RATE, ["7"], 0.05);
        push(&mut readings, &catalogue::PROVIDER_RUNWAY, ["7"], number(12 * 24 * HOUR));
        for index in 0..if lines.len() < 1_000 { 3 } else { 1_000 } {
            let publisher = address(200_000 + index);
            push(&mut readings, &catalogue::PUBLISHER_BALANCE, [&publisher], 0.42 - number(index % 4) / 10.0);
            push(&mut readings, &catalogue::PUBLISHER_REQUIRED, [&publisher], 0.5);
            push(&mut readings, &catalogue::PUBLISHER_LOAD, [&publisher], 12.5);
            push(&mut readings, &catalogue::PUBLISHER_RUNWAY, [&publisher], number((2 + index * 9) * 24 * HOUR));
        }
        push(&mut readings, &catalogue::FORMER_ATTESTERS, ["1538210094", "exiting"], 3.0);
        let dry = Subject::Publisher(at(200_000));
        findings.push(Finding::new(FindingKind::PublisherRunsDry, Severity::Warning, dry, "it has ether for 2d 00h"));
    }
    for line in lines.iter().filter(|line| line.verdict == Verdict::Missing) {
        let missing = Finding::new(
            FindingKind::CoinbaseMissing,
            Severity::Warning,
            Subject::Attester(line.attester),
            "it has no coinbase",
        );
        let remedy = format!(
            "write {} into the node's keystore as its coinbase, reload the node, update the copy",
            shown(at(300_000))
        );
        let missing = missing
            .until(line.arrival.unwrap().earliest)
            .critical_within(6 * HOUR)
            .telling_when("and it may be active");
        findings.push(missing.with_remedy(remedy));
    }
    for line in lines.iter().filter(|line| line.verdict == Verdict::Wrong) {
        let what = format!("its coinbase is {}, it must be {}", shown(at(1)), shown(at(2)));
        findings.push(Finding::new(
            FindingKind::CoinbaseWrong,
            Severity::Critical,
            Subject::Attester(line.attester),
            what,
        ));
    }
    let scraped = Scraped::found(readings, Source::Chain, findings, now);
    Scraped { details: Details { attesters: lines.to_vec(), ..Details::default() }, ..scraped }
}

fn duties(attesters: u64, now: u64) -> Scraped {
    let mut readings = Readings::default();
    if attesters == 0 {
        return readings.into();
    }
    readings.push(&catalogue::DUTIES_LAST_SLOT, [], 138_272.0);
    readings.push(&catalogue::DUTIES_GAP, [], 0.0);
    for (proof, count) in [("right", 6.0), ("unproven", 2.0), ("wrong", 1.0), ("unset", 0.0)] {
        readings.push(&catalogue::COINBASE_PROOFS, [proof.to_owned()], count);
    }
    for (duty, outcome, count) in
        [("attest", "done", 2_310.0), ("attest", "missed_alone", 14.0), ("propose", "done", 41.0)]
    {
        readings.push(&catalogue::DUTIES, [duty.to_owned(), outcome.to_owned()], count);
    }
    for duty in ["attest", "propose"] {
        readings.push(&catalogue::NETWORK_DUTIES, [duty.to_owned()], 1_000.0);
        readings.push(&catalogue::NETWORK_DUTIES_DONE, [duty.to_owned()], 987.0);
    }
    let last = now / HOUR - 1;
    let strips = (0..SERVERS).map(|server| {
        let missed = |hour: u64| if server == 2 && hour % 40 > 33 { 9 } else { u64::from(hour.is_multiple_of(17)) };
        let hours = (last - 71..=last).map(|hour| (hour, Hour { done: 12, missed: missed(hour) })).collect();
        Strip { server: format!("validator-{server}.eu-central"), hours, last }
    });
    Scraped { details: Details { strips: strips.collect(), ..Details::default() }, ..readings.into() }
}

fn slashing(attesters: u64, now: u64) -> Scraped {
    let mut readings = Readings::default();
    readings.push(&catalogue::SLASHING_ROUND, [], 881.0);
    readings.push(&catalogue::SLASHING_ROUND_VOTES, [], 17.0);
    readings.push(&catalogue::SLASHING_QUORUM, [], 65.0);
    readings.push(&catalogue::SLASHING_ROUND_END, [], number(now + HOUR));
    if attesters > 0 {
        readings.push(&catalogue::SLASHING_ATTESTERS, ["voted".to_owned()], 1.0);
        let voted = [address(4), "voted".to_owned(), format!("validator-{}.eu-central", 4 % SERVERS)];
        readings.push(&catalogue::SLASHING_VOTES, voted, 12.0);
    }
    readings.into()
}

fn governance(now: u64) -> Scraped {
    let mut readings = Readings::default();
    readings.push(&catalogue::GOVERNANCE_ROUND, [], 93.0);
    readings.push(&catalogue::GOVERNANCE_ROUND_END, [], number(now + 5 * HOUR));
    readings.push(&catalogue::GOVERNANCE_QUORUM, [], 600.0);
    readings.push(&catalogue::GOVERNANCE_SIGNALS, [], 210.0);
    readings.push(&catalogue::GOVERNANCE_PAYLOAD, [address(400_000)], 1.0);
    readings.push(&catalogue::GOVERNANCE_PROPOSALS, ["active".to_owned()], 1.0);
    readings.push(&catalogue::GOVERNANCE_UNTIL, ["active".to_owned()], number(now + 50 * HOUR));
    readings.into()
}

fn rewards(attesters: u64) -> Scraped {
    let mut readings = Readings::default();
    if attesters > 0 {
        readings.push(&catalogue::REWARDS_OWN, ["7".to_owned()], 1_204.25);
    }
    readings.into()
}

fn nodes(attesters: u64, now: u64) -> Scraped {
    let mut readings = Readings::default();
    let mut findings = Vec::new();
    for index in 0..attesters.min(SERVERS) {
        let node = || format!("aztec-node-{index}");
        let is_up = f64::from(u8::from(index != 2));
        readings.push(&catalogue::NODE_UP, [node(), String::new()], is_up);
        if index == 2 {
            let down = "it does not answer, or follows another network";
            findings.push(Finding::new(FindingKind::NodeDown, Severity::Critical, Subject::Node(node()), down));
            continue;
        }
        readings.push(&catalogue::NODE_READY, [node()], 1.0);
        readings.push(&catalogue::NODE_L1_REACHABLE, [node()], 1.0);
        readings.push(&catalogue::NODE_PROPOSED, [node()], 138_270.0);
        readings.push(&catalogue::NODE_PROVEN, [node()], 138_201.0);
        readings.push(&catalogue::NODE_PEERS, [node(), "connected".to_owned()], 48.0);
        readings.push(&catalogue::NODE, [node(), "4.1.2".to_owned()], 1.0);
    }
    Scraped::found(readings, Source::Nodes, findings, now)
}

fn hosts(attesters: u64, now: u64) -> Scraped {
    let mut readings = Readings::default();
    let mut findings = Vec::new();
    for index in 0..attesters.min(3) {
        let host = || format!("validator-{index}.eu-central.example.com");
        for check in ["dns", "p2p", "rpc"] {
            readings.push(&catalogue::HOST_CHECK_SUCCESS, [host(), check.to_owned()], 1.0);
        }
        let ends = now + (9 + index * 30) * 24 * HOUR;
        readings.push(&catalogue::HOST_CERTIFICATE_EXPIRY, [host()], number(ends));
        if index == 0 {
            let soon = Finding::new(
                FindingKind::HostCertificate,
                Severity::Warning,
                Subject::Host(host()),
                "its certificate ends",
            );
            findings.push(soon.until(ends));
        }
    }
    Scraped::found(readings, Source::Hosts, findings, now)
}
