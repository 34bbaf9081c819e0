//! One argument of a command, or one value of a service's body: text of the configuration, or one value as a whole.
//!
//! A value is never a part of an argument, so nothing that it holds can become an option, a second word or a path's end. Text
//! with braces in it that names no value is refused, so that a misspelt one does not reach a program as it stands.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::name::JobName;

/// The longest argument in bytes.
pub const ARGUMENT_LIMIT: usize = 4_096;

/// What an argument can be, beside text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// `{item}`: the item as it is written.
    Item,
    /// `{first}`: its first number.
    First,
    /// `{last}`: its last number.
    Last,
    /// `{previous}`: the item before.
    Previous,
    /// `{key}`: the idempotency key of this job and item, the same at every try.
    Key,
    /// `{try}`: the how manieth try it is, from 1.
    Try,
    /// `{artifact}`: the path to which the artifact is written, or which is checked.
    Artifact,
    /// `{input.JOB}`: the path of the artifact of a job that this one waits for.
    Input(JobName),
    /// `{digest.JOB}`: the SHA-256 of that artifact, as hex.
    Digest(JobName),
}

/// An argument as it is configured.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Argument {
    /// Text that is passed as it stands.
    Fixed(String),
    /// A value that is filled in for each item.
    Value(Value),
}

/// A text that is no argument.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidArgument {
    /// It has characters that end a text or a line, or that steer a terminal.
    #[error("it has a line end or another control character in it")]
    Control,
    /// It is too long.
    #[error("it has more than {ARGUMENT_LIMIT} bytes")]
    TooLong,
    /// It has braces, and is no value.
    #[error(
        "a value is a whole argument: `{{item}}`, `{{first}}`, `{{last}}`, `{{previous}}`, `{{key}}`, `{{try}}`, `{{artifact}}`, `{{input.JOB}}` or `{{digest.JOB}}`"
    )]
    NotWhole,
}

impl Argument {
    /// The value that it is, unless it is text.
    #[must_use]
    pub fn value(&self) -> Option<&Value> {
        match self {
            Self::Fixed(_) => None,
            Self::Value(value) => Some(value),
        }
    }
}

impl Value {
    /// The job whose artifact it is about.
    #[must_use]
    pub fn job(&self) -> Option<&JobName> {
        match self {
            Self::Input(job) | Self::Digest(job) => Some(job),
            Self::Item | Self::First | Self::Last | Self::Previous | Self::Key | Self::Try | Self::Artifact => None,
        }
    }
}

/// What a fixed text must not have in it, and how long it may be.
pub(super) fn check_text(text: &str) -> Result<(), InvalidArgument> {
    if text.len() > ARGUMENT_LIMIT {
        return Err(InvalidArgument::TooLong);
    }
    if text.chars().any(char::is_control) { Err(InvalidArgument::Control) } else { Ok(()) }
}

impl FromStr for Argument {
    type Err = InvalidArgument;

    fn from_str(text: &str) -> Result<Self, InvalidArgument> {
        check_text(text)?;
        if !text.contains(['{', '}']) {
            return Ok(Self::Fixed(text.to_owned()));
        }
        let name = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')).ok_or(InvalidArgument::NotWhole)?;
        let value = match name {
            "item" => Value::Item,
            "first" => Value::First,
            "last" => Value::Last,
            "previous" => Value::Previous,
            "key" => Value::Key,
            "try" => Value::Try,
            "artifact" => Value::Artifact,
            other => {
                let (what, job) = other.split_once('.').ok_or(InvalidArgument::NotWhole)?;
                let job = job.parse().map_err(|_| InvalidArgument::NotWhole)?;
                match what {
                    "input" => Value::Input(job),
                    "digest" => Value::Digest(job),
                    _ => return Err(InvalidArgument::NotWhole),
                }
            }
        };
        Ok(Self::Value(value))
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Item => f.write_str("{item}"),
            Self::First => f.write_str("{first}"),
            Self::Last => f.write_str("{last}"),
            Self::Previous => f.write_str("{previous}"),
            Self::Key => f.write_str("{key}"),
            Self::Try => f.write_str("{try}"),
            Self::Artifact => f.write_str("{artifact}"),
            Self::Input(job) => write!(f, "{{input.{job}}}"),
            Self::Digest(job) => write!(f, "{{digest.{job}}}"),
        }
    }
}

impl fmt::Display for Argument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(text) => f.write_str(text),
            Self::Value(value) => value.fmt(f),
        }
    }
}

impl TryFrom<String> for Argument {
    type Error = InvalidArgument;

    fn try_from(text: String) -> Result<Self, InvalidArgument> {
        text.parse()
    }
}

impl From<Argument> for String {
    fn from(argument: Argument) -> Self {
        argument.to_string()
    }
}
