//! Who may slash own attesters, and what leaving takes: on the page only where there is more to say than "the slasher".

use std::collections::BTreeMap;

use butler_core::text::time::{distance, duration, moment};
use maud::{Markup, html};

use super::facts::{ScraperFacts, samples, single};
use super::figures::{short, whole};
use super::fold::{Inside, fold};
use crate::catalogue::{self, Family};
use crate::readings::Sample;

/// Slashers by rollup and role with their dates, what rollups lack, and exits that attesters begin.
pub(super) fn section(scrapers: &[&ScraperFacts], now: u64) -> Markup {
    let of = |family: &'static Family| samples(scrapers, family);
    let mut lines = BTreeMap::<(&str, &str), String>::new();
    for sample in of(&catalogue::SLASHER_INFO) {
        if let [version, role, slasher, proposer] = sample.labels.as_slice() {
            let votes = if proposer.is_empty() { "votes cannot be read".to_owned() } else { short(proposer) };
            lines.insert((version, role), format!("{role} slasher {} ({votes})", short(slasher)));
        }
    }
    for (family, role, before, after) in [
        (&catalogue::SLASHER_PENDING, "pending", "may be installed since", "may be installed from"),
        (&catalogue::SLASHER_LEGACY, "legacy", "could slash until", "may still slash until"),
    ] {
        for sample in of(family) {
            let at = whole(sample.value);
            let words = if at <= now { before } else { after };
            let version = sample.labels.first().map_or("", String::as_str);
            let line = lines.entry((version, role)).or_insert_with(|| format!("{role} slasher"));
            line.push_str(&format!(", {words} {} ({})", moment(at), distance(now, at)));
        }
    }
    let missing: Vec<String> = of(&catalogue::CAPABILITY_MISSING).map(|sample| sample.labels.join(": ")).collect();
    if lines.is_empty() && missing.is_empty() {
        return html! {};
    }
    let part = html! {
        ul {
            @for ((version, _), line) in &lines { li { "version " (version) ": " (line) } }
            @for line in &missing { li.bad { "version " (line) " is missing" } }
            @for line in exits(scrapers) { li { (line) } }
        }
    };
    fold("Slashers and exits", Inside { lines: None, bad: missing.len() }, &part)
}

/// Both delays of an exit, and the limit of those that attesters begin.
fn exits(scrapers: &[&ScraperFacts]) -> Vec<String> {
    let of = |family: &'static Family| samples(scrapers, family);
    let version = |sample: &Sample| sample.labels.first().cloned().unwrap_or_default();
    let by_governance = single(scrapers, &catalogue::WITHDRAWAL_DELAY).map(whole);
    let mut lines = Vec::new();
    for delay in of(&catalogue::EXIT_DELAY) {
        let mut line =
            format!("version {}: a stake that leaves is kept for {}", version(delay), duration(whole(delay.value)));
        if let Some(seconds) = by_governance {
            line.push_str(&format!(" by the rollup, and for {} by the governance", duration(seconds)));
        }
        let here =
            |family| of(family).find(|sample| version(sample) == version(delay)).map(|sample| whole(sample.value));
        let limit = here(&catalogue::EXITS_USED).zip(here(&catalogue::EXITS_ALLOWED));
        if let Some((used, allowed)) = limit {
            let window = here(&catalogue::EXIT_WINDOW).map(duration).unwrap_or_default();
            line.push_str(&format!("; attesters began {used} of {allowed} exits within {window}"));
        }
        lines.push(line);
    }
    lines
}
