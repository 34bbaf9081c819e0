//! The section `[log]`.

use crate::config::reader::Section;
use crate::config::setting::{Problem, Setting};

/// `[log]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogConfig {
    /// How much is logged.
    pub level: LogLevel,
    /// How a line is written; absent when that is left to where it is written to.
    pub format: Option<LogFormat>,
}

pub(crate) fn read_log(section: &Section<'_>) -> Option<LogConfig> {
    let level = section.get("level");
    let is_chosen = section.origin("format").is_some();
    let format: Option<LogFormat> = section.get("format");
    Some(LogConfig { level: level?, format: Some(format?).filter(|_| is_chosen) })
}

/// How much is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object on each line.
    Json,
}

impl LogLevel {
    /// The name as a log filter has it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

impl Setting for LogLevel {
    const KIND: &'static str = "log level";
    const EXPECTED: &'static str = "error, warn, info, debug or trace";

    fn from_text(text: &str) -> Result<Self, Problem> {
        let levels = [Self::Error, Self::Warn, Self::Info, Self::Debug, Self::Trace];
        levels.into_iter().find(|level| level.as_str() == text).ok_or_else(Self::expected)
    }
    fn show(&self) -> String {
        self.as_str().to_owned()
    }
}

impl Setting for LogFormat {
    const KIND: &'static str = "log format";
    const EXPECTED: &'static str = "text or json";

    fn from_text(text: &str) -> Result<Self, Problem> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(Self::expected()),
        }
    }
    fn show(&self) -> String {
        match self {
            Self::Text => "text".to_owned(),
            Self::Json => "json".to_owned(),
        }
    }
}
