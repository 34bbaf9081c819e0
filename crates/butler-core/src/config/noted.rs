//! The values in effect as they were read, and as they are shown.

use serde::Serialize;

use super::fault::Origin;
use super::setting::{Setting, Written};
use super::typed::as_toml;
use super::unshown::Noted;

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
