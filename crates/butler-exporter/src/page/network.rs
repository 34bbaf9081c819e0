//! One network on the page: how fresh it is, its attesters, its queues, its money and its nodes.

use std::collections::BTreeMap;

use butler_core::domain::state::State;

use super::facts::{ScraperFacts, last_success, single};
use super::write::{distance, duration, escape, figure, moment, push, short, whole};
use crate::catalogue::{self, Family};
use crate::readings::Sample;

/// The section of a network.
pub(super) fn push_network(page: &mut String, name: &str, scrapers: &[&ScraperFacts], now: u64) {
    push(page, &format!("<section class=\"network\">\n<h2>{}</h2>\n", escape(name)));
    push_block(page, scrapers, now);
    push_states(page, scrapers);
    push_queues(page, scrapers, now);
    push_former(page, scrapers);
    push(page, "<div class=\"parts\">\n");
    push_table(page, "Nodes", "node", scrapers, NODES);
    push_table(page, "Providers", "provider", scrapers, PROVIDERS);
    push_table(page, "Publishers", "publisher", scrapers, PUBLISHERS);
    push_scrapes(page, scrapers, now);
    push(page, "</div>\n</section>\n");
}

fn push_block(page: &mut String, scrapers: &[&ScraperFacts], now: u64) {
    let number = single(scrapers, &catalogue::SNAPSHOT_BLOCK_NUMBER);
    let at = single(scrapers, &catalogue::SNAPSHOT_BLOCK_TIMESTAMP).map(whole);
    let text = match number.zip(at) {
        None => "No fresh snapshot of the chain.".to_owned(),
        Some((number, at)) => {
            let epoch = single(scrapers, &catalogue::EPOCH).map(|epoch| format!(", epoch {}", whole(epoch)));
            format!("Block {} of {}, {}{}.", whole(number), moment(at), distance(now, at), epoch.unwrap_or_default())
        }
    };
    push(page, &format!("<p class=\"block\">{text}</p>\n"));
}

/// A bar with a part for each state, and the figures below it.
fn push_states(page: &mut String, scrapers: &[&ScraperFacts]) {
    let samples = scrapers.iter().flat_map(|scraper| scraper.of(&catalogue::ATTESTERS));
    let counts: BTreeMap<&str, u64> =
        samples.filter_map(|sample| Some((sample.labels.first()?.as_str(), whole(sample.value)))).collect();
    let total: u64 = counts.values().sum();
    if counts.is_empty() {
        return;
    }
    push(page, &format!("<h3>{total} attesters</h3>\n"));
    let share = |count: u64| (count * 1_000).checked_div(total).unwrap_or_default();
    push(
        page,
        "<svg class=\"bar\" viewBox=\"0 0 1000 10\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"attesters by state\">",
    );
    let mut before = 0;
    for (index, state) in State::ALL.iter().enumerate() {
        let count = counts.get(state.name()).copied().unwrap_or_default();
        let (start, end) = (share(before), share(before + count));
        if count > 0 {
            // Even one of thousands is seen.
            let width = end.saturating_sub(start).max(4);
            push(page, &format!("<rect class=\"s{index}\" x=\"{start}\" y=\"0\" width=\"{width}\" height=\"10\"/>"));
        }
        before += count;
    }
    push(page, "</svg>\n");
    push(page, "<ul class=\"states\">\n");
    for (index, state) in State::ALL.iter().enumerate() {
        let count = counts.get(state.name()).copied().unwrap_or_default();
        let class = if count == 0 { " none" } else { "" };
        push(page, &format!("<li class=\"s{index}{class}\"><b>{count}</b> {}</li>\n", state.name()));
    }
    push(page, "</ul>\n");
}

fn push_queues(page: &mut String, scrapers: &[&ScraperFacts], now: u64) {
    let figures = [&catalogue::ENTRY_QUEUE_LENGTH, &catalogue::ENTRY_QUEUE_OWN].map(|family| single(scrapers, family));
    let [Some(length), Some(own)] = figures else { return };
    let mut text = format!("{} deposits wait, {} of them own", whole(length), whole(own));
    for (family, what) in
        [(&catalogue::ENTRY_QUEUE_NEXT, "the next own one"), (&catalogue::ENTRY_QUEUE_LAST, "the last")]
    {
        if let Some(at) = single(scrapers, family).map(whole) {
            let when = if at <= now { "now".to_owned() } else { format!("{} ({})", distance(now, at), moment(at)) };
            text.push_str(&format!("; {what} can be let in {when}"));
        }
    }
    push(page, &format!("<h3>Entry queue</h3>\n<p>{text}.</p>\n"));
}

/// What is left at rollups that are not canonical any more; nothing where there is nothing.
fn push_former(page: &mut String, scrapers: &[&ScraperFacts]) {
    let of = |family| scrapers.iter().flat_map(move |scraper| scraper.of(family));
    let mut holds = BTreeMap::<&str, Vec<String>>::new();
    for sample in of(&catalogue::FORMER_ATTESTERS).filter(|sample| sample.value > 0.0) {
        if let [version, position] = sample.labels.as_slice() {
            holds.entry(version).or_default().push(format!("{} {}", whole(sample.value), escape(position)));
        }
    }
    for sample in of(&catalogue::FORMER_REWARDS).filter(|sample| sample.value > 0.0) {
        let version = sample.labels.first().map_or("", String::as_str);
        holds.entry(version).or_default().push(format!("{} tokens of rewards", figure(sample.value)));
    }
    for sample in of(&catalogue::FORMER_UNREAD) {
        let version = sample.labels.first().map_or("", String::as_str);
        holds.entry(version).or_default().push("does not answer what it holds".to_owned());
    }
    if holds.is_empty() {
        return;
    }
    push(page, "<h3>Former rollups</h3>\n<ul>\n");
    for (version, holds) in holds {
        push(page, &format!("<li>version {}: {}\n", escape(version), holds.join(", ")));
    }
    push(page, "</ul>\n");
}

/// How a column writes its values.
enum Shape {
    Truth,
    Figure,
    /// A share of one.
    Share,
}

type Column = (&'static str, &'static Family, Shape);

static NODES: &[Column] = &[
    ("answers", &catalogue::NODE_UP, Shape::Truth),
    ("ready", &catalogue::NODE_READY, Shape::Truth),
    ("L1", &catalogue::NODE_L1_REACHABLE, Shape::Truth),
    ("same rollup", &catalogue::NODE_ROLLUP_AGREES, Shape::Truth),
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
fn push_table(page: &mut String, title: &str, label: &str, scrapers: &[&ScraperFacts], columns: &[Column]) {
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
        return;
    }
    let heads: String = columns.iter().map(|(head, _, _)| format!("<th>{head}")).collect();
    push(page, &format!("<div class=\"wide\"><h3>{title}</h3>\n<table>\n<tr><th>{label}{heads}\n"));
    for (name, cells) in rows {
        let cells = cells.iter().zip(columns).map(|(sample, (_, _, shape))| cell(*sample, shape));
        let (full, name, cells) = (escape(name), escape(&short(name)), cells.collect::<String>());
        push(page, &format!("<tr><th title=\"{full}\">{name}{cells}\n"));
    }
    push(page, "</table></div>\n");
}

fn cell(sample: Option<&Sample>, shape: &Shape) -> String {
    let Some(value) = sample.map(|sample| sample.value) else { return "<td class=\"none\">–".to_owned() };
    match shape {
        Shape::Truth if value > 0.5 => "<td class=\"good\">yes".to_owned(),
        Shape::Truth => "<td class=\"bad\">no".to_owned(),
        Shape::Figure => format!("<td>{}", figure(value)),
        Shape::Share => format!("<td>{} %", figure(value * 100.0)),
    }
}

fn push_scrapes(page: &mut String, scrapers: &[&ScraperFacts], now: u64) {
    push(
        page,
        "<div class=\"wide\"><h3>Scrapes</h3>\n<table>\n<tr><th>scraper<th>last<th>readings<th>last success<th>took<th>failures since the start\n",
    );
    for scraper in scrapers {
        let own = |family: &'static Family| scraper.of(family).next().map(|sample| sample.value);
        let last = match own(&catalogue::SCRAPE_SUCCESS) {
            None => "<td class=\"none\">not yet",
            Some(value) if value > 0.5 => "<td class=\"good\">good",
            Some(_) => "<td class=\"bad\">failed",
        };
        let age = scraper
            .read
            .as_ref()
            .map_or_else(|| "<td class=\"bad\">none".to_owned(), |(_, age)| format!("<td>{} old", duration(*age)));
        let success = last_success(scraper).map_or_else(|| "–".to_owned(), |at| distance(now, at));
        let took = own(&catalogue::SCRAPE_DURATION).map_or_else(|| "–".to_owned(), |took| format!("{took:.2} s"));
        let errors = scraper.of(&catalogue::SCRAPE_ERRORS).filter(|sample| sample.value > 0.0);
        let errors: Vec<String> = errors
            .map(|sample| {
                let kind = sample.labels.last().map(String::as_str).unwrap_or_default();
                format!("{} {}", escape(kind), whole(sample.value))
            })
            .collect();
        let errors = if errors.is_empty() { "none".to_owned() } else { errors.join(", ") };
        let name = scraper.kind.name();
        push(page, &format!("<tr><th>{name}{last}{age}<td>{success}<td>{took}<td class=\"text\">{errors}\n"));
    }
    push(page, "</table></div>\n");
}
