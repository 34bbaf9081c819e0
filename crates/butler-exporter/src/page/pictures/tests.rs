use std::collections::BTreeSet;

use butler_core::domain::attester::arrival::Arrival;
use butler_core::domain::attester::state::State;
use ethers_core::types::Address;

use super::bars::{length, permille};
use super::{strips, timeline, verdicts};
use crate::readings::details::{AttesterLine, Verdict};
use crate::readings::strips::{Hour, Strip};

const NOW: u64 = 1_760_000_000;
const HOUR: u64 = 3_600;

fn waiting(number: u64, verdict: Verdict) -> AttesterLine {
    let earliest = NOW + number * HOUR;
    AttesterLine {
        attester: Address::from_low_u64_be(number),
        state: State::InStakingQueue,
        servers: BTreeSet::new(),
        place: Some(number),
        arrival: Some(Arrival { epoch: number, earliest, expected: earliest + HOUR }),
        coinbase: None,
        verdict,
    }
}

#[test]
fn deposits_without_a_coinbase_are_told_with_their_deadlines_and_stand_apart() {
    let lines = [waiting(30, Verdict::Missing), waiting(2, Verdict::Right), waiting(5, Verdict::Wrong)];
    let html = timeline(lines.iter(), NOW).into_string();
    let at = |text: &str| html.find(text).unwrap_or_else(|| panic!("{text}: {html}"));
    assert!(at("2 of 3 lack the right coinbase") < at("<strong>in 5h 00m</strong>"), "{html}");
    assert!(at("<strong>in 5h 00m</strong>") < at("<strong>in 1d 06h</strong>"), "{html}");
    assert_eq!((html.matches("rect class=\"hatched\"").count(), html.matches("rect class=\"ok\"").count()), (2, 1));
    let ready = [waiting(2, Verdict::Right)];
    assert!(timeline(ready.iter(), NOW).into_string().contains("1 deposit, each with the right coinbase"));
    assert_eq!(timeline([].iter(), NOW).into_string(), "");
}

#[test]
fn the_line_holds_thousands_at_one_moment_and_at_many() {
    let mut lines: Vec<AttesterLine> = (0..5_000).map(|number| waiting(number, Verdict::Right)).collect();
    lines.extend((0..5_000).map(|_| waiting(0, Verdict::Missing)));
    let html = timeline(lines.iter(), NOW).into_string();
    assert!(html.len() < 20_000 && html.contains("5000 of 10000 lack"), "{html}");
}

#[test]
fn the_server_that_missed_the_most_stands_first_and_names_stay_text() {
    let strip = |server: &str, missed| Strip {
        server: server.to_owned(),
        hours: [(10, Hour { done: 99, missed }), (12, Hour { done: 1, missed: 0 })].into(),
        last: 12,
    };
    let all = [strip("good", 0), strip("<b>bad", 1), Strip { server: "idle".to_owned(), ..Strip::default() }];
    let html = strips(all.iter()).into_string();
    let at = |text: &str| html.find(text).unwrap_or_else(|| panic!("{text}: {html}"));
    assert!(at("&lt;b&gt;bad") < at(">good<") && !html.contains("idle"), "{html}");
    assert!(html.contains("99.0 %") && html.contains("1 missed") && html.contains("100.0 %"), "{html}");
    // One of a hundred is seen.
    assert_eq!(html.matches("<rect class=\"hatched\"").count(), 1, "{html}");
    assert_eq!(strips([].iter()).into_string(), "");
}

#[test]
fn verdicts_are_counted_and_bad_ones_are_marked_with_more_than_a_colour() {
    let lines = [waiting(1, Verdict::Missing), waiting(2, Verdict::Right), waiting(3, Verdict::Right)];
    let html = verdicts("devnet", lines.iter()).into_string();
    assert!(
        html.contains("coinbase=missing\">missing</a>") && html.contains("1<strong class=\"bad\"> !</strong>"),
        "{html}"
    );
    assert_eq!(verdicts("devnet", [].iter()).into_string(), "");
}

#[test]
fn a_length_is_never_more_than_all_of_it() {
    for (part, all, expected) in [
        (0, 10, "0.0%"),
        (1, 3, "33.3%"),
        (10, 10, "100.0%"),
        (20, 10, "100.0%"),
        (1, 0, "0.0%"),
        (u64::MAX, u64::MAX, "100.0%"),
    ] {
        assert_eq!(length(permille(part, all)), expected, "{part} of {all}");
    }
}
