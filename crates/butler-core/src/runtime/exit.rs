//! The exit codes of all butler programs. Scripts rely on them; `docs/operating.md` lists them.

use std::process::ExitCode;

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// Done; a check passed.
    Success,
    /// A bug: nothing that the operator did.
    Bug,
    /// Arguments that make no sense.
    Usage,
    /// Configuration or an input file that cannot be used.
    Configuration,
    /// An endpoint or a node that does not answer, or answers nonsense.
    Upstream,
    /// The check ran, and its answer is bad.
    CheckFailed,
    /// Refused: a precondition does not hold, such as the chain's id.
    Refused,
    /// A local file that cannot be read or written.
    LocalFile,
    /// Stopped by SIGINT, as Ctrl-C sends it.
    Interrupted,
    /// Stopped by SIGTERM.
    Terminated,
}

impl Exit {
    /// All codes, in the order of their numbers.
    pub const ALL: [Self; 10] = [
        Self::Success,
        Self::Bug,
        Self::Usage,
        Self::Configuration,
        Self::Upstream,
        Self::CheckFailed,
        Self::Refused,
        Self::LocalFile,
        Self::Interrupted,
        Self::Terminated,
    ];

    /// The number.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Bug => 1,
            Self::Usage => 2,
            Self::Configuration => 3,
            Self::Upstream => 4,
            Self::CheckFailed => 5,
            Self::Refused => 6,
            Self::LocalFile => 7,
            // What a shell says of a program that a signal ended.
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }

    /// What the number means, for the documentation.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Success => "done; a check passed",
            Self::Bug => "a bug in butler",
            Self::Usage => "wrong arguments",
            Self::Configuration => "configuration or an input file cannot be used",
            Self::Upstream => "an endpoint or a node does not answer, or answers nonsense",
            Self::CheckFailed => "the check ran and its answer is bad",
            Self::Refused => "refused: a precondition does not hold (wrong chain, no such contract)",
            Self::LocalFile => "a local file cannot be read or written",
            Self::Interrupted => "stopped by SIGINT (Ctrl-C)",
            Self::Terminated => "stopped by SIGTERM",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
