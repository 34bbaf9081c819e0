use std::sync::Arc;
use std::time::Duration;

use butler_core::domain::attester::duplicates::DuplicateKind;
use butler_core::domain::findings::node::{NodeState, of_nodes};
use butler_core::domain::findings::program::{ScraperState, of_scraper};
use butler_core::domain::findings::{Finding, FindingKind, Source, Subject, Thresholds};
use ethers_core::types::Address;

use super::facts::ScraperFacts;
use super::{Asked, Facts, Severity, View, attention};
use crate::catalogue;
use crate::catalogue::values::ScraperKind;
use crate::readings::findings::push_findings;
use crate::readings::{Readings, Sample, number};
use crate::slots::{Scraped, Slot, Slots, Store};

const NOW: u64 = 1_760_000_000;
const HOUR: u64 = 3_600;

fn own() -> Readings {
    let mut own = Readings::default();
    own.push(&catalogue::SCRAPE_SUCCESS, ["l1".to_owned()], 1.0);
    own.push(&catalogue::SCRAPE_LAST_SUCCESS, ["l1".to_owned()], number(NOW - 20));
    own
}

fn facts(findings: Vec<Finding>) -> Facts {
    let scraper = ScraperFacts {
        network: "devnet".to_owned(),
        kind: ScraperKind::L1,
        own: Arc::new(own()),
        read: Some((Arc::new(Readings::default()), 20)),
        findings: Arc::new(findings),
        details: Arc::default(),
    };
    Facts { now: NOW, scrapers: vec![scraper], ..Facts::default() }
}

/// The first page.
fn render(facts: &Facts) -> String {
    super::render(View::Overview, facts, &Asked::new("/", []))
}

fn at(number: u64) -> Subject {
    Subject::Attester(Address::from_low_u64_be(number))
}

fn missing(attester: u64, left: u64) -> Finding {
    Finding::new(FindingKind::CoinbaseMissing, Severity::Warning, at(attester), "it has no coinbase")
        .until(NOW + left)
        .critical_within(6 * HOUR)
        .telling_when("and it may be active")
}

/// Severity, text and time left of each line.
fn lines(facts: &Facts) -> Vec<(Severity, String, Option<String>)> {
    attention::cut(&attention::all(facts)).into_iter().map(|line| (line.severity, line.text, line.left)).collect()
}

#[test]
fn a_network_in_order_needs_nobody() {
    let facts = facts(Vec::new());
    assert_eq!(lines(&facts), []);
    assert!(render(&facts).contains("nothing needs attention"));
}

#[test]
fn the_most_urgent_stands_first_with_the_time_that_is_left() {
    let twice = FindingKind::Duplicate(DuplicateKind::OwnQueueTwice);
    let found = vec![
        Finding::new(FindingKind::ArrivalSoon, Severity::Info, at(3), "it is next").until(NOW + 2 * HOUR),
        missing(2, 30 * HOUR),
        Finding::new(twice, Severity::Warning, at(4), "it is there twice"),
        missing(1, 3 * HOUR),
        Finding::new(FindingKind::NodeDown, Severity::Critical, Subject::Node("alpha".to_owned()), "it is down"),
    ];
    let [a, b, next, double] = [1, 2, 3, 4].map(|number| at(number).to_string());
    let expected = [
        (
            Severity::Critical,
            format!("{a}: it has no coinbase and it may be active at 2025-10-09 11:53 UTC"),
            Some("in 3h 00m"),
        ),
        (Severity::Critical, "node alpha: it is down".to_owned(), None),
        (
            Severity::Warning,
            format!("{b}: it has no coinbase and it may be active at 2025-10-10 14:53 UTC"),
            Some("in 1d 06h"),
        ),
        (Severity::Warning, format!("{double}: it is there twice"), None),
        (Severity::Info, format!("{next}: it is next"), Some("in 2h 00m")),
    ];
    let expected = expected.map(|(severity, text, left)| (severity, text, left.map(str::to_owned)));
    assert_eq!(lines(&facts(found)), expected);
}

#[test]
fn a_missing_coinbase_becomes_critical_while_nobody_scrapes() {
    for (left, severity, words) in [
        (6 * HOUR + 1, Severity::Warning, "in 6h 00m"),
        (6 * HOUR - 1, Severity::Critical, "in 5h 59m"),
        (0, Severity::Critical, "due now"),
    ] {
        let lines = lines(&facts(vec![missing(1, left)]));
        assert_eq!((lines[0].0, lines[0].2.as_deref()), (severity, Some(words)), "{left}");
    }
    let mut facts = facts(vec![missing(1, 0)]);
    facts.now += 120;
    assert_eq!(lines(&facts)[0].2.as_deref(), Some("overdue for 2m"));
}

#[test]
fn what_is_not_known_is_told_and_never_passes_for_good() {
    let mut failed = Readings::default();
    failed.push(&catalogue::SCRAPE_SUCCESS, ["l1".to_owned()], 0.0);
    failed.push(&catalogue::SCRAPE_ERRORS, ["l1".to_owned(), "unreachable".to_owned()], 3.0);
    failed.push(&catalogue::SCRAPE_LAST_SUCCESS, ["l1".to_owned()], number(NOW - HOUR));
    let state = ScraperState {
        name: "l1".to_owned(),
        failed: Some(true),
        last_success: Some(NOW - HOUR),
        ..ScraperState::default()
    };
    let mut facts = facts(Vec::new());
    facts.scrapers[0].own = Arc::new(failed);
    facts.scrapers[0].read = None;
    facts.program.insert("devnet".to_owned(), of_scraper(&state, NOW, &Thresholds::default()));
    let urgent: Vec<_> = lines(&facts).into_iter().map(|(severity, text, _)| (severity, text)).collect();
    let silent = "scraper l1: nothing is known from it: its last success was 1h 00m ago".to_owned();
    assert_eq!(
        urgent,
        [(Severity::Critical, silent), (Severity::Warning, "scraper l1: its last scrape failed".to_owned())]
    );
    let page = render(&facts);
    assert!(page.contains("unreachable 3") && page.contains("No fresh snapshot of the chain."), "{page}");
    assert!(!page.contains("nothing needs attention"));
}

#[test]
fn thousands_of_one_kind_do_not_hide_the_others() {
    let mut found: Vec<Finding> = (0..4_000).map(|index| missing(index, 50 * HOUR)).collect();
    let node = NodeState { name: "alpha".to_owned(), ..NodeState::default() };
    found.extend(of_nodes(&[node], &Thresholds::default()));
    let facts = facts(found);
    let lines = lines(&facts);
    assert_eq!(lines.len(), 7);
    assert_eq!(lines[0].1, "node alpha: it does not answer, or follows another network");
    assert!(lines.iter().any(|(_, text, _)| text == "and 3995 more like these"));
    assert!(render(&facts).contains("1 critical, 4000 to look at"));
}

#[test]
fn whatever_somebody_else_wrote_is_escaped() {
    let hostile = "<script>alert('1')</script>\"&";
    let subject = Subject::Node(hostile.to_owned());
    let mut facts = facts(vec![Finding::new(FindingKind::NodeDown, Severity::Critical, subject, hostile)]);
    facts.scrapers[0].network = hostile.to_owned();
    let page = render(&facts);
    assert!(!page.contains("<script"), "{page}");
    assert!(page.contains("&lt;script&gt;alert('1')&lt;/script&gt;&quot;&amp;"));
}

#[tokio::test(start_paused = true)]
async fn what_is_not_served_is_not_on_the_page() {
    let minute = Duration::from_secs(60);
    let slot = Arc::new(Slot::new("devnet", ScraperKind::Nodes, minute, minute));
    let node = NodeState { name: "alpha".to_owned(), ..NodeState::default() };
    let found = of_nodes(&[node], &Thresholds::default());
    slot.succeeded(Scraped::found(Readings::default(), Source::Nodes, found, NOW), minute, NOW);
    let slots = Slots::new(vec![Arc::clone(&slot)]);
    let page = || render(&Facts::of(&slots, None, NOW));
    assert!(page().contains("alpha"));
    tokio::time::advance(slot.budget() + minute).await;
    assert!(!page().contains("alpha") && page().contains("nothing is known from it"));
    slots.process().certificate_is_current(false);
    assert!(page().contains("ButlerCertificateNotReplaced"));
    slots.process().reload_failed();
    assert!(page().contains("ButlerConfigNotReloaded"), "a rejected configuration is told");
    slots.textfile().is_configured(true);
    slots.textfile().written(NOW - 901);
    assert!(page().contains("ButlerTextfileStale"), "an old file is told");
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_told_for_a_quarter_of_an_hour_and_a_file_that_cannot_be_written_until_it_can() {
    let minute = Duration::from_secs(60);
    let slot = Arc::new(Slot::new("devnet", ScraperKind::L1, minute, minute));
    let slots = Slots::new(vec![Arc::clone(&slot)]);
    slot.restarted();
    for store in [Store::Ledger, Store::Duties, Store::States, Store::KeyFiles] {
        slot.note_kept(store, false);
    }
    let counted = |kind: &str| {
        let of_kind = |sample: &Sample| {
            sample.family == &catalogue::FINDINGS && sample.labels[..2] == ["devnet".to_owned(), kind.to_owned()]
        };
        slots.samples(NOW).iter().filter(|sample| of_kind(sample)).map(|sample| sample.value).sum::<f64>()
    };
    for (seconds, expected) in [(0, 1.0), (900, 1.0), (1, 0.0)] {
        tokio::time::advance(Duration::from_secs(seconds)).await;
        assert_eq!((counted("scraper_restarted"), counted("files_not_kept")), (expected, 1.0), "{seconds}");
    }
    for (store, expected) in [(Store::States, 1.0), (Store::Ledger, 1.0), (Store::Duties, 1.0), (Store::KeyFiles, 0.0)]
    {
        slot.note_kept(store, true);
        assert_eq!(counted("files_not_kept"), expected);
    }
}

/// Core's tests make each kind from facts; here each is shown.
#[test]
fn every_kind_of_finding_has_a_line_with_its_runbook_and_a_series() {
    for kind in FindingKind::all() {
        for severity in kind.severities() {
            let what = format!("words of {kind}");
            let finding = Finding::new(kind, *severity, Subject::Network, &what).until(NOW + HOUR);
            let page = render(&facts(vec![finding.clone()]));
            let runbook = kind.runbook();
            assert!(page.contains(&what) && page.contains(&format!(">{runbook}</a>")), "{kind}: {page}");
            assert!(page.contains("<strong>Next: </strong>"), "{kind}: {page}");
            assert!(super::runbook(runbook).is_some(), "{kind}: {runbook}");
            let mut readings = Readings::default();
            push_findings(&mut readings, kind.source(), &[finding], NOW);
            assert_eq!(readings.get(&catalogue::FINDINGS, &[kind.code(), severity.name()]), Some(1.0), "{kind}");
            assert_eq!(readings.get(&catalogue::FINDING_UNTIL, &[kind.code()]), Some(number(NOW + HOUR)), "{kind}");
        }
    }
}
