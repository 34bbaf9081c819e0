//! Endpoints whose answers cannot be: each is given up once in a reading, and the others are read instead.
//!
//! What nobody else is heard to say is the endpoint's own nonsense; what others say, too, is the contract's, or a wrong address
//! in the configuration.

use std::collections::BTreeSet;

use super::error::SnapshotError;
use crate::client::error::{ErrorKind, RpcFailure};
use crate::client::l1::L1Client;

/// The endpoints that were given up in one reading.
#[derive(Debug, Default)]
pub(super) struct Convicts(BTreeSet<usize>);

impl Convicts {
    /// Makes the endpoint that is to blame for `error` stand back. Whether it is worth reading again: whether somebody was to
    /// blame, and others are left.
    pub(super) fn take(&mut self, client: &L1Client, error: &SnapshotError) -> bool {
        let SnapshotError::Nonsense { giver: Some(giver), source, .. } = error else { return false };
        if client.endpoints().len() < 2 || !self.0.insert(giver.index) {
            return false;
        }
        client.distrust(giver.index, &RpcFailure::Nonsense(source.to_string()));
        self.0.len() < client.endpoints().len()
    }

    /// Whether `error` is what the contract answers, and not one endpoint's word: several say so together, each that there is says
    /// so alone, or there is no other to ask.
    pub(super) fn is_the_contracts(&self, client: &L1Client, error: &SnapshotError) -> bool {
        match error {
            SnapshotError::Nonsense { giver, .. } => giver.is_none() || self.0.len().max(1) >= client.endpoints().len(),
            SnapshotError::NoContract { .. } | SnapshotError::Unsupported { .. } => true,
            // A getter that burns whatever it is given; no transport fails like that.
            SnapshotError::Rpc(error) => error.failure.kind() == ErrorKind::OutOfGas,
            SnapshotError::Ledger(_)
            | SnapshotError::UnknownProvider(_)
            | SnapshotError::UnknownAdmin(_)
            | SnapshotError::ForeignRegistry { .. }
            | SnapshotError::Preset { .. }
            | SnapshotError::Reorganised { .. } => false,
        }
    }
}
