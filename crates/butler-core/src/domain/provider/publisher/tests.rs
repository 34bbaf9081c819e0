//! Shares and top-ups, and that no share panics or gets lost.

use proptest::prelude::*;

use super::*;
use crate::domain::operator::key_book::KeyEntry;
use crate::domain::samples::{address, key_entry};

/// One entry per attester: server, attester, publishers.
fn book(entries: &[(&str, u64, &[u64])]) -> KeyBook {
    KeyBook {
        entries: entries
            .iter()
            .map(|(server, attester, publishers)| KeyEntry {
                publishers: publishers.iter().map(|number| address(*number)).collect(),
                ..key_entry(*attester, server, "keys.json", 0)
            })
            .collect(),
        ..KeyBook::default()
    }
}

fn load_of(keys: &KeyBook, publisher: u64) -> String {
    loads(keys).unwrap()[&address(publisher)].to_string()
}

#[test]
fn an_attester_counts_one_nth_for_each_of_its_publishers() {
    let keys = book(&[("a", 1, &[50]), ("a", 2, &[50, 51]), ("a", 3, &[50, 51, 52])]);
    assert_eq!(load_of(&keys, 50), "1.834", "1 + 1/2 + 1/3");
    assert_eq!(load_of(&keys, 51), "0.834");
    assert_eq!(load_of(&keys, 52), "0.334");
}

#[test]
fn a_publisher_named_twice_and_an_attester_listed_twice_count_once() {
    let keys = book(&[("a", 1, &[50, 50]), ("a", 1, &[50])]);
    assert_eq!(load_of(&keys, 50), "1.000");
}

#[test]
fn each_server_must_carry_its_attesters_alone() {
    let keys = book(&[("a", 1, &[50]), ("b", 1, &[51])]);
    assert_eq!(load_of(&keys, 50), "1.000");
    assert_eq!(load_of(&keys, 51), "1.000");
}

#[test]
fn the_exact_load_is_rounded_up_once() {
    let thirds = book(&[("a", 1, &[50, 51, 52]), ("a", 2, &[50, 51, 52]), ("a", 3, &[50, 51, 52])]);
    assert_eq!(loads(&thirds).unwrap()[&address(50)].ceil(), 1, "3 × 1/3 is 1, not 2");
    let more = book(&[("a", 1, &[50]), ("a", 2, &[50, 51, 52])]);
    assert_eq!(loads(&more).unwrap()[&address(50)].ceil(), 2);
}

fn minimum(per_attester: u64, per_publisher: u64) -> Minimum {
    Minimum { per_attester: per_attester.into(), per_publisher: per_publisher.into() }
}

#[test]
fn whoever_pays_for_any_attester_holds_the_floor_and_whoever_pays_for_none_needs_nothing() {
    let mut keys = book(&[("a", 1, &[50]), ("a", 2, &[50]), ("b", 3, &[51])]);
    keys.publishers_by_server.insert("c".to_owned(), BTreeSet::from([address(53)]));
    let rows = top_ups(&keys, &BTreeMap::new(), minimum(100, 150)).unwrap();
    let required: Vec<_> = rows.iter().map(|row| (row.publisher, row.required.as_u64())).collect();
    assert_eq!(required, [(address(50), 200), (address(51), 150), (address(53), 0)]);
}

#[test]
fn a_top_up_is_what_is_missing_and_never_negative() {
    let mut keys = book(&[("a", 1, &[50]), ("a", 2, &[50]), ("b", 3, &[51]), ("b", 4, &[52])]);
    keys.publishers_by_server.insert("c".to_owned(), BTreeSet::from([address(53)]));
    let balances =
        BTreeMap::from([(address(50), U256::from(70)), (address(51), U256::from(500)), (address(53), U256::zero())]);
    let rows = top_ups(&keys, &balances, minimum(100, 0)).unwrap();
    let figures: Vec<_> =
        rows.iter().map(|row| (row.publisher, row.required.as_u64(), row.top_up.map(|wei| wei.as_u64()))).collect();
    assert_eq!(
        figures,
        [
            (address(50), 200, Some(130)),
            (address(51), 100, Some(0)),
            (address(52), 100, None),
            (address(53), 0, Some(0)),
        ]
    );
    assert_eq!(rows[3].servers, BTreeSet::from(["c".to_owned()]));
}

#[test]
fn an_amount_that_does_not_fit_is_an_error() {
    let keys = book(&[("a", 1, &[50]), ("a", 2, &[50])]);
    assert_eq!(
        top_ups(&keys, &BTreeMap::new(), Minimum { per_attester: U256::MAX, per_publisher: U256::zero() }),
        Err(TopUpError { publisher: address(50) })
    );
}

proptest! {
    #[test]
    fn the_loads_of_a_server_add_up_to_its_attesters(
        sizes in prop::collection::vec(1_u64..9, 1..40),
    ) {
        let publishers: Vec<Vec<u64>> =
            sizes.iter().map(|size| (100..100 + size).collect()).collect();
        let entries: Vec<(&str, u64, &[u64])> = (1..)
            .zip(&publishers)
            .map(|(attester, publishers)| ("a", attester, publishers.as_slice()))
            .collect();
        let total = loads(&book(&entries))
            .unwrap()
            .into_values()
            .try_fold(Load::ZERO, |sum, load| {
                let whole = sum.add(load.numerator, load.denominator);
                whole.filter(|sum| greatest_common_divisor(sum.numerator, sum.denominator) == 1)
            });
        let expected = Load { numerator: u64::try_from(sizes.len()).unwrap(), denominator: 1 };
        prop_assert_eq!(total, Some(expected));
    }

    #[test]
    fn no_share_panics(numerator in any::<u64>(), denominator in 1_u64.., count in any::<u64>(), among in any::<u64>()) {
        let load = Load { numerator, denominator };
        let _ = (load.add(count, among), load.ceil(), load.thousandths());
    }
}
