//! Reports of `transactions broadcast`, `replace` and `cancel`.

use ethers_core::types::Address;
use serde::Serialize;

use crate::commands::transactions::sent::Sent;
use crate::view::json::{JsonAddress, Scope};
use crate::view::scope_line;

/// What was sent.
#[derive(Debug, Serialize)]
pub(super) struct SentReport {
    scope: Scope,
    account: JsonAddress,
    sent: Vec<Sent>,
}

impl SentReport {
    pub(super) fn new(scope: Scope, account: Address, sent: Vec<Sent>) -> Self {
        Self { scope, account: account.into(), sent }
    }

    /// What it says to people.
    pub(super) fn told(&self) -> String {
        let sent: String = self.sent.iter().map(Sent::told).collect();
        format!("{}\n{sent}", scope_line(&self.scope))
    }
}
