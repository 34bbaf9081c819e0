//! Foreign text as plain text: one line, what it says and nothing that acts.
//!
//! Names, versions and reasons come from nodes and from the chain, where anybody can write. What turns the direction of writing or
//! has no width is taken out, nobody is called by an `@`, and nothing is left that a program would make a link of.

use butler_core::client::text::is_visible;

/// Plain text of a foreign one, of at most that many UTF-16 units.
pub(super) fn plain(text: &str, most: usize) -> String {
    let words = text.split_whitespace().map(|word| word.chars().filter(|letter| is_visible(*letter)).collect());
    let words: Vec<String> = words.filter(|word: &String| !word.is_empty()).map(|word| without_links(&word)).collect();
    cut(&words.join(" "), most)
}

/// How long a text is, as the platform that counts the most does.
pub(super) fn units(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// The text, or as much of it as fits with `…`.
pub(super) fn cut(text: &str, most: usize) -> String {
    if units(text) <= most {
        return text.to_owned();
    }
    let mut left = most.saturating_sub(1);
    let fits = |letter: &char| {
        let length = letter.len_utf16();
        let has_room = length <= left;
        left = if has_room { left - length } else { 0 };
        has_room
    };
    let mut kept: String = text.chars().take_while(fits).collect();
    kept.truncate(kept.trim_end().len());
    kept.push('…');
    kept
}

/// `@` as a letter that calls nobody, and places in brackets: `https[:]//example[.]com`.
fn without_links(word: &str) -> String {
    let letters: Vec<char> = word.chars().collect();
    let at = |place: usize| letters.get(place).copied().unwrap_or(' ');
    let mut text = String::with_capacity(word.len());
    for (place, letter) in letters.iter().enumerate() {
        let before = place.checked_sub(1).map_or(' ', at);
        let (next, after) = (at(place.saturating_add(1)), at(place.saturating_add(2)));
        match letter {
            '@' => text.push('\u{ff20}'),
            ':' if next == '/' && after == '/' => text.push_str("[:]"),
            // Some programs make a link of any `name.land`.
            '.' if before.is_alphanumeric() && next.is_alphabetic() && after.is_alphabetic() => text.push_str("[.]"),
            '.' if before.is_ascii_digit() && next.is_ascii_digit() && is_address(word) => text.push_str("[.]"),
            // Such schemes have no host: `mailto:`, `tg:`.
            ':' if before.is_alphabetic() && next.is_alphabetic() => text.push_str("[:]"),
            other => text.push(*other),
        }
    }
    text
}

/// Whether four numbers stand in a row, as in the address of a host. A version has three.
fn is_address(word: &str) -> bool {
    let mut figures = word.split(|letter: char| !letter.is_ascii_digit() && letter != '.');
    figures.any(|figure| figure.trim_matches('.').split('.').count() == 4)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nobody_is_called_and_nothing_is_a_link() {
        for (foreign, shown) in [
            ("@everyone @here a@b.com", "＠everyone ＠here a＠b[.]com"),
            ("see https://evil.example/x?y", "see https[:]//evil[.]example/x?y"),
            ("www.evil.com t.me/x", "www[.]evil[.]com t[.]me/x"),
            ("mailto:a tg:resolve", "mailto[:]a tg[:]resolve"),
            ("10.0.0.1:8080", "10[.]0[.]0[.]1:8080"),
            ("aztec 5.1.0-rc.2 e.g. 1,5 % of 0xAb: it waits.", "aztec 5.1.0-rc.2 e.g. 1,5 % of 0xAb: it waits."),
        ] {
            assert_eq!(plain(foreign, 400), shown);
        }
    }

    #[test]
    fn what_turns_writing_round_or_has_no_width_is_taken_out_and_lines_are_one() {
        assert_eq!(plain("a\u{202e}b\u{200b}c\r\n\r\nd\u{2066} \u{feff} e\0", 400), "abc d e");
        assert_eq!(plain("@\u{200b}everyone", 400), "＠everyone");
    }

    #[test]
    fn a_text_is_cut_between_letters_and_says_so() {
        assert_eq!(cut("abcdef", 6), "abcdef");
        assert_eq!(cut("abcdefg", 6), "abcde…");
        assert_eq!(cut("ab\u{1f600}\u{1f600}", 5), "ab\u{1f600}…");
        assert_eq!(cut("ab cd", 4), "ab…");
    }

    proptest! {
        #[test]
        fn no_text_is_longer_than_asked_or_holds_what_acts(text in "\\PC*", most in 1_usize..60) {
            let shown = plain(&text, most);
            prop_assert!(units(&shown) <= most, "{}", shown);
            prop_assert!(!shown.contains('@') && !shown.contains("://") && !shown.contains('\n'));
        }
    }
}
