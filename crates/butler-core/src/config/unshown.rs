//! A value as it is kept until somebody wants to see it: what may hold a secret is looked through then and not before. A daemon shows
//! none.

use std::fmt;

use crate::text::secrets::without_secrets;

/// A value as it is kept until somebody wants to see it.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Noted {
    /// It may be shown as it is.
    Plain(String),
    /// It is the operator's text, in which a secret may stand.
    Text(String),
}

impl Noted {
    /// The value as anybody may see it.
    pub(super) fn show(&self) -> String {
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
