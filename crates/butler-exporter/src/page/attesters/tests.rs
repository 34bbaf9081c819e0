use std::collections::BTreeMap;
use std::sync::Arc;

use butler_core::domain::findings::Finding;

use super::super::facts::ScraperFacts;
use super::*;
use crate::catalogue::values::ScraperKind;
use crate::readings::Readings;
use crate::readings::details::Details;

const NOW: u64 = 1_760_000_000;

fn line(number: u64) -> AttesterLine {
    let is_active = number.is_multiple_of(2);
    AttesterLine {
        attester: Address::from_low_u64_be(number),
        state: if is_active { State::Active } else { State::CoinbaseNeeded },
        servers: [format!("server-{}", number % 3)].into(),
        place: (!is_active).then_some(number),
        arrival: None,
        coinbase: None,
        verdict: if is_active { Verdict::Right } else { Verdict::Missing },
    }
}

/// As many attesters, each third of which has a finding.
fn facts(count: u64) -> Facts {
    let lines: Vec<AttesterLine> = (0..count).map(line).collect();
    let found = lines.iter().step_by(3).map(|line| {
        Finding::new(FindingKind::Unserved, Severity::Warning, Subject::Attester(line.attester), "nobody runs it")
    });
    let scraper = ScraperFacts {
        network: "devnet".to_owned(),
        kind: ScraperKind::L1,
        own: Arc::default(),
        read: Some((Arc::new(Readings::default()), 1)),
        findings: Arc::new(found.collect()),
        details: Arc::new(Details { attesters: lines, ..Details::default() }),
    };
    Facts { now: NOW, scrapers: vec![scraper], program: BTreeMap::new(), ..Facts::default() }
}

fn shown(facts: &Facts, parameters: &[(&str, &str)]) -> (usize, String) {
    let html = view(facts, &Asked::new("/attesters", parameters.iter().copied())).into_string();
    (html.matches("<code class=\"address\">").count(), html)
}

#[test]
fn attesters_are_chosen_by_state_server_finding_and_address() {
    let facts = facts(12);
    for (parameters, expected) in [
        (&[][..], 12),
        (&[("state", "ACTIVE")], 6),
        (&[("server", "server-1")], 4),
        (&[("coinbase", "missing")], 6),
        (&[("finding", "any")], 4),
        (&[("finding", "none")], 8),
        (&[("finding", "unserved")], 4),
        (&[("finding", "node_down")], 0),
        (&[("network", "elsewhere")], 0),
        (&[("attester", "0x000000000000000000000000000000000000000B")], 1),
        (&[("state", "ACTIVE"), ("finding", "any")], 2),
        (&[("state", "'\"><script>")], 0),
    ] {
        let (count, html) = shown(&facts, parameters);
        assert_eq!(count, expected, "{parameters:?}: {html}");
        assert!(!html.contains("<script"), "{html}");
    }
    assert!(shown(&facts, &[("state", "x")]).1.contains("None is as you asked."));
    assert!(shown(&super::super::Facts::default(), &[]).1.contains("No attester is known."));
}

#[test]
fn thousands_come_a_hundred_at_a_time() {
    let facts = facts(5_000);
    let (count, html) = shown(&facts, &[("page", "50")]);
    assert_eq!(count, PAGE);
    assert!(html.contains("4901 to 5000 of 5000 attesters"), "{html}");
    assert!(html.len() < 200_000, "{}", html.len());
}
