//! What is wrong with a configuration, told so that it can be repaired.
//!
//! A fault names where the value came from, the full key, what was expected and often a remedy. It never repeats the
//! value: whoever reads the message has the file, and the log that keeps the message must not have the secret.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;
use thiserror::Error;

use crate::store::file::StoreError;

/// The most faults of one configuration that come with a guess at what was meant.
pub(super) const MOST_HINTS: usize = 200;

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A line of the configuration file.
    File {
        /// The file as it was given.
        path: String,
        /// The line, from 1; absent for the file as a whole.
        line: Option<usize>,
        /// The column in characters, from 1, where it is known and helps.
        column: Option<usize>,
    },
    /// An environment variable.
    Variable(String),
    /// A flag of the command line.
    Flag(String),
    /// A preset.
    Preset(String),
    /// The program's default.
    Default,
    /// Nothing in particular: the configuration as a whole.
    Configuration,
}

impl Origin {
    /// Sorts faults as they are read: the file from top to bottom, then variables, then flags.
    pub(crate) fn rank(&self) -> (u8, usize) {
        match self {
            Self::Default | Self::Configuration | Self::Preset(_) => (0, 0),
            Self::File { line, .. } => (1, line.unwrap_or(0)),
            Self::Variable(_) => (2, 0),
            Self::Flag(_) => (3, 0),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line, column } => {
                write!(f, "{}", escape(path))?;
                line.iter().try_for_each(|line| write!(f, ":{line}"))?;
                column.iter().try_for_each(|column| write!(f, ":{column}"))
            }
            Self::Variable(name) => write!(f, "variable {}", escape(name)),
            Self::Flag(name) => write!(f, "flag {}", escape(name)),
            Self::Preset(name) => write!(f, "preset {name}"),
            Self::Default => f.write_str("default"),
            Self::Configuration => f.write_str("configuration"),
        }
    }
}

impl Serialize for Origin {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where the value came from.
    pub origin: Origin,
    /// The full key, such as `networks.mainnet.l1[0].timeout`; empty when no key is concerned.
    pub key: String,
    /// What is wrong and what was expected.
    pub what: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.origin)?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&escape(&self.what))?;
        self.hint.iter().try_for_each(|hint| write!(f, " (hint: {})", escape(hint)))
    }
}

/// A configuration that can not be used.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// There is no file where one was asked for.
    #[error("there is no configuration file `{}` (hint: write one with `butler-cli config init`)", .path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The file could not be read.
    #[error("cannot load the configuration")]
    Unreadable(#[source] StoreError),
    /// Everything that is wrong, in the order of file, environment and flags.
    #[error("the configuration has {}:\n{}", count(.0.len()), lines(.0))]
    Faults(Vec<Fault>),
}

impl ConfigError {
    /// The single faults, to be shown one by one.
    #[must_use]
    pub fn faults(&self) -> &[Fault] {
        match self {
            Self::Faults(faults) => faults,
            Self::Missing { .. } | Self::Unreadable(_) => &[],
        }
    }
}

fn count(faults: usize) -> String {
    if faults == 1 { "1 fault".to_owned() } else { format!("{faults} faults") }
}

fn lines(faults: &[Fault]) -> String {
    let lines: Vec<_> = faults.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

/// Control characters written out, so that a name can not change the terminal or forge a line.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() || is_invisible(character) {
            escaped.extend(character.escape_unicode());
        } else {
            escaped.push(character);
        }
    }
    escaped
}

/// Marks that reorder or hide text on a screen.
fn is_invisible(character: char) -> bool {
    matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// A key from outside as it may be shown: escaped, short, and hidden when it could be a secret that slipped into a key.
pub(crate) fn show_key(key: &str) -> String {
    const LONGEST: usize = 64;
    let mut run = 0_usize;
    for character in key.chars() {
        run = if character.is_ascii_hexdigit() { run + 1 } else { 0 };
        if run > 40 {
            return "<hidden>".to_owned();
        }
    }
    if key.chars().count() > LONGEST {
        let start: String = key.chars().take(LONGEST).collect();
        return format!("{}…", escape(&start));
    }
    escape(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shown_key_can_not_forge_a_line_or_hold_a_private_key() {
        assert_eq!(show_key("a\nb\u{1b}[31m\u{202e}"), "a\\u{a}b\\u{1b}[31m\\u{202e}");
        assert_eq!(show_key(&format!("0x{}", "ab".repeat(32))), "<hidden>");
        assert_eq!(show_key(&"x y".repeat(100)).chars().count(), 65);
    }
}
