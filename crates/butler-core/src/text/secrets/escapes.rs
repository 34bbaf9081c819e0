//! Texts in which characters are written as something else: percent signs, backslashes, references of HTML, code points by
//! name, quoted-printable. A secret is looked for in what they stand for, too.

use std::borrow::Cow;

use zeroize::{Zeroize as _, Zeroizing};

/// How often what was decoded may be written in that way again.
const MOST_TIMES: usize = 4;
/// The fewest characters of quoted-printable: a query of a URL has `=12` now and then.
const FEWEST_QUOTED: usize = 4;
/// Names of HTML for characters that could stand in a secret or between its parts.
const ENTITIES: [(&str, char); 8] = [
    ("amp;", '&'),
    ("lt;", '<'),
    ("gt;", '>'),
    ("quot;", '"'),
    ("apos;", '\''),
    ("nbsp;", ' '),
    ("Tab;", ' '),
    ("NewLine;", ' '),
];

/// What a text stands for, from the outside in: nothing where no character is written as another one.
pub(super) fn decoded(text: &str) -> Vec<Zeroizing<String>> {
    let mut all: Vec<Zeroizing<String>> = Vec::new();
    for _ in 0..MOST_TIMES {
        let next = decode(all.last().map_or(text, |last| last.as_str()));
        match next {
            Some(next) => all.push(next),
            None => break,
        }
    }
    all
}

/// One step. `None` when it changes nothing.
fn decode(text: &str) -> Option<Zeroizing<String>> {
    if !text.contains(['%', '\\', '&', '+', '=']) {
        return None;
    }
    let is_quoted = text.split('=').skip(1).filter(|rest| byte_of(rest).is_some()).count() >= FEWEST_QUOTED;
    let mut plain = Plain::default();
    let (mut rest, mut is_changed) = (text, false);
    while let Some(first) = rest.chars().next() {
        let after = rest.get(first.len_utf8()..).unwrap_or_default();
        let read = match first {
            '%' => percent(after),
            '\\' => backslash(after),
            '&' => reference(after),
            'U' | 'u' => {
                after.strip_prefix('+').and_then(|after| point(after, 4..=6)).map(|(read, taken)| (read, taken + 1))
            }
            '=' if is_quoted => quoted(after),
            _ => None,
        };
        match read {
            Some((read, taken)) => {
                plain.push(read);
                rest = after.get(taken..).unwrap_or_default();
                is_changed = true;
            }
            None => {
                plain.push(Read::Character(first));
                rest = after;
            }
        }
    }
    is_changed.then(|| plain.finish())
}

/// What was written as something else.
#[derive(Clone, Copy)]
enum Read {
    Character(char),
    Byte(u8),
    /// Half of a pair of UTF-16.
    Half(u16),
    Nothing,
}

/// The decoded text. Bytes in a row are UTF-8, or each a character of its own.
#[derive(Default)]
struct Plain {
    text: Zeroizing<String>,
    bytes: Zeroizing<Vec<u8>>,
    halves: Vec<u16>,
}

impl Plain {
    fn push(&mut self, read: Read) {
        match read {
            Read::Byte(byte) => {
                self.end_halves();
                self.bytes.push(byte);
            }
            Read::Half(half) => {
                self.end_bytes();
                self.halves.push(half);
            }
            Read::Character(character) => {
                self.end_bytes();
                self.end_halves();
                self.text.push(character);
            }
            Read::Nothing => {}
        }
    }

    fn end_bytes(&mut self) {
        if self.bytes.is_empty() {
            return;
        }
        match std::str::from_utf8(&self.bytes) {
            Ok(text) => self.text.push_str(text),
            Err(_) => self.text.extend(self.bytes.iter().copied().map(char::from)),
        }
        // What lies behind these was wiped before: all of it again after each character would take quadratic time.
        self.bytes.as_mut_slice().zeroize();
        self.bytes.clear();
    }

    fn end_halves(&mut self) {
        if self.halves.is_empty() {
            return;
        }
        let decoded = char::decode_utf16(self.halves.drain(..));
        self.text.extend(decoded.map(|read| read.unwrap_or(char::REPLACEMENT_CHARACTER)));
    }

    fn finish(mut self) -> Zeroizing<String> {
        self.end_bytes();
        self.end_halves();
        self.text
    }
}

/// `41` or `u0041` after a percent sign.
fn percent(after: &str) -> Option<(Read, usize)> {
    match after.strip_prefix(['u', 'U']) {
        Some(digits) => exactly(digits, 4).map(|read| (read, 5)),
        None => byte_of(after).map(|byte| (Read::Byte(byte), 2)),
    }
}

fn backslash(after: &str) -> Option<(Read, usize)> {
    let kind = after.chars().next()?;
    let rest = after.get(kind.len_utf8()..).unwrap_or_default();
    let braced = || {
        let digits = rest.strip_prefix('{')?;
        let (read, taken) = point(digits, 1..=6)?;
        digits.get(taken..)?.starts_with('}').then_some((read, taken + 3))
    };
    match kind {
        'u' => braced().or_else(|| exactly(rest, 4).map(|read| (read, 5))),
        'U' => exactly(rest, 8).map(|read| (read, 9)),
        'x' => braced().or_else(|| byte_of(rest).map(|byte| (Read::Byte(byte), 3))),
        '0'..='7' => {
            let length = after.bytes().take(3).take_while(|byte| (b'0'..=b'7').contains(byte)).count();
            let value = u8::from_str_radix(after.get(..length)?, 8).ok()?;
            Some((Read::Byte(value), length))
        }
        'n' | 'r' | 't' | 'f' | 'v' | 'b' => Some((Read::Character(' '), 1)),
        '\\' | '/' | '"' | '\'' => Some((Read::Character(kind), 1)),
        _ => None,
    }
}

/// `#97;`, `#x61;` or a name after an ampersand.
fn reference(after: &str) -> Option<(Read, usize)> {
    if let Some((name, character)) = ENTITIES.iter().find(|(name, _)| after.starts_with(name)) {
        return Some((Read::Character(*character), name.len()));
    }
    let number = after.strip_prefix('#')?;
    let (digits, radix) = number.strip_prefix(['x', 'X']).map_or((number, 10), |digits| (digits, 16));
    let length = digits.chars().take(8).take_while(|digit| digit.is_digit(radix)).count();
    let value = u32::from_str_radix(digits.get(..length)?, radix).ok()?;
    let is_closed = digits.get(length..).is_some_and(|rest| rest.starts_with(';'));
    let before = after.len() - digits.len();
    Some((Read::Character(char::from_u32(value)?), before + length + usize::from(is_closed)))
}

/// `41` after an equals sign, or the end of a line that goes on.
fn quoted(after: &str) -> Option<(Read, usize)> {
    let is_soft = |end: &str| after.starts_with(end).then_some((Read::Nothing, end.len()));
    is_soft("\r\n").or_else(|| is_soft("\n")).or_else(|| byte_of(after).map(|byte| (Read::Byte(byte), 2)))
}

fn byte_of(digits: &str) -> Option<u8> {
    let two = digits.get(..2).filter(|two| two.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
    u8::from_str_radix(two, 16).ok()
}

/// As many hexadecimal digits.
fn exactly(digits: &str, length: usize) -> Option<Read> {
    let (read, taken) = point(digits.get(..length)?, length..=length)?;
    (taken == length).then_some(read)
}

/// The digits of a character, and how many there are.
fn point(digits: &str, lengths: std::ops::RangeInclusive<usize>) -> Option<(Read, usize)> {
    let length = digits.bytes().take(*lengths.end()).take_while(u8::is_ascii_hexdigit).count();
    let value = u32::from_str_radix(digits.get(..length)?, 16).ok().filter(|_| lengths.contains(&length))?;
    match (char::from_u32(value), u16::try_from(value)) {
        (Some(character), _) => Some((Read::Character(character), length)),
        (None, Ok(half)) => Some((Read::Half(half), length)),
        (None, Err(_)) => None,
    }
}

/// A text without marks that nobody sees.
pub(super) fn visible(text: &str) -> Cow<'_, str> {
    let is_unseen = |character: char| {
        matches!(character, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
            || (character.is_control() && !character.is_whitespace())
    };
    if text.contains(is_unseen) { Cow::Owned(text.replace(is_unseen, "")) } else { Cow::Borrowed(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last(text: &str) -> Option<String> {
        decoded(text).last().map(|last| last.as_str().to_owned())
    }

    #[test]
    fn every_way_to_write_a_character_is_read() {
        for written in [
            "%61%62c",
            "%u0061bc",
            r"\u0061bc",
            r"\u{61}bc",
            r"\x61\x62\x63",
            r"\x{61}bc",
            r"\U00000061bc",
            r"\141bc",
            "&#97;bc",
            "&#x61;&#x62;&#x63;",
            "U+0061U+0062U+0063",
            "%2561bc",
            r"\\u0061bc",
            "%255Cu0061bc",
        ] {
            assert_eq!(last(written).as_deref(), Some("abc"), "{written}");
        }
        assert_eq!(last("=61=62=63=64=\n").as_deref(), Some("abcd"));
        assert_eq!(last("%C3%A9").as_deref(), Some("é"));
        assert_eq!(last(r"\ud83d\ude00").as_deref(), Some("😀"));
        for plain in ["", "abc", "100 %", "a & b", "x=1&y=2", "https://h/?a=12", r"C:\Keys", "U + 1"] {
            assert!(last(plain).is_none_or(|read| read != "abc"), "{plain}");
        }
    }

    #[test]
    fn what_nobody_sees_is_left_out() {
        assert_eq!(visible("a\u{200b}b\u{feff}\u{0}c d"), "abc d");
        assert_eq!(visible("a\nb\tc"), "a\nb\tc");
    }
}
