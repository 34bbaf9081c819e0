//! Mnemonics whose words are written without anything between them.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;
use zeroize::Zeroizing;

use super::words::{LENGTHS, LISTS, is_ideograph, lists_of};

/// Letters of the shortest phrase: twelve words of three.
const SHORTEST: usize = 36;
/// Letters of the longest one.
const LONGEST: usize = 400;
/// Letters of the longest word.
const LONGEST_WORD: usize = 16;

/// Whether a text has a run of letters that is as many words of one list as a phrase has. Nothing else is.
pub(super) fn has_phrase(text: &str) -> bool {
    if text.len() < SHORTEST {
        return false;
    }
    let is_of_word = |character: char| character.is_alphabetic() || is_combining_mark(character);
    // Chinese is written without spaces, whatever it says.
    let is_long = |run: &&str| run.len() >= SHORTEST && !run.contains(is_ideograph);
    text.split(|character| !is_of_word(character)).filter(is_long).any(|run| {
        let lower: Zeroizing<String> = Zeroizing::new(run.nfkd().flat_map(char::to_lowercase).collect());
        let plain: Zeroizing<String> =
            Zeroizing::new(lower.chars().filter(|letter| !is_combining_mark(*letter)).collect());
        is_phrase(&lower) || (plain.is_ascii() && *plain != *lower && is_phrase(&plain))
    })
}

fn is_phrase(run: &str) -> bool {
    let letters = run.chars().count();
    if !(SHORTEST..=LONGEST).contains(&letters) && run.is_ascii() || letters > LONGEST {
        return false;
    }
    ends(run).iter().any(|counts| LENGTHS.iter().any(|length| counts >> length & 1 == 1))
}

/// How many words of each list a run of small letters is at most, when it is nothing else. Longer ones than a phrase are none.
pub(super) fn most_words(run: &str) -> [u32; LISTS] {
    if run.chars().count() > LONGEST {
        return [0; LISTS];
    }
    ends(run).map(|counts| u32::BITS.saturating_sub(counts.leading_zeros() + 1))
}

/// Which numbers of words of each list a run of letters is: bit n for n words.
fn ends(run: &str) -> [u32; LISTS] {
    let begins: Vec<usize> = run.char_indices().map(|(at, _)| at).chain([run.len()]).collect();
    let letters = begins.len() - 1;
    // For each place and list, which numbers of words lead there.
    let mut counts = vec![[0_u32; LISTS]; letters + 1];
    if let Some(first) = counts.first_mut() {
        *first = [1; LISTS];
    }
    for from in 0..letters {
        let Some(here) = counts.get(from).copied().filter(|here| here.iter().any(|counts| *counts != 0)) else {
            continue;
        };
        for to in from + 1..=letters.min(from + LONGEST_WORD) {
            let word = begins.get(from).zip(begins.get(to)).and_then(|(from, to)| run.get(*from..*to));
            for list in word.into_iter().flat_map(lists_of) {
                if let (Some(there), Some(here)) =
                    (counts.get_mut(to).and_then(|there| there.get_mut(list)), here.get(list))
                {
                    *there |= here << 1;
                }
            }
        }
    }
    counts.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use bip39::{Language, Mnemonic};

    use super::*;

    #[test]
    fn words_without_anything_between_them_are_found_in_every_language() {
        for language in Language::ALL {
            for length in [16, 20, 24, 28, 32] {
                let entropy: Vec<u8> = (0..length).map(|at: u8| at.wrapping_mul(83).wrapping_add(length)).collect();
                let phrase = Mnemonic::from_entropy_in(*language, &entropy).unwrap().to_string();
                let is_chinese = matches!(language, Language::SimplifiedChinese | Language::TraditionalChinese);
                assert!(is_chinese || has_phrase(&phrase.replace(' ', "")), "{language:?} {length}");
            }
        }
    }

    #[test]
    fn long_names_are_none() {
        for name in [
            "Donaudampfschifffahrtselektrizitaetenhauptbetriebswerkbauunterbeamtengesellschaft",
            "thequickbrownfoxjumpsoverthelazydogandthenitsleepsfortherestoftheday",
            "llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "theValidatorKeysOfTheSecondServerInTheRackBehindTheDoor",
        ] {
            assert!(!has_phrase(name), "{name}");
        }
    }
}
