//! Who may propose for a Safe without being one of its owners.

use ethers_core::types::Address;
use serde::Serialize;

use super::answers::DelegateText;
use super::error::{ServiceError, ServiceLie};
use super::listed::unix_seconds;
use crate::contracts::safe::SafeAccount;

/// That an owner named somebody who may propose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Delegate {
    /// Who may propose.
    pub delegate: Address,
    /// The owner who said so.
    pub delegator: Address,
}

impl Delegate {
    /// Checks what the service says of `delegate`; `None` for another Safe's, and for one whose time is over at `now`.
    pub(super) fn read(
        text: &DelegateText,
        safe: &SafeAccount,
        delegate: Address,
        now: u64,
    ) -> Result<Option<Self>, ServiceError> {
        let told = Address::from(text.delegate.0);
        if told != delegate {
            return Err(ServiceLie::OtherDelegate(told).into());
        }
        let is_over = match &text.expiry_date {
            None => false,
            Some(date) => unix_seconds(date).ok_or(ServiceError::Malformed("a date that is none"))? <= now,
        };
        let is_ours = text.safe.as_ref().is_none_or(|of| of.0 == safe.address.0);
        Ok((is_ours && !is_over).then_some(Self { delegate, delegator: Address::from(text.delegator.0) }))
    }
}
