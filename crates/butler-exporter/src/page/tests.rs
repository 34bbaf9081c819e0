use std::time::Duration;

use super::attention::Urgency;
use super::*;
use crate::kinds::ScraperKind;
use crate::readings::number;

const NOW: u64 = 1_760_000_000;
const HOUR: u64 = 3_600;
const A: &str = "0xAAaA00000000000000000000000000000000bBbB";
const B: &str = "0xCcCC00000000000000000000000000000000DdDd";

fn own() -> Readings {
    let mut own = Readings::default();
    own.push(&catalogue::SCRAPE_SUCCESS, ["l1".to_owned()], 1.0);
    own.push(&catalogue::SCRAPE_LAST_SUCCESS, ["l1".to_owned()], number(NOW - 20));
    own
}

fn facts(own: Readings, read: Option<Readings>) -> Facts {
    let read = read.map(|readings| (Arc::new(readings), 20));
    let scraper = ScraperFacts { network: "devnet".to_owned(), kind: ScraperKind::L1, own: Arc::new(own), read };
    Facts { now: NOW, process: Vec::new(), scrapers: vec![scraper] }
}

fn read(samples: &[(&'static Family, &[&str], f64)]) -> Readings {
    let sample = |(family, labels, value): &(&'static Family, &[&str], f64)| Sample {
        family,
        labels: labels.iter().map(|label| (*label).to_owned()).collect(),
        value: *value,
    };
    Readings(samples.iter().map(sample).collect())
}

/// Urgency, text and time left of each line.
fn lines(facts: &Facts) -> Vec<(Urgency, String, Option<String>)> {
    find(facts).into_iter().map(|finding| (finding.urgency, finding.text, finding.left)).collect()
}

#[test]
fn a_network_in_order_needs_nobody() {
    let readings = read(&[
        (&catalogue::SNAPSHOT_BLOCK_TIMESTAMP, &[], number(NOW - 12)),
        (&catalogue::DUPLICATES, &["key_file_twice"], 0.0),
        (&catalogue::ATTESTERS_AT_POSITION, &["zombie"], 0.0),
        (&catalogue::ATTESTERS_AT_POSITION, &["validating"], 9.0),
        (&catalogue::PROVIDER_QUEUE_LENGTH, &["4"], 5.0),
        (&catalogue::PUBLISHER_BALANCE, &[A], 1.0),
        (&catalogue::PUBLISHER_REQUIRED, &[A], 1.0),
        (&catalogue::NODE_UP, &["alpha"], 1.0),
        (&catalogue::ENTRY_QUEUE_NEXT, &[], number(NOW + 25 * HOUR)),
    ]);
    let facts = facts(own(), Some(readings));
    assert_eq!(lines(&facts), []);
    assert!(render(&facts).contains("nothing needs attention"));
}

#[test]
fn the_most_urgent_stands_first_with_the_time_that_is_left() {
    let deadlines = [(A, 3 * HOUR), (B, 30 * HOUR)];
    let mut readings = read(&[
        (&catalogue::PUBLISHER_BALANCE, &[A], 0.4),
        (&catalogue::PUBLISHER_REQUIRED, &[A], 1.0),
        (&catalogue::PUBLISHER_BALANCE, &[B], 0.2),
        (&catalogue::PUBLISHER_REQUIRED, &[B], 1.0),
        (&catalogue::DUPLICATES, &["several_key_files"], 2.0),
        (&catalogue::DUPLICATES, &["own_queue_twice"], 1.0),
        (&catalogue::ENTRY_QUEUE_NEXT, &[], number(NOW + 2 * HOUR)),
    ]);
    for (attester, left) in deadlines {
        readings.push(&catalogue::COINBASE_MISSING, [attester.to_owned()], 1.0);
        readings.push(&catalogue::COINBASE_DEADLINE, [attester.to_owned()], number(NOW + left));
    }
    let expected = [
        (
            Urgency::Critical,
            "0xAAaA00000000000000000000000000000000bBbB has no coinbase in any key file",
            Some("in 3 h 0 min"),
        ),
        (Urgency::Critical, "2 keys are in several key files: two servers may attest with one key", None),
        (
            Urgency::Critical,
            "publisher 0xCcCC00000000000000000000000000000000DdDd is nearly dry: it has 0.2 ether",
            None,
        ),
        (
            Urgency::Warning,
            "0xCcCC00000000000000000000000000000000DdDd has no coinbase in any key file",
            Some("in 1 d 6 h"),
        ),
        (Urgency::Warning, "1 own keys are in two places (own_queue_twice)", None),
        (
            Urgency::Warning,
            "publisher 0xAAaA00000000000000000000000000000000bBbB has less than it should: 0.4 ether",
            None,
        ),
        (Urgency::Info, "the next own deposit can be let in", Some("in 2 h 0 min")),
    ];
    let expected = expected.map(|(urgency, text, left)| (urgency, text.to_owned(), left.map(str::to_owned)));
    assert_eq!(lines(&facts(own(), Some(readings))), expected);
}

#[test]
fn a_decided_slash_is_critical_days_before_and_votes_are_a_warning() {
    let readings = read(&[
        (&catalogue::SLASHING_VOTES, &[A, "decided"], 65.0),
        (&catalogue::SLASHING_EXECUTABLE, &[A], number(NOW + 71 * HOUR)),
        (&catalogue::SLASHING_VOTES, &[B, "voted"], 3.0),
        (&catalogue::SLASHING_VOTES, &["0x1", "spared"], 60.0),
        (&catalogue::EJECTION_SLASHES, &[A], 3.0),
        (&catalogue::EJECTION_SLASHES, &[B], 2.0),
    ]);
    let lines = lines(&facts(own(), Some(readings)));
    let expected = [
        (
            Urgency::Critical,
            format!("{A} is to be slashed: 65 votes decided it, and a veto must come in time"),
            Some("in 2 d 23 h"),
        ),
        (Urgency::Warning, format!("2 small slashes eject {B}"), None),
        (Urgency::Warning, format!("3 votes to slash {B} in this round"), None),
    ];
    assert_eq!(lines, expected.map(|(urgency, text, left)| (urgency, text, left.map(str::to_owned))));
}

#[test]
fn a_missing_coinbase_becomes_critical_six_hours_before() {
    for (left, urgency, words) in [
        (6 * HOUR + 1, Urgency::Warning, "in 6 h 0 min"),
        (6 * HOUR - 1, Urgency::Critical, "in 5 h 59 min"),
        (0, Urgency::Critical, "due now"),
    ] {
        let readings = read(&[
            (&catalogue::COINBASE_MISSING, &[A], 1.0),
            (&catalogue::COINBASE_DEADLINE, &[A], number(NOW + left)),
        ]);
        let lines = lines(&facts(own(), Some(readings)));
        assert_eq!((lines[0].0, lines[0].2.as_deref()), (urgency, Some(words)), "{left}");
    }
    let readings =
        read(&[(&catalogue::COINBASE_MISSING, &[A], 1.0), (&catalogue::COINBASE_DEADLINE, &[A], number(NOW - 120))]);
    assert_eq!(lines(&facts(own(), Some(readings)))[0].2.as_deref(), Some("overdue for 2 min 0 s"));
    // Without a deadline it is a warning, and says so.
    let readings = read(&[(&catalogue::COINBASE_MISSING, &[A], 1.0)]);
    assert_eq!(lines(&facts(own(), Some(readings)))[0].0, Urgency::Warning);
}

#[test]
fn what_is_not_known_is_told_and_never_passes_for_good() {
    let mut failed = Readings::default();
    failed.push(&catalogue::SCRAPE_SUCCESS, ["l1".to_owned()], 0.0);
    failed.push(&catalogue::SCRAPE_ERRORS, ["l1".to_owned(), "unreachable".to_owned()], 3.0);
    failed.push(&catalogue::SCRAPE_LAST_SUCCESS, ["l1".to_owned()], number(NOW - HOUR));
    let facts = facts(failed, None);
    let urgent: Vec<_> = lines(&facts).into_iter().map(|(urgency, text, _)| (urgency, text)).collect();
    assert!(urgent.contains(&(Urgency::Critical, "no scrape of l1 has succeeded for ten minutes".to_owned())));
    assert!(urgent.contains(&(Urgency::Critical, "nothing is known from l1 since 1 h 0 min ago".to_owned())));
    assert!(urgent.contains(&(Urgency::Warning, "the last scrape of l1 failed".to_owned())));
    let page = render(&facts);
    assert!(page.contains("unreachable 3") && page.contains("No fresh snapshot of the chain."), "{page}");
    assert!(!page.contains("nothing needs attention"));
}

#[test]
fn thousands_of_one_kind_do_not_hide_the_others() {
    let mut readings = Readings::default();
    for index in 0..4_000_u64 {
        readings.push(&catalogue::COINBASE_MISSING, [format!("0x{index:040x}")], 1.0);
    }
    readings.push(&catalogue::NODE_UP, ["alpha".to_owned()], 0.0);
    let facts = facts(own(), Some(readings));
    let lines = lines(&facts);
    assert_eq!(lines.len(), 22);
    assert_eq!(lines[0].1, "node alpha does not answer, or follows another network");
    assert!(lines.iter().any(|(_, text, _)| text == "and 3980 more like these"));
    assert!(render(&facts).contains("1 critical, 4000 to look at"));
}

#[test]
fn whatever_somebody_else_wrote_is_escaped() {
    let hostile = "<script>alert('1')</script>\"&";
    let readings = read(&[
        (&catalogue::NODE_UP, &[hostile], 0.0),
        (&catalogue::PUBLISHER_BALANCE, &[hostile], 0.1),
        (&catalogue::PUBLISHER_REQUIRED, &[hostile], 1.0),
    ]);
    let mut facts = facts(own(), Some(readings));
    facts.scrapers[0].network = hostile.to_owned();
    let page = render(&facts);
    assert!(!page.contains("<script") && !page.contains("alert('"), "{page}");
    assert!(page.contains("&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&quot;&amp;"));
}

#[tokio::test(start_paused = true)]
async fn readings_that_are_not_served_are_not_on_the_page() {
    let minute = Duration::from_secs(60);
    let slot = Arc::new(Slot::new("devnet", ScraperKind::L1, minute, minute));
    slot.succeeded(read(&[(&catalogue::NODE_UP, &["alpha"], 1.0)]).into(), minute, NOW);
    let board = Board::new(vec![Arc::clone(&slot)]);
    let page = || render(&Facts::of(&board, NOW));
    assert!(page().contains("alpha"));
    tokio::time::advance(slot.budget() + minute).await;
    assert!(!page().contains("alpha") && page().contains("nothing is known from l1"));
    board.life().certificate_is_current(false);
    assert!(page().contains("ButlerCertificateNotReplaced"));
}

#[test]
fn every_rule_names_labels_that_its_family_has() {
    for rule in RULES {
        let mut rest = rule.text;
        while let Some((_, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').unwrap();
            let is_label = rule.family.labels.iter().skip(1).any(|label| *label == name);
            assert!(is_label || name == "value", "{name} in {:?}", rule.text);
            rest = after;
        }
        assert!(rule.runbook.text.starts_with(&format!("# {}", rule.runbook.name)));
        assert_eq!(runbook(rule.runbook.name), Some(rule.runbook.text));
    }
    assert_eq!(runbook("README"), None);
    assert!(policy().starts_with("default-src 'none'; style-src 'sha256-") && !policy().contains("unsafe"));
}
