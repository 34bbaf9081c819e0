//! Random bytes in base64, base32, base58 or base85, told from words by how often the kind of their characters changes.

use std::ops::RangeInclusive;

/// Characters of 32 bytes in base85, the densest notation, with some zeros.
const SHORTEST: u32 = 38;
/// Characters of 32 bytes in base32, with some zeros.
const BASE32: u32 = 50;
/// Characters from which letters and figures without any mark are no name.
const LONG_NAME: u32 = 43;
/// As many pieces as may be of different lengths.
const FEW_PIECES: usize = 3;
/// Characters of a piece that has all kinds of them.
const LONG_PIECE: u32 = 12;
/// Characters of whole secrets: 32 bytes in base85, base64 and base58, a key of a wallet, base32; 64 bytes; an extended key.
const WHOLE: [RangeInclusive<u32>; 5] = [38..=44, 47..=53, 80..=80, 86..=88, 111..=111];
/// Characters of what may stand beside one.
const BESIDE: u32 = 8;
const LONGEST_WHOLE: u32 = 111;
/// Characters of each kind that the shortest one has: a twelfth of it.
const FEWEST_OF_KIND: u32 = 4;

/// What a piece of text is made of.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Kinds {
    length: u32,
    lower: u32,
    upper: u32,
    figures: u32,
    marks: u32,
    /// Letters that are no hexadecimal digits.
    beyond: u32,
    /// How often the kind changes from one character to the next.
    changes: u32,
    /// How often a letter follows a figure.
    inner_figures: u32,
    first: Option<Kind>,
    last: Option<Kind>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Lower,
    Upper,
    Figure,
    Mark,
}

fn kind(byte: u8) -> Kind {
    match byte {
        b'a'..=b'z' => Kind::Lower,
        b'A'..=b'Z' => Kind::Upper,
        b'0'..=b'9' => Kind::Figure,
        _ => Kind::Mark,
    }
}

/// One each, where the kind changes, and where a letter follows a figure.
fn step(last: Option<Kind>, next: Option<Kind>) -> (u32, u32) {
    let is_letter = matches!(next, Some(Kind::Lower | Kind::Upper));
    let is_change = last.is_some() && next.is_some() && last != next;
    (u32::from(is_change), u32::from(last == Some(Kind::Figure) && is_letter))
}

impl Kinds {
    pub(super) fn of(piece: &str) -> Self {
        let mut kinds = Self { length: u32::try_from(piece.len()).unwrap_or(u32::MAX), ..Self::default() };
        for byte in piece.bytes() {
            kinds.beyond += u32::from(byte.is_ascii_alphabetic() && !byte.is_ascii_hexdigit());
            let now = kind(byte);
            match now {
                Kind::Lower => kinds.lower += 1,
                Kind::Upper => kinds.upper += 1,
                Kind::Figure => kinds.figures += 1,
                Kind::Mark => kinds.marks += 1,
            }
            kinds.follow(Some(now));
            kinds.first = kinds.first.or(Some(now));
            kinds.last = Some(now);
        }
        kinds
    }

    /// Counts what it is that something of this kind comes next.
    fn follow(&mut self, next: Option<Kind>) {
        let (change, inner_figure) = step(self.last, next);
        self.changes += change;
        self.inner_figures += inner_figure;
    }

    fn and(mut self, other: Self) -> Self {
        self.follow(other.first);
        Self {
            length: self.length + other.length,
            lower: self.lower + other.lower,
            upper: self.upper + other.upper,
            figures: self.figures + other.figures,
            marks: self.marks + other.marks,
            beyond: self.beyond + other.beyond,
            changes: self.changes + other.changes,
            inner_figures: self.inner_figures + other.inner_figures,
            first: self.first.or(other.first),
            last: other.last.or(self.last),
        }
    }

    /// Both cases, and changes in at least two places of five: no words are like that. In notations with many marks the
    /// letters are fewer, and the changes more.
    fn is_random(&self) -> bool {
        let is_mixed = |of: u32| self.lower * of >= self.length && self.upper * of >= self.length;
        let changes = |least: u32| self.changes * 100 >= self.length * least;
        self.length >= SHORTEST
            && ((is_mixed(8) && changes(40)) || (is_mixed(12) && self.marks * 6 >= self.length && changes(50)))
    }

    /// Capital letters with figures among them.
    fn is_base32(&self) -> bool {
        self.length >= BASE32
            && self.lower + self.marks == 0
            && (self.figures * 100 >= self.length * 8 && self.figures * 100 <= self.length * 40)
            && self.inner_figures >= 2
    }

    /// Letters and figures in one run that is longer than any name.
    fn is_long_name(&self) -> bool {
        self.length >= LONG_NAME && self.marks == 0 && self.figures >= 4 && self.lower + self.upper >= 4
    }
}

/// Whether a word without spaces could be such a text by itself, or a part of it between the marks of a URL.
pub(super) fn is_dense(word: &str) -> bool {
    let is_of_base64 = |character: char| character.is_ascii_alphanumeric() || "+/_-".contains(character);
    let is_any = |kinds: Kinds| kinds.is_random() || kinds.is_base32() || kinds.is_long_name();
    let is_long = |text: &str| u32::try_from(text.len()).is_ok_and(|length| length >= SHORTEST);
    let is_part = |part: &str| is_long(part) && is_any(Kinds::of(part));
    is_long(word)
        && word.bytes().all(|byte| byte.is_ascii_graphic())
        && (is_part(word)
            || word.split(|character| !is_of_base64(character)).any(is_part)
            || word.split(|character: char| !character.is_ascii_alphanumeric()).any(is_part))
}

/// Pieces in a row that are one such text together, with little like them beside: where it begins and ends. None is empty.
pub(super) fn window(pieces: &[Kinds]) -> Option<(usize, usize)> {
    let sums = Sums::of(pieces);
    // What is beside it would be too much wherever it stands.
    if sums.mixed_among(0, pieces.len())? > LONGEST_WHOLE + BESIDE {
        return None;
    }
    let (mut nearest, mut farthest) = (0, 0);
    (0..pieces.len()).find_map(|from| {
        // Both only move on.
        let is_short = |end: usize, length: u32| sums.length_among(from, end).is_some_and(|sum| sum <= length);
        nearest = nearest.max(from + 2);
        while is_short(nearest, SHORTEST - 1) {
            nearest += 1;
        }
        farthest = farthest.max(from);
        while is_short(farthest + 1, LONGEST_WHOLE) {
            farthest += 1;
        }
        if nearest > farthest || !sums.among(from, farthest)?.could_have_one() {
            return None;
        }
        let is_one = |end: &usize| sums.length_among(from, *end).is_some_and(is_whole) && sums.is_text(from, *end);
        (nearest..=farthest).find(is_one).map(|end| (from, end - 1))
    })
}

/// Sums over the pieces before each place: so that what any row of them is made of costs the same, however long it is.
struct Sums<'a> {
    pieces: &'a [Kinds],
    all: Vec<Kinds>,
    /// Characters of mixed pieces.
    mixed: Vec<u32>,
}

impl<'a> Sums<'a> {
    fn of(pieces: &'a [Kinds]) -> Self {
        let (mut all, mut mixed) = (Vec::with_capacity(pieces.len() + 1), Vec::with_capacity(pieces.len() + 1));
        let (mut sum, mut mixed_sum) = (Kinds::default(), 0);
        all.push(sum);
        mixed.push(mixed_sum);
        for piece in pieces {
            sum = sum.and(*piece);
            mixed_sum += if piece.is_mixed() { piece.length } else { 0 };
            all.push(sum);
            mixed.push(mixed_sum);
        }
        Self { pieces, all, mixed }
    }

    fn length_among(&self, from: usize, end: usize) -> Option<u32> {
        Some(self.all.get(end)?.length - self.all.get(from)?.length)
    }

    fn mixed_among(&self, from: usize, end: usize) -> Option<u32> {
        Some(self.mixed.get(end)? - self.mixed.get(from)?)
    }

    /// The pieces from one place to before another as one text.
    fn among(&self, from: usize, end: usize) -> Option<Kinds> {
        let (before, all) = (self.all.get(from)?, self.all.get(end)?);
        // That the first of them followed another one is not of these.
        let (change, inner_figure) = step(before.last, self.pieces.get(from)?.first);
        Some(Kinds {
            length: all.length - before.length,
            lower: all.lower - before.lower,
            upper: all.upper - before.upper,
            figures: all.figures - before.figures,
            marks: all.marks - before.marks,
            beyond: all.beyond - before.beyond,
            changes: all.changes - before.changes - change,
            inner_figures: all.inner_figures - before.inner_figures - inner_figure,
            first: self.pieces.get(from)?.first,
            last: all.last,
        })
    }

    /// Whether those pieces, which are as long as a whole one, are one text.
    fn is_text(&self, from: usize, end: usize) -> bool {
        let Some(sum) = self.among(from, end).filter(Kinds::could_be_cut) else { return false };
        let beside = self.mixed_among(0, from).zip(self.mixed_among(end, self.pieces.len()));
        #[cfg(test)]
        tests::JUDGED.set(tests::JUDGED.get() + 1);
        beside.is_some_and(|(before, after)| before + after <= BESIDE)
            && self.pieces.get(from..end).is_some_and(|taken| sum.is_cut(taken))
    }
}

/// Whether a text is as long as whole secrets are.
fn is_whole(length: u32) -> bool {
    WHOLE.iter().any(|whole| whole.contains(&length))
}

impl Kinds {
    /// Whether any row of the pieces that make this could be one: each kind of them needs so many of these.
    fn could_have_one(&self) -> bool {
        let are_few = |count: u32| count < FEWEST_OF_KIND;
        let has_both_cases = !(are_few(self.upper) || are_few(self.lower) && are_few(self.figures));
        has_both_cases || !(are_few(self.figures) || are_few(self.beyond))
    }

    /// Whether the text that pieces make could be one, whatever the pieces are.
    fn could_be_cut(&self) -> bool {
        self.is_random() || self.is_base32() || self.is_of_one_case()
    }

    /// Whether pieces are of one text that makes these: cut into equal ones, but for the last, or into few, or none is a word.
    fn is_cut(&self, pieces: &[Self]) -> bool {
        let is_random = self.is_random() || self.is_base32();
        let (last, others) = pieces.split_last().unwrap_or((self, &[]));
        let first = others.first().map_or(last.length, |first| first.length);
        let is_equal = last.length <= first && others.iter().all(|piece| piece.length == first);
        let words: u32 = pieces.iter().filter(|piece| !piece.is_mixed()).map(|piece| piece.length).sum();
        if pieces.len() <= FEW_PIECES {
            // A name of a product or a version has hardly any small letters, or capitals.
            let is_dense = |piece: &Self| {
                piece.length < LONG_PIECE || (piece.lower * 10 >= piece.length && piece.upper * 10 >= piece.length)
            };
            (is_random && pieces.iter().all(is_dense)) || (self.is_of_one_case() && words * 4 <= self.length)
        } else if is_equal {
            is_random || self.is_of_one_case()
        } else {
            is_random && words * 5 <= self.length * 2
        }
    }

    /// Small letters or capitals with figures among them, as in base36.
    fn is_of_one_case(&self) -> bool {
        (self.lower == 0 || self.upper == 0)
            && self.marks == 0
            && (47..=53).contains(&self.length)
            && self.beyond * 4 >= self.length
            && (8..=45).contains(&(self.figures * 100 / self.length))
            && (15..=70).contains(&(self.changes * 100 / self.length))
    }

    /// Whether a piece is no word, no number and no abbreviation.
    pub(super) fn is_mixed(&self) -> bool {
        let letters = self.lower + self.upper;
        (letters > 0 && self.figures > 0) || (self.upper > 1 && self.lower > 0) || (self.upper == 1 && self.changes > 1)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use proptest::prelude::*;

    use super::*;

    thread_local! {
        /// How many rows of pieces were looked at one by one.
        pub(super) static JUDGED: Cell<usize> = const { Cell::new(0) };
    }

    /// The rule as it reads, row by row.
    fn plain_window(pieces: &[Kinds]) -> Option<(usize, usize)> {
        let mixed =
            |pieces: &[Kinds]| pieces.iter().filter(|piece| piece.is_mixed()).map(|piece| piece.length).sum::<u32>();
        (0..pieces.len()).find_map(|from| {
            (from + 1..pieces.len()).find_map(|to| {
                let taken = &pieces[from..=to];
                let sum = taken.iter().fold(Kinds::default(), |sum, piece| sum.and(*piece));
                let is_one = is_whole(sum.length) && mixed(pieces) - mixed(taken) <= BESIDE && sum.is_cut(taken);
                is_one.then_some((from, to))
            })
        })
    }

    proptest! {
        #[test]
        fn sums_say_what_every_row_of_pieces_says(
            key in "[A-Za-z0-9+/]{36,46}|[A-Z2-7]{50,54}|[a-z0-9]{47,53}|[0-9a-f]{64}",
            size in 1_usize..24,
            before in prop::collection::vec("[a-z]{1,9}|[0-9]{1,3}|[a-zA-Z0-9]{1,4}", 0..4),
            after in prop::collection::vec("[a-z]{1,9}|[0-9]{1,3}", 0..4),
        ) {
            let cut = key.as_bytes().chunks(size).map(|piece| std::str::from_utf8(piece).unwrap());
            let all = before.iter().map(String::as_str).chain(cut).chain(after.iter().map(String::as_str));
            let pieces: Vec<Kinds> = all.map(Kinds::of).collect();
            prop_assert_eq!(window(&pieces), plain_window(&pieces));
        }
    }

    #[test]
    fn of_many_short_pieces_hardly_any_row_is_looked_at_one_by_one() {
        for texts in
            [&["https", "a", "b", "c", "d=e"][..], &["25"], &["u005c"], &["x", "Y", "zz"], &["a1", "B"], &["A", "7"]]
        {
            let pieces: Vec<Kinds> = texts.iter().cycle().take(10_000).map(|text| Kinds::of(text)).collect();
            let before = JUDGED.get();
            assert_eq!(window(&pieces), None, "{texts:?}");
            let judged = JUDGED.get() - before;
            assert!(judged <= pieces.len() * 20, "{texts:?}: {judged}");
        }
    }
}
