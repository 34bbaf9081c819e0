//! Counters that go on without an action.

use super::step::Step;
use crate::journal::error::JournalError;
use crate::journal::op::Op;
use crate::journal::request::{NAME_LIMIT, NextNumber};

/// Sets counters; one that is there already, or further, is left as it is.
pub(crate) fn count(step: &mut Step<'_>, numbers: &[NextNumber]) -> Result<(), JournalError> {
    for NextNumber { name, to } in numbers {
        let before = step.image.counter(name)?;
        if !is_name(name) {
            return Err(JournalError::Invalid("a counter has a name of visible ascii characters"));
        }
        if *to > before {
            step.record(Op::Counted { name: name.clone(), count: *to })?;
        }
    }
    Ok(())
}

/// Whether a counter can be called so.
pub(crate) fn is_name(name: &str) -> bool {
    (1..=NAME_LIMIT).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic())
}
