//! What pictures are made of: bars, lengths, and the pattern of what is missed.

use maud::{Markup, html};

/// The pattern of what is missed or lacking, once on a page with pictures.
pub(in crate::page) fn patterns() -> Markup {
    html! {
        svg.patterns width="0" height="0" aria-hidden="true" focusable="false" {
            defs {
                pattern id="hatch" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)" {
                    rect.ground width="5" height="5" {}
                    rect.bad width="3" height="5" {}
                }
            }
        }
    }
}

/// `part` of `all` in tenths of a percent.
pub(super) fn permille(part: u64, all: u64) -> u64 {
    u64::try_from(u128::from(part).saturating_mul(1_000).checked_div(u128::from(all)).unwrap_or_default().min(1_000))
        .unwrap_or_default()
}

/// Tenths of a percent as a length.
pub(super) fn length(permille: u64) -> String {
    format!("{}.{}%", permille / 10, permille % 10)
}

/// One bar of a list of bars: what it is about, how long it is, and the same in words.
pub(super) struct Bar {
    pub(super) name: Markup,
    pub(super) permille: u64,
    /// How it looks: `ok`, `warn`, `bad` or `quiet`.
    pub(super) class: &'static str,
    pub(super) words: Markup,
}

/// A list of bars. It reads as a list; the bars are for the eye only.
pub(super) fn bars(bars: &[Bar]) -> Markup {
    html! {
        ul.bars {
            @for bar in bars {
                li {
                    span.name { (bar.name) }
                    svg.track width="100%" height="10" aria-hidden="true" focusable="false" {
                        rect.ground width="100%" height="10" rx="3" {}
                        @if bar.permille > 0 {
                            // Even one of thousands is seen.
                            rect class=(bar.class) width=(length(bar.permille.max(8))) height="10" rx="3" {}
                        }
                    }
                    span.words { (bar.words) }
                }
            }
        }
    }
}
