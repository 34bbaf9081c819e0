//! `/attesters`: own attesters one by one, as many of them as somebody wants to see.

mod choice;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use butler_core::daemon::http::asked::Asked;
use butler_core::daemon::http::identifiers::{brief, told};
use butler_core::domain::attester::state::State;
use butler_core::domain::findings::{FindingKind, Severity, Subject};
use butler_core::text::address::checksummed;
use butler_core::text::time::{distance, moment};
use ethers_core::types::Address;
use maud::{Markup, html};
use strum::VariantArray as _;

use self::choice::Choice;
use super::facts::Facts;
use super::forms::{Field, PAGE, Part, form};
use crate::readings::details::{AttesterLine, Verdict};

/// What was found about attesters, the worst first, by network and attester.
type Found<'a> = BTreeMap<(&'a str, Address), BTreeSet<(Severity, FindingKind)>>;

/// The attesters that were asked for, with the form that asks for others.
pub(super) fn view(facts: &Facts, asked: &Asked) -> Markup {
    let found = found(facts);
    let choice = Choice::of(asked);
    let chosen: Vec<(&str, &AttesterLine)> = facts
        .attesters()
        .filter(|(network, line)| choice.takes(network, line, found.get(&(*network, line.attester))))
        .collect();
    let part = Part::of(asked, chosen.len());
    let is_one_network = facts.networks().len() == 1;
    html! {
        section {
            h2 { "Attesters" }
            (filters(facts, &found, asked))
            (part.ways(asked, "attester"))
            @if chosen.is_empty() {
                p.empty { @if facts.attesters().next().is_none() { "No attester is known." } @else { "None is as you asked." } }
            } @else {
                table.records {
                    thead {
                        tr {
                            th scope="col" { "attester" }
                            @if !is_one_network { th scope="col" { "network" } }
                            @for head in ["state", "server", "coinbase", "activation", "findings"] { th scope="col" { (head) } }
                        }
                    }
                    tbody {
                        @for (network, line) in chosen.into_iter().skip(part.start()).take(PAGE) {
                            (row((!is_one_network).then_some(network), line, found.get(&(network, line.attester)), facts.now))
                        }
                    }
                }
            }
            @if part.is_cut() { (part.ways(asked, "attester")) }
        }
    }
}

fn found(facts: &Facts) -> Found<'_> {
    let mut found = Found::new();
    for (network, finding) in facts.findings() {
        if let Subject::Attester(attester) = finding.subject {
            let of_attester = found.entry((network, attester)).or_default();
            of_attester.insert((finding.severity_at(facts.now), finding.kind));
        }
    }
    found
}

fn filters(facts: &Facts, found: &Found<'_>, asked: &Asked) -> Markup {
    let networks = facts.networks();
    let servers: BTreeSet<&str> =
        facts.attesters().flat_map(|(_, line)| line.servers.iter().map(String::as_str)).collect();
    let kinds: BTreeMap<&str, String> =
        found.values().flatten().map(|(_, kind)| (kind.code(), kind.code().replace('_', " "))).collect();
    let mut fields = Vec::new();
    if networks.len() > 1 {
        let options = networks.keys().map(|name| (*name, *name)).collect();
        fields.push(Field::Choice { name: "network", words: "network", options });
    }
    let states = State::ALL.iter().map(|state| (state.name(), state.name())).collect();
    fields.push(Field::Choice { name: "state", words: "state", options: states });
    if !servers.is_empty() {
        let options = servers.into_iter().map(|name| (name, name)).collect();
        fields.push(Field::Choice { name: "server", words: "server", options });
    }
    let verdicts = Verdict::VARIANTS.iter().map(|verdict| (verdict.name(), verdict.words())).collect();
    fields.push(Field::Choice { name: "coinbase", words: "coinbase", options: verdicts });
    let any = [(choice::ANY, "any"), (choice::NONE, "none")].into_iter();
    let options = any.chain(kinds.iter().map(|(code, words)| (*code, &**words))).collect();
    fields.push(Field::Choice { name: "finding", words: "finding", options });
    fields.push(Field::Text { name: "attester", words: "address begins with" });
    form(asked, &fields, "Show")
}

fn row(
    network: Option<&str>,
    line: &AttesterLine,
    found: Option<&BTreeSet<(Severity, FindingKind)>>,
    now: u64,
) -> Markup {
    let name = checksummed(&line.attester).to_string();
    let servers = line.servers.iter().cloned().collect::<Vec<_>>().join(", ");
    html! {
        tr {
            th scope="row" { code.address { (told(&name)) } }
            @if let Some(network) = network { td data-label="network" { (network) } }
            td.whole data-label="state" { (line.state.name()) }
            (cell("server", servers.is_empty(), &html! { (servers) }))
            td data-label="coinbase" {
                div {
                    span class=[line.verdict.is_bad().then_some("bad")] { (line.verdict.words()) }
                    @if let Some(coinbase) = line.coinbase {
                        @let coinbase = coinbase.to_string();
                        " " code { (brief(&coinbase)) }
                    }
                }
            }
            (cell("activation", line.arrival.is_none() && line.place.is_none(), &activation(line, now)))
            (cell("findings", found.is_none(), &findings(network, &name, found)))
        }
    }
}

/// A cell, which has a dash for nothing.
fn cell(head: &str, is_empty: bool, content: &Markup) -> Markup {
    html! {
        @if is_empty { td.none data-label=(head) { "–" } } @else { td data-label=(head) { div { (content) } } }
    }
}

fn findings(network: Option<&str>, attester: &str, found: Option<&BTreeSet<(Severity, FindingKind)>>) -> Markup {
    let labels = || network.map(|name| ("network", name)).into_iter().chain([("attester", attester)]);
    html! {
        @for (index, (severity, kind)) in found.into_iter().flatten().enumerate() {
            @if index > 0 { ", " }
            @let runbook = Asked::new(&format!("/runbooks/{}", kind.runbook()), labels());
            a class={ "found " (severity.name()) } href=(runbook.link()) { (kind.code().replace('_', " ")) }
            span.severity { " (" (severity.name()) ")" }
        }
    }
}

fn activation(line: &AttesterLine, now: u64) -> Markup {
    html! {
        @match (line.arrival, line.place) {
            (Some(arrival), _) => span title=(moment(arrival.earliest)) {
                @if arrival.earliest <= now { "now" } @else { (distance(now, arrival.earliest)) }
            },
            (None, Some(place)) => { (place) " before it" }
            (None, None) => {},
        }
    }
}
