//! What the parts of a scan share: the endpoints' widths as they are learnt, and who is asked first.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::client::endpoint::Endpoint;
use crate::client::l1::L1Client;
use crate::client::log_width::{Patience, Width};
use crate::domain::block::BlockRef;

/// What a scan learns while it goes on.
#[derive(Debug, Default)]
pub(super) struct Learnt {
    /// By the endpoint's index.
    pub(super) widths: BTreeMap<usize, Width>,
    /// Those that did not answer a part which another one answered afterwards.
    pub(super) outdone: BTreeSet<usize>,
    pub(super) patience: Patience,
}

/// What the parts of a scan share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) pin: Option<BlockRef>,
    pub(super) beside: BTreeSet<usize>,
    pub(super) learnt: Mutex<Learnt>,
}

impl Shared {
    pub(super) fn learnt(&self) -> MutexGuard<'_, Learnt> {
        self.learnt.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn with_width<T>(&self, endpoint: &Endpoint, change: impl FnOnce(&mut Width) -> T) -> T {
        let mut learnt = self.learnt();
        let width = learnt.widths.entry(endpoint.index()).or_insert_with(|| Width::begin(endpoint.begin_log_range()));
        change(width)
    }

    pub(super) fn good(&self, endpoint: &Endpoint) -> u64 {
        self.with_width(endpoint, |width| width.good())
    }

    /// The endpoints to ask, best first.
    pub(super) fn order<'c>(&self, client: &'c L1Client) -> Vec<&'c Endpoint> {
        let mut order = client.log_order(&self.beside, |endpoint| self.good(endpoint));
        let learnt = self.learnt();
        order.sort_by_key(|endpoint| learnt.outdone.contains(&endpoint.index()));
        order
    }
}
