//! JSON as strictly as a key file deserves: duplicate keys are refused, and no error repeats what the file holds.
//!
//! `serde_json` keeps the last of two equal keys silently; of two coinbases that would pick one by accident. Its limit
//! on nesting stays on. Texts are wiped when they are dropped, since some files hold keys; and what a reader says it does
//! not want, such as BLS keys of a node's own keystore, is never copied out of the file's bytes.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use zeroize::Zeroizing;

use super::fault::{FaultKind, FileFault};
use super::shown::shown_field;
use crate::text::secrets::unsigned;

/// A number of a file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Number {
    /// Its value where that is small, whole and not negative. `1.0` is 1.
    pub(super) integer: Option<u64>,
    /// The same up to 128 bits; with a sign, as the bits are without.
    pub(super) value: Option<u128>,
    /// How many bits it needs.
    pub(super) bits: u32,
    /// Whether it is an amount: few significant digits for its size.
    pub(super) is_round: bool,
}

/// A value of a file.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Json {
    Null,
    Boolean(bool),
    Number(Number),
    Text(Zeroizing<String>),
    /// Something that the reader did not want.
    Skipped(Shape),
    List(Vec<Self>),
    /// In the file's order, without duplicates.
    Object(Vec<(String, Self)>),
}

impl Json {
    /// The value of a key. Absent and `null` are the same: the files' own tools write both.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        let Self::Object(members) = self else {
            return None;
        };
        let (_, value) = members.iter().find(|(name, _)| name == key)?;
        (*value != Self::Null).then_some(value)
    }

    /// Whether `null` stands under a key.
    pub(super) fn is_null(&self, key: &str) -> bool {
        matches!(self, Self::Object(members) if members.iter().any(|(name, value)| name == key && *value == Self::Null))
    }

    /// A text's characters.
    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Null | Self::Boolean(_) | Self::Number(_) | Self::Skipped(_) | Self::List(_) | Self::Object(_) => {
                None
            }
        }
    }

    /// A whole number that fits.
    pub(super) fn as_integer(&self) -> Option<u64> {
        match self {
            Self::Number(number) => number.integer,
            Self::Null | Self::Boolean(_) | Self::Text(_) | Self::Skipped(_) | Self::List(_) | Self::Object(_) => None,
        }
    }

    /// The kind with its article, for messages.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::Text(_) => "text",
            Self::Skipped(_) => "a value that is not read here",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }
}

/// The shape of what was passed over, and nothing of what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Null,
    Empty,
    Text,
    /// `0x` and 64 hexadecimal digits.
    Key,
    /// An object with a `path`.
    Encrypted,
    Other,
}

impl Shape {
    pub(super) fn of_text(text: &str) -> Self {
        let is_key = text
            .strip_prefix("0x")
            .is_some_and(|digits| digits.len() == 64 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        match (text.is_empty(), is_key) {
            (true, _) => Self::Empty,
            (false, true) => Self::Key,
            (false, false) => Self::Text,
        }
    }
}

/// The largest whole number up to which a `f64` has all of them.
const EXACT: f64 = 9_007_199_254_740_992.0;
/// Significant digits of an amount.
const FEW_DIGITS: usize = 8;

impl Number {
    fn whole(value: u64) -> Self {
        let bits = u64::BITS - value.leading_zeros();
        let is_round = value > 0 && value.is_multiple_of(1_000_000);
        Self { integer: Some(value), value: Some(value.into()), bits, is_round }
    }

    fn negative(value: i64) -> Self {
        let size = Self::whole(value.unsigned_abs());
        let same_bits = if size.is_round { size } else { Self::whole(unsigned(value)) };
        Self { integer: None, ..same_bits }
    }

    /// What has a fraction, or is too large for an integer.
    fn wide(value: f64) -> Self {
        // The exponent of the binary representation says how many bits a whole number needs.
        let exponent = u32::try_from((value.to_bits() >> 52) & 0x7ff).unwrap_or_default();
        let bits = exponent.saturating_sub(1_022);
        let shown = format!("{:e}", value.abs());
        let is_round = shown.bytes().take_while(|byte| *byte != b'e').filter(u8::is_ascii_digit).count() <= FEW_DIGITS;
        if value.fract() != 0.0 {
            return Self { integer: None, value: None, bits, is_round };
        }
        let size = format!("{:.0}", value.abs()).parse::<u128>().ok();
        let is_exact = (0.0..EXACT).contains(&value);
        let integer = size.filter(|_| is_exact).and_then(|size| u64::try_from(size).ok());
        Self { integer, value: size, bits, is_round: is_round && bits > 20 }
    }
}

/// Members of objects whose values are not wanted: they are passed over.
pub(super) type Unwanted = &'static [&'static str];

/// Reads a whole file.
pub(super) fn parse(bytes: &[u8], unwanted: Unwanted) -> Result<Json, FileFault> {
    let fault = |what: &str, hint: &str| FileFault::new(FaultKind::Syntax, "", what).hint(hint);
    if bytes.starts_with(b"\xef\xbb\xbf") || bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(fault("begins with a byte order mark", "save it as UTF-8 without one"));
    }
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(fault("the file is empty", "write it again, or leave it out"));
    }
    if let Some(at) = bytes.iter().position(|byte| *byte == 0) {
        return Err(fault("holds a NUL byte, so it is not a text file", "save it as UTF-8").line(line_at(bytes, at)));
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|error| fault("is not UTF-8", "save it as UTF-8").line(line_at(bytes, error.valid_up_to())))?;
    let mut reader = serde_json::Deserializer::from_str(text);
    let parsed = Seed { path: &Place::Root, unwanted }.deserialize(&mut reader);
    parsed.and_then(|json| reader.end().map(|()| json)).map_err(|error| {
        // The parser's own words hold nothing of the file; our own one message holds a place.
        let message = error.to_string();
        let what = message.split(" at line ").next().unwrap_or(&message);
        match what.strip_prefix(DUPLICATE) {
            Some(place) => FileFault::new(FaultKind::Syntax, place, "this key occurs twice")
                .hint("keep one of them")
                .line(error.line()),
            None => {
                let what = format!("this is not JSON: {what}, column {}", error.column());
                FileFault::new(FaultKind::Syntax, "", what).line(error.line())
            }
        }
    })
}

fn line_at(bytes: &[u8], at: usize) -> usize {
    bytes.iter().take(at).filter(|byte| **byte == b'\n').count() + 1
}

/// Marks our own message among those of the parser.
const DUPLICATE: &str = "duplicate key: ";

/// Where a value stands, as a list from the inside out.
pub(super) enum Place<'a> {
    Root,
    /// The field of an object, and which one it is, from 1.
    Key(&'a Self, &'a str, usize),
    Index(&'a Self, usize),
}

impl Place<'_> {
    /// The place around it.
    pub(super) fn outer(&self) -> &Self {
        match self {
            Self::Root => self,
            Self::Key(outer, ..) | Self::Index(outer, _) => outer,
        }
    }

    /// Whether a validator of a keystore stands there.
    pub(super) fn is_validator(&self) -> bool {
        matches!(self, Self::Index(Self::Key(Self::Root, "validators", _), _))
    }

    /// Whether an attester of a keystore stands there, by itself or in a list of one validator.
    pub(super) fn is_attester(&self) -> bool {
        let is_of_validator = |place: &Self| matches!(place, Self::Key(outer, "attester", _) if outer.is_validator());
        is_of_validator(self) || matches!(self, Self::Index(outer, _) if is_of_validator(outer))
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Key(Self::Root, key, number) => f.write_str(&shown_field(key, *number)),
            Self::Key(outer, key, number) => write!(f, "{outer}.{}", shown_field(key, *number)),
            Self::Index(outer, index) => write!(f, "{outer}[{index}]"),
        }
    }
}

struct Seed<'a> {
    path: &'a Place<'a>,
    unwanted: Unwanted,
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// Passes over a value: nothing of it is copied.
struct PassOver;

impl<'de> DeserializeSeed<'de> for PassOver {
    type Value = Shape;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Shape, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for PassOver {
    type Value = Shape;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Shape, E> {
        Ok(Shape::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Shape, E> {
        Ok(Shape::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Shape, E> {
        Ok(Shape::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Shape, E> {
        Ok(Shape::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Shape, E> {
        Ok(Shape::Other)
    }

    fn visit_str<E>(self, text: &str) -> Result<Shape, E> {
        Ok(Shape::of_text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Shape, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Shape::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Shape, A::Error> {
        let mut has_path = false;
        while let Some(is_path) = members.next_key_seed(IsPath)? {
            has_path |= is_path;
            members.next_value::<IgnoredAny>()?;
        }
        Ok(if has_path { Shape::Encrypted } else { Shape::Other })
    }
}

/// Whether a name is `path`, of which nothing else is kept.
struct IsPath;

impl<'de> DeserializeSeed<'de> for IsPath {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for IsPath {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<bool, E> {
        Ok(name == "path")
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Json, E> {
        Ok(Json::Boolean(truth))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Number(Number::whole(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Number(Number::negative(value)))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(Json::Number(Number::wide(value)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Text(Zeroizing::new(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut list = Vec::new();
        loop {
            let path = Place::Index(self.path, list.len());
            match items.next_element_seed(Seed { path: &path, unwanted: self.unwanted })? {
                Some(item) => list.push(item),
                None => return Ok(Json::List(list)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Json, A::Error> {
        let mut object = Vec::new();
        let mut seen = std::collections::BTreeSet::new();
        while let Some(key) = members.next_key::<String>()? {
            let path = Place::Key(self.path, &key, object.len() + 1);
            if !seen.insert(key.clone()) {
                return Err(A::Error::custom(format!("{DUPLICATE}{path}")));
            }
            let value = if self.unwanted.contains(&key.as_str()) {
                Json::Skipped(members.next_value_seed(PassOver)?)
            } else {
                members.next_value_seed(Seed { path: &path, unwanted: self.unwanted })?
            };
            object.push((key, value));
        }
        Ok(Json::Object(object))
    }
}
