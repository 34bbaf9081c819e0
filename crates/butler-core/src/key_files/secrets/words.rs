//! The words of mnemonics: those of the ten lists of BIP-39, whole or as their first four letters, and what a phrase of them
//! is. Their order carries a checksum, which tells a phrase from names that happen to be such words.

use std::collections::HashMap;
use std::sync::OnceLock;

use bip39::{Language, Mnemonic};
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;
use zeroize::Zeroizing;

/// How many words a phrase has.
pub(super) const LENGTHS: [usize; 5] = [12, 15, 18, 21, 24];
/// Letters that suffice to tell the words of most lists apart.
const ABBREVIATION: usize = 4;
/// Letters of the shortest word that has no letters but those of ASCII.
const SHORTEST_ASCII: usize = 3;
/// Letters of the longest such word, with a number before and after it.
const LONGEST_ASCII: usize = 16;

/// A word of one or more lists.
#[derive(Debug, Default)]
pub(super) struct Word {
    /// The lists that have it, by number, with its place there.
    places: Vec<(usize, usize)>,
}

fn known() -> &'static HashMap<String, Word> {
    static WORDS: OnceLock<HashMap<String, Word>> = OnceLock::new();
    WORDS.get_or_init(|| {
        let all = || {
            let lists = Language::ALL.iter().enumerate();
            let words = |language: &Language| language.word_list().iter().map(|word| word.nfkd().collect::<String>());
            lists.flat_map(move |(list, language)| {
                words(language).enumerate().map(move |(place, word)| (list, place, word))
            })
        };
        let mut words = HashMap::<String, Word>::new();
        for (list, place, word) in all() {
            words.entry(word).or_default().places.push((list, place));
        }
        for (list, place, word) in all().filter(|(.., word)| word.is_ascii()) {
            let short = words.entry(word.chars().take(ABBREVIATION).collect()).or_default();
            // A whole word is meant before a short one.
            if short.places.iter().all(|(known, _)| *known != list) {
                short.places.push((list, place));
            }
        }
        words
    })
}

/// What the letters between two other characters are.
#[derive(Debug, Clone, Copy)]
pub(super) enum Spoken {
    Word(&'static Word),
    /// A number, a mark, a label: what may stand between the words of a phrase.
    Label,
    /// A word of no list.
    Other,
}

/// The words of a text, in order.
pub(super) fn words_of(text: &str) -> Vec<Spoken> {
    if text.is_ascii() && text.len() < SHORTEST_ASCII {
        return Vec::new();
    }
    let normal: Zeroizing<String> = if text.is_ascii() {
        Zeroizing::new(text.to_ascii_lowercase())
    } else {
        Zeroizing::new(text.nfkd().flat_map(char::to_lowercase).collect())
    };
    let is_of_word = |character: char| character.is_alphanumeric() || is_combining_mark(character);
    let mut spoken = Vec::new();
    for word in normal.split(|character| !is_of_word(character)).filter(|word| !word.is_empty()) {
        if word.chars().all(is_ideograph) {
            let one = |one: char| known().get(one.encode_utf8(&mut [0; 4])).map_or(Spoken::Other, Spoken::Word);
            spoken.extend(word.chars().map(one));
        } else {
            spoken.push(speak(word));
        }
    }
    spoken
}

fn speak(word: &str) -> Spoken {
    if word.is_ascii() && word.len() > LONGEST_ASCII {
        return if word.bytes().any(|byte| byte.is_ascii_digit()) { Spoken::Label } else { Spoken::Other };
    }
    if let Some(known) = known().get(word) {
        return Spoken::Word(known);
    }
    // `1.`, `w1`, `word12`, `12th`, and `1abandon`, of which the word counts.
    let letters = word.trim_matches(char::is_numeric);
    if letters.len() < word.len() {
        let known = if letters.chars().count() > ABBREVIATION { known().get(letters) } else { None };
        return known.map_or(Spoken::Label, Spoken::Word);
    }
    if word.is_ascii() && word.len() < SHORTEST_ASCII { Spoken::Label } else { Spoken::Other }
}

/// Chinese characters, of which each is a word.
fn is_ideograph(character: char) -> bool {
    matches!(character, '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{2ffff}')
}

/// Whether these words in this order are a phrase of one language, with a right checksum.
pub(super) fn is_phrase(words: &[&'static Word]) -> bool {
    LENGTHS.contains(&words.len())
        && are_various(words)
        && lists(words).any(|list| {
            let places = places(words, list);
            !is_sorted(&places) && has_checksum(list, &places)
        })
}

/// Whether these words are as many as a phrase has, and of one list.
pub(super) fn could_be_misspelt(words: &[&'static Word]) -> bool {
    LENGTHS.contains(&words.len()) && are_various(words) && lists(words).any(|list| !is_sorted(&places(words, list)))
}

/// Words that come again and again are names of fields or settings; but all the same, but for one or two, are a phrase
/// for tests.
fn are_various(words: &[&'static Word]) -> bool {
    let is_again = |at: usize, word: &&'static Word| words.iter().take(at).any(|before| std::ptr::eq(*before, *word));
    let again = words.iter().enumerate().filter(|(at, word)| is_again(*at, word)).count();
    again * 3 <= words.len() || again + 3 >= words.len()
}

/// Words in the order of the alphabet are a list of names.
fn is_sorted(places: &[usize]) -> bool {
    places.is_sorted_by(|before, after| before < after)
}

/// The lists that have all of the words.
fn lists(words: &[&'static Word]) -> impl Iterator<Item = usize> {
    (0..Language::ALL.len()).filter(|list| words.iter().all(|word| word.places.iter().any(|(known, _)| known == list)))
}

fn places(words: &[&'static Word], list: usize) -> Vec<usize> {
    let place = |word: &&Word| word.places.iter().find(|(known, _)| *known == list).map(|(_, place)| *place);
    words.iter().filter_map(place).collect()
}

fn has_checksum(list: usize, places: &[usize]) -> bool {
    let Some(language) = Language::ALL.get(list) else { return false };
    let words: Option<Vec<&str>> = places.iter().map(|place| language.word_list().get(*place).copied()).collect();
    let phrase = Zeroizing::new(words.unwrap_or_default().join(" "));
    Mnemonic::parse_in(*language, phrase.as_str()).is_ok()
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
