//! What a job is done for: a period, a block, a range of blocks, a scheduled second.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// One item of a pipeline: numbers from the first to the last, both in it. Written `7`, or `7-9`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "(u64, u64)", into = "(u64, u64)")]
pub struct Item {
    first: u64,
    last: u64,
}

/// Numbers or a text that are no item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("expected a number, or two with a `-` between them of which the second is not less")]
pub struct InvalidItem;

impl Item {
    /// The item of one number.
    #[must_use]
    pub const fn one(number: u64) -> Self {
        Self { first: number, last: number }
    }

    /// The item of these numbers; `None` where the last is before the first.
    #[must_use]
    pub const fn new(first: u64, last: u64) -> Option<Self> {
        if first <= last { Some(Self { first, last }) } else { None }
    }

    /// Its first number.
    #[must_use]
    pub const fn first(self) -> u64 {
        self.first
    }

    /// Its last number.
    #[must_use]
    pub const fn last(self) -> u64 {
        self.last
    }

    /// The item of the same length right before it; `None` where that would begin below zero.
    #[must_use]
    pub fn before(self) -> Option<Self> {
        let length = (self.last - self.first).checked_add(1)?;
        Some(Self { first: self.first.checked_sub(length)?, last: self.first.checked_sub(1)? })
    }

    /// The item of the same length right after it; `None` where numbers end.
    #[must_use]
    pub fn after(self) -> Option<Self> {
        let length = (self.last - self.first).checked_add(1)?;
        Some(Self { first: self.last.checked_add(1)?, last: self.last.checked_add(length)? })
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last { write!(f, "{}", self.first) } else { write!(f, "{}-{}", self.first, self.last) }
    }
}

impl FromStr for Item {
    type Err = InvalidItem;

    fn from_str(text: &str) -> Result<Self, InvalidItem> {
        let number = |text: &str| {
            let is_plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
            text.parse().ok().filter(|_| is_plain).ok_or(InvalidItem)
        };
        let Some((first, last)) = text.split_once('-') else { return number(text).map(Self::one) };
        let (first, last) = (number(first)?, number(last)?);
        Self::new(first, last).filter(|_| first != last).ok_or(InvalidItem)
    }
}

impl TryFrom<(u64, u64)> for Item {
    type Error = InvalidItem;

    fn try_from((first, last): (u64, u64)) -> Result<Self, InvalidItem> {
        Self::new(first, last).ok_or(InvalidItem)
    }
}

impl From<Item> for (u64, u64) {
    fn from(item: Item) -> Self {
        (item.first, item.last)
    }
}
