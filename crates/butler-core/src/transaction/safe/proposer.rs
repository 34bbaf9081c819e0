//! Who may propose: a delegate, which can do nothing else. An owner's key is refused, since its signature counts on chain.

use std::collections::BTreeSet;

use ethers_core::types::Address;
use thiserror::Error;

use crate::client::safe::Delegate;
use crate::contracts::safe::SafeState;
use crate::text::address::checksummed;

/// Why an account must not, or cannot, propose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ProposerFault {
    /// It is an owner of the Safe.
    #[error(
        "{} is an owner of the Safe, and an owner's key is not to be kept here\n\
         hint: have an owner name another account as a delegate, and use that one's key",
        checksummed(.0)
    )]
    Owner(Address),
    /// No owner named it.
    #[error(
        "{} is no delegate for the Safe\nhint: an owner names delegates, in Safe's settings or at the service",
        checksummed(.0)
    )]
    NotADelegate(Address),
    /// Only accounts named it that are no owners of the Safe, by the chain's word.
    #[error(
        "{} was named as a delegate by {}, which is no owner of the Safe",
        checksummed(proposer),
        checksummed(delegator)
    )]
    NamedByNoOwner {
        /// The account.
        proposer: Address,
        /// Who named it.
        delegator: Address,
    },
}

/// Sees that an account may propose: at the start, and before each proposal. The owners are the chain's, the delegations the service's.
///
/// # Errors
/// See [`ProposerFault`].
pub fn check_proposer(proposer: Address, safe: &SafeState, delegations: &[Delegate]) -> Result<(), ProposerFault> {
    if safe.owners.contains(&proposer) {
        return Err(ProposerFault::Owner(proposer));
    }
    let named_by: BTreeSet<Address> =
        delegations.iter().filter(|one| one.delegate == proposer).map(|one| one.delegator).collect();
    if named_by.iter().any(|delegator| safe.owners.contains(delegator)) {
        return Ok(());
    }
    Err(named_by.first().map_or(ProposerFault::NotADelegate(proposer), |delegator| ProposerFault::NamedByNoOwner {
        proposer,
        delegator: *delegator,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contracts::safe::SafeVersion;

    #[test]
    fn a_delegate_of_an_owner_may_propose_and_nobody_else() {
        let [owner, delegate, stranger] = [1, 2, 3].map(Address::repeat_byte);
        let owners = BTreeSet::from([owner]);
        let safe = SafeState { version: Ok(SafeVersion::V1_4_1), owners, threshold: 1, nonce: 0 };
        let by = |delegator| Delegate { delegate, delegator };
        assert_eq!(check_proposer(delegate, &safe, &[by(stranger), by(owner)]), Ok(()));
        let itself = Delegate { delegate: owner, delegator: owner };
        assert_eq!(check_proposer(owner, &safe, &[itself]), Err(ProposerFault::Owner(owner)));
        assert_eq!(check_proposer(stranger, &safe, &[by(owner)]), Err(ProposerFault::NotADelegate(stranger)));
        let fault = ProposerFault::NamedByNoOwner { proposer: delegate, delegator: stranger };
        assert_eq!(check_proposer(delegate, &safe, &[by(stranger)]), Err(fault));
    }
}
