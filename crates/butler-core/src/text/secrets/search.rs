//! The search over one file: each text and number by itself, and what stands around them.

use std::borrow::Cow;
use std::collections::HashMap;

use super::found::{Found, Secret};
use super::joined::Joined;
use super::parts::{Parts, has_mark};
use super::phrase::{Phrase, Site};
use super::places::Places;

/// Bits from which one number of JSON could be a scalar.
const SCALAR_BITS: u32 = 160;
/// The most kinds of places whose rows are looked at by themselves.
const MOST_KINDS: usize = 4_096;

/// A text or a number.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Leaf<'a> {
    Name(&'a str),
    Text(&'a str),
    /// `true` or `false`, which could be a bit.
    Truth(bool),
    Number {
        /// The value, where it is whole and has no more than 128 bits.
        value: Option<u128>,
        bits: u32,
        /// Whether it has so few significant digits that it is an amount.
        is_round: bool,
    },
}

impl Leaf<'_> {
    /// A number in figures, and nothing of a truth.
    fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Name(text) | Self::Text(text) => Cow::Borrowed(text),
            Self::Number { value, .. } => Cow::Owned(value.map(|value| value.to_string()).unwrap_or_default()),
            Self::Truth(_) => Cow::Borrowed(""),
        }
    }
}

/// A search over the texts and numbers of one file.
#[derive(Debug)]
pub(crate) struct Search {
    values: Phrase,
    names: Phrase,
    by_kind: HashMap<u64, Kind>,
    places: Places,
}

/// What values say that stand in places of one kind.
#[derive(Debug)]
struct Kind {
    phrase: Phrase,
    joined: Joined,
}

impl Default for Kind {
    fn default() -> Self {
        Self { phrase: Phrase::default(), joined: Joined::new() }
    }
}

impl Default for Search {
    fn default() -> Self {
        let mut places = Places::default();
        // The file itself.
        places.open();
        Self { values: Phrase::default(), names: Phrase::of_names(), by_kind: HashMap::new(), places }
    }
}

impl Search {
    /// A list or an object begins.
    pub(crate) fn open(&mut self) {
        self.places.open();
    }

    /// The list or object that began last ends.
    pub(crate) fn close(&mut self) -> Option<Found> {
        self.places.close()
    }

    /// The next text or number of the file.
    pub(crate) fn next(&mut self, leaf: Leaf<'_>, site: Site<'_>) -> Option<Found> {
        let (parts, is_name) = match leaf {
            Leaf::Name(text) => (Parts::of_text(text), true),
            Leaf::Text(text) => (Parts::of_text(text), false),
            Leaf::Truth(truth) => (Ok(Parts::of_number(Some(u128::from(truth)))), false),
            Leaf::Number { value, bits, is_round } => {
                let secret = (bits >= SCALAR_BITS && !is_round).then_some(Secret::Scalar);
                (secret.map_or_else(|| Ok(Parts::of_number(value)), Err), false)
            }
        };
        let parts = match parts {
            Ok(parts) => parts,
            Err(secret) => return Some(Found { secret, first: site.at, last: site.at, in_names: is_name }),
        };
        // All names are of one kind.
        let site = if is_name { Site { kind: 0, ..site } } else { site };
        let members = parts.members.into_iter().filter(|member| !is_name || member.is_telling());
        self.places.push(members.map(|member| member.placed(site.kind, site.at, is_name)));
        if let Some(joined) = self.places.joined() {
            match &leaf {
                Leaf::Name(_) => joined.push_name(&parts.signs, site.at),
                Leaf::Text(_) | Leaf::Number { .. } | Leaf::Truth(_) => {
                    joined.push(&leaf.text(), &parts.signs, site.at);
                }
            }
        }
        if is_name {
            return self.names.push(&parts.spoken, site).map(|ends| of_words(ends, true));
        }
        if self.by_kind.len() >= MOST_KINDS {
            self.by_kind.clear();
        }
        let kind = self.by_kind.entry(site.kind).or_default();
        kind.joined.push(&leaf.text(), &parts.signs, site.at);
        let found = kind.phrase.push(&parts.spoken, site);
        found.or_else(|| self.values.push(&parts.spoken, site)).map(|ends| of_words(ends, false))
    }

    /// What only the end shows.
    pub(crate) fn finish(&mut self) -> Option<Found> {
        let names = self.names.finish().map(|ends| of_words(ends, true));
        let values = || self.values.finish().map(|ends| of_words(ends, false));
        let of_kind = |kind: &mut Kind| {
            let ends = kind.phrase.finish();
            ends.map(|ends| of_words(ends, false)).or_else(|| kind.joined.find())
        };
        let kinds = || self.by_kind.values_mut().find_map(of_kind);
        names.or_else(values).or_else(kinds).or_else(|| self.places.close())
    }
}

fn of_words((first, last): (usize, usize), in_names: bool) -> Found {
    Found { secret: Secret::Mnemonic, first, last, in_names }
}

/// Characters of the shortest text in which a secret could be: a key in few numbers has 37, a phrase 36, bytes are 32.
const SHORTEST: usize = 32;

/// A secret within one text.
pub(crate) fn in_text(text: &str) -> Option<Secret> {
    // Most texts are short. Other letters, and signs for characters, may stand for more than they are.
    let is_short = text.len() < SHORTEST && text.is_ascii() && !text.contains(['%', '\\', '&', '+', '=']);
    if is_short && !has_mark(text) { None } else { Parts::of_text(text).err() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_short_text_is_what_its_parts_are(
            text in "[ -~]{0,31}|[0-9a-f ]{0,31}|(-?[0-9]{1,5}[ ,-]){0,8}|([a-z]{3,4}[ 0-9]?){0,9}|[A-Za-z0-9/-]{0,31}",
        ) {
            prop_assert_eq!(in_text(&text), Parts::of_text(&text).err());
        }

        #[test]
        fn a_short_text_of_numbers_is_what_its_parts_are(numbers in prop::collection::vec(-70_000_i64..70_000, 1..16)) {
            let text = numbers.iter().map(i64::to_string).collect::<Vec<_>>().join(" ");
            prop_assert_eq!(in_text(&text), Parts::of_text(&text).err());
        }
    }
}
