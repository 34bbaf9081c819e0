//! The names of pipelines and jobs: short, so that they can stand in keys, labels, paths and lanes as they are.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The longest name in bytes. Two of them, a kind and two items fit in an effect key.
pub const NAME_LIMIT: usize = 32;

/// A text that is no name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a name has 1 to {NAME_LIMIT} of a-z, 0-9, `_` and `-`, and begins with a letter")]
pub struct InvalidName;

/// A text that names no job of a pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("expected `PIPELINE/JOB`, each a name")]
pub struct InvalidJobId;

macro_rules! name {
    ($name:ident, $doc:literal) => {
        #[doc = $doc]
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;

            fn from_str(text: &str) -> Result<Self, InvalidName> {
                Self::try_from(text.to_owned())
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidName;

            fn try_from(text: String) -> Result<Self, InvalidName> {
                if is_name(&text) { Ok(Self(text)) } else { Err(InvalidName) }
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }
    };
}

name!(PipelineName, "The name of a pipeline.");
name!(JobName, "The name of a job within its pipeline.");

/// A job of a pipeline, written `PIPELINE/JOB`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct JobId {
    /// The pipeline.
    pub pipeline: PipelineName,
    /// Its job.
    pub job: JobName,
}

fn is_name(text: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-');
    text.len() <= NAME_LIMIT
        && text.bytes().next().is_some_and(|first| first.is_ascii_lowercase())
        && text.bytes().all(is_inner)
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.pipeline, self.job)
    }
}

impl FromStr for JobId {
    type Err = InvalidJobId;

    fn from_str(text: &str) -> Result<Self, InvalidJobId> {
        let (pipeline, job) = text.split_once('/').ok_or(InvalidJobId)?;
        let pipeline = pipeline.parse().map_err(|InvalidName| InvalidJobId)?;
        Ok(Self { pipeline, job: job.parse().map_err(|InvalidName| InvalidJobId)? })
    }
}

impl TryFrom<String> for JobId {
    type Error = InvalidJobId;

    fn try_from(text: String) -> Result<Self, InvalidJobId> {
        text.parse()
    }
}

impl From<JobId> for String {
    fn from(id: JobId) -> Self {
        id.to_string()
    }
}
