//! Lines of a dump, as `xxd` and `hexdump` write them: an offset, bytes in groups, and the same bytes as letters.
//!
//! The offset and the letters are no part of what was dumped, and hide it from whoever looks at all digits together.

use std::borrow::Cow;

/// Digits of an offset.
const OFFSET: std::ops::RangeInclusive<usize> = 4..=16;
/// Digits of a group, and of all groups of one line.
const GROUP: std::ops::RangeInclusive<usize> = 2..=16;
const MOST_OF_LINE: usize = 64;
/// Fewer groups are something else.
const FEWEST_GROUPS: usize = 2;

/// The text with each line of a dump as its bytes alone, in one word; `None` where there is no such line.
pub(super) fn undumped(text: &str) -> Option<String> {
    let lines: Vec<Cow<'_, str>> =
        text.lines().map(|line| bytes_of(line).map_or(Cow::Borrowed(line), Cow::Owned)).collect();
    let is_any = lines.iter().any(|line| matches!(line, Cow::Owned(_)));
    is_any.then(|| lines.join("\n"))
}

fn bytes_of(line: &str) -> Option<String> {
    let mut words = line.split_whitespace();
    let offset = words.next()?.trim_end_matches(':');
    let is_digits = |word: &str| word.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !OFFSET.contains(&offset.len()) || !is_digits(offset) {
        return None;
    }
    let groups: Vec<&str> = words.take_while(|word| is_digits(word) && GROUP.contains(&word.len())).collect();
    let width = groups.first()?.len();
    let mut bytes = String::new();
    let mut count = 0;
    for group in groups {
        // The last one may be cut; what is longer, or follows it, are the letters.
        if group.len() > width || bytes.len() + group.len() > MOST_OF_LINE {
            break;
        }
        bytes.push_str(group);
        count += 1;
        if group.len() < width {
            break;
        }
    }
    (count >= FEWEST_GROUPS && width % 2 == 0).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_line_of_a_dump_the_bytes_are_left() {
        for (line, expected) in [
            ("00000000: 0123 4567 89ab cdef  .#Eg....", Some("0123456789abcdef")),
            ("00000010  01 23 45 67 89  |.#Eg.|", Some("0123456789")),
            ("0000020 0123 45", Some("012345")),
            ("note: 0123 4567", None),
            ("00000000: hello", None),
            ("12345678", None),
        ] {
            assert_eq!(undumped(line).as_deref(), expected, "{line}");
        }
        assert_eq!(undumped("x\n00000000: 0123 4567\ny").as_deref(), Some("x\n01234567\ny"));
    }
}
