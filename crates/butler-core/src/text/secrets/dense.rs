//! Random bytes in base64, base32, base58 or base85, told from words by how often the kind of their characters changes.

use std::collections::VecDeque;

/// Characters of 32 bytes in base85, the densest notation.
const SHORTEST: usize = 40;
/// Characters of 32 bytes in base32.
const BASE32: usize = 52;
/// Characters from which letters and figures without any mark are no name.
const LONG_NAME: usize = 43;
/// The shortest piece that says something.
const SHORTEST_PIECE: usize = 4;
/// The most pieces of one secret.
const MOST_PIECES: usize = 16;
/// As many pieces as may be of different lengths.
const FEW_PIECES: usize = 3;
/// Characters of whole secrets: 32 bytes in base85, base64 and base58, a key of a wallet, base32; 64 bytes; an extended key.
const WHOLE: [usize; 9] = [40, 43, 44, 51, 52, 80, 86, 88, 111];
const LONGEST_WHOLE: usize = 111;

/// What a piece of text is made of.
#[derive(Debug, Clone, Copy, Default)]
struct Kinds {
    length: usize,
    lower: usize,
    upper: usize,
    figures: usize,
    marks: usize,
    /// How often the kind changes from one character to the next.
    changes: usize,
    /// How often a letter follows a figure.
    inner_figures: usize,
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
    fn of(piece: &str) -> Self {
        let mut kinds = Self { length: piece.len(), ..Self::default() };
        let mut before = None;
        for now in piece.bytes().map(kind) {
            match now {
                Kind::Lower => kinds.lower += 1,
                Kind::Upper => kinds.upper += 1,
                Kind::Figure => kinds.figures += 1,
                Kind::Mark => kinds.marks += 1,
            }
            kinds.changes += usize::from(before.is_some_and(|before| before != now));
            kinds.inner_figures +=
                usize::from(before == Some(Kind::Figure) && matches!(now, Kind::Lower | Kind::Upper));
            before = Some(now);
        }
        kinds
    }

    fn and(self, other: Self) -> Self {
        Self {
            length: self.length + other.length,
            lower: self.lower + other.lower,
            upper: self.upper + other.upper,
            figures: self.figures + other.figures,
            marks: self.marks + other.marks,
            changes: self.changes + other.changes,
            inner_figures: self.inner_figures + other.inner_figures,
        }
    }

    /// Both cases, and changes in at least two places of five: no words are like that. In notations with many marks the
    /// letters are fewer, and the changes more.
    fn is_random(&self) -> bool {
        let is_mixed = |of: usize| self.lower * of >= self.length && self.upper * of >= self.length;
        let changes = |least: usize| self.changes * 100 >= self.length * least;
        self.length >= SHORTEST
            && ((is_mixed(8) && changes(40)) || (is_mixed(20) && self.marks * 6 >= self.length && changes(55)))
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

/// The last pieces of a row.
#[derive(Debug, Default)]
pub(super) struct Dense {
    last: VecDeque<(Kinds, usize)>,
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

impl Dense {
    /// Adds a piece without spaces. Where the row up to it ends in a secret, the place where that begins.
    pub(super) fn push(&mut self, piece: &str, at: usize) -> Option<usize> {
        let piece = piece.trim_end_matches('=');
        if piece.len() < SHORTEST_PIECE || !piece.bytes().all(|byte| byte.is_ascii_graphic()) {
            self.last.clear();
            return None;
        }
        self.last.push_front((Kinds::of(piece), at));
        self.last.truncate(MOST_PIECES);
        let mut all = Kinds::default();
        for (count, (kinds, at)) in (1..).zip(&self.last) {
            all = all.and(*kinds);
            if all.length > LONGEST_WHOLE {
                return None;
            }
            let is_whole = WHOLE.contains(&all.length) && (all.is_random() || all.is_base32());
            if count > 1 && is_whole && self.is_cut(count) {
                return Some(*at);
            }
        }
        None
    }

    /// Whether the last pieces are of one text: cut into equal ones, but for the last, or into very few.
    fn is_cut(&self, count: usize) -> bool {
        let mut lengths = self.last.iter().take(count).map(|(kinds, _)| kinds.length);
        let last = lengths.next().unwrap_or_default();
        let first = lengths.next().unwrap_or_default();
        count <= FEW_PIECES || (last <= first && lengths.all(|length| length == first))
    }
}
