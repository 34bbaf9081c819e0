//! Jobs that run: real programs, files, signals and users.
//!
//! A test that is another process starts this program again with one ignored test, which finds its folder in the environment.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a test may fail, and says what it leaves out")]

mod artifacts;
mod children;
mod commands;
mod kills;
mod room;
mod secrets;
mod services;
mod sweep;
mod textfiles;
mod triggers;
