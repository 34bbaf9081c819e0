//! Why a change is refused, and what the operator can do about it.

use ethers_core::types::{Address, U256};
use thiserror::Error;

use super::permitted::NotPermitted;
use crate::domain::ids::ProviderId;
use crate::text::address::checksummed;
use crate::text::amount::amount;
use crate::text::time::count;

/// The most gas of one transaction (EIP-7825).
pub const MOST_GAS: u64 = 1 << 24;
/// How many bad keys an error names.
const NAMED: usize = 10;

/// Why a change is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// Somebody else is the admin.
    #[error("{} is not the admin of provider {provider}", checksummed(.from))]
    NotAdmin {
        /// Which provider.
        provider: ProviderId,
        /// Who is.
        admin: Address,
        /// Who was to send it.
        from: Address,
    },
    /// Somebody else, or nobody, was named to become admin.
    #[error("{} is not named as the next admin of provider {provider}", checksummed(.from))]
    NotNamed {
        /// Which provider.
        provider: ProviderId,
        /// Who is.
        named: Option<Address>,
        /// Who was to send it.
        from: Address,
    },
    /// Who is to become admin is so already, and somebody else may take over.
    #[error("{} is the admin of provider {provider} already, and {} may take over", checksummed(.admin), checksummed(.named))]
    SuccessorNamed {
        /// Which provider.
        provider: ProviderId,
        /// The admin.
        admin: Address,
        /// Who may take over.
        named: Address,
    },
    /// Nobody has the zero address.
    #[error("the zero address as {0}")]
    ZeroAddress(&'static str),
    /// A share beyond all of it.
    #[error("a take rate of {0} basis points")]
    TakeRate(u16),
    /// The admin has a provider with other terms.
    #[error("{} is the admin of provider {provider} already, with other terms", checksummed(.admin))]
    OtherTerms {
        /// Which provider.
        provider: ProviderId,
        /// Whose.
        admin: Address,
    },
    /// A key that is to be taken out does not wait.
    #[error("{} does not wait in the queue of provider {provider}", checksummed(.attester))]
    NotQueued {
        /// Whose queue.
        provider: ProviderId,
        /// Which key.
        attester: Address,
    },
    /// Keys that would burn a stake or themselves, each with why.
    #[error("{} of the file cannot be used{}", count(.0.len(), "key"), listed(.0))]
    Keys(Vec<String>),
    /// No publisher that may be funded.
    #[error("no publisher is to be funded here")]
    NoPublisher,
    /// Publishers lack more than may be sent.
    #[error("publishers lack {} ETH together, over the cap of {}", amount(*.total, 6), amount(*.cap, 6))]
    OverCap {
        /// What they lack, in wei.
        total: U256,
        /// What may be sent, in wei.
        cap: U256,
    },
    /// The sender cannot pay for it.
    #[error("{} has {} {what}, and {} are needed", checksummed(.from), amount(*.has, 6), amount(*.needs, 6))]
    Poor {
        /// Who.
        from: Address,
        /// Of what.
        what: &'static str,
        /// What it has, in base units.
        has: U256,
        /// What is needed, in base units.
        needs: U256,
    },
    /// The chain refuses it.
    #[error("it would fail now: {why}, when {} tries to {step}", checksummed(.from))]
    Reverts {
        /// Who was to send it.
        from: Address,
        /// Which call, in words.
        step: String,
        /// Why, in words.
        why: String,
    },
    /// A transaction that no block takes.
    #[error("to {step} takes {gas} gas, and a transaction may use no more than {MOST_GAS}")]
    TooMuchGas {
        /// Which call, in words.
        step: String,
        /// What it takes.
        gas: u64,
    },
    /// A batch that no block takes.
    #[error("all {calls} calls in one batch take {gas} gas, and a transaction may use no more than {MOST_GAS}")]
    BatchTooBig {
        /// How many calls.
        calls: usize,
        /// What they and the Safe take.
        gas: u64,
    },
    /// Two endpoints are to agree, and only one told what it is based on.
    #[error("only {0} told what this is based on")]
    Unconfirmed(String),
    /// A call that is not on the list.
    #[error(transparent)]
    NotPermitted(#[from] NotPermitted),
}

/// The first of these, each on a line of its own.
fn listed(keys: &[String]) -> String {
    let mut text: String = keys.iter().take(NAMED).map(|key| format!("\n  {key}")).collect();
    if let Some(more) = keys.len().checked_sub(NAMED).filter(|more| *more > 0) {
        text.push_str(&format!("\n  and {more} more"));
    }
    text
}

impl Refusal {
    /// What the operator can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NotAdmin { admin, .. } => {
                format!("its admin is {}: that account sends it, or the Safe that it is", checksummed(admin))
            }
            Self::NotNamed { provider, named: Some(named), .. } => {
                format!("{} is: that account accepts, or the admin of provider {provider} names another one", checksummed(named))
            }
            Self::NotNamed { provider, named: None, .. } => {
                format!("nobody is: the admin names somebody first, `butler-cli provider set-admin ADDRESS --provider-id {provider}`")
            }
            Self::SuccessorNamed { .. } => {
                "a successor is only withdrawn by naming another one: name an account of your own".to_owned()
            }
            Self::ZeroAddress(_) => "the registry would refuse it, or nobody could ever use it".to_owned(),
            Self::TakeRate(_) => "10000 basis points are all".to_owned(),
            Self::OtherTerms { provider, .. } => format!(
                "`butler-cli provider show --provider-id {provider}` shows them; `set-take-rate` and `set-recipient` change them; a second provider wants another admin"
            ),
            Self::NotQueued { provider, .. } => {
                format!("`butler-cli provider show --provider-id {provider} --json` lists its queue")
            }
            Self::Keys(_) => "take these out of the file, or make new ones: nothing on chain refuses them before a delegator's stake is locked".to_owned(),
            Self::NoPublisher => {
                "key files name none, or their nodes fund themselves (`fundingAccount`): top up that account instead".to_owned()
            }
            Self::OverCap { .. } => "look whether that can be right, and raise `--cap`".to_owned(),
            Self::Poor { .. } => "fund it first, or let another account send it with `--from`".to_owned(),
            Self::Reverts { .. } => "nothing was sent; `butler-cli doctor` looks for what may have changed".to_owned(),
            Self::TooMuchGas { .. } => "do it in smaller parts".to_owned(),
            Self::BatchTooBig { .. } => {
                "owners would sign what can never be executed: use a file of fewer keys, or `--form calldata`".to_owned()
            }
            Self::Unconfirmed(_) => {
                "no other endpoint answered in time: whoever lies alone could choose where money goes; try again".to_owned()
            }
            Self::NotPermitted(_) => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_bad_keys_are_told_by_the_first_of_them() {
        let told = Refusal::Keys((1..=12).map(|number| format!("key {number}")).collect()).to_string();
        assert!(told.starts_with("12 keys of the file cannot be used\n  key 1\n"), "{told}");
        assert!(told.ends_with("\n  key 10\n  and 2 more"), "{told}");
        let one = Refusal::Keys(vec!["key 1".to_owned()]).to_string();
        assert_eq!(one, "1 key of the file cannot be used\n  key 1");
    }
}
