//! What a terminal can show: how wide it is, whether it has colours, whether a line may be written over.

use std::env;
use std::io::{self, IsTerminal as _};
use std::os::fd::AsFd;

use terminal_size::terminal_size_of;

/// Columns of a terminal that does not say how many it has.
const USUAL: usize = 80;
/// Fewer are not believed.
const LEAST: usize = 40;
/// Where lines end in a pipe or a file: nowhere.
const ENDLESS: usize = usize::MAX;

/// How many columns a line on stdout may have. `COLUMNS` says it for whatever stdout is; a pipe gets whole lines.
#[must_use]
pub(crate) fn width() -> usize {
    let asked = env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok()).filter(|columns| *columns > 0);
    let width = asked.unwrap_or_else(|| if io::stdout().is_terminal() { width_of(io::stdout()) } else { ENDLESS });
    width.max(LEAST)
}

/// The same of what is said on stderr.
#[must_use]
pub(crate) fn width_of_talk() -> usize {
    if io::stderr().is_terminal() { width_of(io::stderr()).max(LEAST) } else { ENDLESS }
}

fn width_of(stream: impl AsFd) -> usize {
    let size = terminal_size_of(stream);
    size.map(|(width, _)| usize::from(width.0)).filter(|width| *width > 0).unwrap_or(USUAL)
}

/// Whether the terminal understands more than lines of text.
#[must_use]
pub(crate) fn is_capable() -> bool {
    env::var_os("TERM").is_none_or(|name| name != "dumb")
}

/// Whether stdout shows colours, when nobody said.
#[must_use]
pub(crate) fn has_color() -> bool {
    let is_unwanted = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    io::stdout().is_terminal() && is_capable() && !is_unwanted
}
