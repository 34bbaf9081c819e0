//! What a configuration is made of, as the caller hands it over: a file, the environment, the flags.
//!
//! Nothing here looks at the process's own environment, except `Variables::of_process`, which `main` calls once.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};

/// The configuration file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ConfigFile {
    /// There is none: presets, environment and flags only.
    #[default]
    None,
    /// A file that somebody asked for: an error when it is missing.
    Required(PathBuf),
    /// A file at its usual place: used when it is there.
    IfPresent(PathBuf),
}

impl ConfigFile {
    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Self::None => None,
            Self::Required(path) | Self::IfPresent(path) => Some(path),
        }
    }
}

/// Environment variables, taken once. Prints only their number: values may be secrets.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Variables(BTreeMap<OsString, OsString>);

impl Variables {
    /// The variables of this process.
    #[must_use]
    pub fn of_process() -> Self {
        std::env::vars_os().collect()
    }

    /// A variable's value; empty counts as not set.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        self.0.get(OsStr::new(name)).map(OsString::as_os_str).filter(|value| !value.is_empty())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.0.iter().map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }
}

impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Variables({})", self.0.len())
    }
}

impl<N: Into<OsString>, V: Into<OsString>> FromIterator<(N, V)> for Variables {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

/// What a flag sets. Prints no value: it may hold a secret.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum OverrideValue {
    Text(String),
    Urls(Vec<String>),
}

/// One value given by a flag. It goes before the file and the environment.
#[derive(Clone, PartialEq, Eq)]
pub struct Override {
    /// The key, such as `networks.mainnet.l1.0.url`.
    pub(crate) key: String,
    pub(crate) value: OverrideValue,
    /// The flag, such as `--l1-url`, for messages.
    pub(crate) flag: String,
}

impl Override {
    /// Sets one key (`networks.mainnet.l1.0.timeout`) to what the text says; lists are separated by commas.
    #[must_use]
    pub fn text(key: impl Into<String>, value: impl Into<String>, flag: impl Into<String>) -> Self {
        Self { key: key.into(), value: OverrideValue::Text(value.into()), flag: flag.into() }
    }

    /// Replaces a whole list of endpoints (`networks.mainnet.l1`) by these URLs.
    #[must_use]
    pub fn urls(key: impl Into<String>, urls: Vec<String>, flag: impl Into<String>) -> Self {
        Self { key: key.into(), value: OverrideValue::Urls(urls), flag: flag.into() }
    }
}

impl fmt::Debug for Override {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Override({} by {})", self.key, self.flag)
    }
}

/// Everything that a configuration is loaded from. Flags go before the environment, the environment before the file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sources {
    /// The file.
    pub file: ConfigFile,
    /// The environment.
    pub variables: Variables,
    /// The flags, later ones winning.
    pub overrides: Vec<Override>,
}
