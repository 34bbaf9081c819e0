//! Text as everybody reads it in the end: nothing is escaped any more, nothing is invisible, letters are plain ones.
//!
//! What is shown of foreign text is this form and not the text itself, so that no escape can hide from us what a reader, a
//! terminal or a page turns back. Each rule reads one notation; together they are applied until nothing changes.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use crate::client::text::is_visible;

/// How often text is unescaped. What still changes then was made to.
const ROUNDS: usize = 6;

/// The plain form of a text; `None` for one that has no end.
pub(super) fn normal(text: &str) -> Option<String> {
    let mut now = plain_letters(text);
    for _ in 0..ROUNDS {
        let next = plain_letters(&unescaped(&now));
        if next == now {
            return Some(now);
        }
        now = next;
    }
    None
}

/// Compatible forms become the letters that they stand for (wide, mathematical, circled ones), marks and what is not seen go,
/// and what is no ASCII after that is no letter of any secret.
fn plain_letters(text: &str) -> String {
    let letters = text.nfkd().filter(|character| !is_combining_mark(*character));
    letters
        .filter_map(|character| match character {
            '\n' | '\r' | '\t' => Some(' '),
            '\u{1b}' => Some(character),
            character if !is_visible(character) => None,
            '‘' | '’' | 'ʼ' => Some('\''),
            '“' | '”' => Some('"'),
            '‐' | '‑' | '–' | '—' | '−' => Some('-'),
            character if character.is_whitespace() => Some(' '),
            character if character.is_ascii() => Some(character),
            _ => Some('\u{fffd}'),
        })
        .collect()
}

fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (shown, length) = escape(rest).unwrap_or((Some(first), first.len_utf8()));
        out.extend(shown);
        rest = rest.get(length..).unwrap_or_default();
    }
    out
}

/// What an escape at the beginning of `text` stands for, if anything, and its length.
fn escape(text: &str) -> Option<(Option<char>, usize)> {
    let bytes = text.as_bytes();
    match (bytes.first()?, bytes.get(1)) {
        (b'%', Some(b'u' | b'U')) => digits(text, 2, 16, (4, 4)),
        (b'%', _) => digits(text, 1, 16, (2, 2)),
        (b'U', Some(b'+')) => digits(text, 2, 16, (4, 6)),
        (b'&', Some(b'#')) => number_entity(text),
        (b'&', _) => named_entity(text),
        (b'\\', next) => Some(backslash(text, next.copied())),
        (0x1b, Some(b'[')) => {
            let end = text.get(2..)?.find(|end: char| ('@'..='~').contains(&end))?;
            Some((None, end + 3))
        }
        (0x1b, _) => Some((None, 1)),
        _ => None,
    }
}

/// The character of that many digits from byte `from` on.
fn digits(text: &str, from: usize, radix: u32, (least, most): (usize, usize)) -> Option<(Option<char>, usize)> {
    let count = text.get(from..)?.chars().take(most).take_while(|digit| digit.is_digit(radix)).count();
    let number = u32::from_str_radix(text.get(from..from + count).filter(|_| count >= least)?, radix).ok()?;
    Some((Some(char::from_u32(number).unwrap_or('\u{fffd}')), from + count))
}

/// The same in braces.
fn braced(text: &str, from: usize) -> Option<(Option<char>, usize)> {
    let inner = text.get(from..)?.strip_prefix('{')?;
    let length = inner.get(..inner.len().min(10)).and_then(|inner| inner.find('}')).or_else(|| inner.find('}'))?;
    let number = u32::from_str_radix(inner.get(..length)?.trim(), 16).ok()?;
    Some((Some(char::from_u32(number).unwrap_or('\u{fffd}')), from + length + 2))
}

/// A backslash never stays: it makes a letter of digits, or is left out.
fn backslash(text: &str, next: Option<u8>) -> (Option<char>, usize) {
    let read = match next {
        Some(b'u') => braced(text, 2).or_else(|| digits(text, 2, 16, (4, 4))),
        Some(b'U') => braced(text, 2).or_else(|| digits(text, 2, 16, (4, 8))),
        Some(b'x' | b'X') => braced(text, 2).or_else(|| digits(text, 2, 16, (1, 2))),
        Some(b'0'..=b'7') => digits(text, 1, 8, (1, 3)),
        Some(b'o') => braced_octal(text),
        Some(b'n' | b'r' | b't') => Some((Some(' '), 2)),
        Some(b'b' | b'f' | b'v' | b'a' | b'e') => Some((None, 2)),
        Some(_) | None => None,
    };
    read.unwrap_or((None, 1))
}

fn braced_octal(text: &str) -> Option<(Option<char>, usize)> {
    let inner = text.get(2..)?.strip_prefix('{')?;
    let length = inner.find('}')?;
    let number = u32::from_str_radix(inner.get(..length)?, 8).ok()?;
    Some((Some(char::from_u32(number).unwrap_or('\u{fffd}')), length + 4))
}

/// `&#107;`, `&#x6b;`, and both without the semicolon.
fn number_entity(text: &str) -> Option<(Option<char>, usize)> {
    let (from, radix) = if matches!(text.as_bytes().get(2), Some(b'x' | b'X')) { (3, 16) } else { (2, 10) };
    let (shown, length) = digits(text, from, radix, (1, 10))?;
    Some((shown, length + usize::from(text.as_bytes().get(length) == Some(&b';'))))
}

/// Entities that stand for a character of ASCII.
const ENTITIES: [(&str, char); 32] = [
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("nbsp", ' '),
    ("sol", '/'),
    ("bsol", '\\'),
    ("num", '#'),
    ("percnt", '%'),
    ("colon", ':'),
    ("semi", ';'),
    ("period", '.'),
    ("comma", ','),
    ("lowbar", '_'),
    ("hyphen", '-'),
    ("dash", '-'),
    ("equals", '='),
    ("plus", '+'),
    ("commat", '@'),
    ("excl", '!'),
    ("quest", '?'),
    ("ast", '*'),
    ("lpar", '('),
    ("rpar", ')'),
    ("lsqb", '['),
    ("rsqb", ']'),
    ("lcub", '{'),
    ("rcub", '}'),
    ("vert", '|'),
    ("dollar", '$'),
    ("tab", ' '),
];

fn named_entity(text: &str) -> Option<(Option<char>, usize)> {
    let name = text.get(1..)?;
    let is_named =
        |(entity, _): &&(&str, char)| name.get(..entity.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(entity));
    let (entity, character) =
        ENTITIES.iter().filter(is_named).find(|(entity, _)| name.as_bytes().get(entity.len()) == Some(&b';'))?;
    Some((Some(*character), entity.len() + 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_notation_of_a_letter_is_that_letter() {
        for text in [
            "k",
            "%6b",
            "%6B",
            "%256b",
            "%25256b",
            "%u006b",
            "&#107;",
            "&#107",
            "&#x6b;",
            "&#X6B",
            "&#0000107;",
            "&amp;#107;",
            "\\u006b",
            "\\\\u006b",
            "\\u{6b}",
            "\\u{00006b}",
            "\\U0000006b",
            "\\x6b",
            "\\x{6b}",
            "\\153",
            "\\o{153}",
            "U+006B",
            "\u{ff4b}",
            "\u{1d424}",
            "\u{24da}",
            "k\u{301}",
            "\u{ad}k",
            "\u{200b}k\u{202e}",
            "\x1b[1mk\x1b[0m",
            "\\k",
            "&bsol;x6b",
        ] {
            assert_eq!(normal(text).unwrap().to_ascii_lowercase(), "k", "{text:?}");
        }
    }

    #[test]
    fn ordinary_text_stays_as_it_is() {
        for text in [
            "100% of the quota is used, see docs",
            "limit=5000&page=2 is (not) {known} by <us>",
            "don't ask for [0x10, 0x20], ask for less: 5 & 6",
            "R&D; A&B;",
        ] {
            assert_eq!(normal(text).unwrap(), text);
        }
        assert_eq!(normal("it won’t “work” – für 漢").unwrap(), "it won't \"work\" - fur \u{fffd}");
    }

    #[test]
    fn text_that_never_ends_to_change_has_no_form() {
        assert_eq!(normal(&format!("%{}6b", "25".repeat(ROUNDS + 1))), None);
    }
}
