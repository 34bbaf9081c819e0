//! What each server did of its duties over the last days, as a strip.

use butler_core::text::time::moment;
use maud::{Markup, html};

use super::bars::{length, permille};
use crate::page::fold::{Inside, fold};
use crate::readings::strips::{Hour, Strip};

const HOUR: u64 = 3_600;
/// So many servers are shown, those that missed the most first.
const SHOWN: usize = 12;
/// The height of a strip.
const HEIGHT: u64 = 28;

/// A strip for each server; nothing where no server had a duty.
pub(in crate::page) fn strips<'a>(strips: impl Iterator<Item = &'a Strip>) -> Markup {
    let mut strips: Vec<(u64, &Strip, Hour)> = strips
        .map(|strip| {
            let all = strip.hours.values().fold(Hour::default(), |all, hour| plus(all, *hour));
            (permille(all.done, all.done.saturating_add(all.missed)), strip, all)
        })
        .filter(|(_, _, all)| *all != Hour::default())
        .collect();
    strips.sort_by(|one, other| (one.0, &one.1.server).cmp(&(other.0, &other.1.server)));
    let first = strips.iter().filter_map(|(_, strip, _)| strip.hours.keys().next()).min().copied();
    let last = strips.iter().map(|(_, strip, _)| strip.last).max();
    let Some((first, last)) = first.zip(last) else { return html! {} };
    let hours = last.saturating_sub(first).saturating_add(1);
    // More than two days by the hour are too narrow for a telephone.
    let step = if hours > 48 { 4 } else { 1 };
    let part = html! {
        ul.strips {
            @for (share, strip, all) in strips.iter().take(SHOWN) {
                li {
                    span.name { (strip.server) }
                    (picture(strip, first, hours, step))
                    span.words {
                        (format!("{}.{} %", share / 10, share % 10))
                        @if all.missed > 0 { " " span.bad { (all.missed) " missed" } }
                    }
                }
            }
        }
        p.ends { span { (moment(first.saturating_mul(HOUR))) } span { (moment(last.saturating_add(1).saturating_mul(HOUR))) } }
        p.note {
            "Filled from below: the share that was done of proposals and attestations in "
            @if step == 1 { "each hour" } @else { "each four hours" }
            ". Hatched from above: what was missed. Empty: no duty, or none that could be read."
            @if strips.len() > SHOWN { " " (strips.len().saturating_sub(SHOWN)) " more servers did no worse." }
        }
    };
    html! { div.part.broad { (fold("Duties by server", Inside::of(strips.len(), 0), &part)) } }
}

fn picture(strip: &Strip, first: u64, hours: u64, step: u64) -> Markup {
    let cells = hours.div_ceil(step);
    let cell = |index: u64| {
        let from = first.saturating_add(index.saturating_mul(step));
        let counted =
            strip.hours.range(from..from.saturating_add(step)).fold(Hour::default(), |all, (_, hour)| plus(all, *hour));
        (index, from, counted)
    };
    let seen: Vec<(u64, u64, Hour)> = (0..cells).map(cell).filter(|(_, _, hour)| *hour != Hour::default()).collect();
    // Each cell leaves a gap to the next one.
    let width = length(permille(1, cells).saturating_mul(9) / 10);
    html! {
        svg.strip width="100%" height=(HEIGHT) role="img" {
            title { "duties of " (strip.server) }
            rect.ground width="100%" height=(HEIGHT) {}
            @for (index, from, hour) in &seen {
                @let all = hour.done.saturating_add(hour.missed);
                // Even one of many that was missed is seen.
                @let missed = if hour.missed == 0 { 0 } else { (hour.missed.saturating_mul(HEIGHT) / all.max(1)).max(4) };
                @let x = length(permille(*index, cells));
                g {
                    title { (moment(from.saturating_mul(HOUR))) ": " (hour.done) " done, " (hour.missed) " missed" }
                    rect.ok x=(x) y=(missed) width=(width) height=(HEIGHT.saturating_sub(missed)) {}
                    @if missed > 0 { rect.hatched x=(x) y="0" width=(width) height=(missed) {} }
                }
            }
        }
    }
}

fn plus(one: Hour, other: Hour) -> Hour {
    Hour { done: one.done.saturating_add(other.done), missed: one.missed.saturating_add(other.missed) }
}
