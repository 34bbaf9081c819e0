//! The tables of a network: its nodes and hosts, its keys and money, what is voted against its attesters, what is proposed.

use butler_core::domain::governance::ProposalState;
use butler_core::domain::slashing::Stage;
use butler_core::text::time::{distance, moment};
use maud::{Markup, html};

use super::facts::{ScraperFacts, samples, single};
use super::figures::{figure, short, whole};
use super::fold::{Inside, fold};
use super::tables::{Column, Shape, table};
use crate::catalogue;

static NODES: &[Column] = &[
    ("answers", &catalogue::NODE_UP, None, Shape::Truth),
    ("ready", &catalogue::NODE_READY, None, Shape::Truth),
    ("L1", &catalogue::NODE_L1_REACHABLE, None, Shape::Truth),
    ("rollup", &catalogue::NODE_ROLLUP, None, Shape::Label("rollup")),
    ("right one", &catalogue::NODE_ROLLUP_AGREES, None, Shape::Truth),
    ("peers", &catalogue::NODE_PEERS, Some(("status", "connected")), Shape::Figure),
    ("proposed", &catalogue::NODE_PROPOSED, None, Shape::Figure),
    ("proven", &catalogue::NODE_PROVEN, None, Shape::Figure),
    ("version", &catalogue::NODE, None, Shape::Label("version")),
];

static HOSTS: &[Column] = &[
    ("name", &catalogue::HOST_CHECK_SUCCESS, Some(("check", "dns")), Shape::Truth),
    ("p2p", &catalogue::HOST_CHECK_SUCCESS, Some(("check", "p2p")), Shape::Truth),
    ("RPC", &catalogue::HOST_CHECK_SUCCESS, Some(("check", "rpc")), Shape::Truth),
    ("RPC by IP", &catalogue::HOST_CHECK_SUCCESS, Some(("check", "rpc_by_ip")), Shape::Truth),
    ("L1", &catalogue::HOST_CHECK_SUCCESS, Some(("check", "l1")), Shape::Truth),
    ("certificate ends", &catalogue::HOST_CERTIFICATE_EXPIRY, None, Shape::Moment),
    ("version", &catalogue::HOST, None, Shape::Label("version")),
];

static PROVIDERS: &[Column] = &[
    ("keys left", &catalogue::PROVIDER_QUEUE_LENGTH, None, Shape::Figure),
    ("delegations", &catalogue::PROVIDER_DELEGATIONS, None, Shape::Figure),
    ("take rate", &catalogue::PROVIDER_TAKE_RATE, None, Shape::Share),
    ("own rewards, tokens", &catalogue::REWARDS_OWN, None, Shape::Figure),
    ("not confirmed", &catalogue::UNCONFIRMED_SPLITS, None, Shape::Figure),
];

static PUBLISHERS: &[Column] = &[
    ("has, ether", &catalogue::PUBLISHER_BALANCE, None, Shape::Figure),
    ("should have", &catalogue::PUBLISHER_REQUIRED, None, Shape::Figure),
    ("attesters", &catalogue::PUBLISHER_LOAD, None, Shape::Figure),
];

static ACCUSED: &[Column] = &[
    ("votes", &catalogue::SLASHING_VOTES, None, Shape::Figure),
    ("stage", &catalogue::SLASHING_VOTES, None, Shape::Label("stage")),
    ("can be executed", &catalogue::SLASHING_EXECUTABLE, None, Shape::Moment),
    ("takes, tokens", &catalogue::SLASHING_AMOUNT, None, Shape::Figure),
    ("slashes to ejection", &catalogue::EJECTION_SLASHES, None, Shape::Figure),
];

/// Nodes, hosts, providers, publishers and rewards.
pub(super) fn tables(scrapers: &[&ScraperFacts], now: u64) -> Markup {
    html! {
        (table("Nodes", "node", scrapers, NODES, now))
        (table("Hosts", "host", scrapers, HOSTS, now))
        (table("Providers", "provider", scrapers, PROVIDERS, now))
        (table("Publishers", "publisher", scrapers, PUBLISHERS, now))
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
pub(super) fn slashing(scrapers: &[&ScraperFacts], now: u64) -> Markup {
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
        (table("Votes against own attesters", "attester", scrapers, ACCUSED, now))
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
            @if let Some(payload) = payload { " for " span title=(payload) { (short(payload)) } }
            @if let Some(end) = value(&catalogue::GOVERNANCE_ROUND_END) { "; it ends " (distance(now, end)) }
            "."
        }
        @if states.is_empty() { p { "There is no proposal." } } @else {
            ul { @for line in &states { li { "proposals: " (line) } } }
        }
    };
    html! { div.part { (fold("Governance", Inside::default(), &part)) } }
}
