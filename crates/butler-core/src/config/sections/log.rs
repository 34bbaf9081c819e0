//! The section `[log]`.

use crate::config::reader::{Read, Section};
use crate::config::setting::{Problem, Setting};

/// `[log]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogConfig {
    /// How much is logged.
    pub level: LogLevel,
    /// How a line is written.
    pub format: LogFormat,
}

pub(crate) fn read_log(section: &Section<'_>) -> Read<LogConfig> {
    let level = section.get("level");
    let format = section.get("format");
    Ok(LogConfig { level: level?, format: format? })
}

/// How much is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[derive(strum::IntoStaticStr, strum::EnumString)]
#[strum(serialize_all = "snake_case")]
pub enum LogLevel {
    /// Someone must look.
    Error,
    /// Degraded, recovered by itself.
    Warn,
    /// Changes.
    Info,
    /// Each item.
    Debug,
    /// Everything.
    Trace,
}

/// How a log line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[derive(strum::IntoStaticStr, strum::EnumString)]
#[strum(serialize_all = "snake_case")]
pub enum LogFormat {
    /// For people on a terminal, for machines elsewhere.
    Auto,
    /// For people.
    Text,
    /// One JSON object on each line.
    Json,
}

impl LogLevel {
    /// The name as a log filter has it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl Setting for LogLevel {
    const KIND: &'static str = "log level";
    const EXPECTED: &'static str = "error, warn, info, debug or trace";

    fn from_text(text: &str) -> Result<Self, Problem> {
        text.parse().map_err(|_| Self::expected())
    }
    fn show(&self) -> String {
        self.as_str().to_owned()
    }
}

impl Setting for LogFormat {
    const KIND: &'static str = "log format";
    const EXPECTED: &'static str = "auto, text or json";

    fn from_text(text: &str) -> Result<Self, Problem> {
        text.parse().map_err(|_| Self::expected())
    }
    fn show(&self) -> String {
        <&str>::from(self).to_owned()
    }
}
