//! When what was read is doubted, and how long terms that do not fit are left alone.

use std::time::Duration;

use tokio::time::Instant;

use super::doubt::{Doubt, LeftTerms, Trouble};
use super::{DEEP, LedgerCache};
use crate::domain::block::BlockRef;
use crate::domain::provider::ledger::Gap;

/// How long terms that nobody tells otherwise are not read again: at first, and at most, since each time costs a scan.
const TERMS_STAY: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(600));

impl LedgerCache {
    /// A doubt about what was read in the present reading.
    pub(super) fn doubt(&self, gap: Gap) -> Doubt {
        self.doubt_of(Trouble::Gap(gap))
    }

    /// A doubt about the events of providers' terms, unless it was settled lately that nobody tells them otherwise. Once more
    /// they are doubted when the block is 64 younger: a word that had time to change counts again.
    pub(in crate::chain) fn doubt_terms(&mut self, pin: &BlockRef) -> Result<(), Doubt> {
        let Some(left) = &mut self.left_terms else { return Err(self.doubt_of(Trouble::Terms)) };
        if left.second_look.take_if(|block| *block <= pin.number).is_some() {
            left.until = Instant::now();
        }
        if Instant::now() < left.until { Ok(()) } else { Err(self.doubt_of(Trouble::Terms)) }
    }

    /// Nobody tells the terms otherwise: what they do not fit stays unconfirmed.
    pub(in crate::chain) fn leave_terms(&mut self, pin: &BlockRef) {
        let now = Instant::now();
        let (stay, second_look) = match &self.left_terms {
            Some(left) => (left.stay.saturating_mul(2).min(TERMS_STAY.1), left.second_look),
            None => (TERMS_STAY.0, Some(pin.number.saturating_add(DEEP))),
        };
        self.left_terms = Some(LeftTerms { until: now.checked_add(stay).unwrap_or(now), second_look, stay });
    }

    /// The terms fit again.
    pub(in crate::chain) fn believe_terms(&mut self) {
        self.left_terms = None;
    }

    pub(super) fn doubt_of(&self, trouble: Trouble) -> Doubt {
        let giver = self.givers.iter().max_by_key(|(_, steps)| **steps).map(|(index, _)| *index);
        Doubt { giver, trouble, is_outvoted: false }
    }
}
