//! Phrases among numbers and labels: words of one list of which each has a number, in whatever order, and words in a row when what
//! stands between them is left out.
//!
//! Where words are counted through, their order says nothing, so no checksum is asked for: whoever counts a dozen of such words and
//! writes hardly anything else has a phrase. Without numbers only the checksum tells a phrase from names.

use std::collections::{BTreeSet, HashMap};

use super::signs::{Sign, Writing};
use super::words::{LENGTHS, LISTS, Word, is_phrase};

/// How often a word must be there to be no word of the phrase but the name of its parts.
const OFTEN: usize = 4;
/// As many words of no list in a row are prose.
const PROSE: usize = 4;
/// Words of the shortest phrase.
const FEWEST: usize = 12;
/// Words of all phrases that are looked for together.
const MOST: usize = 96;
/// Of so many words one may be of no list, or wrong.
const EACH: usize = 4;

/// What a sign is, where numbers are written in some way.
#[derive(Debug, Clone, Copy)]
enum Read {
    Number(u32),
    Word(Word),
    Other,
}

/// Whether there is a phrase in one text that has these signs.
pub(super) fn is_any(signs: &[Sign]) -> bool {
    let kept = telling(signs);
    has_counted(&kept) || is_any_in_row(&read_all(&kept, Writing::Figures))
}

/// Whether there are words of a phrase with their numbers.
pub(super) fn is_any_counted(signs: &[Sign]) -> bool {
    has_counted(&telling(signs))
}

fn has_counted(kept: &[&Sign]) -> bool {
    Writing::ALL.iter().any(|writing| is_any_counted_in(&read_all(kept, *writing)))
}

/// The signs without words that name the parts of a phrase; none where there are too few words for one.
fn telling(signs: &[Sign]) -> Vec<&Sign> {
    if signs.iter().filter(|sign| sign.word.is_some()).count() < FEWEST - 1 {
        return Vec::new();
    }
    let mut counts = HashMap::<u64, usize>::new();
    for sign in signs.iter().filter(|sign| !sign.is_number()) {
        *counts.entry(sign.id).or_default() += 1;
    }
    let is_often = |sign: &Sign| counts.get(&sign.id).is_some_and(|count| *count >= OFTEN);
    signs.iter().filter(|sign| sign.is_number() || !is_often(sign)).collect()
}

fn read_all(kept: &[&Sign], writing: Writing) -> Vec<Read> {
    kept.iter().filter_map(|sign| read(sign, writing)).collect()
}

fn read(sign: &Sign, writing: Writing) -> Option<Read> {
    match (sign.number(writing), sign.word) {
        (Some(number), _) => Some(Read::Number(number)),
        (None, Some(word)) => Some(Read::Word(word)),
        (None, None) => (!sign.is_label()).then_some(Read::Other),
    }
}

fn is_any_counted_in(all: &[Read]) -> bool {
    let (mut from, mut others) = (0, 0);
    for (at, read) in all.iter().enumerate() {
        others = if matches!(read, Read::Other) { others + 1 } else { 0 };
        if others == PROSE {
            if is_counted(all.get(from..(at + 1).saturating_sub(PROSE)).unwrap_or_default()) {
                return true;
            }
            from = at + 1;
        } else if others > PROSE {
            from = at + 1;
        }
    }
    is_counted(all.get(from..).unwrap_or_default())
}

/// Whether nearly all of it is words of one list and their numbers.
fn is_counted(all: &[Read]) -> bool {
    let is_number = |read: &Read| matches!(read, Read::Number(_));
    let Some((first, last)) = all.iter().position(is_number).zip(all.iter().rposition(is_number)) else {
        return false;
    };
    // The word of the first number may stand before it, and that of the last one after it; or all words, and then all numbers.
    let among = all.get(first.saturating_sub(1)..all.len().min(last + 2)).unwrap_or_default();
    is_nearly_all(among) || is_nearly_all(all)
}

fn is_nearly_all(all: &[Read]) -> bool {
    let mut numbers = Vec::new();
    let mut words = Vec::new();
    for read in all {
        match read {
            Read::Number(number) => numbers.push(*number),
            Read::Word(word) => words.push(*word),
            Read::Other => {}
        }
    }
    let names = all.len() - numbers.len();
    let is_of_one_list = |list: usize| {
        let of_list: Vec<Word> = words.iter().filter(|word| word.is_of(list)).copied().collect();
        let distinct = of_list.iter().collect::<BTreeSet<_>>().len();
        (FEWEST - 1..=MOST).contains(&of_list.len())
            && (names - of_list.len()) * EACH <= of_list.len()
            && distinct * EACH >= of_list.len() * (EACH - 1)
    };
    names >= FEWEST
        && numbers.len() * EACH >= names * (EACH - 1)
        && counts_through(numbers)
        && (0..LISTS).any(is_of_one_list)
}

/// Whether a dozen numbers follow each other in equal steps, in whatever order they stand.
fn counts_through(mut numbers: Vec<u32>) -> bool {
    numbers.sort_unstable();
    numbers.dedup();
    numbers.windows(FEWEST).any(|dozen| {
        let mut steps = dozen.windows(2).map(|two| match two {
            [one, next] => next - one,
            [_, _, _, ..] | [_] | [] => 0,
        });
        steps.next().is_some_and(|first| steps.all(|step| step == first))
    })
}

/// Whether words in a row are a phrase without the numbers between them, or without the labels.
fn is_any_in_row(all: &[Read]) -> bool {
    let names: Vec<Option<Word>> = all
        .iter()
        .filter_map(|read| match read {
            Read::Number(_) => None,
            Read::Word(word) => Some(Some(*word)),
            Read::Other => Some(None),
        })
        .collect();
    let is_any = |names: &[Option<Word>]| names.split(Option::is_none).any(|row| has_phrase(&row_of(row)));
    let each = |from: usize, by: usize| names.iter().skip(from).step_by(by).copied().collect::<Vec<_>>();
    is_any(&names) || (2..4).any(|by| (0..by).any(|from| is_any(&each(from, by))))
}

fn row_of(row: &[Option<Word>]) -> Vec<Word> {
    row.iter().flatten().copied().collect()
}

/// Whether words that follow each other are a phrase, or all of them are one backwards.
pub(super) fn has_phrase(row: &[Word]) -> bool {
    LENGTHS.iter().any(|length| row.windows(*length).any(is_phrase)) || is_backwards(row)
}

/// Whether all words are a phrase when they are read backwards.
pub(super) fn is_backwards(row: &[Word]) -> bool {
    LENGTHS.contains(&row.len()) && is_phrase(&row.iter().rev().copied().collect::<Vec<_>>())
}
