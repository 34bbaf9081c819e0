//! Printing an error with its causes, once, each cause on its own line.

use std::error::Error;
use std::fmt;

/// Displays an error and all its causes.
#[derive(Debug, Clone, Copy)]
pub struct Chain<'a>(pub &'a (dyn Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut before = self.0.to_string();
        let mut cause = self.0.source();
        while let Some(error) = cause {
            let text = error.to_string();
            // Some libraries repeat their cause in their own text.
            if !before.ends_with(&text) {
                write!(f, "\n  because {text}")?;
            }
            before = text;
            cause = error.source();
        }
        Ok(())
    }
}

/// An error with its causes on one line, for the log.
#[must_use]
pub fn one_line(error: &(dyn Error + 'static)) -> String {
    Chain(error).to_string().replace("\n  because ", ": ")
}
