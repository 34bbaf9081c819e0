//! What own attesters proposed and attested, by L1 alone: which coinbases are proven, and which share of duties was done.

use std::collections::BTreeMap;

use butler_core::domain::duties::{Done, DutyKind, ProofState};
use maud::{Markup, html};
use strum::VariantArray as _;

use super::facts::{ScraperFacts, samples, single};
use super::figures::{figure, whole};
use super::fold::{Inside, fold};
use crate::catalogue::{self, Family};

/// The headings of the table.
const HEADS: [&str; 7] = ["duty, last day", "done", "missed alone", "with many", "not read", "own", "all"];

/// Proofs and duties, where they were read.
pub(super) fn section(scrapers: &[&ScraperFacts]) -> Markup {
    let proofs = by_label(scrapers, &catalogue::COINBASE_PROOFS);
    let Some(slot) = single(scrapers, &catalogue::DUTIES_LAST_SLOT).map(whole) else { return html! {} };
    let is_gap = single(scrapers, &catalogue::DUTIES_GAP).is_some_and(|gap| gap > 0.5);
    let duties = by_label(scrapers, &catalogue::DUTIES);
    let (all, done) =
        (by_label(scrapers, &catalogue::NETWORK_DUTIES), by_label(scrapers, &catalogue::NETWORK_DUTIES_DONE));
    let is_bad = |state: &ProofState| matches!(state, ProofState::Wrong | ProofState::Unset);
    let count = |state: &ProofState| proofs.get(state.name()).copied().unwrap_or_default();
    let bad: u64 = ProofState::VARIANTS.iter().filter(|state| is_bad(state)).map(|state| whole(count(state))).sum();
    let bad = usize::try_from(bad).unwrap_or(usize::MAX).saturating_add(usize::from(is_gap));
    let part = html! {
        ul {
            @for state in ProofState::VARIANTS {
                @let is_bad = is_bad(state) && count(state) > 0.5;
                li class=[is_bad.then_some("bad")] { (figure(count(state))) " " (words(*state)) }
            }
            @if is_gap { li.bad { "a log of the rollup is missing: nothing counts as missed" } }
        }
        div.part { table {
            thead {
                tr { @for head in HEADS { th scope="col" { (head) } } }
            }
            tbody {
                @for kind in DutyKind::VARIANTS {
                    @let of = |done: Done| duties.get(&format!("{} {}", kind.name(), done.name())).copied().unwrap_or_default();
                    @let missed = of(Done::MissedAlone) + of(Done::MissedWithMany);
                    @let network = [&done, &all].map(|of| of.get(kind.name()).copied().unwrap_or_default());
                    @let cells = [
                        figure(of(Done::Done)),
                        figure(of(Done::MissedAlone)),
                        figure(of(Done::MissedWithMany)),
                        figure(of(Done::Unread)),
                        share(of(Done::Done), of(Done::Done) + missed),
                        share(network[0], network[1]),
                    ];
                    tr {
                        th scope="row" { (kind.name()) }
                        @for (cell, head) in cells.iter().zip(HEADS.iter().skip(1)) { td data-label=(head) { (cell) } }
                    }
                }
            }
        } }
    };
    fold(&format!("Proposals and duties on L1, up to slot {slot}"), Inside { lines: None, bad }, &part)
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
    if all > 0.5 { format!("{} %", figure((done / all * 1_000.0).round() / 10.0)) } else { "–".to_owned() }
}

/// The values of a family by their labels after the network.
fn by_label(scrapers: &[&ScraperFacts], family: &'static Family) -> BTreeMap<String, f64> {
    samples(scrapers, family).map(|sample| (sample.labels.join(" "), sample.value)).collect()
}
