//! What does not fit of a ledger, and who told it.

use super::LedgerCache;
use crate::client::error::{RpcError, RpcFailure};
use crate::client::l1::L1Client;
use crate::contracts::events::EventError;
use crate::domain::provider_ledger::Gap;
use crate::snapshot::error::SnapshotError;

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
}

impl Doubt {
    /// Whether an endpoint that has not indexed its newest blocks yet would look like this.
    pub(in crate::snapshot) fn may_be_late(&self) -> bool {
        match &self.trouble {
            Trouble::Gap(gap) => gap.may_be_late() && !self.is_outvoted,
            Trouble::Undecodable(_) => false,
        }
    }

    /// The failure of the endpoint that told it.
    pub(in crate::snapshot) fn failure(&self) -> RpcFailure {
        RpcFailure::Incomplete(match &self.trouble {
            Trouble::Gap(gap) => gap.to_string(),
            Trouble::Undecodable(error) => error.to_string(),
        })
    }

    /// The error of whoever has nobody else to ask.
    pub(in crate::snapshot) fn into_error(self, client: &L1Client) -> SnapshotError {
        let giver = self.giver.and_then(|index| client.endpoints().get(index));
        let failure = self.failure();
        match self.trouble {
            Trouble::Undecodable(error) => SnapshotError::Ledger(error),
            Trouble::Gap(_) => SnapshotError::Rpc(RpcError {
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
        let giver = self.givers.iter().max_by_key(|(_, steps)| **steps).map(|(index, _)| *index);
        Doubt { giver, trouble: Trouble::Gap(gap), is_outvoted: false }
    }
}
