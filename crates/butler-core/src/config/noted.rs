//! The values in effect as they were read. What may hold a secret is looked through when it is shown and not before: a daemon shows none.

use std::fmt;

use serde::Serialize;

use super::fault::Origin;
use super::setting::{Setting, Written};
use super::typed::as_toml;
use crate::text::secrets::without_secrets;

/// One value in effect, as it may be shown to anybody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Effective {
    /// The section, such as `networks.mainnet.l1[0]`; empty at the top.
    pub section: String,
    /// The key within it.
    pub key: String,
    /// The value as TOML; secrets are hidden.
    pub value: String,
    /// Where it came from.
    pub origin: Origin,
}

/// A value as it is kept until somebody wants to see it.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Noted {
    /// It may be shown as it is.
    Plain(String),
    /// It is the operator's text, in which a secret may stand.
    Text(String),
}

impl Noted {
    fn show(&self) -> String {
        match self {
            Self::Plain(text) => text.clone(),
            Self::Text(text) => without_secrets(text),
        }
    }
}

impl fmt::Debug for Noted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(text) => text.fmt(f),
            Self::Text(_) => f.write_str("<text>"),
        }
    }
}

/// One value in effect, as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct InEffect {
    pub(super) section: String,
    pub(super) key: String,
    pub(super) origin: Origin,
    values: Vec<Noted>,
    is_list: bool,
    written: Written,
}

impl InEffect {
    /// A value of a key, or the values of one that is a list.
    pub(super) fn new<T: Setting>(
        (section, key): (&str, &str),
        values: Vec<Noted>,
        is_list: bool,
        origin: Origin,
    ) -> Self {
        Self { section: section.to_owned(), key: key.to_owned(), origin, values, is_list, written: T::WRITTEN }
    }

    pub(super) fn show(&self) -> Effective {
        let values: Vec<String> = self.values.iter().map(|value| as_toml(self.written, &value.show())).collect();
        let value = values.join(", ");
        Effective {
            section: self.section.clone(),
            key: self.key.clone(),
            value: if self.is_list { format!("[{value}]") } else { value },
            origin: self.origin.clone(),
        }
    }
}
