//! The overview that `status`, `audit` and `doctor` are made of.

use std::collections::BTreeMap;

use butler_core::domain::attester::overview::{AttesterRow, overview};
use butler_core::domain::findings::attester::judge_what_is_known;

use crate::gather::Gathered;

/// The overview of everything that was gathered. Without any keys, no coinbase is judged.
pub(super) fn rows(gathered: &Gathered) -> Vec<AttesterRow> {
    let network = &gathered.network;
    let book = &network.keys.book;
    let mut rows = overview(&gathered.snapshot, book, &BTreeMap::new(), network.config.coinbase_rules());
    judge_what_is_known(&mut rows, book);
    rows
}
