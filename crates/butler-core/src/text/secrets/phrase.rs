//! Mnemonics whose words stand in a row: in one text, or in several values or names of fields one after the other.
//!
//! Of names that happen to be words of a list each sixteenth dozen has a right checksum. So a phrase is only looked for
//! between places where something new begins: another list, another text, another kind of field.

use unicode_normalization::char::is_combining_mark;

use super::counted::{has_phrase as in_row, is_backwards};
use super::words::{LENGTHS, Spoken, Word, could_be_misspelt, is_phrase};

/// The most words that are looked at together.
const MOST_WORDS: usize = 4_096;

/// Where a value or a name stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Site<'a> {
    /// Its number in the file.
    pub(crate) at: usize,
    /// The numbers of the lists and objects around it, from the outside in.
    pub(crate) around: &'a [usize],
    /// Equal for places that differ in numbers only.
    pub(crate) kind: u64,
}

/// Words in a row.
#[derive(Debug, Default)]
pub(super) struct Phrase {
    run: Vec<Entry>,
    /// Whether a phrase may begin with each word.
    is_anywhere: bool,
}

#[derive(Debug)]
struct Entry {
    word: Word,
    at: usize,
    around: Vec<usize>,
    kind: u64,
}

impl Phrase {
    /// Of names, which are the words of a list so seldom that a phrase may begin with any.
    pub(super) fn of_names() -> Self {
        Self { is_anywhere: true, ..Self::default() }
    }

    /// Adds the words of a value. Where the row before it has a phrase, the places where that begins and ends.
    pub(super) fn push(&mut self, words: &[Spoken], site: Site<'_>) -> Option<(usize, usize)> {
        let is_many = words.iter().filter(|word| matches!(word, Spoken::Word(_))).count() > 1;
        for spoken in words {
            match spoken {
                Spoken::Label => {}
                Spoken::Other => {
                    let found = self.finish();
                    if found.is_some() {
                        return found;
                    }
                }
                Spoken::Word(word) => {
                    let mut around = site.around.to_vec();
                    // The words of one text are nearer to each other than those of two.
                    around.extend(is_many.then_some(site.at));
                    self.run.push(Entry { word: *word, at: site.at, around, kind: site.kind });
                }
            }
        }
        if self.run.len() >= MOST_WORDS { self.finish() } else { None }
    }

    /// Looks at the row, and begins anew.
    pub(super) fn finish(&mut self) -> Option<(usize, usize)> {
        if self.run.is_empty() {
            return None;
        }
        let run = std::mem::take(&mut self.run);
        let [shortest, ..] = LENGTHS;
        if run.len() < shortest {
            return None;
        }
        let words: Vec<Word> = run.iter().map(|entry| entry.word).collect();
        if is_backwards(&words) {
            return run.first().zip(run.last()).map(|(first, last)| (first.at, last.at));
        }
        let begins = beginnings(&run);
        let is_begin = |at: usize| self.is_anywhere || begins.get(at).copied().unwrap_or(true);
        (0..run.len()).filter(|at| is_begin(*at)).find_map(|at| {
            LENGTHS.iter().filter(|length| is_begin(at + **length)).find_map(|length| {
                let phrase = words.get(at..at + length)?;
                let (first, last) = (run.get(at)?, run.get(at + length - 1)?);
                is_phrase(phrase).then_some((first.at, last.at))
            })
        })
    }
}

/// Whether something new begins with each word.
fn beginnings(run: &[Entry]) -> Vec<bool> {
    let near = |at: usize| match (at.checked_sub(1).and_then(|before| run.get(before)), run.get(at)) {
        (Some(before), Some(now)) => {
            before.around.iter().zip(&now.around).take_while(|(before, now)| before == now).count()
        }
        (_, _) => 0,
    };
    let distances: Vec<usize> = (0..=run.len()).map(near).collect();
    let distance = |at: usize| distances.get(at).copied().unwrap_or_default();
    let is_other_kind = |at: usize| run.get(at - 1).map(|entry| entry.kind) != run.get(at).map(|entry| entry.kind);
    let begins = |at: usize| at == 0 || is_other_kind(at) || distance(at) < distance(at - 1).max(distance(at + 1));
    (0..run.len()).map(begins).collect()
}

/// Whether a text has a phrase in it.
pub(super) fn in_text(text: &str, spoken: &[Spoken]) -> bool {
    let [shortest, ..] = LENGTHS;
    if spoken.len() < shortest {
        return false;
    }
    has_phrase(spoken) || is_whole(text, spoken)
}

fn has_phrase(spoken: &[Spoken]) -> bool {
    let mut run: Vec<Word> = Vec::new();
    let has_any = |run: &[Word]| in_row(run.get(..MOST_WORDS).unwrap_or(run));
    for one in spoken {
        match one {
            Spoken::Word(word) => run.push(*word),
            Spoken::Label => {}
            Spoken::Other => {
                if has_any(&std::mem::take(&mut run)) {
                    return true;
                }
            }
        }
    }
    has_any(&run)
}

/// As many words as a phrase has and nothing else, with only spaces between: one, though a word may be wrong.
fn is_whole(text: &str, spoken: &[Spoken]) -> bool {
    let words: Vec<Word> = spoken
        .iter()
        .filter_map(|one| match one {
            Spoken::Word(word) => Some(*word),
            Spoken::Label | Spoken::Other => None,
        })
        .collect();
    let is_spaced =
        |character: char| character.is_alphabetic() || is_combining_mark(character) || character.is_whitespace();
    words.len() == spoken.len()
        && text.split_whitespace().count() == words.len()
        && text.chars().all(is_spaced)
        && could_be_misspelt(&words)
}
