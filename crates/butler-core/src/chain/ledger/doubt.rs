//! What does not fit of a ledger, and who told it.

use std::time::Duration;

use tokio::time::Instant;

use crate::chain::error::SnapshotError;
use crate::client::error::{RpcError, RpcFailure};
use crate::client::l1::L1Client;
use crate::contracts::events::EventError;
use crate::domain::provider::ledger::Gap;

/// Terms that contradict splits and are left as they are for a while.
#[derive(Debug)]
pub(super) struct LeftTerms {
    pub(super) until: Instant,
    /// The block from which on they are looked at once more, however short the while was.
    pub(super) second_look: Option<u64>,
    pub(super) stay: Duration,
}

/// Why what was read is not believed.
#[derive(Debug)]
pub(in crate::chain) struct Doubt {
    /// The endpoint that gave most of it: its index in the client's list.
    pub(in crate::chain) giver: Option<usize>,
    /// What is wrong with it.
    pub(in crate::chain) trouble: Trouble,
    /// Whether other endpoints agree on something else, so that reading again is of no use.
    pub(in crate::chain) is_outvoted: bool,
}

/// What is wrong.
#[derive(Debug)]
pub(in crate::chain) enum Trouble {
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
    pub(in crate::chain) fn may_be_late(&self) -> bool {
        match &self.trouble {
            Trouble::Gap(gap) => gap.may_be_late() && !self.is_outvoted,
            Trouble::Undecodable(_) | Trouble::Terms | Trouble::Disputed { .. } => false,
        }
    }

    /// The failure of the endpoint that told it.
    pub(in crate::chain) fn failure(&self) -> RpcFailure {
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
    pub(in crate::chain) fn into_error(self, client: &L1Client) -> SnapshotError {
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
