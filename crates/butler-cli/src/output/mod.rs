//! The only place that writes to stdout and stderr: stdout is data, stderr is talk.
//!
//! A reader that went away (`butler-cli status | head`) is not an error.

mod ask;
mod fold;
mod screen;
mod zone;

use std::borrow::Cow;
use std::io::{self, BufWriter, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;

pub(crate) use self::ask::{ask, can_ask};
pub(crate) use self::fold::{columns, fold, fold_lines, widest_word};
pub(crate) use self::screen::is_capable;
pub(crate) use self::zone::Zone;

/// Bytes of JSON that are written at once.
const BUFFER: usize = 32 * 1024;

/// Whether nothing is said on stderr but why the program failed. Of the process, as stderr is.
static IS_QUIET: AtomicBool = AtomicBool::new(false);

/// Where a command's results go, and how they look.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    /// Whether results are JSON.
    pub json: bool,
    /// Whether colour is used.
    pub color: bool,
    /// How many columns a line may have.
    pub width: usize,
    /// The zone that moments are shown in, when that is not UTC.
    pub zone: Option<Zone>,
}

/// When colour is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum ColorChoice {
    /// On a terminal that has it, unless `NO_COLOR` is set.
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
    pub(crate) fn new(json: bool, color: ColorChoice, zone: Option<Zone>) -> Self {
        let color = match color {
            ColorChoice::Auto => screen::has_color(),
            ColorChoice::Always => true,
            ColorChoice::Never => false,
        };
        Self { json, color, width: screen::width(), zone }
    }

    /// Text of so many columns, for tests.
    #[cfg(test)]
    pub(crate) fn of_width(width: usize) -> Self {
        Self { json: false, color: false, width, zone: None }
    }

    /// Writes a result: the report itself as JSON, or what `render` makes of it, in lines that fit.
    ///
    /// # Errors
    /// When stdout cannot be written.
    pub(crate) fn result<T: Serialize>(&self, report: &T, render: impl FnOnce(&T, &Self) -> String) -> io::Result<()> {
        self.show(report, |report, output| output.fitted(&render(report, output)))
    }

    /// The same of a text that other programs read: its lines are as they are.
    ///
    /// # Errors
    /// When stdout cannot be written.
    pub(crate) fn verbatim<T: Serialize>(&self, report: &T, render: impl FnOnce(&T) -> String) -> io::Result<()> {
        self.show(report, |report, _| render(report))
    }

    fn show<T: Serialize>(&self, report: &T, render: impl FnOnce(&T, &Self) -> String) -> io::Result<()> {
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

    /// A text in lines that fit, with moments in the zone that is asked for.
    #[must_use]
    pub(crate) fn fitted(&self, text: &str) -> String {
        fold_lines(&self.in_zone(text), self.width)
    }

    /// A text with moments in the zone that is asked for.
    #[must_use]
    pub(crate) fn in_zone<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.zone.map_or(Cow::Borrowed(text), |zone| Cow::Owned(zone.shown(text)))
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
pub(crate) fn unless_gone(written: io::Result<()>) -> io::Result<()> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// From now on only failures are said.
pub(crate) fn be_quiet() {
    IS_QUIET.store(true, Ordering::Relaxed);
}

/// Whether only failures are said.
#[must_use]
pub(crate) fn is_quiet() -> bool {
    IS_QUIET.load(Ordering::Relaxed)
}

/// Says something on stderr that is no failure, unless nobody wants to hear it.
pub(crate) fn remark(line: &str) {
    if !is_quiet() {
        complain(line);
    }
}

/// Says on stderr why the program failed. There is nobody to tell when that fails.
pub(crate) fn complain(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", fold_lines(line, screen::width_of_talk()));
}
