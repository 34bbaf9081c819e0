//! A key written as its digits in some base, one by one: bits, nibbles, decimal digits, bytes, letters of base 58.
//!
//! How many digits there are and how large the largest is tells the base; random digits are spread evenly, change from one to
//! the next, and have no period. A list of as many counters, percents or switches seldom has all of that.

use std::collections::BTreeSet;

/// Fewer digits are limbs.
const FEWEST: usize = 11;
/// As many as a key has bits, and a few more.
const MOST: usize = 265;
const KEY_BITS: f64 = 256.0;
/// Bases in which somebody writes: small ones, those of alphabets, and those of groups of digits.
const BASES: [u32; 36] = [
    2,
    3,
    4,
    5,
    6,
    7,
    8,
    9,
    10,
    11,
    12,
    13,
    14,
    15,
    16,
    20,
    26,
    32,
    36,
    45,
    58,
    60,
    62,
    64,
    85,
    91,
    94,
    95,
    100,
    128,
    256,
    1_000,
    2_048,
    10_000,
    1 << 16,
    100_000,
];
/// How likely it is that the largest of random digits is below what is asked for.
const UNLIKELY: f64 = 0.001;
/// Bits of the digits that may be more or fewer, beside one: a key has leading zeros now and then.
const BITS_BESIDE: f64 = 8.0;
/// How many deviations random digits may lie from what is expected.
const DEVIATIONS: f64 = 4.0;

/// Whether these are all digits of one key, the highest or the lowest first.
pub(super) fn are_digits(values: &[u32]) -> bool {
    if !(FEWEST..=MOST).contains(&values.len()) {
        return false;
    }
    let Some(most) = values.iter().max().filter(|most| **most > 0) else { return false };
    let Ok(count) = u32::try_from(values.len()) else { return false };
    let count = f64::from(count);
    let is_base = |base: &u32| {
        let base = f64::from(*base);
        let digits = (KEY_BITS / base.log2()).ceil();
        (digits - count).abs() <= 1.0 + BITS_BESIDE / base.log2()
            && f64::from(*most) + 1.0 >= base * UNLIKELY.powf(1.0 / count)
    };
    BASES.iter().filter(|base| *base > most).find(|base| is_base(base)).is_some_and(|base| {
        let base = f64::from(*base);
        is_even(values, count, base) && is_restless(values, count, base) && !has_period(values)
    })
}

/// Whether the mean is in the middle and most digits occur.
fn is_even(values: &[u32], count: f64, base: f64) -> bool {
    let mean = values.iter().map(|value| f64::from(*value)).sum::<f64>() / count / (base - 1.0);
    let deviation = ((base + 1.0) / (base - 1.0) / 12.0 / count).sqrt();
    let distinct = values.iter().collect::<BTreeSet<_>>().len();
    let expected = base * (1.0 - (1.0 - 1.0 / base).powf(count));
    let distinct = u32::try_from(distinct).map_or(0.0, f64::from);
    (mean - 0.5).abs() <= DEVIATIONS * deviation && distinct >= expected * 0.7
}

/// Whether neighbours are as often equal, and as often in order, as those of random digits.
fn is_restless(values: &[u32], count: f64, base: f64) -> bool {
    let changes = values.windows(2).filter(|two| matches!(two, [one, other] if one != other)).count();
    let turns =
        values.windows(3).filter(|three| matches!(three, [a, b, c] if (b > a && b > c) || (b < a && b < c))).count();
    let number = |count: usize| u32::try_from(count).map_or(0.0, f64::from);
    let rate = 1.0 - 1.0 / base;
    let deviation = (rate * (1.0 - rate) * count).sqrt() + 1.0;
    let is_changing = (number(changes) - rate * (count - 1.0)).abs() <= DEVIATIONS * deviation;
    is_changing && (base < 8.0 || number(turns) >= count * 0.3)
}

/// Whether all is a repetition of its beginning.
fn has_period(values: &[u32]) -> bool {
    (1..=values.len() / 2).any(|period| values.iter().zip(values.iter().skip(period)).all(|(one, other)| one == other))
}

#[cfg(test)]
mod tests {
    use ethers_core::types::U256;

    use super::*;

    fn digits(number: U256, base: u32) -> Vec<u32> {
        let (mut number, mut digits) = (number, Vec::new());
        while !number.is_zero() {
            digits.push((number % base).low_u32());
            number /= base;
        }
        digits
    }

    #[test]
    fn the_digits_of_a_key_are_known_in_every_base() {
        for base in BASES {
            let keys =
                (0_u64..200).map(|number| U256::from_big_endian(&ethers_core::utils::keccak256(number.to_be_bytes())));
            let missed = keys.filter(|key| !are_digits(&digits(*key, base))).count();
            assert!(missed <= 4, "{base}: {missed}");
        }
    }

    #[test]
    fn what_is_counted_and_measured_is_none() {
        for honest in [
            (0..64).map(|at| at % 16).collect::<Vec<u32>>(),
            (0..64).map(|at| at * 7 % 16).collect(),
            (0..256).map(|at| at % 2).collect(),
            (0..256).map(|at| u32::from(at % 9 == 0)).collect(),
            (0..77).map(|at| at % 10).collect(),
            (0..32).map(|at| at * 8).collect(),
            (0..32).map(|at| 200 + at * 37 % 55).collect(),
            (0..31).map(|at| 90 + at * 37 % 200).collect(),
            (0..18).map(|at| at * 7_919 % 30_000).collect(),
            (0..90).map(|at| 10 + at * 37 % 89).collect(),
            vec![1; 256],
            vec![0; 64],
        ] {
            assert!(!are_digits(&honest), "{honest:?}");
        }
    }
}
