//! Texts that cross from one machine to another: bounded, on one line, and refused where they are not.
//!
//! What reads them on this side does not trust the other one: a machine with keystores may be somebody else's by now.

use std::borrow::Borrow;
use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::key_files::shown::shown_path;

/// The longest name of a file, in bytes: with `.tmp` it is as long as a name can be.
const NAME_LIMIT: usize = 251;
/// The longest remark, in bytes.
const REMARK_LIMIT: usize = 400;

/// A text that is none of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("expected a short text on one line")]
pub struct Unfit;

/// The name of a file in a folder of keystores, without a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FileName(String);

impl FileName {
    /// The name of an entry as it is shown. What could be a part of a key is hidden in it, so that file cannot be asked for.
    pub(super) fn shown(name: &str) -> Self {
        let shown = shown_path(Path::new(name)).replace('/', "_");
        Self::try_from(shown).unwrap_or_else(|_| Self("<hidden>".to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a node reads a file of that name: one that ends in `.json`, hidden or not.
    pub(super) fn is_json(name: &str) -> bool {
        Path::new(name).extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"))
    }
}

impl TryFrom<String> for FileName {
    type Error = Unfit;

    fn try_from(name: String) -> Result<Self, Unfit> {
        let is_fit = !matches!(name.as_str(), "" | "." | "..")
            && name.len() <= NAME_LIMIT
            && !name.contains(|letter: char| letter == '/' || letter.is_control());
        if is_fit { Ok(Self(name)) } else { Err(Unfit) }
    }
}

impl From<FileName> for String {
    fn from(name: FileName) -> Self {
        name.0
    }
}

impl Borrow<str> for FileName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A remark for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Remark(String);

impl Remark {
    /// As much of a text as is fit.
    pub(super) fn of(text: &str) -> Self {
        let fit = |text: String| Self::try_from(text).ok();
        let plain: String = text.chars().filter(|letter| !letter.is_control()).collect();
        let end = plain.floor_char_boundary(REMARK_LIMIT);
        plain.get(..end).and_then(|plain| fit(plain.to_owned())).unwrap_or(Self(String::new()))
    }
}

impl TryFrom<String> for Remark {
    type Error = Unfit;

    fn try_from(text: String) -> Result<Self, Unfit> {
        let is_fit = text.len() <= REMARK_LIMIT && !text.contains(char::is_control);
        if is_fit { Ok(Self(text)) } else { Err(Unfit) }
    }
}

impl From<Remark> for String {
    fn from(remark: Remark) -> Self {
        remark.0
    }
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_never_leads_elsewhere() {
        for name in ["", ".", "..", "a/b", "/a", "a\nb", "\u{1b}[31m", &"a".repeat(252)] {
            assert!(FileName::try_from(name.to_owned()).is_err(), "{name:?}");
        }
        for name in ["keys.json", ".hidden.json", "zwei schlüssel.JSON"] {
            assert_eq!(FileName::shown(name).as_str(), name);
        }
        assert!(["a.json", ".a.JSON", "a.b.Json"].iter().all(|name| FileName::is_json(name)));
        assert!(["a.json.tmp", ".json", "json", "a.jsonl"].iter().all(|name| !FileName::is_json(name)));
    }

    #[test]
    fn digits_of_a_key_in_a_name_are_hidden() {
        let shown = FileName::shown("keystore-eth-attester_1_1a2b3c4d.json");
        assert!(!shown.as_str().contains("1a2b3c4d"), "{shown}");
    }

    #[test]
    fn a_remark_is_cut_and_one_that_is_too_long_is_refused() {
        let long = "ü\n".repeat(1_000);
        assert_eq!(Remark::of(&long).to_string(), "ü".repeat(200));
        assert!(Remark::try_from("ü".repeat(201)).is_err() && Remark::try_from("a\tb".to_owned()).is_err());
    }
}
