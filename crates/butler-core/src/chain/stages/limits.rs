//! What is believed of lists, and what their entries cost.

/// The most entries of one queue and of the active set that are believed: mainnet has some thousands.
pub(in crate::chain) const LENGTH_LIMIT: u64 = 200_000;
/// Gas of one entry of a queue: ten to twelve cold slots.
pub(in crate::chain) const ENTRY_GAS: u64 = 42_000;
