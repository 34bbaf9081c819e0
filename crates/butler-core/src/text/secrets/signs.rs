//! The words and the numbers of a text, whatever stands between them.
//!
//! People number the words of a phrase in many ways: `1. near`, `near(1)`, `1/12 near`, `near1`, `first: near`, `iv) near`. What they
//! have in common are letters and figures in turn, so these are all that is looked at.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;
use zeroize::Zeroizing;

use super::digits::plain_digit;
use super::words::{Word, is_ideograph};

/// Letters and figures of the longest word with numbers around it; longer ones of ASCII are addresses and ids.
const LONGEST: usize = 24;
/// How many runs of letters and figures stand in a word with its number and its label: `w1near`.
const MOST_RUNS: usize = 3;
/// Letters of the longest label that means nothing: `no`, `w`.
const LONGEST_LABEL: usize = 2;
/// Digits of the longest number of a word.
const LONGEST_NUMBER: usize = 5;

/// Words that say a place in a row, by the number that they mean.
const SPELLED: [(u32, [&str; 2]); 20] = [
    (1, ["one", "first"]),
    (2, ["two", "second"]),
    (3, ["three", "third"]),
    (4, ["four", "fourth"]),
    (5, ["five", "fifth"]),
    (6, ["six", "sixth"]),
    (7, ["seven", "seventh"]),
    (8, ["eight", "eighth"]),
    (9, ["nine", "ninth"]),
    (10, ["ten", "tenth"]),
    (11, ["eleven", "eleventh"]),
    (12, ["twelve", "twelfth"]),
    (13, ["thirteen", "thirteenth"]),
    (14, ["fourteen", "fourteenth"]),
    (15, ["fifteen", "fifteenth"]),
    (16, ["sixteen", "sixteenth"]),
    (17, ["seventeen", "seventeenth"]),
    (18, ["eighteen", "eighteenth"]),
    (19, ["nineteen", "nineteenth"]),
    (20, ["twenty", "twentieth"]),
];
/// Roman numbers, from 1.
const ROMAN: [&str; 24] = [
    "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii", "xiii", "xiv", "xv", "xvi", "xvii",
    "xviii", "xix", "xx", "xxi", "xxii", "xxiii", "xxiv",
];

/// How numbers may be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Writing {
    Figures,
    Spelled,
    Roman,
    Letters,
    Binary,
}

impl Writing {
    pub(super) const ALL: [Self; 5] = [Self::Figures, Self::Spelled, Self::Roman, Self::Letters, Self::Binary];
}

/// A run of letters or of figures.
#[derive(Debug, Clone)]
pub(super) struct Sign {
    /// The word of a list that it is.
    pub(super) word: Option<Word>,
    /// Equal for equal ones; nothing else is known of what is no word of a list.
    pub(super) id: u64,
    figures: Option<u32>,
    binary: Option<u32>,
    spelled: Option<u32>,
    roman: Option<u32>,
    letter: Option<u32>,
    /// Whether it is too short to mean anything.
    is_label: bool,
}

impl Sign {
    /// The number that it is, where numbers are written in that way.
    pub(super) fn number(&self, writing: Writing) -> Option<u32> {
        if writing == Writing::Binary {
            return self.binary;
        }
        self.figures.or(match writing {
            Writing::Figures | Writing::Binary => None,
            Writing::Spelled => self.spelled,
            Writing::Roman => self.roman,
            Writing::Letters => self.letter,
        })
    }

    /// Whether it is a number in figures.
    pub(super) fn is_number(&self) -> bool {
        self.figures.is_some()
    }

    /// Whether it says nothing, unless it is a number.
    pub(super) fn is_label(&self) -> bool {
        self.is_label
    }

    fn of_figures(run: &str) -> Option<Self> {
        let figures: u32 = if run.len() <= LONGEST_NUMBER { run.parse().ok()? } else { return None };
        Some(Self { binary: u32::from_str_radix(run, 2).ok(), ..Self::of_number(figures) })
    }

    /// A short number in hexadecimal figures.
    fn of_marked(word: &str) -> Option<Self> {
        let figures = word.strip_prefix("0x").filter(|figures| figures.len() < LONGEST_NUMBER)?;
        u32::from_str_radix(figures, 16).ok().map(Self::of_number)
    }

    fn of_number(number: u32) -> Self {
        Self {
            figures: Some(number),
            binary: None,
            word: None,
            id: 0,
            spelled: None,
            roman: None,
            letter: None,
            is_label: true,
        }
    }

    fn of_letters(run: &str) -> Self {
        let place = |known: &[&str]| known.iter().position(|word| *word == run);
        let number = |at: usize| u32::try_from(at + 1).ok();
        let letter = |run: &str| match run.as_bytes() {
            [letter @ b'a'..=b'x'] => Some(u32::from(letter - b'a') + 1),
            _ => None,
        };
        let mut hasher = DefaultHasher::new();
        run.hash(&mut hasher);
        Self {
            word: Word::find(run),
            id: hasher.finish(),
            figures: None,
            binary: None,
            spelled: SPELLED.iter().find(|(_, words)| words.contains(&run)).map(|(number, _)| *number),
            roman: place(&ROMAN).and_then(number),
            letter: letter(run),
            is_label: run.is_ascii() && run.len() <= LONGEST_LABEL,
        }
    }
}

/// The words and numbers of a text, in order. Of addresses and ids nothing is taken.
pub(super) fn signs_of(text: &str) -> Vec<Sign> {
    let normal: Zeroizing<String> = if text.is_ascii() {
        Zeroizing::new(text.to_ascii_lowercase())
    } else {
        Zeroizing::new(text.nfkd().map(plain_digit).flat_map(char::to_lowercase).collect())
    };
    let is_of_word = |character: char| character.is_alphanumeric() || is_combining_mark(character);
    let mut signs = Vec::new();
    for word in normal.split(|character| !is_of_word(character)).filter(|word| !word.is_empty()) {
        if let Some(sign) = Sign::of_marked(word) {
            signs.push(sign);
            continue;
        }
        let runs = runs_of(word);
        if runs.len() > MOST_RUNS || (word.is_ascii() && word.len() > LONGEST) {
            continue;
        }
        for run in runs {
            if run.starts_with(|first: char| first.is_ascii_digit()) {
                signs.extend(Sign::of_figures(run));
            } else if run.chars().all(is_ideograph) && run.chars().count() > 1 {
                // A sentence, in which each character is a word of a list.
                signs.push(Sign { word: None, ..Sign::of_letters(run) });
            } else {
                signs.push(Sign::of_letters(run));
            }
        }
    }
    signs
}

/// A word cut where figures follow letters, or letters figures.
fn runs_of(word: &str) -> Vec<&str> {
    let (mut runs, mut rest) = (Vec::new(), word);
    while let Some(first) = rest.chars().next() {
        let is_figure = first.is_ascii_digit();
        let end = rest.find(|character: char| character.is_ascii_digit() != is_figure).unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        runs.push(run);
        rest = after;
    }
    runs
}
