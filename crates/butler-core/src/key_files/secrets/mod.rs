//! What could be a secret, known by what it is and not by the name of its field.
//!
//! A search goes once over everything that a file says, in its order, names of fields included. It looks at each text and
//! number by itself, and at rows of them: all values, all names, both, and those whose places differ in numbers only. It is
//! meant to refuse too much rather than too little. Nothing here keeps or prints what it looked at.

mod dense;
mod digits;
mod numbers;
mod phrase;
mod plain;
mod row;
mod shown;
mod words;

use std::collections::HashMap;

use self::row::{Parts, Row};

pub(super) use self::phrase::Site;
pub(super) use self::shown::{could_be_part, without_secrets};

/// Bits from which one number of JSON could be a scalar.
const SCALAR_BITS: u32 = 160;
/// The most kinds of places whose rows are looked at by themselves.
const MOST_KINDS: usize = 4_096;

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Secret {
    Scalar,
    Mnemonic,
    Pem,
}

impl Secret {
    /// With its article, for messages.
    pub(super) fn words(self) -> &'static str {
        match self {
            // Whether it is one cannot be seen; nothing else that belongs here looks like it.
            Self::Scalar => "what could be a private key",
            Self::Mnemonic => "a mnemonic",
            Self::Pem => "a PEM block",
        }
    }
}

/// A secret, and the numbers of the first and the last value or name that it is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) secret: Secret,
    pub(super) first: usize,
    pub(super) last: usize,
    /// Whether names of fields are parts of it.
    pub(super) in_names: bool,
}

/// A text or a number.
#[derive(Debug, Clone, Copy)]
pub(super) enum Leaf<'a> {
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
#[derive(Debug, Default)]
pub(super) struct Search {
    values: Row,
    names: Row,
    all: Row,
    by_kind: HashMap<u64, Row>,
}

impl Search {
    /// The next text or number of the file.
    pub(super) fn next(&mut self, leaf: Leaf<'_>, site: Site<'_>) -> Option<Found> {
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
    pub(super) fn finish(&mut self) -> Option<Found> {
        let names = self.names.finish().map(|found| Found { in_names: true, ..found });
        names.or_else(|| self.values.finish()).or_else(|| self.by_kind.values_mut().find_map(Row::finish))
    }
}

/// A secret within one text.
pub(super) fn in_text(text: &str) -> Option<Secret> {
    Parts::of_text(text).err()
}

#[cfg(test)]
mod tests;
