//! The words of mnemonics: those of the ten lists of BIP-39, whole or as their first four letters, with accents or without, and
//! what a phrase of them is. Their order carries a checksum, which tells a phrase from names that happen to be such words.

use sha2::{Digest as _, Sha256};
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;
use zeroize::Zeroizing;

include!(concat!(env!("OUT_DIR"), "/words.rs"));
/// All words in the order of their bytes, one after the other.
static TEXT: &str = include_str!(concat!(env!("OUT_DIR"), "/words.txt"));

/// How many words a phrase has.
pub(super) const LENGTHS: [usize; 5] = [12, 15, 18, 21, 24];
/// How many lists there are.
pub(super) const LISTS: usize = 10;
/// Bits that a word stands for.
const BITS: usize = 11;
/// Letters that suffice to tell the words of most lists apart.
const ABBREVIATION: usize = 4;
/// Letters of the shortest word that has no letters but those of ASCII.
const SHORTEST_ASCII: usize = 3;
/// Letters of the longest such word, with a number before and after it.
const LONGEST_ASCII: usize = 16;

/// A word of one or more lists: its place among all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Word(usize);

impl Word {
    /// As it is, or without its accents, which not every list has and not everybody writes.
    pub(super) fn find(text: &str) -> Option<Self> {
        let exact = Self::find_exact(text);
        if exact.is_some() || text.is_ascii() {
            return exact;
        }
        let plain: Zeroizing<String> = Zeroizing::new(text.chars().filter_map(without_mark).collect());
        if plain.is_ascii() { Self::find_exact(&plain) } else { None }
    }

    fn find_exact(text: &str) -> Option<Self> {
        let (mut from, mut to) = (0, BEGINS.len() - 1);
        while from < to {
            let middle = from.midpoint(to);
            match Self(middle).text().cmp(text) {
                std::cmp::Ordering::Less => from = middle + 1,
                std::cmp::Ordering::Equal => return Some(Self(middle)),
                std::cmp::Ordering::Greater => to = middle,
            }
        }
        None
    }

    fn text(self) -> &'static str {
        part(&BEGINS, self.0).and_then(|range| TEXT.get(range)).unwrap_or_default()
    }

    /// The lists that have it, by number, with its place there.
    fn places(self) -> &'static [(u8, u16)] {
        part(&FIRSTS, self.0).and_then(|range| PLACES.get(range)).unwrap_or_default()
    }

    fn place(self, list: u8) -> Option<u16> {
        self.places().iter().find(|(known, _)| *known == list).map(|(_, place)| *place)
    }

    /// Whether a list has it.
    pub(super) fn is_of(self, list: usize) -> bool {
        self.places().iter().any(|(known, _)| usize::from(*known) == list)
    }
}

/// The lists that have a word, by number.
pub(super) fn lists_of(word: &str) -> impl Iterator<Item = usize> {
    Word::find(word).into_iter().flat_map(|word| word.places()).map(|(list, _)| usize::from(*list))
}

/// A letter of a decomposed text without what changes its sound.
fn without_mark(letter: char) -> Option<char> {
    match letter {
        'ø' => Some('o'),
        'đ' => Some('d'),
        'ł' => Some('l'),
        'ı' => Some('i'),
        _ if is_combining_mark(letter) => None,
        _ => Some(letter),
    }
}

/// From where to where the part of that number goes.
fn part<N: Copy + TryInto<usize>>(begins: &[N], number: usize) -> Option<std::ops::Range<usize>> {
    let at = |number: usize| (*begins.get(number)?).try_into().ok();
    Some(at(number)?..at(number + 1)?)
}

/// What the letters between two other characters are.
#[derive(Debug, Clone, Copy)]
pub(super) enum Spoken {
    Word(Word),
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
            // What is written without spaces is a sentence, unless it is as long as a phrase.
            let length = word.chars().count();
            let is_sentence = length > 1 && !LENGTHS.contains(&length);
            let find = |one: char| Word::find(one.encode_utf8(&mut [0; 4])).map_or(Spoken::Other, Spoken::Word);
            spoken.extend(word.chars().map(|one| if is_sentence { Spoken::Other } else { find(one) }));
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
    if let Some(known) = Word::find(word) {
        return Spoken::Word(known);
    }
    // `1.`, `w1`, `word12`, `12th`, and `1abandon`, of which the word counts.
    let letters = word.trim_matches(char::is_numeric);
    if letters.len() < word.len() {
        let known = if letters.chars().count() > ABBREVIATION { Word::find(letters) } else { None };
        return known.map_or(Spoken::Label, Spoken::Word);
    }
    if word.is_ascii() && word.len() < SHORTEST_ASCII { Spoken::Label } else { Spoken::Other }
}

/// Chinese characters, of which each is a word.
pub(super) fn is_ideograph(character: char) -> bool {
    matches!(character, '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{2ffff}')
}

/// Whether these words in this order are a phrase of one language, with a right checksum.
pub(super) fn is_phrase(words: &[Word]) -> bool {
    LENGTHS.contains(&words.len())
        && are_various(words)
        && in_lists(words).any(|places| !is_sorted(&places) && has_checksum(&places))
}

/// Whether these words are as many as a phrase has, and of one list.
pub(super) fn could_be_misspelt(words: &[Word]) -> bool {
    LENGTHS.contains(&words.len()) && are_various(words) && in_lists(words).any(|places| !is_sorted(&places))
}

/// Words that come again and again are names of fields or settings; but all the same, but for one or two, are a phrase
/// for tests.
fn are_various(words: &[Word]) -> bool {
    let is_again = |at: usize, word: &Word| words.iter().take(at).any(|before| before == word);
    let again = words.iter().enumerate().filter(|(at, word)| is_again(*at, word)).count();
    again * 3 <= words.len() || again + 3 >= words.len()
}

/// Words in the order of the alphabet are a list of names.
fn is_sorted(places: &[u16]) -> bool {
    places.is_sorted_by(|before, after| before < after)
}

/// The places of the words in each list that has all of them.
fn in_lists(words: &[Word]) -> impl Iterator<Item = Zeroizing<Vec<u16>>> {
    (0..LISTS)
        .filter_map(|list| u8::try_from(list).ok())
        .filter_map(|list| words.iter().map(|word| word.place(list)).collect::<Option<_>>().map(Zeroizing::new))
}

/// Eleven bits a word: those of a secret, and for each 32 of them one of its SHA-256 (BIP-39, "Generating the mnemonic").
fn has_checksum(places: &[u16]) -> bool {
    let bit = |at: usize| places.get(at / BITS).is_some_and(|place| place >> (BITS - 1 - at % BITS) & 1 == 1);
    let secret_bits = places.len() * BITS / 33 * 32;
    let byte = |at: usize| (0..8).fold(0_u8, |byte, next| byte << 1 | u8::from(bit(at * 8 + next)));
    let secret: Zeroizing<Vec<u8>> = Zeroizing::new((0..secret_bits / 8).map(byte).collect());
    let [sum, ..]: [u8; 32] = Sha256::digest(secret.as_slice()).into();
    (0..secret_bits / 32).all(|at| bit(secret_bits + at) == (sum >> (7 - at) & 1 == 1))
}

#[cfg(test)]
mod tests {
    use bip39::Language;

    use super::*;

    #[test]
    fn every_word_of_every_list_is_found_with_its_place_there() {
        assert_eq!(LISTS, Language::ALL.len());
        for (list, language) in Language::ALL.iter().enumerate() {
            let list = u8::try_from(list).unwrap();
            for (place, word) in language.word_list().iter().enumerate() {
                let word: String = word.nfkd().collect();
                let found = Word::find(&word).unwrap();
                assert_eq!((found.text(), found.place(list)), (word.as_str(), Some(place.try_into().unwrap())));
            }
        }
        for other in ["", "a", "abandonn", "zzz", "\u{ffff}"] {
            assert_eq!(Word::find(other), None, "{other}");
        }
        assert_eq!(Word::find("aban").and_then(|word| word.place(0)), Some(0));
    }

    #[test]
    fn a_word_is_found_without_its_accents_and_with_accents_that_its_list_does_not_have() {
        for language in Language::ALL {
            for word in language.word_list() {
                let plain: String = word.nfkd().filter(|letter| !is_combining_mark(*letter)).collect();
                if plain.is_ascii() {
                    let place = |text: &str| Word::find(text).and_then(|word| word.place(list_of(*language)));
                    let whole: String = word.nfkd().collect();
                    assert_eq!(place(&plain), place(&whole), "{word}");
                    let accented: String = plain.replacen('a', "a\u{301}", 1);
                    assert_eq!(place(&accented), place(&whole), "{accented}");
                }
            }
        }
    }

    fn list_of(language: Language) -> u8 {
        Language::ALL.iter().position(|known| *known == language).unwrap().try_into().unwrap()
    }

    #[test]
    fn a_phrase_has_the_checksum_that_the_library_computes() {
        for length in [16, 20, 24, 28, 32] {
            for seed in 0..64_u8 {
                let secret: Vec<u8> =
                    (0..length).map(|at: u8| seed.wrapping_mul(37).wrapping_add(at.wrapping_mul(at))).collect();
                let phrase = bip39::Mnemonic::from_entropy(&secret).unwrap();
                let mut places: Vec<u16> = phrase.word_indices().map(|place| place.try_into().unwrap()).collect();
                assert!(has_checksum(&places), "{phrase}");
                *places.last_mut().unwrap() ^= 1;
                assert!(!has_checksum(&places), "{phrase}");
            }
        }
    }

    #[test]
    fn no_word_of_ascii_letters_is_shorter_than_is_asked_for() {
        let words = Language::ALL.iter().flat_map(|language| language.word_list());
        let shortest = words.filter(|word| word.is_ascii()).map(|word| word.len()).min();
        assert_eq!(shortest, Some(SHORTEST_ASCII));
    }
}
