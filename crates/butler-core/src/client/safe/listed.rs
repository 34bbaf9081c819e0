//! A transaction as the service tells it, checked: its fields make its hash, and it is of the Safe that was asked for.

use std::collections::BTreeSet;

use ethers_core::types::{Address, H256};
use jiff::Timestamp;

use super::answers::{PageText, TransactionText};
use super::error::{ServiceError, ServiceLie};
use crate::contracts::safe::{GasRefund, Operation, SafeAccount, SafeTransaction};
use crate::text::fixed::Fixed;

/// The most characters of an origin that are kept: the service takes 200, and writes JSON with spaces.
const ORIGIN_KEPT: usize = 1_000;
/// The most confirmations that are read.
const MOST_CONFIRMATIONS: usize = 1_000;

/// A transaction of a Safe that the service has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedTransaction {
    /// Its hash, computed here.
    pub hash: H256,
    /// It.
    pub transaction: SafeTransaction,
    /// The owner who proposed it, or for whom a delegate did.
    pub proposer: Option<Address>,
    /// The delegate who proposed it.
    pub delegate: Option<Address>,
    /// What the service says of its execution. The chain's logs say it for sure.
    pub executed: Option<ListedExecution>,
    /// When it was proposed, in unix seconds, by the service's clock.
    pub submitted: Option<u64>,
    /// What it says to be for; any text.
    pub origin: Option<String>,
    /// Whether an owner or a delegate signed it.
    pub is_trusted: bool,
    /// Who confirmed it, by the service's word.
    pub confirmed_by: BTreeSet<Address>,
}

/// An execution that the service tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListedExecution {
    /// Whether what it called did not revert.
    pub is_successful: Option<bool>,
    /// In which transaction.
    pub transaction: Option<H256>,
}

/// The transactions of one page that are what they say to be; `None` where it is no page.
pub(crate) fn read_page(json: &[u8], safe: &SafeAccount) -> Option<Vec<ListedTransaction>> {
    let page: PageText<TransactionText> = serde_json::from_slice(json).ok()?;
    Some(page.results.into_iter().filter_map(|text| ListedTransaction::read(text, safe).ok()).collect())
}

impl ListedTransaction {
    /// Checks what the service says of a transaction of that Safe.
    pub(super) fn read(text: TransactionText, safe: &SafeAccount) -> Result<Self, ServiceError> {
        let address = |text: Option<Fixed<20>>| text.map(Address::from).unwrap_or_default();
        let told_safe = Address::from(text.safe);
        if told_safe != safe.address {
            return Err(ServiceLie::OtherSafe(told_safe).into());
        }
        let operation = text.operation.small().and_then(Operation::from_code);
        let operation = operation.ok_or(ServiceError::Malformed("an operation that no Safe knows"))?;
        let nonce = text.nonce.small().ok_or(ServiceError::Malformed("a nonce beyond 64 bits"))?;
        let transaction = SafeTransaction {
            to: address(text.to),
            value: text.value.0,
            data: text.data.map(|data| data.0).unwrap_or_default(),
            operation,
            refund: GasRefund {
                safe_tx_gas: text.safe_tx_gas.0,
                base_gas: text.base_gas.0,
                gas_price: text.gas_price.0,
                gas_token: address(text.gas_token),
                receiver: address(text.refund_receiver),
            },
            nonce,
        };
        let (told, computed) = (H256::from(text.safe_tx_hash), transaction.hash(safe));
        if told != computed {
            return Err(ServiceLie::OtherHash { told, computed }.into());
        }
        let confirmations = text.confirmations.unwrap_or_default();
        if confirmations.len() > MOST_CONFIRMATIONS {
            return Err(ServiceError::Malformed("more confirmations than any Safe has owners"));
        }
        Ok(Self {
            hash: computed,
            transaction,
            proposer: text.proposer.map(Address::from),
            delegate: text.proposed_by_delegate.map(Address::from),
            executed: text.is_executed.then(|| ListedExecution {
                is_successful: text.is_successful,
                transaction: text.transaction_hash.map(H256::from),
            }),
            submitted: text.submission_date.and_then(|date| unix_seconds(&date)),
            origin: text.origin.filter(|origin| origin.chars().count() <= ORIGIN_KEPT),
            is_trusted: text.trusted,
            confirmed_by: confirmations.into_iter().map(|one| Address::from(one.owner)).collect(),
        })
    }
}

/// A date as the service writes it.
pub(super) fn unix_seconds(date: &str) -> Option<u64> {
    u64::try_from(date.parse::<Timestamp>().ok()?.as_second()).ok()
}
