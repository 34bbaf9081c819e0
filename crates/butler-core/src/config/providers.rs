//! What is set for single providers of a network: which coinbase their attesters must have.

use std::collections::BTreeSet;

use super::reader::{Read, Section};
use super::setting::{Problem, Setting};
use crate::domain::attester::coinbase::{CoinbasePolicies, CoinbasePolicy};
use crate::domain::ids::ProviderId;

impl Setting for CoinbasePolicy {
    const KIND: &'static str = "coinbase policy";
    const EXPECTED: &'static str = "split or own";

    fn from_text(text: &str) -> Result<Self, Problem> {
        text.parse().map_err(|_| Self::expected())
    }
    fn show(&self) -> String {
        <&str>::from(self).to_owned()
    }
}

/// Reads the policies of a network; `ids` are its providers, as far as they are known.
pub(crate) fn read_policies(section: &Section<'_>, ids: &[ProviderId], has_admins: bool) -> Read<CoinbasePolicies> {
    let ids: BTreeSet<&ProviderId> = ids.iter().collect();
    let network = section.get("coinbase_policy");
    let mut policies = CoinbasePolicies { network: network?, ..CoinbasePolicies::default() };
    for section in section.sections("providers") {
        let policy = section.optional("coinbase_policy");
        let Ok(id) = section.get::<ProviderId>("id") else { continue };
        if !ids.contains(&id) && !has_admins {
            let hint = "add it to `provider_ids`, or remove this section";
            section.fault("id", Problem::new(format!("provider {id} is none of yours")).hint(hint));
        }
        let policy = policy.ok().flatten().unwrap_or(policies.network);
        if policies.by_provider.insert(id, policy).is_some() {
            section.fault("id", Problem::new(format!("provider {id} occurs twice")));
        }
    }
    Ok(policies)
}
