//! What stands together in one text, list or object, judged as a whole: pieces that are one key together.
//!
//! A key that was cut is all there in one place, and hardly anything like its pieces stands beside it. Ids, amounts and
//! digests come in other numbers: of twenty of them no few are a key.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use super::dense::{Kinds, window};
use super::digits::{LONGEST_NUMBER, SCALAR, Token, look_whole};
use super::numbers::{Notation, Piece, is_hexadecimal, key_of};
use super::series::are_digits;

/// The most members of a place that are looked at together.
pub(super) const MOST: usize = 2_400;
/// Fewer characters are no key in any notation: its digits in the largest base are fifteen (`series`).
const FEWEST_CHARACTERS: usize = 15;
/// Digits that may stand beside those of a key: short ones, and any.
const FEW_BESIDE: usize = 8;
const BESIDE: usize = 40;
/// The most numbers that are looked at as pieces of a key.
const MOST_NUMBERS: usize = 128;
/// The longest digit of a base with a mark before it.
const LONGEST_DIGIT: usize = 34;
/// Bases whose digits are written in that way.
const RADIXES: [(u32, &str); 5] = [(2, "0b"), (8, "0o"), (10, ""), (16, "0x"), (36, "")];
/// The fewest members of a kind that are looked at without the others.
const FEWEST_OF_KIND: usize = 2;

/// A word without blanks, or a number.
#[derive(Debug, Clone)]
pub(super) struct Member {
    text: Zeroizing<String>,
    token: Option<Token>,
    kinds: Kinds,
    /// Equal for places that differ in numbers only.
    kind: u64,
    at: usize,
    pub(super) is_name: bool,
}

impl Member {
    /// A word. `None` for an address in capitals and small letters, which is no piece of anything.
    pub(super) fn of_word(word: &str) -> Option<Self> {
        let token = look_whole(word);
        let is_checksummed = token.is_some_and(|token| token.is_checksummed());
        (!is_checksummed).then(|| Self {
            text: Zeroizing::new(word.to_owned()),
            token,
            kinds: Kinds::of(word),
            kind: 0,
            at: 0,
            is_name: false,
        })
    }

    /// A number of JSON.
    pub(super) fn of_number(value: u128) -> Self {
        let text = Zeroizing::new(value.to_string());
        Self { kinds: Kinds::of(&text), text, token: Some(Token::number(value)), kind: 0, at: 0, is_name: false }
    }

    /// It stands there under the number of its value or name.
    pub(super) fn placed(self, kind: u64, at: usize, is_name: bool) -> Self {
        Self { kind, at, is_name, ..self }
    }

    /// The number of its value or name.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    fn is_address(&self) -> bool {
        self.token.is_some_and(|token| token.is_address())
    }

    /// Whether it is a number, in hexadecimal digits or decimal ones.
    pub(super) fn is_number(&self) -> bool {
        self.token.is_some()
    }

    pub(super) fn is_same(&self, other: &Self) -> bool {
        *self.text == *other.text
    }

    /// Whether it says something as a name, or among other words.
    pub(super) fn is_telling(&self) -> bool {
        self.text.len() >= FEW_BESIDE && (self.token.is_some() || self.kinds.is_mixed())
    }

    /// The value of its digits in a base, where they are written as such: decimal ones, or with a mark, or one of each kind.
    fn value(&self, radix: u32, mark: &str) -> Option<u128> {
        let text = self.text.as_str();
        let is_number = self.token.is_some_and(|token| token.length() == 0);
        if text.len() > LONGEST_DIGIT || (is_number && radix == 8) || (radix == 36 && text.len() > 1) {
            return None;
        }
        let is_marked = !mark.is_empty() && text.len() > mark.len() && text.is_char_boundary(mark.len());
        let digits = if is_marked { text.strip_prefix(mark).unwrap_or(text) } else { text };
        u128::from_str_radix(digits, radix).ok().filter(|_| digits.bytes().all(|byte| byte.is_ascii_alphanumeric()))
    }

    fn has_letters(&self) -> bool {
        self.text.bytes().any(|byte| byte.is_ascii_alphabetic())
    }
}

/// Where a key begins and ends among members: their positions.
pub(super) type Range = (usize, usize);

/// Looks for a key in the members of one place: in all, and in those of each kind. Of short pieces at least `least` must be
/// parts of it where others stand in lists and objects within it: what stands in many objects is one value of each.
pub(super) fn find(members: &[Member], least: usize) -> Option<(Member, Member)> {
    let taken =
        |group: &[&Member], (first, last): Range| Some(((*group.get(first)?).clone(), (*group.get(last)?).clone()));
    let all: Vec<&Member> = members.iter().collect();
    let mut kinds = BTreeMap::<u64, Vec<&Member>>::new();
    members.iter().for_each(|member| kinds.entry(member.kind).or_default().push(member));
    let is_mixed = least > 0 && kinds.len() > 1;
    let among_all = if is_mixed { hexadecimal(&all, least) } else { find_in(&all, least) };
    if among_all.is_some() || kinds.len() < 2 {
        return among_all.and_then(|range| taken(&all, range));
    }
    // Those of one kind are one value of each object, whatever else these have.
    let of_kind = |group: &&Vec<&Member>| {
        let found = (group.len() >= least).then(|| find_in(group, least)).flatten();
        found.or_else(|| if least > 0 { hexadecimal(group, group.len() / 2) } else { None })
    };
    let groups = kinds.values().filter(|group| group.len() >= FEWEST_OF_KIND);
    groups.filter_map(|group| taken(group, of_kind(&group)?)).next()
}

/// Looks for a key in members that belong together.
fn find_in(group: &[&Member], least: usize) -> Option<Range> {
    if group.len() < 2 || !are_enough(group) {
        return None;
    }
    #[cfg(test)]
    tests::LOOKED_AT.set(tests::LOOKED_AT.get() + 1);
    // An address is a piece of a key only where hardly anything else stands.
    let (kept, others): (Vec<usize>, Vec<&Member>) =
        group.iter().enumerate().filter(|(_, member)| !member.is_address()).map(|(at, member)| (at, *member)).unzip();
    let among_others = || {
        let is_enough = |(first, last): &Range| last - first + 1 >= least;
        let found = hexadecimal(&others, least)
            .or_else(|| numbers(&others).filter(is_enough))
            .or_else(|| digits(&others).filter(is_enough))
            .or_else(|| dense(&others).filter(is_enough));
        found.and_then(|(first, last)| Some((*kept.get(first)?, *kept.get(last)?)))
    };
    let is_all_pieces = || group.iter().all(|member| member.token.is_some_and(|token| token.length() > 0));
    among_others().or_else(|| if kept.len() < group.len() && is_all_pieces() { hexadecimal(group, 0) } else { None })
}

/// Whether members have as many characters as a key.
fn are_enough(group: &[&Member]) -> bool {
    group.iter().map(|member| member.text.len()).sum::<usize>() >= FEWEST_CHARACTERS
}

fn dense(group: &[&Member]) -> Option<Range> {
    window(&group.iter().map(|member| member.kinds).collect::<Vec<_>>())
}

/// Pieces that have the digits of a key together, and few others beside them.
fn hexadecimal(group: &[&Member], least: usize) -> Option<Range> {
    let piece = |(at, member): (usize, &&Member)| {
        let token = member.token.filter(|token| token.length() > 0)?;
        Some((at, token.length(), token))
    };
    let all: Vec<(usize, usize, Token)> = group.iter().enumerate().filter_map(piece).collect();
    let long: Vec<(usize, usize, Token)> =
        all.iter().filter(|(_, length, _)| *length > LONGEST_NUMBER).copied().collect();
    let most_of_all = if least > 0 { least + 1 } else { 0 };
    [(all, FEW_BESIDE, most_of_all), (long, BESIDE, 0)].iter().find_map(|(pieces, beside, least)| {
        let total: usize = pieces.iter().map(|(_, length, _)| length).sum();
        if !(SCALAR..=SCALAR + beside).contains(&total) {
            return None;
        }
        (0..pieces.len()).find_map(|from| {
            let mut sum = 0;
            let count = pieces.iter().skip(from).take_while(|(_, length, _)| {
                sum += length;
                sum <= SCALAR
            });
            let taken: Vec<_> = count.collect();
            let is_whole = taken.iter().map(|(_, length, _)| length).sum::<usize>() == SCALAR && taken.len() > 1;
            let shapes = taken.iter().map(|(_, _, token)| (token.letters(), token.figures()));
            let (first, last) = (taken.first()?.0, taken.last()?.0);
            (is_whole && taken.len() >= *least && is_hexadecimal(shapes)).then_some((first, last))
        })
    })
}

/// Limbs or bytes in decimal digits, in hexadecimal ones, or in both.
fn numbers(group: &[&Member]) -> Option<Range> {
    let readings: [fn(&Token) -> Option<u128>; 3] =
        [Token::decimal, Token::hexadecimal, |token| token.decimal().or(token.hexadecimal())];
    let notations = [Notation::Decimal, Notation::Hexadecimal, Notation::Decimal];
    readings.iter().zip(notations).find_map(|(reading, notation)| {
        let pieces = group.iter().enumerate().filter_map(|(at, member)| {
            let token = member.token?;
            Some(Piece { value: reading(&token)?, letters: token.letters(), figures: token.figures(), at })
        });
        let pieces: Vec<Piece> = pieces.take(MOST_NUMBERS + 1).collect();
        if pieces.len() > MOST_NUMBERS { None } else { key_of(&pieces, notation) }
    })
}

/// Digits of whatever base, all of one writing.
fn digits(group: &[&Member]) -> Option<Range> {
    RADIXES.iter().find_map(|(radix, mark)| {
        // Without a letter they are decimal, whatever else they could be.
        if *radix > 10 && !group.iter().any(|member| member.has_letters()) {
            return None;
        }
        let values: Vec<u128> = group.iter().map(|member| member.value(*radix, mark)).collect::<Option<_>>()?;
        let small: Option<Vec<u32>> = values.iter().map(|value| u32::try_from(*value).ok()).collect();
        if small.is_some_and(|small| are_digits(&small)) {
            return Some((0, group.len() - 1));
        }
        // Other bases than those of numbers were not looked at yet.
        if matches!(radix, 10 | 16) || values.len() > MOST_NUMBERS {
            return None;
        }
        let pieces = (0..).zip(&values).map(|(at, value)| Piece { value: *value, letters: 0, figures: 1, at });
        key_of(&pieces.collect::<Vec<_>>(), Notation::Decimal)
    })
}

/// Looks for a key in the words of one text, which others may stand before and after.
pub(super) fn is_in_text(words: &[Member]) -> bool {
    let is_digit = |member: &&Member| {
        let text = member.text.as_str();
        text.len() == 1 || (text.len() <= LONGEST_DIGIT && text.bytes().any(|byte| byte.is_ascii_digit()))
    };
    let is_key = |run: &[&Member]| run.len() <= MOST && find_in(run, 0).is_some();
    // Labels may stand between.
    let is_any_of_few = |run: &[&Member]| (2..4).any(|by| (0..by).any(|from| is_key(&each(run, from, by))));
    let is_any = |run: &[&Member]| are_enough(run) && (is_key(run) || is_any_of_few(run));
    let all: Vec<&Member> = words.iter().collect();
    let numbers: Vec<&Member> = words.iter().filter(|member| member.is_number()).collect();
    all.split(|member| !member.is_number()).any(is_any)
        || all.split(|member| !is_digit(member)).any(is_any)
        || (numbers.len() <= MOST_NUMBERS && hexadecimal(&numbers, 0).is_some())
        || dense(&all.iter().filter(|member| !member.is_address()).copied().collect::<Vec<_>>()).is_some()
}

fn each<'a>(run: &[&'a Member], from: usize, by: usize) -> Vec<&'a Member> {
    run.iter().skip(from).step_by(by).copied().collect()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    thread_local! {
        /// How many groups of members were looked at.
        pub(super) static LOOKED_AT: Cell<usize> = const { Cell::new(0) };
    }

    #[test]
    fn groups_that_are_too_short_for_any_key_are_not_looked_at() {
        let runs = |text: &str| -> Vec<Member> {
            text.split(|character: char| !character.is_ascii_alphanumeric()).filter_map(Member::of_word).collect()
        };
        for (text, most) in [("https/a/b/c/d/e/", 0), ("https/1/22/", 0), ("https/123456789/", 0), ("f/", 1)] {
            let members: Vec<Member> =
                runs(&text.repeat(1_000)).into_iter().filter(|one| !one.text.is_empty()).collect();
            let before = LOOKED_AT.get();
            assert!(!is_in_text(&members), "{text}");
            assert!(LOOKED_AT.get() - before <= most * 12, "{text}: {}", LOOKED_AT.get() - before);
        }
    }
}
