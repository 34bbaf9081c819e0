//! The whole decision table of `state`, and its properties.

use std::collections::BTreeSet;
use std::fmt::Write;

use proptest::prelude::*;

use super::*;

const STATUSES: [OnChainStatus; 4] =
    [OnChainStatus::None, OnChainStatus::Validating, OnChainStatus::Zombie, OnChainStatus::Exiting];
const FACT_NAMES: [&str; 6] = ["was_active", "coinbase", "provider_queue", "entry_queue", "staked", "dripped"];
fn facts(status: OnChainStatus, [active, coinbase, provider, entry, staked, dripped]: [bool; 6]) -> StateFacts {
    StateFacts {
        status,
        was_active_once: active,
        coinbase_configured: coinbase,
        in_provider_queue: provider,
        in_entry_queue: entry,
        staked_with_provider: staked,
        dripped,
    }
}

/// Every combination that agrees with the facts known so far.
fn combinations(known: &[bool]) -> Vec<[bool; 6]> {
    let mut rows = vec![known.to_vec()];
    while rows.iter().any(|row| row.len() < FACT_NAMES.len()) {
        rows = rows.into_iter().flat_map(|row| [false, true].map(|next| [row.clone(), vec![next]].concat())).collect();
    }
    rows.into_iter().map(|row| row.try_into().unwrap()).collect()
}

/// Prints one line where the facts known so far settle the outcome, and asks for one more fact where they do not.
/// Answers how many of the table's rows were printed.
fn print_rows(status: OnChainStatus, known: &[bool], text: &mut String) -> usize {
    let rows = combinations(known);
    let outcomes: BTreeSet<State> = rows.iter().map(|row| state(facts(status, *row))).collect();
    let outcomes: Vec<State> = outcomes.into_iter().collect();
    let [settled] = outcomes.as_slice() else {
        return [false, true].map(|next| print_rows(status, &[known, &[next]].concat(), text)).iter().sum();
    };
    write!(text, "{:>4} rows | {status:?}", rows.len()).unwrap();
    for (name, value) in FACT_NAMES.iter().zip(known) {
        write!(text, ", {}{name}", if *value { "" } else { "not " }).unwrap();
    }
    writeln!(text, " | {settled}").unwrap();
    rows.len()
}

#[test]
fn the_whole_table_is_the_documented_one() {
    let mut text = String::new();
    let rows: usize = STATUSES.map(|status| print_rows(status, &[], &mut text)).iter().sum();
    assert_eq!(rows, 4 * 64, "every row is covered by exactly one line");
    insta::assert_snapshot!(text);
}

#[test]
fn names_are_those_of_the_serialized_form_and_parse_back() {
    for state in State::ALL {
        assert_eq!(serde_json::to_string(&state).unwrap(), format!("\"{state}\""));
        assert_eq!(state.name().parse(), Ok(state));
    }
    assert_eq!("new".parse::<State>(), Err(UnknownState("new".to_owned())));
}

fn any_facts() -> impl Strategy<Value = StateFacts> {
    (prop::sample::select(&STATUSES), any::<[bool; 6]>()).prop_map(|(status, row)| facts(status, row))
}

/// One thing that a reader learns about an attester; a reader may learn them in any order, and more than once.
#[derive(Debug, Clone, Copy)]
enum Read {
    Status(OnChainStatus),
    WasActive(bool),
    Coinbase(bool),
    ProviderQueue(bool),
    EntryQueue(bool),
    Staked(bool),
    Dripped(bool),
}

fn reads_of(facts: StateFacts) -> Vec<Read> {
    vec![
        Read::Status(facts.status),
        Read::WasActive(facts.was_active_once),
        Read::Coinbase(facts.coinbase_configured),
        Read::ProviderQueue(facts.in_provider_queue),
        Read::EntryQueue(facts.in_entry_queue),
        Read::Staked(facts.staked_with_provider),
        Read::Dripped(facts.dripped),
    ]
}

fn facts_from(reads: &[Read]) -> StateFacts {
    let start = facts(OnChainStatus::None, [false; 6]);
    reads.iter().fold(start, |known, read| match *read {
        Read::Status(status) => StateFacts { status, ..known },
        Read::WasActive(yes) => StateFacts { was_active_once: yes, ..known },
        Read::Coinbase(yes) => StateFacts { coinbase_configured: yes, ..known },
        Read::ProviderQueue(yes) => StateFacts { in_provider_queue: yes, ..known },
        Read::EntryQueue(yes) => StateFacts { in_entry_queue: yes, ..known },
        Read::Staked(yes) => StateFacts { staked_with_provider: yes, ..known },
        Read::Dripped(yes) => StateFacts { dripped: yes, ..known },
    })
}

proptest! {
    #[test]
    fn the_order_of_the_reads_does_not_matter(
        (facts, reads) in any_facts()
            .prop_flat_map(|facts| (Just(facts), Just(reads_of(facts)).prop_shuffle())),
    ) {
        prop_assert_eq!(state(facts_from(&reads)), state(facts));
    }

    #[test]
    fn a_key_that_left_a_queue_is_never_new_again(facts in any_facts()) {
        let left = facts.staked_with_provider || facts.dripped;
        prop_assume!(left);
        prop_assert_ne!(state(facts), State::New);
    }
}
