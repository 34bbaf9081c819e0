//! One read on its way, with what is known of its calls so far.

use std::collections::BTreeSet;

use crate::client::endpoint::Endpoint;
use crate::client::limits::Refusal;
use crate::contracts::call::Call;
use crate::contracts::multicall::Outcome;
use crate::domain::block::BlockRef;

/// What becomes of packs that got no answer in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnTimeout {
    /// They are asked again in parts.
    AskForLess,
    /// The read fails: another endpoint is asked first.
    PassOn,
}

/// One read on its way.
pub(super) struct Reading<'r> {
    pub(super) endpoint: &'r Endpoint,
    pub(super) pin: &'r BlockRef,
    pub(super) calls: &'r [Call],
    pub(super) on_timeout: OnTimeout,
    pub(super) outcomes: Vec<Option<Outcome>>,
    /// Whether the endpoint has yet to show at which block it reads.
    pub(super) needs_proof: bool,
    /// Whether the endpoint is known to answer small questions.
    pub(super) answers: bool,
    pub(super) timeouts: u32,
    /// Calls that answered nothing inside a state override and are asked again without one.
    pub(super) silent: BTreeSet<usize>,
    /// How many of those answered nothing again.
    pub(super) confirmed: usize,
}

impl Reading<'_> {
    /// Takes the end of a call.
    pub(super) fn set(&mut self, call: usize, outcome: Outcome) {
        if self.silent.remove(&call) {
            if matches!(&outcome, Outcome::Returned(data) if data.is_empty()) {
                self.confirmed += 1;
            } else {
                self.endpoint.note_no_overrides(Refusal::Spoken);
            }
        }
        if let Some(slot) = self.outcomes.get_mut(call) {
            *slot = Some(outcome);
        }
    }
}
