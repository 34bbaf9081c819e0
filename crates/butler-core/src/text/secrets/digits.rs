//! Digits that could be a 32-byte scalar: hexadecimal and decimal, in one run or in pieces.

use std::collections::VecDeque;

use super::numbers::{Notation, Piece, Row, is_hexadecimal};

/// Digits of the longest run of hexadecimal digits that is public without a proof: those of an address.
pub(super) const ADDRESS: usize = 40;
/// Hexadecimal digits of a scalar.
const SCALAR: usize = 64;
/// Digits of a piece that is a number of its own.
const LONGEST_NUMBER: usize = 16;
/// The most pieces of a scalar with a piece that is longer than that.
const MOST_PIECES: usize = 8;
/// Figures in a row that are hardly a piece of a hexadecimal number.
const MANY_FIGURES: u32 = 8;

/// A run of letters and figures that is a number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token {
    /// Its hexadecimal value, where it is short.
    hexadecimal: Option<u128>,
    /// Its decimal value, where it has one.
    decimal: Option<u128>,
    length: usize,
    letters: u32,
    /// Whether capitals and small letters stand in it, as in an address with a checksum.
    is_mixed: bool,
}

/// What a run of letters and figures is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Run {
    /// It could be a scalar by itself.
    Scalar,
    Number(Token),
    Other,
}

/// Looks at a run of letters and figures.
pub(super) fn look(run: &str) -> Run {
    let prefixed = run.strip_prefix("0x").or_else(|| run.strip_prefix("0X")).or_else(|| run.strip_prefix('x'));
    let digits = prefixed.unwrap_or(run);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        let is_any_scalar = run.split(|digit: char| !digit.is_ascii_hexdigit()).any(is_scalar);
        return if is_any_scalar { Run::Scalar } else { Run::Other };
    }
    if is_scalar(digits) {
        return Run::Scalar;
    }
    let letters = u32::try_from(digits.bytes().filter(u8::is_ascii_alphabetic).count()).unwrap_or(u32::MAX);
    let hexadecimal = (digits.len() <= LONGEST_NUMBER).then(|| u128::from_str_radix(digits, 16).ok()).flatten();
    // The longest half of a key has 39 digits, and may be a little more than fits.
    let half = || (digits.len() == 39).then_some(u128::MAX);
    let decimal = if letters == 0 && prefixed.is_none() { digits.parse().ok().or_else(half) } else { None };
    let capitals = digits.bytes().any(|byte| byte.is_ascii_uppercase());
    let is_mixed = capitals && digits.bytes().any(|byte| byte.is_ascii_lowercase());
    Run::Number(Token { hexadecimal, decimal, length: digits.len(), letters, is_mixed })
}

/// Whether a run has more digits than an address, and is not zero. No amount needs as many either.
fn is_scalar(digits: &str) -> bool {
    digits.len() > ADDRESS && digits.bytes().any(|byte| byte != b'0')
}

impl Token {
    /// A number of JSON.
    pub(super) fn number(value: u128) -> Self {
        Self { hexadecimal: None, decimal: Some(value), length: 0, letters: 0, is_mixed: false }
    }

    /// Whether it is as long as an address.
    pub(super) fn is_address(&self) -> bool {
        self.length == ADDRESS
    }

    /// Whether it is written like an address: nobody writes a piece of a key in capitals and small letters.
    pub(super) fn is_checksummed(&self) -> bool {
        self.length == ADDRESS && self.is_mixed
    }
}

/// The numbers of a row, in each notation.
#[derive(Debug)]
pub(super) struct Digits {
    decimal: Row,
    hexadecimal: Row,
    /// Limbs of which some are hexadecimal texts and some are numbers.
    mixed: Row,
    /// The last hexadecimal numbers, however long.
    long: VecDeque<Piece>,
}

impl Default for Digits {
    fn default() -> Self {
        Self {
            decimal: Row::new(Notation::Decimal),
            hexadecimal: Row::new(Notation::Hexadecimal),
            mixed: Row::new(Notation::Decimal),
            long: VecDeque::new(),
        }
    }
}

impl Digits {
    /// Adds a number. Where the row up to it ends in a key, the place where that begins.
    pub(super) fn push(&mut self, token: Token, at: usize) -> Option<usize> {
        let length = u32::try_from(token.length).unwrap_or(u32::MAX);
        let piece = |value| Piece { value, letters: token.letters, figures: length.saturating_sub(token.letters), at };
        let decimal = token.decimal.and_then(|value| self.decimal.push(piece(value)));
        let hexadecimal = token.hexadecimal.and_then(|value| self.hexadecimal.push(piece(value)));
        let either = token.decimal.or(token.hexadecimal);
        let mixed = either.and_then(|value| self.mixed.push(piece(value)));
        let long = if token.length == 0 { None } else { self.push_long(piece(0)) };
        decimal.or(hexadecimal).or(mixed).or(long)
    }

    /// Pieces that are a scalar together: any in one text or list, and else a few of which one is too long for a number.
    fn push_long(&mut self, piece: Piece) -> Option<usize> {
        self.long.push_front(piece);
        self.long.truncate(SCALAR);
        let (mut sum, mut longest, mut is_dated) = (0, 0, false);
        let (mut is_listed, mut after) = (true, piece.at);
        for (count, first) in (1..).zip(&self.long) {
            let length = usize::try_from(first.letters + first.figures).unwrap_or(usize::MAX);
            sum += length;
            longest = longest.max(length);
            // No name stands between the values of a list.
            is_listed &= after.saturating_sub(first.at) <= 1;
            after = first.at;
            is_dated |= first.letters == 0 && first.figures >= MANY_FIGURES;
            if sum > SCALAR {
                return None;
            }
            let is_cut = count <= MOST_PIECES && longest > LONGEST_NUMBER && !is_dated;
            if sum == SCALAR && (is_listed || is_cut) && is_hexadecimal(self.long.iter().take(count)) {
                return Some(first.at);
            }
        }
        None
    }
}
