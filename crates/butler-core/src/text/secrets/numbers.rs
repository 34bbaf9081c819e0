//! Numbers in a row that together are a private key: its bytes, its limbs, or pieces of its decimal or hexadecimal digits.
//!
//! A scalar of 256 bits that is cut into `n` numbers gives numbers of `256 / n` bits that lie anywhere in their range and
//! in no order. Counters, ids, dates, amounts in round figures and small figures are not like that.

use std::collections::VecDeque;

/// Bits of a private key.
const KEY_BITS: u32 = 256;
/// The most numbers that a key is cut into: its bytes.
const MOST_NUMBERS: u32 = 32;
/// As many numbers as are so large that others, such as amounts, look like them unless they stand together.
const FEW: u32 = 10;
/// How many values and names there are for each number of such a few that stand together: names, and marks between them.
const TOGETHER: usize = 3;

/// The most limbs of a key in the usual sizes.
const MOST_OF_LIMBS: u32 = 8;
/// How many numbers are a moment.
const A_MOMENT: usize = 8;
/// How many of so many random numbers were there a moment before, at most: of bytes one or two are.
const MOST_AGAIN: usize = 12;

/// A number and where it stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece {
    pub(super) value: u128,
    /// How many digits of its notation are letters, and how many are not.
    pub(super) letters: u32,
    pub(super) figures: u32,
    pub(super) at: usize,
}

/// How the numbers of a row are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Notation {
    #[default]
    Decimal,
    Hexadecimal,
}

/// The last numbers of a row, the newest first.
#[derive(Debug, Default)]
pub(super) struct Row {
    notation: Notation,
    /// With whether it was there a moment before.
    last: VecDeque<(Piece, bool)>,
    /// The bits of all of these.
    bits: u32,
    /// How many of these were there a moment before.
    again: usize,
}

impl Row {
    pub(super) fn new(notation: Notation) -> Self {
        Self { notation, ..Self::default() }
    }

    /// Adds a number. Where the row up to it ends in a key, the place where that begins.
    pub(super) fn push(&mut self, piece: Piece) -> Option<usize> {
        if self.notation == Notation::Decimal && is_round(piece.value) {
            // Nobody's key has a piece like this.
            *self = Self::new(self.notation);
            return None;
        }
        let is_again = self.last.iter().take(A_MOMENT).any(|(before, _)| before.value == piece.value);
        self.last.push_front((piece, is_again));
        self.bits += bits(piece.value);
        self.again += usize::from(is_again);
        if self.last.len() > usize::try_from(MOST_NUMBERS).unwrap_or(usize::MAX)
            && let Some((oldest, was_again)) = self.last.pop_back()
        {
            self.bits -= bits(oldest.value);
            self.again -= usize::from(was_again);
        }
        // Long rows of small numbers or of the same ones are common, and no part of one has enough bits or is random.
        if self.bits < fewest_bits(MOST_NUMBERS) || self.again > MOST_AGAIN { None } else { self.find() }
    }

    fn find(&self) -> Option<usize> {
        let (mut sum, mut widest) = (0, 0);
        for (count, (piece, _)) in (1..).zip(&self.last) {
            sum += bits(piece.value);
            widest = widest.max(bits(piece.value));
            // More numbers have fewer bits each.
            if widest > KEY_BITS.div_ceil(count) + 1 {
                return None;
            }
            let newest = self.last.front().map_or(piece.at, |(newest, _)| newest.at);
            let is_together =
                newest.saturating_sub(piece.at) <= TOGETHER * usize::try_from(count).unwrap_or(usize::MAX);
            // Many that stand far from each other are a counter of each entry, unless they are bytes or pairs of them.
            let is_cut = match self.notation {
                Notation::Decimal => count > FEW && (count == MOST_NUMBERS || count * 2 == MOST_NUMBERS),
                Notation::Hexadecimal => count > FEW,
            };
            let is_key = count > 1 && sum >= fewest_bits(count) && (is_cut || is_together);
            if is_key && self.is_random(count) {
                return Some(piece.at);
            }
        }
        None
    }

    /// Whether the last numbers look like pieces of something random.
    fn is_random(&self, count: u32) -> bool {
        let pieces = || self.last.iter().zip(0..count).map(|((piece, _), _)| piece);
        let values = || pieces().map(|piece| piece.value);
        let (most, least) = extremes(values().collect(), count);
        let spread = if most < 100 { (most - least) * 100 / most.max(1) } else { (most - least) / (most / 100) };
        let widest = match count {
            0..=3 => 0,
            4..=6 => 10,
            7..=10 => 20,
            _ => 40,
        };
        if spread < widest || (self.notation == Notation::Hexadecimal && !is_hexadecimal(pieces())) {
            return false;
        }
        let mut values: Vec<u128> = values().collect();
        let all = values.len();
        if values.iter().filter(|value| is_time(**value)).count() * 4 >= all * 3 {
            return false;
        }
        let turns = values.windows(3).filter(|three| is_turn(three)).count();
        values.sort_unstable();
        let most = values.last().copied().unwrap_or_default();
        values.dedup();
        match count {
            0..=7 => true,
            8..=15 => turns > 0,
            _ => {
                // One of so many is in the upper half of what they may be.
                let half = 1_u128.checked_shl(KEY_BITS.div_ceil(count) - 1).unwrap_or(u128::MAX);
                most >= half && values.len() * 10 >= all * 6 && turns * 4 >= all
            }
        }
    }
}

/// A negative number as its bits are without a sign, in as many bytes as it needs: one of a key's bytes or limbs.
pub(crate) fn unsigned(value: i64) -> u64 {
    if value >= i64::from(i8::MIN) {
        u64::from(u8::from_ne_bytes(i8::try_from(value).unwrap_or_default().to_ne_bytes()))
    } else if value >= i64::from(i16::MIN) {
        u64::from(u16::from_ne_bytes(i16::try_from(value).unwrap_or_default().to_ne_bytes()))
    } else if value >= i64::from(i32::MIN) {
        u64::from(u32::from_ne_bytes(i32::try_from(value).unwrap_or_default().to_ne_bytes()))
    } else {
        u64::from_ne_bytes(value.to_ne_bytes())
    }
}

/// The bits that this many random numbers have at least, all but never fewer.
fn fewest_bits(count: u32) -> u32 {
    // On average each lacks one bit, and the deviation of the sum is 1.4 times the root: it is allowed four times.
    KEY_BITS.saturating_sub(count).saturating_sub((count * 36).isqrt())
}

/// The largest and the smallest number; of many the second ones, since a single other number may stand beside a counter.
fn extremes(mut values: Vec<u128>, count: u32) -> (u128, u128) {
    values.sort_unstable();
    let outside = usize::from(count > MOST_OF_LIMBS);
    let least = values.get(outside).copied().unwrap_or_default();
    (values.iter().rev().nth(outside).copied().unwrap_or_default(), least)
}

fn bits(value: u128) -> u32 {
    u128::BITS - value.leading_zeros()
}

fn is_turn(three: &[u128]) -> bool {
    matches!(three, [before, middle, after] if (middle > before) != (after > middle))
}

/// Whether the figures among random hexadecimal digits are as many as they should be: five of eight, never all, never few.
pub(super) fn is_hexadecimal<'a>(pieces: impl Iterator<Item = &'a Piece>) -> bool {
    let (letters, figures) =
        pieces.fold((0, 0), |(letters, figures), piece| (letters + piece.letters, figures + piece.figures));
    let all = letters + figures;
    figures * 100 >= all * 38 && figures * 100 <= all * 87
}

/// Amounts are: a million times something.
fn is_round(value: u128) -> bool {
    value > 0 && value.is_multiple_of(1_000_000)
}

/// Seconds, milliseconds, microseconds or nanoseconds since 1970, of the years from 2009 to 2040.
fn is_time(value: u128) -> bool {
    let seconds = 1_230_000_000_u128..2_210_000_000;
    [1, 1_000, 1_000_000, 1_000_000_000].iter().any(|unit| seconds.contains(&(value / unit)) && value >= *unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_key(values: impl IntoIterator<Item = u128>) -> bool {
        let mut row = Row::new(Notation::Decimal);
        (0..).zip(values).any(|(at, value)| row.push(Piece { value, letters: 0, figures: 1, at }).is_some())
    }

    #[test]
    fn counters_times_and_round_figures_are_no_key() {
        let time = 1_764_000_000_000_u128;
        assert!(!is_key(1..500));
        assert!(!is_key(1_000..1_100));
        assert!(!is_key((0..40).map(|n| time + n * 86_400_123 % 1_000_000_007)));
        assert!(!is_key((0..60).flat_map(|n| [n, 100, time + n * 77_777])));
        assert!(!is_key((0..60).map(|n| (n * 7_919 % 1_000 + 100) * 1_000_000_000_000_000_000)));
        assert!(!is_key((0..200).map(|n| 90 + n * 7 % 11)));
        assert!(!is_key((0..200).map(|n| n * 7 % 5)));
        assert!(!is_key((60..120).chain(60..120)));
    }
}
