//! Coinbases by verdict.

use std::collections::BTreeMap;

use butler_core::daemon::http::asked::Asked;
use maud::{Markup, html};
use strum::VariantArray as _;

use super::bars::{Bar, bars, permille};
use crate::readings::details::{AttesterLine, Verdict};

/// How many attesters have which verdict; nothing without an attester.
pub(in crate::page) fn verdicts<'a>(network: &str, attesters: impl Iterator<Item = &'a AttesterLine>) -> Markup {
    let mut counts = BTreeMap::<Verdict, u64>::new();
    for line in attesters {
        let count = counts.entry(line.verdict).or_default();
        *count = count.saturating_add(1);
    }
    let all: u64 = counts.values().sum();
    if all == 0 {
        return html! {};
    }
    let bar = |verdict: &Verdict| {
        let count = counts.get(verdict).copied().filter(|count| *count > 0)?;
        let class = match verdict {
            Verdict::Right => "ok",
            Verdict::Missing | Verdict::Wrong => "bad",
            Verdict::Unverifiable | Verdict::Unknown => "warn",
            Verdict::NotNeeded => "quiet",
        };
        let link = Asked::new("/attesters", [("network", network), ("coinbase", verdict.name())]).link();
        let name = html! { a href=(link) { (verdict.words()) } };
        let words = html! { (count) @if verdict.is_bad() { strong.bad { " !" } } };
        Some(Bar { name, permille: permille(count, all), class, words })
    };
    let list: Vec<Bar> = Verdict::VARIANTS.iter().filter_map(bar).collect();
    html! {
        div.part { h3 { "Coinbases" } (bars(&list)) }
    }
}
