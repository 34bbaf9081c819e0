//! One check of `doctor`: what was looked at, with its light.

use butler_core::domain::findings::{Finding, Level};
use butler_core::runtime::report::Chain;
use serde::Serialize;

use crate::error::CliError;

/// One line of the report.
#[derive(Debug, Serialize)]
pub(super) struct Check {
    /// What was looked at: a closed set of names, documented in docs/cli.md.
    pub(super) name: &'static str,
    pub(super) subject: String,
    pub(super) light: Light,
    pub(super) what: String,
    pub(super) hint: Option<String>,
    /// The code of the finding that it shows, as in docs/findings.md.
    pub(super) finding: Option<&'static str>,
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Light {
    Green,
    Amber,
    Red,
}

impl Light {
    /// The light of the worst of these findings; green without any. What is good to know is no reason to look.
    pub(super) fn of<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Self {
        match findings.into_iter().map(|finding| finding.level).min() {
            Some(Level::Error) => Self::Red,
            Some(Level::Warning) => Self::Amber,
            Some(Level::Note) | None => Self::Green,
        }
    }
}

/// A check without a hint.
pub(super) fn check(name: &'static str, subject: &str, light: Light, what: impl Into<String>) -> Check {
    Check { name, subject: subject.to_owned(), light, what: what.into(), hint: None, finding: None }
}

/// A check that shows one finding.
pub(super) fn shown(name: &'static str, subject: &str, finding: &Finding, now: u64) -> Check {
    let hint = Some(finding.remedy().to_owned());
    let code = Some(finding.kind.code());
    Check { hint, finding: code, ..check(name, subject, Light::of([finding]), finding.message(now)) }
}

/// A check that could not be made.
pub(super) fn failure(name: &'static str, subject: &str, error: &CliError) -> Check {
    Check { hint: error.hint(), ..check(name, subject, Light::Red, Chain(error).to_string()) }
}
