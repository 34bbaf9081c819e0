//! What does not fit of a ledger, and who told it.

use std::time::Duration;

use tokio::time::Instant;

use super::{DEEP, LedgerCache};
use crate::client::error::{RpcError, RpcFailure};
use crate::client::l1::L1Client;
use crate::contracts::events::EventError;
use crate::domain::block::BlockRef;
use crate::domain::provider_ledger::Gap;
use crate::snapshot::error::SnapshotError;

/// How long terms that nobody tells otherwise are not read again: at first, and at most, since each time costs a scan.
const TERMS_STAY: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(600));

/// Terms that contradict splits and are left as they are for a while.
#[derive(Debug)]
pub(super) struct LeftTerms {
    until: Instant,
    /// The block from which on they are looked at once more, however short the while was.
    second_look: Option<u64>,
    stay: Duration,
}

/// Why what was read is not believed.
#[derive(Debug)]
pub(in crate::snapshot) struct Doubt {
    /// The endpoint that gave most of it: its index in the client's list.
    pub(in crate::snapshot) giver: Option<usize>,
    /// What is wrong with it.
    pub(in crate::snapshot) trouble: Trouble,
    /// Whether other endpoints agree on something else, so that reading again is of no use.
    pub(in crate::snapshot) is_outvoted: bool,
}

/// What is wrong.
#[derive(Debug)]
pub(in crate::snapshot) enum Trouble {
    /// The events do not add up.
    Gap(Gap),
    /// A log of ours does not decode.
    Undecodable(EventError),
    /// Splits have other terms than the events of their provider give: some of those are missing or made up.
    Terms,
    /// Of two endpoints, one says that a key was delegated and the other that it was taken out of the queue.
    Disputed {
        /// Height of the block.
        block: u64,
    },
}

impl Doubt {
    /// Whether an endpoint that has not indexed its newest blocks yet would look like this.
    pub(in crate::snapshot) fn may_be_late(&self) -> bool {
        match &self.trouble {
            Trouble::Gap(gap) => gap.may_be_late() && !self.is_outvoted,
            Trouble::Undecodable(_) | Trouble::Terms | Trouble::Disputed { .. } => false,
        }
    }

    /// The failure of the endpoint that told it.
    pub(in crate::snapshot) fn failure(&self) -> RpcFailure {
        match &self.trouble {
            Trouble::Gap(gap) => RpcFailure::Incomplete(gap.to_string()),
            Trouble::Undecodable(error) => RpcFailure::Incomplete(error.to_string()),
            Trouble::Terms => {
                RpcFailure::Incomplete("splits have other terms than the events of their provider".to_owned())
            }
            Trouble::Disputed { block } => RpcFailure::Disagrees { number: *block },
        }
    }

    /// The error of whoever has nobody else to ask.
    pub(in crate::snapshot) fn into_error(self, client: &L1Client) -> SnapshotError {
        let giver = self.giver.and_then(|index| client.endpoints().get(index));
        let failure = self.failure();
        match self.trouble {
            Trouble::Undecodable(error) => SnapshotError::Ledger(error),
            Trouble::Disputed { .. } => SnapshotError::Rpc(RpcError {
                endpoint: format!("{} endpoints", client.endpoints().len()),
                method: "eth_getLogs",
                failure,
            }),
            Trouble::Gap(_) | Trouble::Terms => SnapshotError::Rpc(RpcError {
                endpoint: giver.map_or("no endpoint", |endpoint| endpoint.name()).to_owned(),
                method: "eth_getLogs",
                failure,
            }),
        }
    }
}

impl LedgerCache {
    /// A doubt about what was read in the present reading.
    pub(super) fn doubt(&self, gap: Gap) -> Doubt {
        self.doubt_of(Trouble::Gap(gap))
    }

    /// A doubt about the events of providers' terms, unless it was settled lately that nobody tells them otherwise. Once more
    /// they are doubted when the block is 64 younger: a word that had time to change counts again.
    pub(in crate::snapshot) fn doubt_terms(&mut self, pin: &BlockRef) -> Result<(), Doubt> {
        let Some(left) = &mut self.left_terms else { return Err(self.doubt_of(Trouble::Terms)) };
        if left.second_look.take_if(|block| *block <= pin.number).is_some() {
            left.until = Instant::now();
        }
        if Instant::now() < left.until { Ok(()) } else { Err(self.doubt_of(Trouble::Terms)) }
    }

    /// Nobody tells the terms otherwise: what they do not fit stays unconfirmed.
    pub(in crate::snapshot) fn leave_terms(&mut self, pin: &BlockRef) {
        let now = Instant::now();
        let (stay, second_look) = match &self.left_terms {
            Some(left) => (left.stay.saturating_mul(2).min(TERMS_STAY.1), left.second_look),
            None => (TERMS_STAY.0, Some(pin.number.saturating_add(DEEP))),
        };
        self.left_terms = Some(LeftTerms { until: now.checked_add(stay).unwrap_or(now), second_look, stay });
    }

    /// The terms fit again.
    pub(in crate::snapshot) fn believe_terms(&mut self) {
        self.left_terms = None;
    }

    pub(super) fn doubt_of(&self, trouble: Trouble) -> Doubt {
        let giver = self.givers.iter().max_by_key(|(_, steps)| **steps).map(|(index, _)| *index);
        Doubt { giver, trouble, is_outvoted: false }
    }
}
