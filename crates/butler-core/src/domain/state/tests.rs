//! The whole decision table of `next_state`, and its properties.

use std::collections::BTreeSet;
use std::fmt::Write;

use proptest::prelude::*;

use super::*;

const STATUSES: [OnChainStatus; 4] =
    [OnChainStatus::None, OnChainStatus::Validating, OnChainStatus::Zombie, OnChainStatus::Exiting];
const FACT_NAMES: [&str; 5] = ["was_active", "coinbase", "provider_queue", "entry_queue", "staked"];
const PREVIOUS: [Option<State>; 7] = [
    None,
    Some(State::New),
    Some(State::InStakingProviderQueue),
    Some(State::CoinbaseNeeded),
    Some(State::InStakingQueue),
    Some(State::Active),
    Some(State::NoLongerActive),
];

fn facts(status: OnChainStatus, [active, coinbase, provider, entry, staked]: [bool; 5]) -> StateFacts {
    StateFacts {
        status,
        was_active_once: active,
        coinbase_configured: coinbase,
        in_provider_queue: provider,
        in_entry_queue: entry,
        staked_with_provider: staked,
    }
}

/// Every combination that agrees with the facts known so far.
fn combinations(known: &[bool]) -> Vec<[bool; 5]> {
    let mut rows = vec![known.to_vec()];
    while rows.iter().any(|row| row.len() < FACT_NAMES.len()) {
        rows = rows.into_iter().flat_map(|row| [false, true].map(|next| [row.clone(), vec![next]].concat())).collect();
    }
    rows.into_iter().map(|row| row.try_into().unwrap()).collect()
}

/// Prints one line where the facts known so far settle the outcome, and asks for one more fact where they do not.
/// Answers how many of the table's rows were printed.
fn print_rows(status: OnChainStatus, known: &[bool], text: &mut String) -> usize {
    let outcomes: BTreeSet<[State; 7]> = combinations(known)
        .into_iter()
        .map(|row| PREVIOUS.map(|previous| next_state(previous, facts(status, row))))
        .collect();
    let settled = match outcomes.iter().collect::<Vec<_>>().as_slice() {
        [only] => **only,
        _ => {
            return [false, true].map(|next| print_rows(status, &[known, &[next]].concat(), text)).iter().sum();
        }
    };
    let rows = combinations(known).len() * PREVIOUS.len();
    write!(text, "{rows:>4} rows | {status:?}").unwrap();
    for (name, value) in FACT_NAMES.iter().zip(known) {
        write!(text, ", {}{name}", if *value { "" } else { "not " }).unwrap();
    }
    let distinct: BTreeSet<State> = settled.into_iter().collect();
    for state in &distinct {
        write!(text, " | {state}").unwrap();
        if distinct.len() > 1 {
            let from: Vec<String> = PREVIOUS
                .iter()
                .zip(&settled)
                .filter(|(_, after)| *after == state)
                .map(|(previous, _)| previous.map_or("nothing".to_owned(), |p| p.to_string()))
                .collect();
            write!(text, " after {}", from.join(", ")).unwrap();
        }
    }
    text.push('\n');
    rows
}

#[test]
fn the_whole_table_is_the_documented_one() {
    let mut text = String::new();
    let rows: usize = STATUSES.map(|status| print_rows(status, &[], &mut text)).iter().sum();
    assert_eq!(rows, 7 * 4 * 32, "every row is covered by exactly one line");
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
    (prop::sample::select(&STATUSES), any::<[bool; 5]>()).prop_map(|(status, row)| facts(status, row))
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
}

fn reads_of(facts: StateFacts) -> Vec<Read> {
    vec![
        Read::Status(facts.status),
        Read::WasActive(facts.was_active_once),
        Read::Coinbase(facts.coinbase_configured),
        Read::ProviderQueue(facts.in_provider_queue),
        Read::EntryQueue(facts.in_entry_queue),
        Read::Staked(facts.staked_with_provider),
    ]
}

fn facts_from(reads: &[Read]) -> StateFacts {
    let start = facts(OnChainStatus::None, [false; 5]);
    reads.iter().fold(start, |known, read| match *read {
        Read::Status(status) => StateFacts { status, ..known },
        Read::WasActive(yes) => StateFacts { was_active_once: yes, ..known },
        Read::Coinbase(yes) => StateFacts { coinbase_configured: yes, ..known },
        Read::ProviderQueue(yes) => StateFacts { in_provider_queue: yes, ..known },
        Read::EntryQueue(yes) => StateFacts { in_entry_queue: yes, ..known },
        Read::Staked(yes) => StateFacts { staked_with_provider: yes, ..known },
    })
}

proptest! {
    #[test]
    fn the_same_facts_again_change_nothing(
        previous in prop::sample::select(&PREVIOUS),
        facts in any_facts(),
    ) {
        let state = next_state(previous, facts);
        prop_assert!(State::ALL.contains(&state));
        prop_assert_eq!(next_state(Some(state), facts), state);
    }

    #[test]
    fn the_order_of_the_reads_does_not_matter(
        previous in prop::sample::select(&PREVIOUS),
        (facts, reads) in any_facts()
            .prop_flat_map(|facts| (Just(facts), Just(reads_of(facts)).prop_shuffle())),
    ) {
        prop_assert_eq!(next_state(previous, facts_from(&reads)), next_state(previous, facts));
    }

    #[test]
    fn what_the_chain_knows_of_an_active_attester_needs_no_memory(
        one in prop::sample::select(&PREVIOUS),
        other in prop::sample::select(&PREVIOUS),
        facts in any_facts(),
    ) {
        let seen = facts.status != OnChainStatus::None
            || facts.was_active_once
            || facts.coinbase_configured
            || facts.in_provider_queue
            || facts.in_entry_queue
            || facts.staked_with_provider;
        prop_assume!(seen);
        prop_assert_eq!(next_state(one, facts), next_state(other, facts));
    }
}
