//! Lines that fit a width, broken between words and nowhere else: whoever copies an address copies all of it.

use unicode_width::UnicodeWidthChar as _;

/// How many columns of a screen a text takes. Sequences that change the colour take none.
#[must_use]
pub(crate) fn columns(text: &str) -> usize {
    let (mut columns, mut is_escape) = (0_usize, false);
    for character in text.chars() {
        match (is_escape, character) {
            (false, '\u{1b}') => is_escape = true,
            (true, 'm') => is_escape = false,
            (true, _) => {}
            (false, _) => columns = columns.saturating_add(character.width().unwrap_or_default()),
        }
    }
    columns
}

/// The most columns that a word of a text takes.
#[must_use]
pub(crate) fn widest_word(text: &str) -> usize {
    text.split_whitespace().map(columns).max().unwrap_or_default()
}

/// The words of a text in lines of at most `width` columns. A word that is longer stands alone in its line, whole.
#[must_use]
pub(crate) fn fold(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut taken = 0_usize;
    for word in text.split_whitespace() {
        let wide = columns(word);
        let with_word = taken.saturating_add(wide).saturating_add(1);
        match lines.last_mut() {
            Some(line) if with_word <= width => {
                line.push(' ');
                line.push_str(word);
                taken = with_word;
            }
            Some(_) | None => {
                lines.push(word.to_owned());
                taken = wide;
            }
        }
    }
    lines
}

/// The same of a whole text: lines that fit stay as they are, others go on below, as far in as they began.
#[must_use]
pub(crate) fn fold_lines(text: &str, width: usize) -> String {
    let mut folded = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let bare = line.strip_suffix('\n').unwrap_or(line);
        if columns(bare) <= width {
            folded.push_str(line);
            continue;
        }
        let indent: String = bare.chars().take_while(|character| *character == ' ').collect();
        let inner = width.saturating_sub(indent.len()).max(1);
        let lines: Vec<String> = fold(bare, inner).iter().map(|line| format!("{indent}{line}")).collect();
        folded.push_str(&lines.join("\n"));
        folded.push_str(line.strip_prefix(bare).unwrap_or_default());
    }
    folded
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn colour_takes_no_column_and_wide_letters_take_two() {
        assert_eq!(columns("\u{1b}[31mred\u{1b}[0m"), 3);
        assert_eq!(columns("…é"), 2);
        assert_eq!(columns("漢"), 2);
    }

    #[test]
    fn a_line_goes_on_where_it_began_and_a_longer_word_stays_whole() {
        assert_eq!(fold_lines("  one two three\nfour\n", 9), "  one two\n  three\nfour\n");
        assert_eq!(fold("see 0x1234567890 there", 8), ["see", "0x1234567890", "there"]);
        assert_eq!(fold_lines("a  table   keeps\n", 80), "a  table   keeps\n");
    }

    proptest! {
        #[test]
        fn words_stay_whole_and_in_order(text in "[a-z0-9 ]{0,120}", width in 1_usize..60) {
            let lines = fold(&text, width);
            let told: Vec<&str> = lines.iter().flat_map(|line| line.split(' ')).collect();
            prop_assert_eq!(told, text.split_whitespace().collect::<Vec<_>>());
            for line in &lines {
                prop_assert!(columns(line) <= width || !line.contains(' '), "{:?}", line);
            }
        }
    }
}
