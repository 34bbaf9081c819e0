//! What becomes of a request.

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It may be answered.
    Allowed,
    /// It brings nothing, or something wrong.
    Refused,
    /// Too many passwords wait to be looked at.
    Busy,
}

pub(super) fn verdict(is_right: bool) -> Verdict {
    if is_right { Verdict::Allowed } else { Verdict::Refused }
}
