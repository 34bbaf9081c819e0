//! How much ether each publisher needs: its share of the attesters times the minimum per attester, and a floor, since gas can be dear
//! however few they are.
//!
//! Each server must be able to work alone, so shares are counted per server: an attester that may use `n` publishers of
//! a server counts 1/n for each of them. Shares are added exactly and rounded up once, at the end.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use ethers_core::types::{Address, U256};
use serde::Serialize;
use thiserror::Error;

use crate::domain::operator::key_book::KeyBook;

/// A number of attesters as an exact fraction in lowest terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub struct Load {
    numerator: u64,
    denominator: u64,
}

impl Load {
    /// No attesters.
    pub const ZERO: Self = Self { numerator: 0, denominator: 1 };

    /// The next whole number of attesters.
    #[must_use]
    pub fn ceil(self) -> u64 {
        self.numerator.div_ceil(self.denominator)
    }

    /// The load in thousandths of an attester, rounded up; `u64::MAX` when it does not fit.
    #[must_use]
    pub fn thousandths(self) -> u64 {
        let exact = (u128::from(self.numerator) * 1_000).div_ceil(u128::from(self.denominator));
        u64::try_from(exact).unwrap_or(u64::MAX)
    }

    /// Adds `count` attesters that share `among` publishers. `None` when the fraction does not fit, or among nobody.
    fn add(self, count: u64, among: u64) -> Option<Self> {
        if among == 0 {
            return None;
        }
        let shared = greatest_common_divisor(self.denominator, among);
        let scale = among.checked_div(shared)?;
        let denominator = self.denominator.checked_mul(scale)?;
        let numerator = self
            .numerator
            .checked_mul(scale)?
            .checked_add(count.checked_mul(self.denominator.checked_div(shared)?)?)?;
        let common = greatest_common_divisor(numerator, denominator);
        Some(Self { numerator: numerator.checked_div(common)?, denominator: denominator.checked_div(common)? })
    }
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let thousandths = self.thousandths();
        f.pad(&format!("{}.{:03}", thousandths / 1_000, thousandths % 1_000))
    }
}

fn greatest_common_divisor(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// One publisher with what it has and needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PublisherRow {
    /// The account.
    pub publisher: Address,
    /// The servers that use it; more than one is a fault (`duplicates`).
    pub servers: BTreeSet<String>,
    /// Its share of the attesters.
    pub load: Load,
    /// Its balance in wei; `None` when it was not read.
    pub balance: Option<U256>,
    /// What it should hold, in wei.
    pub required: U256,
    /// What it lacks, in wei; `None` when its balance was not read.
    pub top_up: Option<U256>,
}

/// What publishers should hold, in wei.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Minimum {
    /// For each attester that one pays for.
    pub per_attester: U256,
    /// The least, of whoever pays for any.
    pub per_publisher: U256,
}

/// A figure that does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the share of attesters or the ether that publisher {publisher:?} needs does not fit")]
pub struct TopUpError {
    /// Whose figure it is.
    pub publisher: Address,
}

/// What each publisher of the key book has and needs, ordered by address.
///
/// # Errors
///
/// When a share or an amount does not fit, which takes absurd key files or an absurd minimum.
pub fn top_ups(
    keys: &KeyBook,
    balances: &BTreeMap<Address, U256>,
    minimum: Minimum,
) -> Result<Vec<PublisherRow>, TopUpError> {
    let loads = loads(keys)?;
    keys.servers_by_publisher()
        .into_iter()
        .map(|(publisher, servers)| {
            let load = loads.get(&publisher).copied().unwrap_or(Load::ZERO);
            let shares = U256::from(load.ceil()).checked_mul(minimum.per_attester).ok_or(TopUpError { publisher })?;
            let required = if load == Load::ZERO { shares } else { shares.max(minimum.per_publisher) };
            let balance = balances.get(&publisher).copied();
            Ok(PublisherRow {
                publisher,
                servers: servers.into_iter().map(str::to_owned).collect(),
                load,
                balance,
                required,
                top_up: balance.map(|balance| required.saturating_sub(balance)),
            })
        })
        .collect()
}

/// Each publisher's share of the attesters.
fn loads(keys: &KeyBook) -> Result<BTreeMap<Address, Load>, TopUpError> {
    let mut usable = BTreeMap::<(&str, Address), BTreeSet<Address>>::new();
    for entry in &keys.entries {
        usable.entry((&entry.server, entry.attester)).or_default().extend(&entry.publishers);
    }
    // Attesters with as many publishers are added at once, which keeps the fractions small.
    let mut counts = BTreeMap::<Address, BTreeMap<u64, u64>>::new();
    for publishers in usable.values() {
        for &publisher in publishers {
            let among = u64::try_from(publishers.len()).map_err(|_| TopUpError { publisher })?;
            *counts.entry(publisher).or_default().entry(among).or_default() += 1;
        }
    }
    counts
        .into_iter()
        .map(|(publisher, counts)| {
            counts
                .into_iter()
                .try_fold(Load::ZERO, |load, (among, count)| load.add(count, among))
                .map(|load| (publisher, load))
                .ok_or(TopUpError { publisher })
        })
        .collect()
}

#[cfg(test)]
mod tests;
