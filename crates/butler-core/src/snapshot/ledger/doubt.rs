//! What does not fit of a ledger, and who told it.

use std::time::Duration;

use tokio::time::Instant;

use super::LedgerCache;
use crate::client::error::{RpcError, RpcFailure};
use crate::client::l1::L1Client;
use crate::contracts::events::EventError;
use crate::domain::provider_ledger::Gap;
use crate::snapshot::error::SnapshotError;

/// How long terms that nobody tells otherwise are not read again.
const TERMS_STAY: Duration = Duration::from_secs(600);

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

    /// A doubt about the events of providers' terms, unless it was settled a while ago that nobody tells them otherwise.
    pub(in crate::snapshot) fn doubt_terms(&self) -> Result<(), Doubt> {
        let is_settled = self.terms_at.is_some_and(|at| Instant::now() < at);
        if is_settled { Ok(()) } else { Err(self.doubt_of(Trouble::Terms)) }
    }

    /// Nobody tells the terms otherwise: what they do not fit stays unconfirmed.
    pub(in crate::snapshot) fn leave_terms(&mut self) {
        self.terms_at = Instant::now().checked_add(TERMS_STAY);
    }

    pub(super) fn doubt_of(&self, trouble: Trouble) -> Doubt {
        let giver = self.givers.iter().max_by_key(|(_, steps)| **steps).map(|(index, _)| *index);
        Doubt { giver, trouble, is_outvoted: false }
    }
}
