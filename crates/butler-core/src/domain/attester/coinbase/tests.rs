//! The rules of `check_coinbase`, row by row.

use ethers_core::types::Address;

use super::*;
use crate::domain::ids::ProviderId;

const ARRIVAL: Arrival = Arrival { epoch: 7, earliest: 10_000, expected: 10_100 };

fn coinbase(byte: u8) -> Coinbase {
    Coinbase::try_from(Address::repeat_byte(byte)).unwrap()
}

fn check(position: Position, configured: &[u8], expected: Option<u8>, arrival: Option<Arrival>) -> CoinbaseCheck {
    check_coinbase(&CoinbaseFacts {
        configured: configured.iter().copied().map(coinbase).collect(),
        names_zero: false,
        expected: expected.map_or(Expectation::Nothing, |byte| Expectation::Confirmed(coinbase(byte))),
        position,
        arrival,
    })
}

fn missing(deadline: Deadline) -> CoinbaseCheck {
    CoinbaseCheck::Missing { deadline }
}

fn wrong(configured: u8, expected: u8) -> CoinbaseCheck {
    CoinbaseCheck::Wrong { configured: coinbase(configured), expected: coinbase(expected) }
}

fn differs(configured: u8, other: u8) -> CoinbaseCheck {
    CoinbaseCheck::Differs { configured: coinbase(configured), other: coinbase(other) }
}

fn unverifiable(configured: u8, why: Unverified) -> CoinbaseCheck {
    CoinbaseCheck::Unverifiable { configured: coinbase(configured), why }
}

#[test]
fn an_attester_that_left_needs_no_coinbase() {
    for position in [Position::Zombie, Position::Exiting, Position::Withdrawn] {
        for configured in [&[][..], &[1], &[2]] {
            for expected in [None, Some(1)] {
                assert_eq!(check(position, configured, expected, Some(ARRIVAL)), CoinbaseCheck::NotApplicable);
            }
        }
    }
}

#[test]
fn a_missing_coinbase_is_due_when_the_attester_can_become_active() {
    let table = [
        (Position::Validating, None, None, Deadline::Overdue),
        (Position::Validating, Some(1), Some(ARRIVAL), Deadline::Overdue),
        (Position::EntryQueue, Some(1), Some(ARRIVAL), Deadline::Arrival(ARRIVAL)),
        (Position::EntryQueue, Some(1), None, Deadline::Unknown),
        (Position::EntryQueue, None, Some(ARRIVAL), Deadline::Arrival(ARRIVAL)),
        (Position::EntryQueue, None, None, Deadline::Unknown),
        (Position::Unregistered, Some(1), None, Deadline::Unknown),
        (Position::ProviderQueue, Some(1), None, Deadline::Unknown),
    ];
    for (position, expected, arrival, deadline) in table {
        assert_eq!(
            check(position, &[], expected, arrival),
            missing(deadline),
            "{position}, expected {expected:?}, {arrival:?}"
        );
    }
}

#[test]
fn an_attester_that_was_never_staked_needs_no_coinbase() {
    for position in [Position::Unregistered, Position::ProviderQueue] {
        assert_eq!(check(position, &[], None, None), CoinbaseCheck::NotApplicable);
    }
}

#[test]
fn every_configured_coinbase_must_be_the_expected_one() {
    for position in [Position::Validating, Position::EntryQueue, Position::Unregistered, Position::ProviderQueue] {
        assert_eq!(check(position, &[5], Some(5), None), CoinbaseCheck::Matches);
        assert_eq!(check(position, &[4], Some(5), None), wrong(4, 5));
        assert_eq!(check(position, &[5, 9], Some(5), None), wrong(9, 5), "one server right, one wrong");
        assert_eq!(check(position, &[9, 3, 5], Some(5), None), wrong(3, 5), "the lowest is named");
    }
}

#[test]
fn without_a_delegation_nothing_is_right_or_wrong() {
    let table = [
        (Position::Validating, Unverified::NoDelegation),
        (Position::EntryQueue, Unverified::NoDelegation),
        (Position::Unregistered, Unverified::NoDelegation),
        (Position::ProviderQueue, Unverified::NotStakedYet),
    ];
    for (position, why) in table {
        assert_eq!(check(position, &[8, 4], None, None), unverifiable(4, why), "{position}");
    }
}

#[test]
fn what_only_a_log_says_is_neither_right_nor_wrong() {
    let claim = |why| Expectation::Unconfirmed { claimed: Some(coinbase(5)), why };
    for position in [Position::Validating, Position::EntryQueue, Position::Unregistered, Position::ProviderQueue] {
        for configured in [5, 6] {
            let facts = CoinbaseFacts {
                configured: [coinbase(configured)].into(),
                names_zero: false,
                expected: claim(Unverified::OtherHash),
                position,
                arrival: None,
            };
            assert_eq!(check_coinbase(&facts), unverifiable(configured, Unverified::OtherHash), "{position}");
            let nothing = CoinbaseFacts { configured: BTreeSet::new(), ..facts };
            assert!(matches!(check_coinbase(&nothing), CoinbaseCheck::Missing { .. }), "{position}");
        }
    }
}

#[test]
fn a_burnt_key_has_no_missing_coinbase_and_no_wrong_one() {
    for position in Position::ALL {
        for (configured, names_zero) in [(&[][..], false), (&[1], false), (&[1, 2], true)] {
            let configured = configured.iter().copied().map(coinbase).collect();
            let facts = CoinbaseFacts {
                configured,
                names_zero,
                expected: Expectation::Burnt,
                position,
                arrival: Some(ARRIVAL),
            };
            assert_eq!(check_coinbase(&facts), CoinbaseCheck::NotApplicable, "{position}");
        }
    }
}

#[test]
fn the_zero_address_is_an_error_of_its_own_wherever_a_coinbase_matters() {
    for expected in [Expectation::Nothing, Expectation::OwnAddress, Expectation::Confirmed(coinbase(1))] {
        for position in [Position::Validating, Position::EntryQueue, Position::Unregistered, Position::ProviderQueue] {
            for configured in [&[][..], &[1]] {
                let configured = configured.iter().copied().map(coinbase).collect();
                let facts = CoinbaseFacts { configured, names_zero: true, expected, position, arrival: None };
                assert_eq!(check_coinbase(&facts), CoinbaseCheck::Zero, "{position} {expected:?}");
            }
        }
    }
}

#[test]
fn an_own_coinbase_is_any_one_address_that_all_files_agree_on() {
    let own = |position, configured: &[u8]| {
        check_coinbase(&CoinbaseFacts {
            configured: configured.iter().copied().map(coinbase).collect(),
            names_zero: false,
            expected: Expectation::OwnAddress,
            position,
            arrival: None,
        })
    };
    for position in [Position::Validating, Position::EntryQueue, Position::Unregistered, Position::ProviderQueue] {
        assert_eq!(own(position, &[7]), CoinbaseCheck::Matches, "{position}");
        assert_eq!(own(position, &[7, 8]), differs(7, 8), "{position}");
    }
    assert_eq!(own(Position::Validating, &[]), missing(Deadline::Overdue));
    assert_eq!(own(Position::EntryQueue, &[]), missing(Deadline::Unknown));
    assert_eq!(own(Position::ProviderQueue, &[]), CoinbaseCheck::NotApplicable, "there is time");
    assert_eq!(own(Position::Exiting, &[7, 8]), CoinbaseCheck::NotApplicable);
}

#[test]
fn a_providers_own_policy_wins_over_the_networks() {
    let id = |number: u64| ProviderId::try_from(number).unwrap();
    let policies =
        CoinbasePolicies { network: CoinbasePolicy::OwnAddress, by_provider: [(id(2), CoinbasePolicy::Split)].into() };
    let of = [None, Some(id(1)), Some(id(2))].map(|provider| policies.of(provider));
    assert_eq!(of, [CoinbasePolicy::OwnAddress, CoinbasePolicy::OwnAddress, CoinbasePolicy::Split]);
    assert_eq!(CoinbasePolicies::default().of(Some(id(1))), CoinbasePolicy::Split);
}

#[test]
fn rewards_that_go_astray_now_or_soon_are_critical() {
    let within = Duration::from_secs(600);
    let arriving = missing(Deadline::Arrival(ARRIVAL));
    let table = [
        (CoinbaseCheck::NotApplicable, Position::Validating, 0, Severity::Ok),
        (CoinbaseCheck::Matches, Position::Validating, 0, Severity::Ok),
        (missing(Deadline::Overdue), Position::Validating, 0, Severity::Critical),
        (missing(Deadline::Unknown), Position::EntryQueue, 0, Severity::Warning),
        (arriving, Position::EntryQueue, 9_399, Severity::Warning),
        (arriving, Position::EntryQueue, 9_400, Severity::Critical),
        (arriving, Position::EntryQueue, u64::MAX, Severity::Critical),
        (wrong(1, 2), Position::Validating, 0, Severity::Critical),
        (wrong(1, 2), Position::EntryQueue, 0, Severity::Critical),
        (wrong(1, 2), Position::Unregistered, 0, Severity::Warning),
        (wrong(1, 2), Position::ProviderQueue, 0, Severity::Warning),
        (CoinbaseCheck::Zero, Position::Validating, 0, Severity::Critical),
        (CoinbaseCheck::Zero, Position::ProviderQueue, 0, Severity::Warning),
        (differs(1, 2), Position::EntryQueue, 0, Severity::Critical),
        (differs(1, 2), Position::Unregistered, 0, Severity::Warning),
        (unverifiable(1, Unverified::NoDelegation), Position::Validating, 0, Severity::Ok),
        (unverifiable(1, Unverified::NotStakedYet), Position::ProviderQueue, 0, Severity::Warning),
        (unverifiable(1, Unverified::OtherHash), Position::Validating, 0, Severity::Warning),
        (unverifiable(1, Unverified::SharedCoinbase), Position::EntryQueue, 0, Severity::Warning),
        (unverifiable(1, Unverified::OtherTerms), Position::Unregistered, 0, Severity::Ok),
    ];
    for (finding, position, now, severity) in table {
        assert_eq!(finding.severity(position, now, within), severity, "{finding:?} at {now}");
    }
}

#[test]
fn a_reason_has_one_name() {
    for why in Unverified::ALL {
        assert_eq!(serde_json::to_value(why).unwrap(), why.name());
        assert!(!why.words().is_empty());
    }
}

#[test]
fn a_finding_serializes_with_its_verdict_first() {
    let json = serde_json::to_value(missing(Deadline::Arrival(ARRIVAL))).unwrap();
    let expected = serde_json::json!({
        "verdict": "missing",
        "deadline": { "arrival": { "epoch": 7, "earliest": 10_000, "expected": 10_100 } },
    });
    assert_eq!(json, expected);
}
