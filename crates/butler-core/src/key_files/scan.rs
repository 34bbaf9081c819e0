//! The search for secrets in a file of public keys.
//!
//! Everything is looked at, names of fields included, but for what is public by what it is: `feeRecipient`, a BLS key that is
//! a point of the curve, and coordinates of a registration that prove themselves. No name makes anything public. The first
//! thing that could be a secret refuses the file.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::fault::FileFault;
use super::json::{Json, Place};
use super::known::is_known;
use super::names::{secret_by_members, secret_by_name};
use super::public::{Registered, bls_key, is_fee_recipient, registered};
use crate::text::secrets::{Found, Leaf, Search, Site};

/// The first place of a value that must not be in a public file.
pub(super) fn find_secret(json: &Json) -> Option<FileFault> {
    let mut scan = Scan::default();
    let hit = scan.value(json, &Place::Root, 0).or_else(|| scan.search.finish().map(Hit::Found));
    hit.map(|hit| match hit {
        Hit::Here(fault) => fault,
        Hit::Found(found) => told(json, found),
    })
}

/// Words of the shortest phrase.
const FEWEST_WORDS: usize = 12;
/// So many numbers of so many bits, or decimal digits, have more than those of a key.
const MANY: usize = 9;
const LARGE_BITS: u32 = 40;
const LARGE_DIGITS: usize = 13;
/// Digits of the largest amount of tokens with 18 decimals that somebody may have.
const MOST_DIGITS: usize = 27;
/// Bits from which one number could be a key by itself.
const SCALAR_BITS: u32 = 100;

/// What ends the scan.
enum Hit {
    Here(FileFault),
    Found(Found),
}

#[derive(Default)]
struct Scan {
    search: Search,
    /// The number of the next text, number or name.
    next: usize,
    /// The lists and objects around it, by the numbers at which they begin.
    around: Vec<usize>,
}

impl Scan {
    fn value(&mut self, json: &Json, place: &Place<'_>, kind: u64) -> Option<Hit> {
        match json {
            Json::Text(text) => self.leaf(Leaf::Text(text), kind),
            Json::Number(number) => {
                let (value, bits, is_round) = (number.value, number.bits, number.is_round);
                self.leaf(Leaf::Number { value, bits, is_round }, kind)
            }
            Json::Null | Json::Boolean | Json::Skipped => {
                self.next += 1;
                None
            }
            Json::List(items) if are_amounts(items) => {
                self.next += leaves(json);
                None
            }
            Json::List(items) => {
                self.around.push(self.next);
                let kind = below(kind, "[]");
                let hit = items
                    .iter()
                    .enumerate()
                    .find_map(|(index, item)| self.value(item, &Place::Index(place, index), kind));
                self.around.pop();
                hit
            }
            Json::Object(members) => {
                if let Some(what) = secret_by_members(json) {
                    return Some(Hit::Here(FileFault::secret(place.to_string(), what)));
                }
                self.around.push(self.next);
                let object = About { registered: registered(json), is_of_format: is_of_format(members) };
                let hit = members.iter().find_map(|(key, value)| self.member((key, value), place, kind, object));
                self.around.pop();
                hit
            }
        }
    }

    fn member(&mut self, (key, value): (&str, &Json), outer: &Place<'_>, kind: u64, object: About) -> Option<Hit> {
        let place = Place::Key(outer, key);
        let here = |what: &str| Some(Hit::Here(FileFault::secret(place.to_string(), what)));
        // The formats' own names are most of a file, and no part of anything.
        let is_known = object.is_of_format && is_known(key);
        if let Some(what) = if is_known { None } else { secret_by_name(key, value) } {
            return here(what);
        }
        let hit = if is_known { None } else { self.leaf(Leaf::Name(key), kind) };
        self.next += usize::from(is_known);
        if hit.is_some() {
            return hit;
        }
        let is_public = match key {
            // A small one is no part of anything, and would be the odd one beside a counter.
            "schemaVersion" => value.as_integer().is_some_and(|version| version < 256),
            "feeRecipient" => {
                let is_there = matches!(outer, Place::Root) || outer.is_validator();
                is_there && value.as_text().is_some_and(is_fee_recipient)
            }
            "bls" => match bls_key(value) {
                Some(key) if outer.is_attester() && super::bls::could_be_public(key) => true,
                Some(_) => return here("no public BLS key, so perhaps a private one"),
                None => false,
            },
            "publicKeyG1" | "publicKeyG2" | "proofOfPossession" => object.registered.has(key),
            _ => false,
        };
        if is_public {
            self.next += leaves(value);
            return None;
        }
        self.value(value, &place, below(kind, key))
    }

    fn leaf(&mut self, leaf: Leaf<'_>, kind: u64) -> Option<Hit> {
        let site = Site { at: self.next, around: &self.around, kind };
        self.next += 1;
        self.search.next(leaf, site).map(Hit::Found)
    }
}

/// The kind of a place below another one. Places that differ in numbers only are of one kind.
fn below(kind: u64, name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    kind.hash(&mut hasher);
    name.trim_matches(|character: char| character.is_ascii_digit()).hash(&mut hasher);
    hasher.finish()
}

/// What is known of an object before its members are looked at.
#[derive(Clone, Copy)]
struct About {
    registered: Registered,
    /// Whether it may be one of the formats' own.
    is_of_format: bool,
}

/// Whether an object is small, or most of its names are the formats' own. In others these may be words of a phrase.
fn is_of_format(members: &[(String, Json)]) -> bool {
    let known = members.iter().filter(|(key, _)| is_known(key)).count();
    members.len() < FEWEST_WORDS || known * 2 >= members.len()
}

/// Whether a list holds more and larger numbers than one key has pieces, as amounts and ids are.
fn are_amounts(items: &[Json]) -> bool {
    let is_large = |item: &Json| match item {
        Json::Number(number) => number.value.is_some_and(|_| (LARGE_BITS..SCALAR_BITS).contains(&number.bits)),
        Json::Text(text) => {
            (LARGE_DIGITS..=MOST_DIGITS).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
        }
        Json::Null | Json::Boolean | Json::Skipped | Json::List(_) | Json::Object(_) => false,
    };
    items.len() >= MANY && items.iter().all(is_large)
}

/// How many texts, numbers and names there are.
fn leaves(json: &Json) -> usize {
    match json {
        Json::Null | Json::Boolean | Json::Number(_) | Json::Text(_) | Json::Skipped => 1,
        Json::List(items) => items.iter().map(leaves).sum(),
        Json::Object(members) => members.iter().map(|(_, value)| 1 + leaves(value)).sum(),
    }
}

/// The fault that tells of a secret by the places where it begins and ends.
fn told(json: &Json, found: Found) -> FileFault {
    let place = |at: usize| Place::Root.find(json, 0, at, found).unwrap_or_default();
    let first = place(found.first);
    let words = found.secret.words();
    if found.first == found.last {
        return FileFault::secret(first, words);
    }
    FileFault::secret(first, format!("{words}, in several values up to `{}`", place(found.last)))
}

impl Place<'_> {
    /// The place of the text, number or name with a number, where `next` is that of the first one of `json`. Names that are
    /// parts of what was found are hidden.
    fn find(&self, json: &Json, mut next: usize, at: usize, found: Found) -> Option<String> {
        let is_within = |next: usize, json: &Json| (next..next + leaves(json)).contains(&at);
        match json {
            Json::Null | Json::Boolean | Json::Number(_) | Json::Text(_) | Json::Skipped => {
                (next == at).then(|| self.to_string())
            }
            Json::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    if is_within(next, item) {
                        return Place::Index(self, index).find(item, next, at, found);
                    }
                    next += leaves(item);
                }
                None
            }
            Json::Object(members) => {
                for (key, value) in members {
                    let is_part = found.in_names && (found.first..=found.last).contains(&next);
                    let key = if is_part { "<hidden>" } else { key };
                    let place = Place::Key(self, key);
                    if next == at {
                        return Some(place.to_string());
                    }
                    next += 1;
                    if is_within(next, value) {
                        return place.find(value, next, at, found);
                    }
                    next += leaves(value);
                }
                None
            }
        }
    }
}
