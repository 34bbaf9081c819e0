//! Own deposits on their way through the entry queue: when each can become active, and which lack the right coinbase by then.

use butler_core::daemon::http::identifiers::brief;
use butler_core::text::address::checksummed;
use butler_core::text::time::{distance, moment};
use maud::{Markup, html};

use super::bars::{length, permille};
use crate::readings::details::AttesterLine;

/// Arrivals in so many parts of the line.
const PARTS: u64 = 48;
/// The height of the picture.
const HEIGHT: u64 = 64;
/// So many are named below, the first ones.
const NAMED: usize = 4;

/// Deposits that arrive within one part of the line.
#[derive(Debug, Clone, Copy, Default)]
struct Part {
    ready: u64,
    lacking: u64,
}

/// The line; nothing while no deposit waits.
pub(in crate::page) fn timeline<'a>(attesters: impl Iterator<Item = &'a AttesterLine>, now: u64) -> Markup {
    let mut waiting: Vec<(u64, &AttesterLine)> =
        attesters.filter_map(|line| Some((line.arrival?.earliest.max(now), line))).collect();
    waiting.sort_by_key(|(at, line)| (*at, line.attester));
    let Some(last) = waiting.last().map(|(at, _)| *at) else { return html! {} };
    // So that what comes all at once does not stand at the edge.
    let span = last.saturating_sub(now).max(3_600);
    let mut parts = vec![Part::default(); usize::try_from(PARTS).unwrap_or_default()];
    for (at, line) in &waiting {
        let place = permille(at.saturating_sub(now), span).saturating_mul(PARTS.saturating_sub(1)) / 1_000;
        let Some(part) = usize::try_from(place).ok().and_then(|place| parts.get_mut(place)) else { continue };
        let count = if is_lacking(line) { &mut part.lacking } else { &mut part.ready };
        *count = count.saturating_add(1);
    }
    let most = parts.iter().map(|part| part.ready.saturating_add(part.lacking)).max().unwrap_or(1).max(1);
    let lacking: Vec<&(u64, &AttesterLine)> = waiting.iter().filter(|(_, line)| is_lacking(line)).collect();
    let first = waiting.first().map_or(last, |(at, _)| *at);
    html! {
        div.part.broad {
            h3 { "Own deposits on their way" }
            svg.line width="100%" height=(HEIGHT) role="img" {
                title { "own deposits by the time at which they can become active" }
                desc { (waiting.len()) " deposits, the first one " (distance(now, first)) ", the last one " (distance(now, last)) "; " (lacking.len()) " lack the right coinbase" }
                @for (index, part) in (0..).zip(&parts) { (column(index, *part, most)) }
                rect.axis x="0" y=(HEIGHT.saturating_sub(2)) width="100%" height="2" {}
            }
            p.ends { span { "now" } span { (distance(now, now.saturating_add(span))) } }
            @if lacking.is_empty() {
                p { (butler_core::text::time::count(waiting.len(), "deposit")) ", each with the right coinbase; the first one can be active " (distance(now, first)) "." }
            } @else {
                p.bad { strong { (lacking.len()) " of " (waiting.len()) " lack the right coinbase" } " (hatched). Deadlines:" }
                ul.deadlines {
                    @for (at, line) in lacking.iter().take(NAMED) {
                        @let name = checksummed(&line.attester).to_string();
                        li { strong { (distance(now, *at)) } " " (brief(&name)) " (" (moment(*at)) ")" }
                    }
                    @if lacking.len() > NAMED { li { "and " (lacking.len().saturating_sub(NAMED)) " later" } }
                }
            }
        }
    }
}

fn is_lacking(line: &AttesterLine) -> bool {
    line.verdict.is_bad()
}

/// The deposits of one part: those that are ready from the line up, those that lack the right coinbase above.
fn column(index: u64, part: Part, most: u64) -> Markup {
    let room = HEIGHT.saturating_sub(8);
    let tall = |count: u64| if count == 0 { 0 } else { (count.saturating_mul(room) / most).max(5) };
    let (ready, lacking) = (tall(part.ready), tall(part.lacking));
    let (x, width) = (length(index.saturating_mul(1_000) / PARTS), length(900 / PARTS));
    let ground = HEIGHT.saturating_sub(2);
    html! {
        @if ready.saturating_add(lacking) > 0 {
            g {
                title { (part.ready) " ready" @if part.lacking > 0 { ", " (part.lacking) " lack the right coinbase" } }
                @if ready > 0 { rect.ok x=(x) y=(ground.saturating_sub(ready)) width=(width) height=(ready) {} }
                @if lacking > 0 {
                    rect.hatched x=(x) y=(ground.saturating_sub(ready).saturating_sub(lacking)) width=(width) height=(lacking) {}
                }
            }
        }
    }
}
