//! Addresses, hashes and other names on a page. An address or a hash is never broken over lines: where there is little room the middle is left
//! out for the eye, and whoever copies one, or asks for its title, has all of it.

use maud::{Markup, html};

/// Digits from which on a run of them after `0x` is an identifier: those of an address.
const LEAST: usize = 40;
/// Characters that are shown of both ends: `0x` with four digits, and four.
const ENDS: (usize, usize) = (6, 4);

/// A text with its identifiers, which stand there whole where the screen is wide.
#[must_use]
pub fn told(text: &str) -> Markup {
    parts(text, "id")
}

/// The same where there is never room for whole ones, as in a table.
#[must_use]
pub fn brief(text: &str) -> Markup {
    parts(text, "id brief")
}

fn parts(text: &str, class: &str) -> Markup {
    html! {
        @for part in split(text) {
            @match part {
                Part::Words(text) => (words(text)),
                Part::Identifier { whole, start, middle, end } => span class=(class) title=(whole) {
                    span.start { (start) } span.middle { (middle) } (end)
                },
            }
        }
    }
}

/// Words as they are; one with a stroke in it, as a host or a day, goes to the next line before it is broken there.
fn words(text: &str) -> Markup {
    let is_joined = |word: &str| word.trim_matches(|end: char| !end.is_ascii_alphanumeric()).contains('-');
    html! {
        @for word in text.split_inclusive(char::is_whitespace) {
            @let bare = word.trim_end();
            @if is_joined(bare) { span.word { (bare) } (word.get(bare.len()..).unwrap_or_default()) } @else { (word) }
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Part<'a> {
    Words(&'a str),
    Identifier { whole: &'a str, start: &'a str, middle: &'a str, end: &'a str },
}

fn split(text: &str) -> Vec<Part<'_>> {
    let (mut parts, mut rest, mut seen) = (Vec::new(), text, 0);
    while let Some(found) = rest.get(seen..).and_then(|ahead| ahead.find("0x")) {
        let at = seen.saturating_add(found);
        let (before, from) = rest.split_at_checked(at).unwrap_or((rest, ""));
        let digits = from.bytes().skip(2).take_while(u8::is_ascii_hexdigit).count();
        let (whole, after) = from.split_at_checked(digits.saturating_add(2)).unwrap_or((from, ""));
        let is_word = !before.ends_with(|last: char| last.is_ascii_alphanumeric());
        let ends = (whole.get(..ENDS.0), whole.len().checked_sub(ENDS.1));
        if let (Some(start), Some(last), true) = (ends.0, ends.1, is_word && digits >= LEAST) {
            let (middle, end) = (whole.get(ENDS.0..last).unwrap_or_default(), whole.get(last..).unwrap_or_default());
            if !before.is_empty() {
                parts.push(Part::Words(before));
            }
            parts.push(Part::Identifier { whole, start, middle, end });
            (rest, seen) = (after, 0);
        } else {
            seen = at.saturating_add(2);
        }
    }
    if !rest.is_empty() {
        parts.push(Part::Words(rest));
    }
    parts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_identifier_is_in_three_parts_and_everything_else_is_text() {
        let address = "0x7D19aB8400000000000000000000000000001234";
        let shown = told(&format!("{address}: <b> 0xabc")).into_string();
        let middle = &address[6..38];
        let expected = format!(
            "<span class=\"id\" title=\"{address}\"><span class=\"start\">0x7D19</span><span class=\"middle\">{middle}</span>1234</span>: &lt;b&gt; 0xabc"
        );
        assert_eq!(shown, expected);
        let shown = told("node a-1: --x since 2026-11-28").into_string();
        assert_eq!(shown, "node <span class=\"word\">a-1:</span> --x since <span class=\"word\">2026-11-28</span>");
        assert!(brief(address).into_string().starts_with("<span class=\"id brief\""));
        for none in ["", "server-1", "0x", "0x7D19…1234", &format!("a{address}"), &address[..41]] {
            assert_eq!(split(none), [Part::Words(none)].into_iter().filter(|_| !none.is_empty()).collect::<Vec<_>>());
        }
        let hash = format!("0x{}", "ab".repeat(32));
        assert_eq!(split(&format!("é{hash},{address}")).len(), 3);
    }

    proptest! {
        #[test]
        fn nothing_of_a_text_is_lost(text in "([a-f0-9x é]|0x[0-9a-fA-F]{38,70}){0,12}") {
            let joined: String = split(&text)
                .into_iter()
                .map(|part| match part {
                    Part::Words(words) => words.to_owned(),
                    Part::Identifier { whole, start, middle, end } => {
                        assert_eq!(whole, format!("{start}{middle}{end}"));
                        whole.to_owned()
                    }
                })
                .collect();
            prop_assert_eq!(joined, text);
        }
    }
}
