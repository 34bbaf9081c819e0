//! What the parts share: a number of blocks, and how figures are printed.

/// Blocks on top of a final one, where the chain says by that what is final.
pub(super) const CONFIRMATIONS: u64 = 2;

pub(super) fn rounded(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

/// Counts are far from where a float would round them.
pub(super) fn number(count: u64) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}
