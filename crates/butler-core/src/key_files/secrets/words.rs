//! Mnemonics: twelve words in a row from one of the word lists of BIP-39, in whatever order, case and punctuation.

use std::collections::HashMap;
use std::sync::OnceLock;

use bip39::Language;
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;
use zeroize::Zeroizing;

/// The shortest mnemonic.
const FEWEST_WORDS: usize = 12;
/// Letters of the shortest word that has no letters but those of ASCII.
const SHORTEST_ASCII: usize = 3;

/// The languages of each word, as bits.
fn languages() -> &'static HashMap<String, u16> {
    static WORDS: OnceLock<HashMap<String, u16>> = OnceLock::new();
    WORDS.get_or_init(|| {
        let mut words = HashMap::new();
        for (number, language) in (0_u32..).zip(Language::ALL) {
            for word in language.word_list() {
                *words.entry(word.nfkd().collect()).or_default() |= 1_u16.checked_shl(number).unwrap_or_default();
            }
        }
        words
    })
}

/// Whether twelve words in a row are of one list. Numbers between them do not count.
pub(super) fn is_mnemonic(text: &str) -> bool {
    if !has_words_enough(text) {
        return false;
    }
    let normal: Zeroizing<String> = Zeroizing::new(text.nfkd().flat_map(char::to_lowercase).collect());
    let is_of_word = |character: char| character.is_alphabetic() || is_combining_mark(character);
    let mut runs = [0_usize; 16];
    for word in normal.split(|character| !is_of_word(character)).filter(|word| !word.is_empty()) {
        let known = languages().get(word).copied().unwrap_or_default();
        for (number, run) in (0_u32..).zip(runs.iter_mut()) {
            let is_known = known.checked_shr(number).unwrap_or_default() & 1 == 1;
            *run = if is_known { *run + 1 } else { 0 };
            if *run >= FEWEST_WORDS {
                return true;
            }
        }
    }
    false
}

/// Whether there are as many words at all, so that addresses need no word lists.
fn has_words_enough(text: &str) -> bool {
    if text.is_ascii() {
        let words = text.split(|character: char| !character.is_ascii_alphabetic());
        return words.filter(|word| word.len() >= SHORTEST_ASCII).nth(FEWEST_WORDS - 1).is_some();
    }
    // Twelve words have eleven gaps.
    text.chars().filter(|character| !character.is_alphabetic()).nth(FEWEST_WORDS - 2).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_of_ascii_letters_is_shorter_than_is_asked_for() {
        let words = Language::ALL.iter().flat_map(|language| language.word_list());
        let shortest = words.filter(|word| word.is_ascii()).map(|word| word.len()).min();
        assert_eq!(shortest, Some(SHORTEST_ASCII));
    }
}
