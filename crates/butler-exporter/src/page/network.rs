//! One network on the page: how fresh it is, its attesters, its queues, its money and its nodes.

use std::collections::BTreeMap;

use butler_core::domain::attester::state::State;
use butler_core::text::time::{distance, duration, moment};
use maud::{Markup, html};

use super::facts::{ScraperFacts, last_success, single};
use super::figures::{figure, short, whole};
use super::{duties, slashers};
use crate::catalogue::{self, Family};
use crate::readings::Sample;

/// The section of a network.
pub(super) fn section(name: &str, scrapers: &[&ScraperFacts], now: u64) -> Markup {
    html! {
        section.network {
            h2 { (name) }
            p.block { (block(scrapers, now)) }
            (states(scrapers))
            (queues(scrapers, now))
            (former_rollups(scrapers, now))
            (duties::section(scrapers))
            (slashers::section(scrapers, now))
            div.parts {
                (table("Nodes", "node", scrapers, NODES))
                (table("Providers", "provider", scrapers, PROVIDERS))
                (table("Publishers", "publisher", scrapers, PUBLISHERS))
                (scrapes(scrapers, now))
            }
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
fn states(scrapers: &[&ScraperFacts]) -> Markup {
    let samples = scrapers.iter().flat_map(|scraper| scraper.of(&catalogue::ATTESTERS));
    let counts: BTreeMap<&str, u64> =
        samples.filter_map(|sample| Some((sample.labels.first()?.as_str(), whole(sample.value)))).collect();
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
        h3 { (total) " attesters" }
        svg.bar viewBox="0 0 1000 10" preserveAspectRatio="none" role="img" aria-label="attesters by state" {
            @for (index, _, _, start, width) in parts.iter().filter(|(_, _, count, _, _)| *count > 0) {
                rect class={ "s" (index) } x=(start) y="0" width=(width) height="10" {}
            }
        }
        ul.states {
            @for (index, state, count, _, _) in &parts {
                li class={ "s" (index) @if *count == 0 { " none" } } { b { (count) } " " (state.name()) }
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
    let of = |family| scrapers.iter().flat_map(move |scraper| scraper.of(family));
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

/// How a column writes its values.
enum Shape {
    Truth,
    Figure,
    /// A share of one.
    Share,
    /// The last label instead of the value.
    Label,
}

type Column = (&'static str, &'static Family, Shape);

static NODES: &[Column] = &[
    ("answers", &catalogue::NODE_UP, Shape::Truth),
    ("ready", &catalogue::NODE_READY, Shape::Truth),
    ("L1", &catalogue::NODE_L1_REACHABLE, Shape::Truth),
    ("rollup", &catalogue::NODE_ROLLUP, Shape::Label),
    ("right rollup", &catalogue::NODE_ROLLUP_AGREES, Shape::Truth),
    ("proposed", &catalogue::NODE_PROPOSED, Shape::Figure),
    ("proven", &catalogue::NODE_PROVEN, Shape::Figure),
    ("finalized", &catalogue::NODE_FINALIZED, Shape::Figure),
];

static PROVIDERS: &[Column] = &[
    ("keys left", &catalogue::PROVIDER_QUEUE_LENGTH, Shape::Figure),
    ("delegations", &catalogue::PROVIDER_DELEGATIONS, Shape::Figure),
    ("take rate", &catalogue::PROVIDER_TAKE_RATE, Shape::Share),
];

static PUBLISHERS: &[Column] = &[
    ("has, ether", &catalogue::PUBLISHER_BALANCE, Shape::Figure),
    ("should have", &catalogue::PUBLISHER_REQUIRED, Shape::Figure),
    ("attesters", &catalogue::PUBLISHER_LOAD, Shape::Figure),
];

/// A row for each value of the first label after the network, a column for each family.
fn table(title: &str, label: &str, scrapers: &[&ScraperFacts], columns: &[Column]) -> Markup {
    let mut rows = BTreeMap::<&str, Vec<Option<&Sample>>>::new();
    for (index, (_, family, _)) in columns.iter().enumerate() {
        for sample in scrapers.iter().flat_map(|scraper| scraper.of(family)) {
            let Some(name) = sample.labels.first() else { continue };
            let row = rows.entry(name).or_insert_with(|| vec![None; columns.len()]);
            if let Some(cell) = row.get_mut(index) {
                *cell = Some(sample);
            }
        }
    }
    if rows.is_empty() {
        return html! {};
    }
    html! {
        div.wide {
            h3 { (title) }
            table {
                tr { th { (label) } @for (head, _, _) in columns { th { (head) } } }
                @for (name, cells) in &rows {
                    tr {
                        th title=(name) { (short(name)) }
                        @for (sample, (_, _, shape)) in cells.iter().zip(columns) { (cell(*sample, shape)) }
                    }
                }
            }
        }
    }
}

fn cell(sample: Option<&Sample>, shape: &Shape) -> Markup {
    let Some(sample) = sample else { return html! { td.none { "–" } } };
    let value = sample.value;
    match shape {
        Shape::Label => html! { td { (sample.labels.last().map_or("", String::as_str)) } },
        Shape::Truth if value > 0.5 => html! { td.good { "yes" } },
        Shape::Truth => html! { td.bad { "no" } },
        Shape::Figure => html! { td { (figure(value)) } },
        Shape::Share => html! { td { (figure(value * 100.0)) " %" } },
    }
}

fn scrapes(scrapers: &[&ScraperFacts], now: u64) -> Markup {
    html! {
        div.wide {
            h3 { "Scrapes" }
            table {
                tr {
                    @for head in ["scraper", "last", "readings", "last success", "took", "failures since the start"] {
                        th { (head) }
                    }
                }
                @for scraper in scrapers { (scrape(scraper, now)) }
            }
        }
    }
}

fn scrape(scraper: &ScraperFacts, now: u64) -> Markup {
    let own = |family: &'static Family| scraper.of(family).next().map(|sample| sample.value);
    let errors = scraper.of(&catalogue::SCRAPE_ERRORS).filter(|sample| sample.value > 0.0);
    let kind = |sample: &Sample| sample.labels.last().cloned().unwrap_or_default();
    let errors: Vec<String> = errors.map(|sample| format!("{} {}", kind(sample), whole(sample.value))).collect();
    html! {
        tr {
            th { (scraper.kind.name()) }
            @match own(&catalogue::SCRAPE_SUCCESS) {
                None => td.none { "not yet" },
                Some(value) if value > 0.5 => td.good { "good" },
                Some(_) => td.bad { "failed" },
            }
            @match &scraper.read {
                None => td.bad { "none" },
                Some((_, age)) => td { (duration(*age)) " old" },
            }
            td { (last_success(scraper).map_or_else(|| "–".to_owned(), |at| distance(now, at))) }
            td { (own(&catalogue::SCRAPE_DURATION).map_or_else(|| "–".to_owned(), |took| format!("{took:.2} s"))) }
            td.text { @if errors.is_empty() { "none" } @else { (errors.join(", ")) } }
        }
    }
}
