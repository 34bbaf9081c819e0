//! What own attesters proposed and attested, by L1 alone: which coinbases are proven, and which share of duties was done.

use std::collections::BTreeMap;

use butler_core::domain::duties::{Done, DutyKind, ProofState};
use maud::{Markup, html};
use strum::VariantArray as _;

use super::facts::{ScraperFacts, single};
use super::figures::{figure, whole};
use crate::catalogue::{self, Family};

/// Proofs and duties, where they were read.
pub(super) fn section(scrapers: &[&ScraperFacts]) -> Markup {
    let proofs = by_label(scrapers, &catalogue::COINBASE_PROOFS);
    let Some(slot) = single(scrapers, &catalogue::DUTIES_LAST_SLOT).map(whole) else { return html! {} };
    let is_gap = single(scrapers, &catalogue::DUTIES_GAP).is_some_and(|gap| gap > 0.5);
    let duties = by_label(scrapers, &catalogue::DUTIES);
    let (all, done) =
        (by_label(scrapers, &catalogue::NETWORK_DUTIES), by_label(scrapers, &catalogue::NETWORK_DUTIES_DONE));
    html! {
        h3 { "Proposals and duties on L1, up to slot " (slot) }
        ul {
            @for state in ProofState::VARIANTS {
                @let count = proofs.get(state.name()).copied().unwrap_or_default();
                @let is_bad = matches!(state, ProofState::Wrong | ProofState::Unset) && count > 0.5;
                li class=[is_bad.then_some("bad")] { (figure(count)) " " (words(*state)) }
            }
            @if is_gap { li.bad { "a log of the rollup is missing: nothing counts as missed" } }
        }
        div.wide {
            table {
                tr { th { "duty, last day" } th { "done" } th { "missed alone" } th { "with many" } th { "not read" } th { "own" } th { "all" } }
                @for kind in DutyKind::VARIANTS {
                    @let of = |done: Done| duties.get(&format!("{} {}", kind.name(), done.name())).copied().unwrap_or_default();
                    @let missed = of(Done::MissedAlone) + of(Done::MissedWithMany);
                    @let network = [&done, &all].map(|of| of.get(kind.name()).copied().unwrap_or_default());
                    tr {
                        th { (kind.name()) }
                        td { (figure(of(Done::Done))) }
                        td { (figure(of(Done::MissedAlone))) }
                        td { (figure(of(Done::MissedWithMany))) }
                        td { (figure(of(Done::Unread))) }
                        td { (share(of(Done::Done), of(Done::Done) + missed)) }
                        td { (share(network[0], network[1])) }
                    }
                }
            }
        }
    }
}

fn words(state: ProofState) -> &'static str {
    match state {
        ProofState::Right => "coinbases proven right by the last proposal",
        ProofState::Unset => "paid by their last proposal to the attester's own address: no coinbase is set",
        ProofState::Wrong => "paid by their last proposal to another address than they must",
        ProofState::Unproven => "not proven: no proposal since the coinbase counts",
    }
}

fn share(done: f64, all: f64) -> String {
    if all > 0.5 { format!("{} %", figure(done / all * 100.0)) } else { "–".to_owned() }
}

/// The values of a family by their labels after the network.
fn by_label(scrapers: &[&ScraperFacts], family: &'static Family) -> BTreeMap<String, f64> {
    let samples = scrapers.iter().flat_map(|scraper| scraper.of(family));
    samples.map(|sample| (sample.labels.join(" "), sample.value)).collect()
}
