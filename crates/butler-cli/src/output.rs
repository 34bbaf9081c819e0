//! The only place that writes to stdout and stderr: stdout is data, stderr is talk.
//!
//! A reader that went away (`butler-cli status | head`) is not an error.

use std::io::{self, IsTerminal, Write};

use serde::Serialize;

/// Where a command's results and remarks go.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    /// Whether results are JSON.
    pub json: bool,
    /// Whether colour is used.
    pub color: bool,
    /// The width for tables, in columns.
    pub width: u16,
}

/// When colour is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Output {
    /// Decides from the flags and from what stdout is.
    #[must_use]
    pub(crate) fn new(json: bool, color: ColorChoice) -> Self {
        let is_terminal = io::stdout().is_terminal();
        let color = match color {
            ColorChoice::Auto => is_terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
            ColorChoice::Always => true,
            ColorChoice::Never => false,
        };
        let asked = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
        let width = asked.or_else(|| is_terminal.then(|| comfy_table::Table::new().width()).flatten());
        Self { json, color, width: width.unwrap_or(160).max(40) }
    }

    /// Writes a result: the report itself as JSON, or what `render` makes of it.
    ///
    /// # Errors
    /// When stdout cannot be written.
    pub(crate) fn result<T: Serialize>(&self, report: &T, render: impl FnOnce(&T, &Self) -> String) -> io::Result<()> {
        let mut text = if self.json {
            serde_json::to_string_pretty(report).map_err(io::Error::from)?
        } else {
            render(report, self)
        };
        if !text.ends_with('\n') {
            text.push('\n');
        }
        self.text(&text)
    }

    /// Writes text to stdout as it is.
    ///
    /// # Errors
    /// When stdout cannot be written, except when its reader went away.
    pub(crate) fn text(&self, text: &str) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            result => result,
        }
    }
}

/// Writes a line to stderr. There is nobody to tell when that fails.
pub(crate) fn remark(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}
