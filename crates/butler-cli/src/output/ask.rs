//! Asking the person at the terminal.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _};

/// Whether somebody can be asked.
#[must_use]
pub(crate) fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Shows something on stderr and asks; whether the answer is yes.
///
/// # Errors
/// When the terminal cannot be read or written.
pub(crate) fn ask(shown: &str, question: &str) -> io::Result<bool> {
    let mut screen = io::stderr().lock();
    write!(screen, "{shown}\n{question} [y/N] ")?;
    screen.flush()?;
    let mut line = String::new();
    io::stdin().lock().take(16).read_line(&mut line)?;
    Ok(matches!(line.trim(), "y" | "Y" | "yes"))
}
