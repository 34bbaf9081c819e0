//! What is wrong with a key file. Names the file and the place, never the content.

use std::fmt;

use serde::Serialize;

use crate::config::escape;

/// One thing that is wrong with one file, or with a pattern of files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeyFileFault {
    /// The file or pattern as it was given, fit to be shown.
    pub file: String,
    /// The line, from 1, where it is known.
    pub line: Option<usize>,
    /// The place within the file, such as `validators[0].attester.eth`; empty for the whole.
    pub place: String,
    /// What is wrong and what was expected.
    pub what: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl fmt::Display for KeyFileFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        self.line.iter().try_for_each(|line| write!(f, ":{line}"))?;
        f.write_str(": ")?;
        if !self.place.is_empty() {
            write!(f, "{}: ", self.place)?;
        }
        f.write_str(&self.what)?;
        self.hint.iter().try_for_each(|hint| write!(f, " (hint: {hint})"))
    }
}

/// How grave a fault is for the rest of its file's faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gravity {
    Plain,
    /// The file holds what must not be here: one such fault stands for all.
    Secret,
}

/// A fault before its file is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FileFault {
    pub(super) gravity: Gravity,
    place: String,
    line: Option<usize>,
    what: String,
    hint: Option<String>,
}

impl FileFault {
    pub(super) fn whole(what: impl Into<String>) -> Self {
        Self::at("", what)
    }

    pub(super) fn at(place: impl Into<String>, what: impl Into<String>) -> Self {
        Self { gravity: Gravity::Plain, place: place.into(), line: None, what: what.into(), hint: None }
    }

    pub(super) fn secret(place: impl Into<String>, what: impl Into<String>) -> Self {
        let fault = Self::at(place, what).hint("use the file of public keys; the butler never needs a private key");
        Self { gravity: Gravity::Secret, ..fault }
    }

    pub(super) fn hint(self, hint: &str) -> Self {
        Self { hint: Some(hint.to_owned()), ..self }
    }

    pub(super) fn line(self, line: usize) -> Self {
        Self { line: Some(line), ..self }
    }

    pub(super) fn of_file(self, file: &str) -> KeyFileFault {
        let Self { gravity: _, place, line, what, hint } = self;
        KeyFileFault { file: escape(file), line, place, what, hint }
    }
}
