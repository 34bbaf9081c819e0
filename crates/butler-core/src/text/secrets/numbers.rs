//! Numbers that together are a private key: its bytes, its limbs, or pieces of its decimal or hexadecimal digits.
//!
//! A scalar of 256 bits that is cut into `n` numbers gives numbers of `256 / n` bits that lie anywhere in their range and
//! in no order. Counters, ids, dates, amounts in round figures and small figures are not like that; and where more of them
//! stand together than a key has pieces, no few of these are one.

/// Bits of a private key.
const KEY_BITS: u32 = 256;
/// The most numbers that are limbs; more are digits of some base.
const MOST_LIMBS: usize = 10;
/// Bits of what may stand beside a key: a number of its own, a length, a version.
const BITS_BESIDE: u32 = 40;
/// How many numbers a key is in bytes, and how many may stand beside them.
const BYTES: usize = 32;
const BYTES_BESIDE: usize = 8;
/// The most keys whose bytes are looked for in one list.
const MOST_KEYS: usize = 4;

/// A number and where it stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece {
    pub(super) value: u128,
    /// How many digits of its notation are letters, and how many are not.
    pub(super) letters: u32,
    pub(super) figures: u32,
    pub(super) at: usize,
}

/// How numbers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Notation {
    Decimal,
    Hexadecimal,
}

/// Numbers in a row that are a key, with few others beside them: where it begins and ends.
pub(super) fn key_of(pieces: &[Piece], notation: Notation) -> Option<(usize, usize)> {
    // Nobody's key has a piece like an amount.
    let is_amount = |piece: &Piece| notation == Notation::Decimal && is_round(piece.value);
    let pieces: Vec<Piece> = pieces.iter().filter(|piece| !is_amount(piece)).copied().collect();
    limbs(&pieces, notation).or_else(|| bytes(&pieces, notation))
}

fn limbs(pieces: &[Piece], notation: Notation) -> Option<(usize, usize)> {
    let sum_of = |pieces: &[Piece]| pieces.iter().map(|piece| bits(piece.value)).fold(0, u32::saturating_add);
    let widest_of = |pieces: &[Piece]| pieces.iter().map(|piece| bits(piece.value)).max().unwrap_or_default();
    let all = sum_of(pieces);
    if all > KEY_BITS + BITS_BESIDE || u32::try_from(MOST_LIMBS).is_ok_and(|count| all < fewest_bits(count)) {
        return None;
    }
    let is_key = |(from, window): &(usize, &[Piece])| {
        let Ok(count) = u32::try_from(window.len()) else { return false };
        let (sum, widest) = (sum_of(window), widest_of(window));
        let before = pieces.get(..*from).unwrap_or_default();
        let after = pieces.get(from + window.len()..).unwrap_or_default();
        // Another one of the same size makes all of them something else.
        let beside = widest_of(before).max(widest_of(after));
        beside <= widest.div_ceil(2)
            && widest <= KEY_BITS.div_ceil(count) + 1
            && sum >= fewest_bits(count)
            && all - sum <= BITS_BESIDE
            && is_random(window, count, notation)
    };
    let windows = (2..=MOST_LIMBS).flat_map(|count| pieces.windows(count).enumerate());
    windows.filter(|window| is_key(window)).find_map(|(_, window)| ends(window))
}

/// Bytes of one key with few numbers beside them, or of several keys and nothing else.
fn bytes(pieces: &[Piece], notation: Notation) -> Option<(usize, usize)> {
    let is_key = |window: &&[Piece]| {
        let Ok(count) = u32::try_from(window.len()) else { return false };
        let sum: u32 = window.iter().map(|piece| bits(piece.value)).sum();
        window.iter().all(|piece| bits(piece.value) <= u8::BITS)
            && sum >= fewest_bits(count)
            && is_random(window, count, notation)
    };
    let is_of_keys = pieces.len().is_multiple_of(BYTES) && pieces.len() <= BYTES * MOST_KEYS;
    if (BYTES..=BYTES + BYTES_BESIDE).contains(&pieces.len()) {
        pieces.windows(BYTES).find(is_key).and_then(ends)
    } else if is_of_keys {
        pieces.chunks(BYTES).find(is_key).and_then(ends)
    } else {
        None
    }
}

/// Whether bytes have those of a key among them.
pub(super) fn are_bytes_of_key(bytes: &[u8]) -> bool {
    let piece = |(at, byte): (usize, &u8)| Piece { value: u128::from(*byte), letters: 0, figures: 1, at };
    let pieces: Vec<Piece> = bytes.iter().enumerate().map(piece).collect();
    let is_key = |window: &[Piece]| {
        let sum: u32 = window.iter().map(|piece| bits(piece.value)).sum();
        sum >= fewest_bits(32) && is_random(window, 32, Notation::Decimal)
    };
    pieces.windows(BYTES).any(is_key)
}

fn ends(window: &[Piece]) -> Option<(usize, usize)> {
    Some((window.first()?.at, window.last()?.at))
}

/// Whether numbers look like pieces of something random.
fn is_random(pieces: &[Piece], count: u32, notation: Notation) -> bool {
    let values = || pieces.iter().map(|piece| piece.value);
    let (most, least) = extremes(values().collect(), count);
    let spread = if most < 100 { (most - least) * 100 / most.max(1) } else { (most - least) / (most / 100) };
    let widest = match count {
        0..=3 => 0,
        4..=6 => 10,
        7..=10 => 20,
        _ => 40,
    };
    let shapes = pieces.iter().map(|piece| (piece.letters, piece.figures));
    if spread < widest || (notation == Notation::Hexadecimal && !is_hexadecimal(shapes)) {
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
    let outside = usize::from(count > 8);
    let least = values.get(outside).copied().unwrap_or_default();
    (values.iter().rev().nth(outside).copied().unwrap_or_default(), least)
}

fn bits(value: u128) -> u32 {
    u128::BITS - value.leading_zeros()
}

fn is_turn(three: &[u128]) -> bool {
    matches!(three, [before, middle, after] if (middle > before) != (after > middle))
}

/// Whether the figures among random hexadecimal digits, given as letters and figures of each piece, are as many as they should
/// be: five of eight, never all, never few.
pub(super) fn is_hexadecimal(pieces: impl Iterator<Item = (u32, u32)>) -> bool {
    let (letters, figures) = pieces.fold((0, 0), |(letters, figures), piece| (letters + piece.0, figures + piece.1));
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
        let pieces = (0..).zip(values).map(|(at, value)| Piece { value, letters: 0, figures: 1, at });
        key_of(&pieces.collect::<Vec<_>>(), Notation::Decimal).is_some()
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
