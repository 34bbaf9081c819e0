//! How bad a finding is.

use std::fmt;

use serde::{Deserialize, Serialize};
use strum::{EnumCount as _, VariantArray as _};

use crate::text::closed::every;

/// How soon somebody must look. The most urgent is the least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[derive(strum::IntoStaticStr, strum::VariantArray, strum::EnumCount)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// At once, also at night.
    Critical,
    /// In working hours.
    Warning,
    /// Good to know.
    Info,
}

impl Severity {
    /// Every severity.
    pub const ALL: [Self; Self::COUNT] = every(Self::VARIANTS);

    /// The name that labels, JSON and alert rules use.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What a one-shot check makes of it. That is not how soon somebody must look: a key file with a fault is an error, and can
/// wait until the morning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// The check fails.
    Error,
    /// The check passes, unless it is strict.
    Warning,
    /// The check passes.
    Note,
}
