//! Random bytes in base64, base32, base58 or base85, told from words by how often the kind of their characters changes.

use std::ops::RangeInclusive;

/// Characters of 32 bytes in base85, the densest notation, with some zeros.
const SHORTEST: usize = 38;
/// Characters of 32 bytes in base32, with some zeros.
const BASE32: usize = 50;
/// Characters from which letters and figures without any mark are no name.
const LONG_NAME: usize = 43;
/// As many pieces as may be of different lengths.
const FEW_PIECES: usize = 3;
/// Characters of a piece that has all kinds of them.
const LONG_PIECE: usize = 12;
/// Characters of whole secrets: 32 bytes in base85, base64 and base58, a key of a wallet, base32; 64 bytes; an extended key.
const WHOLE: [RangeInclusive<usize>; 5] = [38..=44, 47..=53, 80..=80, 86..=88, 111..=111];
/// Characters of what may stand beside one.
const BESIDE: usize = 8;
const LONGEST_WHOLE: usize = 111;

/// What a piece of text is made of.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Kinds {
    length: usize,
    lower: usize,
    upper: usize,
    figures: usize,
    marks: usize,
    /// Letters that are no hexadecimal digits.
    beyond: usize,
    /// How often the kind changes from one character to the next.
    changes: usize,
    /// How often a letter follows a figure.
    inner_figures: usize,
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

impl Kinds {
    pub(super) fn of(piece: &str) -> Self {
        let beyond = piece.bytes().filter(|byte| byte.is_ascii_alphabetic() && !byte.is_ascii_hexdigit()).count();
        let mut kinds = Self { length: piece.len(), beyond, ..Self::default() };
        for now in piece.bytes().map(kind) {
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
        self.changes += usize::from(self.last.is_some() && next.is_some() && self.last != next);
        let is_letter = matches!(next, Some(Kind::Lower | Kind::Upper));
        self.inner_figures += usize::from(self.last == Some(Kind::Figure) && is_letter);
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
        let is_mixed = |of: usize| self.lower * of >= self.length && self.upper * of >= self.length;
        let changes = |least: usize| self.changes * 100 >= self.length * least;
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
    let is_part = |part: &str| part.len() >= SHORTEST && is_any(Kinds::of(part));
    word.len() >= SHORTEST
        && word.bytes().all(|byte| byte.is_ascii_graphic())
        && (is_part(word)
            || word.split(|character| !is_of_base64(character)).any(is_part)
            || word.split(|character: char| !character.is_ascii_alphanumeric()).any(is_part))
}

/// Pieces in a row that are one such text together, with little like them beside: where it begins and ends.
pub(super) fn window(pieces: &[Kinds]) -> Option<(usize, usize)> {
    let mixed =
        |pieces: &[Kinds]| pieces.iter().filter(|piece| piece.is_mixed()).map(|piece| piece.length).sum::<usize>();
    let all = mixed(pieces);
    (0..pieces.len()).find_map(|from| {
        let mut sum = Kinds::default();
        for to in from..pieces.len() {
            sum = sum.and(*pieces.get(to)?);
            if sum.length > LONGEST_WHOLE {
                return None;
            }
            let taken = pieces.get(from..=to)?;
            let is_whole = to > from && is_whole(sum.length) && all - mixed(taken) <= BESIDE;
            if is_whole && sum.is_cut(taken) {
                return Some((from, to));
            }
        }
        None
    })
}

/// Whether a text is as long as whole secrets are.
fn is_whole(length: usize) -> bool {
    WHOLE.iter().any(|whole| whole.contains(&length))
}

impl Kinds {
    /// Whether pieces are of one text that makes these: cut into equal ones, but for the last, or into few, or none is a word.
    fn is_cut(&self, pieces: &[Self]) -> bool {
        let is_random = self.is_random() || self.is_base32();
        let (last, others) = pieces.split_last().unwrap_or((self, &[]));
        let first = others.first().map_or(last.length, |first| first.length);
        let is_equal = last.length <= first && others.iter().all(|piece| piece.length == first);
        let words: usize = pieces.iter().filter(|piece| !piece.is_mixed()).map(|piece| piece.length).sum();
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
