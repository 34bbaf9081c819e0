//! What the service answers, as text; whatever else stands beside it is passed over.

use serde::Deserialize;

use super::number::Number;
use crate::client::log_text::Data;
use crate::text::fixed::Fixed;

/// One page of a list.
#[derive(Deserialize)]
pub(super) struct PageText<T> {
    pub(super) count: u64,
    pub(super) results: Vec<T>,
}

/// A transaction.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TransactionText {
    pub(super) safe: Fixed<20>,
    /// Absent for the zero address.
    pub(super) to: Option<Fixed<20>>,
    pub(super) value: Number,
    pub(super) data: Option<Data>,
    pub(super) operation: Number,
    pub(super) gas_token: Option<Fixed<20>>,
    pub(super) safe_tx_gas: Number,
    pub(super) base_gas: Number,
    pub(super) gas_price: Number,
    pub(super) refund_receiver: Option<Fixed<20>>,
    pub(super) nonce: Number,
    pub(super) safe_tx_hash: Fixed<32>,
    #[serde(default)]
    pub(super) proposer: Option<Fixed<20>>,
    #[serde(default)]
    pub(super) proposed_by_delegate: Option<Fixed<20>>,
    pub(super) is_executed: bool,
    #[serde(default)]
    pub(super) is_successful: Option<bool>,
    #[serde(default)]
    pub(super) transaction_hash: Option<Fixed<32>>,
    #[serde(default)]
    pub(super) submission_date: Option<String>,
    #[serde(default)]
    pub(super) origin: Option<String>,
    pub(super) trusted: bool,
    #[serde(default)]
    pub(super) confirmations: Option<Vec<ConfirmationText>>,
}

/// A signature of an owner, as far as it is counted.
#[derive(Deserialize)]
pub(super) struct ConfirmationText {
    pub(super) owner: Fixed<20>,
}

/// A delegate.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DelegateText {
    /// Absent where the delegate is one for every Safe of the delegator.
    pub(super) safe: Option<Fixed<20>>,
    pub(super) delegate: Fixed<20>,
    pub(super) delegator: Fixed<20>,
    #[serde(default)]
    pub(super) expiry_date: Option<String>,
}
