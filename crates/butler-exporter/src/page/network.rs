//! One network on the page: how fresh it is, its attesters and what becomes of them, its queues, its money and its machines.

use std::collections::BTreeMap;

use butler_core::daemon::http::asked::Asked;
use butler_core::domain::attester::state::State;
use butler_core::text::time::{distance, moment};
use maud::{Markup, html};

use super::facts::{ScraperFacts, attesters, samples, single, strips};
use super::figures::{figure, whole};
use super::{duties, parts, pictures, slashers};
use crate::catalogue;

/// The section of a network.
pub(super) fn section(name: &str, scrapers: &[&ScraperFacts], now: u64) -> Markup {
    html! {
        section.network {
            h2 { (name) }
            p.block { (block(scrapers, now)) }
            (states(name, scrapers))
            div.parts {
                (pictures::timeline(attesters(scrapers), now))
                (pictures::verdicts(name, attesters(scrapers)))
                (pictures::runways(scrapers, now))
                (pictures::strips(strips(scrapers)))
            }
            (queues(scrapers, now))
            (former_rollups(scrapers, now))
            (duties::section(scrapers))
            div.parts {
                (parts::tables(name, scrapers, now))
                (parts::slashing(name, scrapers, now))
                (parts::proposals(scrapers, now))
            }
            (slashers::section(scrapers, now))
        }
    }
}

fn block(scrapers: &[&ScraperFacts], now: u64) -> String {
    let number = single(scrapers, &catalogue::SNAPSHOT_BLOCK_NUMBER);
    let at = single(scrapers, &catalogue::SNAPSHOT_BLOCK_TIMESTAMP).map(whole);
    match number.zip(at) {
        None => "No fresh snapshot of the chain.".to_owned(),
        Some((number, at)) => {
            let version =
                single(scrapers, &catalogue::ROLLUP_VERSION).map(|version| format!(" of rollup {}", whole(version)));
            let version = version.unwrap_or_default();
            let epoch = single(scrapers, &catalogue::EPOCH).map(|epoch| format!(", epoch {}{version}", whole(epoch)));
            format!("Block {} of {}, {}{}.", whole(number), moment(at), distance(now, at), epoch.unwrap_or_default())
        }
    }
}

/// A bar with a part for each state, and the figures below it.
fn states(network: &str, scrapers: &[&ScraperFacts]) -> Markup {
    let counts: BTreeMap<&str, u64> = samples(scrapers, &catalogue::ATTESTERS)
        .filter_map(|sample| Some((sample.labels.first()?.as_str(), whole(sample.value))))
        .collect();
    if counts.is_empty() {
        return html! {};
    }
    let total: u64 = counts.values().sum();
    let share = |count: u64| (count * 1_000).checked_div(total).unwrap_or_default();
    let mut before = 0;
    let parts: Vec<(usize, State, u64, u64, u64)> = (0..)
        .zip(State::ALL)
        .map(|(index, state)| {
            let count = counts.get(state.name()).copied().unwrap_or_default();
            let (start, end) = (share(before), share(before + count));
            before += count;
            // Even one of thousands is seen.
            (index, state, count, start, end.saturating_sub(start).max(4))
        })
        .collect();
    html! {
        h3 { a href=(Asked::new("/attesters", [("network", network)]).link()) { (total) " attesters" } }
        svg.bar viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true" focusable="false" {
            @for (index, _, _, start, width) in parts.iter().filter(|(_, _, count, _, _)| *count > 0) {
                rect class={ "s" (index) } x=(start) y="0" width=(width) height="10" {}
            }
        }
        ul.states {
            @for (index, state, count, _, _) in &parts {
                li class={ "s" (index) @if *count == 0 { " none" } } {
                    b { (count) } " "
                    a href=(Asked::new("/attesters", [("network", network), ("state", state.name())]).link()) { (state.name()) }
                }
            }
        }
    }
}

fn queues(scrapers: &[&ScraperFacts], now: u64) -> Markup {
    let figures = [&catalogue::ENTRY_QUEUE_LENGTH, &catalogue::ENTRY_QUEUE_OWN].map(|family| single(scrapers, family));
    let [Some(length), Some(own)] = figures else { return html! {} };
    let ends = [(&catalogue::ENTRY_QUEUE_NEXT, "the next own one"), (&catalogue::ENTRY_QUEUE_LAST, "the last")];
    let ends = ends.into_iter().filter_map(|(family, what)| Some((single(scrapers, family).map(whole)?, what)));
    html! {
        h3 { "Entry queue" }
        p {
            (whole(length)) " deposits wait, " (whole(own)) " of them own"
            @for (at, what) in ends {
                "; " (what) " can be let in "
                @if at <= now { "now" } @else { (distance(now, at)) " (" (moment(at)) ")" }
            }
            "."
        }
    }
}

/// What is left at rollups that are not canonical any more; nothing where there is nothing.
fn former_rollups(scrapers: &[&ScraperFacts], now: u64) -> Markup {
    let of = |family| samples(scrapers, family);
    let mut holds = BTreeMap::<&str, Vec<String>>::new();
    for sample in of(&catalogue::FORMER_ATTESTERS).filter(|sample| sample.value > 0.0) {
        if let [version, position] = sample.labels.as_slice() {
            holds.entry(version).or_default().push(format!("{} {position}", whole(sample.value)));
        }
    }
    for sample in of(&catalogue::FORMER_REWARDS).filter(|sample| sample.value > 0.0) {
        let version = sample.labels.first().map_or("", String::as_str);
        holds.entry(version).or_default().push(format!("{} tokens of rewards", figure(sample.value)));
    }
    for sample in of(&catalogue::FORMER_DUTIES) {
        let (version, until) = (sample.labels.first().map_or("", String::as_str), whole(sample.value));
        let ends = format!("committees of before have duties until {} ({})", moment(until), distance(now, until));
        holds.entry(version).or_default().push(ends);
    }
    for sample in of(&catalogue::FORMER_UNREAD) {
        let version = sample.labels.first().map_or("", String::as_str);
        holds.entry(version).or_default().push("does not answer what it holds".to_owned());
    }
    if holds.is_empty() {
        return html! {};
    }
    html! {
        h3 { "Former rollups" }
        ul {
            @for (version, holds) in holds {
                li { "version " (version) ": " (holds.join(", ")) }
            }
        }
    }
}
