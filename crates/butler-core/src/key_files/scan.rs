//! The search for secrets in a file of public keys.
//!
//! Everything is looked at, names of fields included, but for what is public by what it is: `feeRecipient`, a BLS key that is
//! a point of the curve, and coordinates of a registration that prove themselves. No name makes anything public. The first
//! thing that could be a secret refuses the file.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::addresses::parse_address_or_zero;
use super::fault::FileFault;
use super::json::{Json, Place};
use super::known::is_known;
use super::names::{has_url_password, secret_by_members, secret_by_name};
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
/// Names of the formats under which lists of addresses stand.
const ADDRESSES: [&str; 5] = ["attester", "attesters", "publisher", "publishers", "slasher"];

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
    /// Whether it stands in a list under a name of the formats, where addresses are.
    is_among_addresses: bool,
}

impl Scan {
    fn value(&mut self, json: &Json, place: &Place<'_>, kind: u64) -> Option<Hit> {
        let is_among_addresses = std::mem::take(&mut self.is_among_addresses);
        match json {
            Json::Text(text) if has_url_password(text) => {
                Some(Hit::Here(FileFault::secret(place.to_string(), "a password in a URL")))
            }
            Json::Text(text) => self.leaf(Leaf::Text(text), kind),
            Json::Number(number) => {
                let (value, bits, is_round) = (number.value, number.bits, number.is_round);
                self.leaf(Leaf::Number { value, bits, is_round }, kind)
            }
            Json::Boolean(truth) => self.leaf(Leaf::Truth(*truth), kind),
            Json::Null | Json::Skipped(_) => {
                self.next += 1;
                None
            }
            Json::List(items) => {
                let kind = below(kind, "[]");
                self.within(|scan| {
                    let mut items = items.iter().enumerate();
                    items.find_map(|(index, item)| {
                        if is_among_addresses && is_address(item) {
                            scan.next += 1;
                            return None;
                        }
                        scan.value(item, &Place::Index(place, index), kind)
                    })
                })
            }
            Json::Object(members) => {
                if let Some(what) = secret_by_members(json) {
                    return Some(Hit::Here(FileFault::secret(place.to_string(), what)));
                }
                let object = About { registered: registered(json), is_of_format: is_of_format(members) };
                self.within(|scan| {
                    let mut members = members.iter().enumerate();
                    members.find_map(|(index, (key, value))| {
                        scan.member((key, value), &Place::Key(place, key, index + 1), kind, object)
                    })
                })
            }
        }
    }

    /// What stands in one list or object, by itself and then together.
    fn within(&mut self, look: impl FnOnce(&mut Self) -> Option<Hit>) -> Option<Hit> {
        self.around.push(self.next);
        self.search.open();
        let hit = look(self);
        self.around.pop();
        hit.or_else(|| self.search.close().map(Hit::Found))
    }

    fn member(&mut self, (key, value): (&str, &Json), place: &Place<'_>, kind: u64, object: About) -> Option<Hit> {
        let outer = place.outer();
        let here = |what: &str| Some(Hit::Here(FileFault::secret(place.to_string(), what)));
        // The formats' own names are most of a file, and no part of anything.
        let is_known = object.is_of_format && is_known(key);
        if let Some(what) = if is_known && key != "certPass" { None } else { secret_by_name(key, value) } {
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
                Some(key) if outer.is_attester() && crate::contracts::bn254::could_be_public(key) => true,
                Some(_) => return here("no public BLS key, so perhaps a private one"),
                None => false,
            },
            "publicKeyG1" | "publicKeyG2" | "proofOfPossession" => object.registered.has(key),
            _ => is_known && (is_address(value) || is_state(value)),
        };
        if is_public {
            self.next += leaves(value);
            return None;
        }
        self.is_among_addresses = ADDRESSES.contains(&key) && matches!(value, Json::List(_));
        self.value(value, place, below(kind, key))
    }

    fn leaf(&mut self, leaf: Leaf<'_>, kind: u64) -> Option<Hit> {
        let site = Site { at: self.next, around: &self.around, kind };
        self.next += 1;
        self.search.next(leaf, site).map(Hit::Found)
    }
}

/// Whether a value is one word in capitals, as the states of attesters are.
fn is_state(json: &Json) -> bool {
    let is_of_state = |byte: u8| byte.is_ascii_uppercase() || byte == b'_';
    json.as_text().is_some_and(|text| text.len() < 24 && text.bytes().all(is_of_state))
}

fn is_address(json: &Json) -> bool {
    json.as_text().is_some_and(|text| parse_address_or_zero(text).is_ok())
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

/// How many texts, numbers and names there are.
fn leaves(json: &Json) -> usize {
    match json {
        Json::Null | Json::Boolean(_) | Json::Number(_) | Json::Text(_) | Json::Skipped(_) => 1,
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
            Json::Null | Json::Boolean(_) | Json::Number(_) | Json::Text(_) | Json::Skipped(_) => {
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
                for (index, (key, value)) in members.iter().enumerate() {
                    let is_part = found.in_names && (found.first..=found.last).contains(&next);
                    let key = if is_part { "<hidden>" } else { key };
                    let place = Place::Key(self, key, index + 1);
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
