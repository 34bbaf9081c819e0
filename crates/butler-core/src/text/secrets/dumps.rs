//! Lines of a dump, as `xxd`, `hexdump`, `od` and debuggers write them: an offset or address, bytes in groups, and the same bytes as
//! letters.
//!
//! The offset and the letters are no part of what was dumped, and hide it from whoever looks at all digits together. A label may
//! stand before each line.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use zeroize::Zeroizing;

/// Digits of an offset or an address.
const OFFSET: RangeInclusive<usize> = 4..=16;
/// Digits of a group, and of all groups of one line.
const GROUP: RangeInclusive<usize> = 2..=16;
const MOST_OF_LINE: usize = 64;
/// Fewer groups are something else.
const FEWEST_GROUPS: usize = 2;
/// Words that may stand before an offset.
const LABELS: usize = 6;
/// After so many bytes there may be a wider gap.
const HALF: usize = 8;
/// The fewest characters of a line that shows them one by one.
const FEWEST_CHARACTERS: usize = 8;

/// What a line of a dump shows.
enum Shown<'a> {
    /// Groups of digits.
    Groups(Vec<&'a str>),
    /// Characters, each by itself.
    Characters(Zeroizing<String>),
}

/// The text with each line of a dump as its bytes alone, in one word; `None` where there is no such line.
pub(super) fn undumped(text: &str) -> Option<String> {
    let line = |(line, shown)| match shown {
        Some(Shown::Groups(groups)) => Cow::Owned(groups.concat()),
        Some(Shown::Characters(_)) | None => Cow::Borrowed(line),
    };
    let lines: Vec<Cow<'_, str>> = all(text).map(line).collect();
    let is_any = lines.iter().any(|line| matches!(line, Cow::Owned(_)));
    is_any.then(|| lines.join("\n"))
}

/// What all lines of a dump show: groups of digits, and characters.
pub(super) fn dumped(text: &str) -> (Vec<&str>, Zeroizing<String>) {
    let (mut groups, mut characters) = (Vec::new(), Zeroizing::new(String::new()));
    for shown in all(text).filter_map(|(_, shown)| shown) {
        match shown {
            Shown::Groups(of_line) => groups.extend(of_line),
            Shown::Characters(of_line) => characters.push_str(&of_line),
        }
    }
    (groups, characters)
}

/// All lines with what they show. The last one of a dump may be short.
fn all(text: &str) -> impl Iterator<Item = (&str, Option<Shown<'_>>)> {
    text.lines().scan(false, |is_dump, line| {
        let shown = shown(line, *is_dump);
        *is_dump = shown.is_some();
        Some((line, shown))
    })
}

/// The line as words, each with the blanks before it.
fn words(line: &str) -> Vec<(usize, &str)> {
    let (mut words, mut rest) = (Vec::new(), line);
    loop {
        let bare = rest.trim_start();
        let gap = rest.len() - bare.len();
        let end = bare.find(char::is_whitespace).unwrap_or(bare.len());
        let (word, after) = bare.split_at(end);
        if word.is_empty() {
            return words;
        }
        words.push((gap, word));
        rest = after;
    }
}

fn shown(line: &str, is_next: bool) -> Option<Shown<'_>> {
    let words = words(line);
    (0..words.len().min(LABELS)).find_map(|at| {
        let (_, offset) = words.get(at)?;
        let next = words.get(at + 1).map(|(_, word)| *word);
        // A debugger names what lies at an address.
        let is_named = next.is_some_and(|word| word.starts_with('<') && word.ends_with(">:"));
        if !is_offset(offset) {
            return None;
        }
        let rest = words.get(at + 1 + usize::from(is_named)..)?;
        let of_words = || characters(rest, is_next).or_else(|| quoted(line, rest)).map(Shown::Characters);
        groups(rest, is_next).map(Shown::Groups).or_else(of_words)
    })
}

fn is_offset(word: &str) -> bool {
    let digits = bare(word.trim_end_matches(':'));
    OFFSET.contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
}

fn bare(word: &str) -> &str {
    word.strip_prefix("0x").unwrap_or(word)
}

fn groups<'a>(words: &[(usize, &'a str)], is_next: bool) -> Option<Vec<&'a str>> {
    let is_group = |word: &str| GROUP.contains(&word.len()) && word.bytes().all(|digit| digit.is_ascii_hexdigit());
    let width = words.first().map(|(_, word)| bare(word).len())?;
    let usual = words.get(1).map_or(0, |(gap, _)| *gap);
    let (mut groups, mut digits) = (Vec::new(), 0);
    for (gap, word) in words {
        let group = bare(word);
        // What stands behind a wider gap are the letters, but for the middle of a line.
        let is_far = groups.len() > 1 && *gap > usual && !(width == 2 && groups.len() == HALF);
        // The last one may be cut; what is longer, or follows it, are the letters, too.
        if !is_group(group) || is_far || group.len() > width || digits + group.len() > MOST_OF_LINE {
            break;
        }
        digits += group.len();
        groups.push(group);
        if group.len() < width {
            break;
        }
    }
    let fewest = if is_next { 1 } else { FEWEST_GROUPS };
    (groups.len() >= fewest && width % 2 == 0).then_some(groups)
}

fn characters(words: &[(usize, &str)], is_next: bool) -> Option<Zeroizing<String>> {
    let is_one = |(_, word): &&(usize, &str)| word.chars().count() == 1 || word.starts_with('\\');
    let fewest = if is_next { 1 } else { FEWEST_CHARACTERS };
    let is_shown = words.len() >= fewest && words.iter().all(|word| is_one(&word));
    let character = |word: &str| if word.starts_with('\\') { " ".to_owned() } else { word.to_owned() };
    is_shown.then(|| Zeroizing::new(words.iter().map(|(_, word)| character(word)).collect()))
}

/// A piece of text in quotation marks behind an address.
fn quoted(line: &str, words: &[(usize, &str)]) -> Option<Zeroizing<String>> {
    let (_, first) = words.first().filter(|(_, first)| first.starts_with('"'))?;
    let text = line.trim_end().strip_suffix('"')?;
    let text = text.get(line.find(first)? + 1..)?;
    Some(Zeroizing::new(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_line_of_a_dump_the_bytes_are_left() {
        for (line, expected) in [
            ("00000000: 0123 4567 89ab cdef  .#Eg....", Some("0123456789abcdef")),
            ("00000010  01 23 45 67 89  |.#Eg.|", Some("0123456789")),
            (
                "00000010  01 23 45 67 89 ab cd ef  01 23 45 67 89 ab cd ef  |.#Eg.|",
                Some("0123456789abcdef0123456789abcdef"),
            ),
            ("0000020 0123 45", Some("012345")),
            ("00000000: 6661 6365 20  face ", Some("6661636520")),
            ("0x7fffffffe0a0:\t0x6e656172\t0x20666172", Some("6e65617220666172")),
            ("0x7fffffffe0a0 <key+16>:\t0x6e\t0x65", Some("6e65")),
            ("the key: 00000000: 0123 4567", Some("01234567")),
            ("note: 0123 4567", None),
            ("00000000: hello", None),
            ("12345678", None),
        ] {
            assert_eq!(undumped(line).as_deref(), expected, "{line}");
        }
        assert_eq!(undumped("x\n00000000: 0123 4567\ny").as_deref(), Some("x\n01234567\ny"));
        assert_eq!(dumped("0x7ffe0000:\t\"near fa\"\n0x7ffe0010:\t\"r away\"").1.as_str(), "near far away");
        assert_eq!(dumped("0000000   n   e   a   r  \\n   f   a   r").1.as_str(), "near far");
    }
}
