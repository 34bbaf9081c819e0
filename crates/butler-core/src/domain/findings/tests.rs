use std::collections::{BTreeMap, BTreeSet};

use super::*;

#[test]
fn no_two_kinds_share_a_code_and_no_code_is_changed() {
    let codes: BTreeSet<_> = FindingKind::all().map(FindingKind::code).collect();
    assert_eq!(codes.len(), FindingKind::all().count());
    // Those of 0.1.0.
    for code in
        ["coinbase_missing", "coinbase_wrong", "coinbase_unverifiable", "deposit_failed", "unserved", "key_file"]
    {
        assert!(codes.contains(code), "{code}");
    }
}

#[test]
fn every_kind_says_what_it_means_and_what_to_do() {
    for kind in FindingKind::all() {
        assert!(kind.meaning().ends_with('.') && kind.meaning().len() > 15, "{kind}");
        assert!(!remedy(kind).is_empty() && !remedy(kind).ends_with('.'), "{kind}");
        assert!(!severity_rule(kind).is_empty() && !kind.severities().is_empty(), "{kind}");
        assert!(kind.runbook().starts_with("Butler") && kind.family().starts_with("butler_"), "{kind}");
        assert!(kind.severities().is_sorted(), "{kind}: the worst severity stands first");
    }
}

#[test]
fn a_warning_becomes_critical_as_time_passes() {
    let finding = Finding::new(FindingKind::CoinbaseMissing, Severity::Warning, Subject::Network, "it is missing")
        .until(10_000)
        .critical_within(3_600);
    for (now, expected) in [(6_399, Severity::Warning), (6_400, Severity::Critical), (20_000, Severity::Critical)] {
        assert_eq!(finding.severity_at(now), expected, "{now}");
    }
    let without_end = Finding::new(FindingKind::CoinbaseMissing, Severity::Warning, Subject::Network, "it is missing");
    assert_eq!(without_end.critical_within(3_600).severity_at(u64::MAX), Severity::Warning);
}

#[test]
fn counts_have_every_kind_of_their_source_and_every_severity_that_it_can_have() {
    let finding = Finding::new(FindingKind::Unserved, Severity::Critical, Subject::Network, "x").until(7);
    let counts = counts(Source::Chain, std::slice::from_ref(&finding), 0);
    assert_eq!(counts[&(FindingKind::Unserved, Severity::Critical)], 1);
    assert_eq!(counts[&(FindingKind::Unserved, Severity::Warning)], 0);
    assert!(!counts.keys().any(|(kind, _)| kind.source() != Source::Chain));
    assert_eq!(deadlines(Source::Chain, &[finding]), BTreeMap::from([(FindingKind::Unserved, 7)]));
}

/// A limit that is changed moves the finding: these are the places where each is asked.
#[test]
fn every_limit_decides_on_its_edge() {
    use crate::domain::findings::host::{HostState, of_host};
    use crate::domain::findings::node::{NodeState, of_nodes};
    use crate::domain::findings::program::{ScraperState, of_block, of_scraper};
    use crate::domain::findings::provider::of_provider;
    use crate::domain::findings::reach::held_report;
    use crate::domain::findings::sentinel::{of_duties, of_sentinels};
    use crate::domain::samples::{address, provider, provider_id};
    use crate::domain::slashing::sentinel::{AttesterDuties, DutyCounts};

    let limits = Thresholds::default();
    let found_kinds =
        |found: Vec<Finding>| found.into_iter().map(|finding| (finding.kind, finding.severity)).collect::<Vec<_>>();
    use FindingKind as Kind;
    use Severity::{Critical, Warning};

    let queue =
        |keys: u64| found_kinds(of_provider(provider_id(1), &provider(&(1..=keys).collect::<Vec<_>>()), &limits));
    assert_eq!(queue(0), [(Kind::ProviderQueueEmpty, Warning)]);
    assert_eq!(queue(4), [(Kind::ProviderQueueShort, Warning)]);
    assert_eq!(queue(5), []);

    let up = || NodeState { name: "alpha".to_owned(), is_up: true, ..NodeState::default() };
    let node = |state: NodeState| found_kinds(of_nodes(&[state], &limits));
    assert_eq!(node(NodeState { is_up: false, peers: Some(0), ..up() }), [(Kind::NodeDown, Critical)]);
    assert_eq!(node(NodeState { peers: Some(0), ..up() }), [(Kind::NodePeersNone, Critical)]);
    assert_eq!(node(NodeState { peers: Some(4), ..up() }), [(Kind::NodePeersFew, Warning)]);
    assert_eq!(node(NodeState { peers: Some(5), lag: Some(5), ..up() }), []);
    assert_eq!(node(NodeState { lag: Some(6), ..up() }), [(Kind::NodeLagging, Warning)]);
    let behind = |blocks: u64| {
        let best = NodeState { proposed: Some(100), ..up() };
        found_kinds(of_nodes(&[best, NodeState { proposed: Some(100 - blocks), ..up() }], &limits))
    };
    assert_eq!((behind(20), behind(21)), (vec![], vec![(Kind::NodeBehind, Warning)]));

    let sentinel = |lag| {
        found_kinds(of_sentinels(
            &BTreeMap::from([("alpha".to_owned(), held_report(40, lag))]),
            &BTreeMap::new(),
            &limits,
        ))
    };
    assert_eq!((sentinel(31), sentinel(32)), (vec![], vec![(Kind::SentinelStale, Warning)]));
    let missed = |attestations, proposals| {
        let counts = |streak| DutyCounts { missed: streak, streak, total: None };
        let duties = AttesterDuties { attestations: counts(attestations), proposals: counts(proposals) };
        found_kinds(of_duties(&BTreeMap::from([(address(1), duties)]), limits.inactive_streak, &limits))
    };
    assert_eq!(missed(2, 1), []);
    assert_eq!(missed(3, 2), [(Kind::AttesterMissedAttestations, Warning), (Kind::AttesterMissedProposals, Warning)]);
    assert_eq!(missed(16, 0), [(Kind::AttesterInactive, Critical)]);

    let day = 86_400;
    let host = |left| {
        let found =
            of_host(&HostState { certificate_end: Some(100 * day + left), ..HostState::default() }, 100 * day, &limits);
        found.into_iter().map(|finding| finding.severity_at(100 * day)).collect::<Vec<_>>()
    };
    assert_eq!((host(14 * day), host(14 * day - 1), host(day)), (vec![], vec![Warning], vec![Critical]));

    let scraper = |age| ScraperState { is_known: true, last_success: Some(100 * day - age), ..ScraperState::default() };
    assert_eq!(found_kinds(of_scraper(&scraper(600), 100 * day, &limits)), []);
    assert_eq!(found_kinds(of_scraper(&scraper(601), 100 * day, &limits)), [(Kind::ScrapeStale, Critical)]);
    let slow = ScraperState { budget: 7_200, ..scraper(3_600) };
    assert_eq!(found_kinds(of_scraper(&slow, 100 * day, &limits)), [], "a scraper of a long interval");
    assert!(of_block(1, 700, 1_000, &limits).is_none() && of_block(1, 699, 1_000, &limits).is_some());
}

#[test]
fn what_nobody_configured_is_told_and_what_is_there_is_not() {
    use crate::domain::findings::keys::{Watched, of_unwatched};
    let severities = |watched| of_unwatched(watched).into_iter().map(|finding| finding.severity).collect::<Vec<_>>();
    let all = Watched { key_files: 1, providers: 1, nodes: 1, publishers: 1 };
    assert_eq!(severities(all), []);
    assert_eq!(severities(Watched { key_files: 0, ..all }), [Severity::Warning]);
    assert_eq!(severities(Watched { providers: 0, ..all }), [Severity::Warning]);
    assert_eq!(severities(Watched { nodes: 0, ..all }), [Severity::Info]);
    assert_eq!(severities(Watched { publishers: 0, ..all }), [Severity::Info]);
    assert_eq!(severities(Watched::default()).len(), 4);
}
