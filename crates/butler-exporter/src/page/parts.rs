//! The tables of a network: its nodes and hosts, its keys and money, what is voted against its attesters, what is proposed.

use butler_core::daemon::http::identifiers::brief;
use butler_core::domain::governance::ProposalState;
use butler_core::domain::slashing::Stage;
use butler_core::text::time::{distance, moment};
use maud::{Markup, html};

use super::facts::{ScraperFacts, samples, single};
use super::figures::{figure, whole};
use super::fold::{Inside, fold};
use super::kinds::{ACCUSED, HOSTS, NODES, PROVIDERS, PUBLISHERS};
use super::tables::table;
use crate::catalogue;

/// Nodes, hosts, providers, publishers and rewards.
pub(super) fn tables(network: &str, scrapers: &[&ScraperFacts], now: u64) -> Markup {
    html! {
        @for kind in [&NODES, &HOSTS, &PROVIDERS, &PUBLISHERS] { (table(kind, network, scrapers, now)) }
        (rewards(scrapers))
    }
}

fn rewards(scrapers: &[&ScraperFacts]) -> Markup {
    let waiting: Vec<f64> = samples(scrapers, &catalogue::REWARDS_PENDING).map(|sample| sample.value).collect();
    let own: Vec<f64> = samples(scrapers, &catalogue::REWARDS_OWN).map(|sample| sample.value).collect();
    html! {
        @if !waiting.is_empty() {
            div.part {
                h3 { "Rewards" }
                p {
                    (figure(waiting.iter().sum())) " tokens wait for " (waiting.len())
                    @if waiting.len() == 1 { " coinbase" } @else { " coinbases" }
                    @if !own.is_empty() { "; " (figure(own.iter().sum())) " of them are the providers' own share" }
                    "."
                }
            }
        }
    }
}

/// Votes to slash: the current round, and own attesters that anybody voted against.
pub(super) fn slashing(network: &str, scrapers: &[&ScraperFacts], now: u64) -> Markup {
    let value = |family| single(scrapers, family).map(whole);
    let Some(round) = value(&catalogue::SLASHING_ROUND) else { return html! {} };
    let against = samples(scrapers, &catalogue::SLASHING_ATTESTERS).filter(|sample| sample.value > 0.5);
    let against: Vec<String> =
        against.map(|sample| format!("{} {}", whole(sample.value), sample.labels.concat())).collect();
    let is_accused = samples(scrapers, &catalogue::SLASHING_ATTESTERS).any(|sample| {
        sample.value > 0.5
            && sample.labels.iter().all(|label| label != Stage::Spared.name() && label != Stage::Vetoed.name())
    });
    let part = html! {
        p {
            "Round " (round)
            @if let Some(votes) = value(&catalogue::SLASHING_ROUND_VOTES) { ": " (votes) " votes against anybody" }
            @if let Some(quorum) = value(&catalogue::SLASHING_QUORUM) { ", " (quorum) " decide" }
            @if let Some(end) = value(&catalogue::SLASHING_ROUND_END) { "; it ends " (distance(now, end)) }
            "."
        }
        @if against.is_empty() {
            p { "Nobody voted against own attesters in open rounds." }
        } @else {
            p class=[is_accused.then_some("bad")] { "Own attesters: " (against.join(", ")) "." }
        }
        @if let Some(until) = value(&catalogue::SLASHING_PAUSED_UNTIL) {
            p { "The vetoer has paused slashing until " (moment(until)) " (" (distance(now, until)) ")." }
        }
    };
    html! {
        div.part { (fold("Slashing", Inside { lines: None, bad: usize::from(is_accused) }, &part)) }
        (table(&ACCUSED, network, scrapers, now))
    }
}

/// What governance signals for and votes on.
pub(super) fn proposals(scrapers: &[&ScraperFacts], now: u64) -> Markup {
    let value = |family| single(scrapers, family).map(whole);
    let Some(round) = value(&catalogue::GOVERNANCE_ROUND) else { return html! {} };
    let payload = samples(scrapers, &catalogue::GOVERNANCE_PAYLOAD).next().and_then(|sample| sample.labels.first());
    let state = |state: &ProposalState| {
        let is_it = |labels: &[String]| labels.last().is_some_and(|label| label == state.name());
        let of = |family| samples(scrapers, family).find(|sample| is_it(&sample.labels)).map(|one| whole(one.value));
        let count = of(&catalogue::GOVERNANCE_PROPOSALS).filter(|count| *count > 0)?;
        let until = of(&catalogue::GOVERNANCE_UNTIL);
        let until = until.map(|until| format!(" (the next one until {}, {})", moment(until), distance(now, until)));
        Some(format!("{count} {}{}", state.name(), until.unwrap_or_default()))
    };
    let states: Vec<String> = ProposalState::ALL.iter().filter_map(state).collect();
    let part = html! {
        p {
            "Round " (round)
            @if let Some(quorum) = value(&catalogue::GOVERNANCE_QUORUM) {
                ": " (value(&catalogue::GOVERNANCE_SIGNALS).unwrap_or_default()) " of " (quorum) " signals"
            }
            @if let Some(payload) = payload { " for " (brief(payload)) }
            @if let Some(end) = value(&catalogue::GOVERNANCE_ROUND_END) { "; it ends " (distance(now, end)) }
            "."
        }
        @if states.is_empty() { p { "There is no proposal." } } @else {
            ul { @for line in &states { li { "proposals: " (line) } } }
        }
    };
    html! { div.part { (fold("Governance", Inside::default(), &part)) } }
}
