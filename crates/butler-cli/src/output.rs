//! The only place that writes to stdout and stderr: stdout is data, stderr is talk.
//!
//! A reader that went away (`butler-cli status | head`) is not an error.

use std::io::{self, BufWriter, IsTerminal, Write};

use serde::Serialize;

/// Bytes of JSON that are written at once.
const BUFFER: usize = 32 * 1024;

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
        if self.json {
            // Written while it is made: a report of thousands of attesters is megabytes.
            let mut stdout = BufWriter::with_capacity(BUFFER, io::stdout().lock());
            let written = serde_json::to_writer_pretty(&mut stdout, report).map_err(io::Error::from);
            return unless_gone(written.and_then(|()| stdout.write_all(b"\n")).and_then(|()| stdout.flush()));
        }
        let mut text = render(report, self);
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
        unless_gone(stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()))
    }
}

/// How writing ended: a reader that went away is none of our business.
fn unless_gone(written: io::Result<()>) -> io::Result<()> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// Writes a line to stderr. There is nobody to tell when that fails.
pub(crate) fn remark(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}
