//! The types of keys that only pipelines have.

use std::fmt::Display;
use std::str::FromStr;

use crate::config::sections::jobs::TipConfig;
use crate::config::setting::{Problem, Setting};
use crate::config::unshown::Noted;
use crate::domain::job::{Argument, ArtifactPath, JobName, PipelineName, ServicePath};
use crate::text::secrets::without_secrets;

/// A setting that is what its text parses to, and says itself what is wrong with it.
macro_rules! parsed {
    ($kind:ty, $name:literal, $expected:literal) => {
        impl Setting for $kind {
            const KIND: &'static str = $name;
            const EXPECTED: &'static str = $expected;

            fn from_text(text: &str) -> Result<Self, Problem> {
                text.parse().map_err(|error| Problem::new(format!("{error}")))
            }
            fn show(&self) -> String {
                without_secrets(&self.to_string())
            }
            fn noted(&self) -> Noted {
                Noted::Text(self.to_string())
            }
        }
    };
}

parsed!(Argument, "argument", "text, or one value such as \"{item}\"");
parsed!(ArtifactPath, "artifact path", "a path below the folder such as \"{item}/proof.bin\"");
parsed!(ServicePath, "service path", "a path such as \"/v1/proofs/{id}\"");
parsed!(JobName, "job", "the name of a job");
parsed!(PipelineName, "pipeline", "the name of a pipeline");

/// Which trigger it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TriggerKind {
    BeaconPeriod,
    L1Blocks,
    L2Blocks,
    Cron,
    After,
}

impl TriggerKind {
    const ALL: [(&'static str, Self); 5] = [
        ("beacon_period", Self::BeaconPeriod),
        ("l1_blocks", Self::L1Blocks),
        ("l2_blocks", Self::L2Blocks),
        ("cron", Self::Cron),
        ("after", Self::After),
    ];

    pub(super) fn name(self) -> &'static str {
        Self::ALL.into_iter().find(|(_, kind)| *kind == self).map_or("", |(name, _)| name)
    }
}

impl Setting for TriggerKind {
    const KIND: &'static str = "trigger";
    const EXPECTED: &'static str = "`beacon_period`, `l1_blocks`, `l2_blocks`, `cron` or `after`";

    fn from_text(text: &str) -> Result<Self, Problem> {
        let known = Self::ALL.into_iter().find(|(name, _)| *name == text);
        known.map(|(_, kind)| kind).ok_or_else(Self::expected)
    }
    fn show(&self) -> String {
        self.name().to_owned()
    }
}

impl Setting for TipConfig {
    const KIND: &'static str = "tip";
    const EXPECTED: &'static str = "`finalized` or `proven`";

    fn from_text(text: &str) -> Result<Self, Problem> {
        match text {
            "finalized" => Ok(Self::Finalized),
            "proven" => Ok(Self::Proven),
            _ => Err(Self::expected()),
        }
    }
    fn show(&self) -> String {
        match self {
            Self::Finalized => "finalized".to_owned(),
            Self::Proven => "proven".to_owned(),
        }
    }
}

/// `input.JOB`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct InputName(pub(super) JobName);

impl Setting for InputName {
    const KIND: &'static str = "input";
    const EXPECTED: &'static str = "`input.` and the name of a job";

    fn from_text(text: &str) -> Result<Self, Problem> {
        let job = text.strip_prefix("input.").and_then(|job| JobName::from_str(job).ok());
        job.map(Self).ok_or_else(Self::expected)
    }
    fn show(&self) -> String {
        format!("input.{}", self.0)
    }
}

/// A place in JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pointer(pub(super) String);

impl Setting for Pointer {
    const KIND: &'static str = "json pointer";
    const EXPECTED: &'static str = "a place in JSON such as \"/result/id\"";

    fn from_text(text: &str) -> Result<Self, Problem> {
        let is_pointer = text.starts_with('/') && text.len() <= 256 && !text.chars().any(char::is_control);
        if is_pointer { Ok(Self(text.to_owned())) } else { Err(Self::expected()) }
    }
    fn show(&self) -> String {
        without_secrets(&self.0)
    }
}

/// The name of a time zone; whether this machine knows it is looked at with the schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ZoneName(pub(super) String);

impl Setting for ZoneName {
    const KIND: &'static str = "time zone";
    const EXPECTED: &'static str = "a time zone such as \"Europe/Berlin\"";

    fn from_text(text: &str) -> Result<Self, Problem> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/_+-".contains(&byte);
        let is_name = (1..=64).contains(&text.len()) && text.bytes().all(is_plain);
        if is_name { Ok(Self(text.to_owned())) } else { Err(Self::expected()) }
    }
    fn show(&self) -> String {
        self.0.clone()
    }
}

/// A schedule as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern(pub(super) String);

impl Setting for Pattern {
    const KIND: &'static str = "schedule";
    const EXPECTED: &'static str = "minute, hour, day, month and weekday such as \"0 3 * * *\"";

    fn from_text(text: &str) -> Result<Self, Problem> {
        let is_plain = text.len() <= 128 && text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
        if is_plain && !text.is_empty() { Ok(Self(text.to_owned())) } else { Err(Self::expected()) }
    }
    fn show(&self) -> String {
        self.0.clone()
    }
}

/// Names, each in backticks.
pub(super) fn listed<T: Display>(names: impl IntoIterator<Item = T>) -> String {
    names.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
