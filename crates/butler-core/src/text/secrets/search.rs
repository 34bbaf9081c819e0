//! The search over one file: each text and number by itself, and the rows that they stand in.

use std::collections::HashMap;

use super::found::{Found, Secret};
use super::phrase::Site;
use super::row::{Parts, Row};

/// Bits from which one number of JSON could be a scalar.
const SCALAR_BITS: u32 = 160;
/// The most kinds of places whose rows are looked at by themselves.
const MOST_KINDS: usize = 4_096;

/// A text or a number.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Leaf<'a> {
    Name(&'a str),
    Text(&'a str),
    Number {
        /// The value, where it is whole and has no more than 128 bits.
        value: Option<u128>,
        bits: u32,
        /// Whether it has so few significant digits that it is an amount.
        is_round: bool,
    },
}

/// A search over the texts and numbers of one file.
#[derive(Debug)]
pub(crate) struct Search {
    values: Row,
    names: Row,
    all: Row,
    by_kind: HashMap<u64, Row>,
}

impl Default for Search {
    fn default() -> Self {
        Self { values: Row::default(), names: Row::of_names(), all: Row::default(), by_kind: HashMap::new() }
    }
}

impl Search {
    /// The next text or number of the file.
    pub(crate) fn next(&mut self, leaf: Leaf<'_>, site: Site<'_>) -> Option<Found> {
        let (parts, is_name) = match leaf {
            Leaf::Name(text) => (Parts::of_text(text), true),
            Leaf::Text(text) => (Parts::of_text(text), false),
            Leaf::Number { value, bits, is_round } => {
                let secret = (bits >= SCALAR_BITS && !is_round).then_some(Secret::Scalar);
                (secret.map_or_else(|| Ok(Parts::of_number(value.filter(|_| !is_round))), Err), false)
            }
        };
        let parts = match parts {
            Ok(parts) => parts,
            Err(secret) => return Some(Found { secret, first: site.at, last: site.at, in_names: is_name }),
        };
        if is_name {
            // All names are of one kind.
            let site = Site { kind: 0, ..site };
            let found = self.names.push(&parts, site).or_else(|| self.all.push_digits(&parts, site));
            return found.map(|found| Found { in_names: true, ..found });
        }
        if self.by_kind.len() >= MOST_KINDS {
            self.by_kind.clear();
        }
        let found = self.by_kind.entry(site.kind).or_default().push(&parts, site);
        if found.is_some() {
            return found;
        }
        let found = self.values.push(&parts, site);
        if matches!(leaf, Leaf::Number { .. }) {
            return found;
        }
        found.or_else(|| self.all.push_digits(&parts, site).map(|found| Found { in_names: true, ..found }))
    }

    /// What only the end shows.
    pub(crate) fn finish(&mut self) -> Option<Found> {
        let names = self.names.finish().map(|found| Found { in_names: true, ..found });
        names.or_else(|| self.values.finish()).or_else(|| self.by_kind.values_mut().find_map(Row::finish))
    }
}

/// A secret within one text.
pub(crate) fn in_text(text: &str) -> Option<Secret> {
    Parts::of_text(text).err()
}
