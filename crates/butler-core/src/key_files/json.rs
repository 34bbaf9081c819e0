//! JSON as strictly as a key file deserves: duplicate keys are refused, and no error repeats what the file holds.
//!
//! `serde_json` keeps the last of two equal keys silently; of two coinbases that would pick one by accident. Its limit
//! on nesting stays on. Numbers and booleans keep no value: no key file needs them.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::fault::FileFault;
use crate::config::show_key;

/// A value of a file.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Json {
    Null,
    Boolean,
    Number,
    Text(String),
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

    /// The kind with its article, for messages.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "a boolean",
            Self::Number => "a number",
            Self::Text(_) => "text",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }
}

/// Reads a whole file.
pub(super) fn parse(bytes: &[u8]) -> Result<Json, FileFault> {
    let fault = |what: &str, hint: &str| FileFault::whole(what).hint(hint);
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
    let parsed = Seed { path: &Place::Root }.deserialize(&mut reader);
    parsed.and_then(|json| reader.end().map(|()| json)).map_err(|error| {
        let message = error.to_string();
        let what = message.split(" at line ").next().unwrap_or(&message);
        match what.strip_prefix(DUPLICATE) {
            Some(place) => FileFault::at(place, "this key occurs twice").hint("keep one of them").line(error.line()),
            None => FileFault::whole(format!("this is not JSON: {what}, column {}", error.column())).line(error.line()),
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
    Key(&'a Self, &'a str),
    Index(&'a Self, usize),
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Key(Self::Root, key) => f.write_str(&show_key(key)),
            Self::Key(outer, key) => write!(f, "{outer}.{}", show_key(key)),
            Self::Index(outer, index) => write!(f, "{outer}[{index}]"),
        }
    }
}

struct Seed<'a> {
    path: &'a Place<'a>,
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(self)
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

    fn visit_bool<E>(self, _: bool) -> Result<Json, E> {
        Ok(Json::Boolean)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Json, E> {
        Ok(Json::Number)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Json, E> {
        Ok(Json::Number)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Json, E> {
        Ok(Json::Number)
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut list = Vec::new();
        loop {
            let path = Place::Index(self.path, list.len());
            match items.next_element_seed(Seed { path: &path })? {
                Some(item) => list.push(item),
                None => return Ok(Json::List(list)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Json, A::Error> {
        let mut object = Vec::new();
        let mut seen = std::collections::BTreeSet::new();
        while let Some(key) = members.next_key::<String>()? {
            let path = Place::Key(self.path, &key);
            if !seen.insert(key.clone()) {
                return Err(A::Error::custom(format!("{DUPLICATE}{path}")));
            }
            let value = members.next_value_seed(Seed { path: &path })?;
            object.push((key, value));
        }
        Ok(Json::Object(object))
    }
}
