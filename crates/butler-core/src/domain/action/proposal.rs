//! What the owners of a Safe are asked to sign: what is wanted, the calls that do it, and both in words.
//!
//! A person approves the calls, byte for byte; the words are made of them. Who makes calls of a wish is not decided here.

use ethers_core::abi::{Token, encode};
use ethers_core::types::{Address, Bytes, H256, U256};
use ethers_core::utils::keccak256;
use serde::{Deserialize, Serialize};

use super::key::EffectKey;
use super::kind::ActionKind;
use crate::domain::ids::ProviderId;

/// What is wanted of a provider, or of publishers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Wish {
    /// More keys at the end of its queue: those of the calls.
    AddKeys {
        /// Whose queue.
        provider: ProviderId,
    },
    /// A provider.
    CreateProvider {
        /// Who may change it.
        admin: Address,
        /// Its share, in basis points.
        take_rate_bps: u16,
        /// Who receives that share.
        rewards_recipient: Address,
    },
    /// That share of future delegations.
    SetTakeRate {
        /// Of which provider.
        provider: ProviderId,
        /// In basis points.
        take_rate_bps: u16,
    },
    /// That recipient of the share.
    SetRecipient {
        /// Of which provider.
        provider: ProviderId,
        /// Who.
        rewards_recipient: Address,
    },
    /// None of the keys at the front of its queue up to this one.
    Drip {
        /// Whose queue.
        provider: ProviderId,
        /// The last key that goes.
        through: Address,
    },
    /// That admin, who was named.
    AcceptAdmin {
        /// Of which provider.
        provider: ProviderId,
        /// Who.
        admin: Address,
    },
    /// Publishers that have what they should hold.
    FundPublishers,
}

/// One call of a proposal, and what it does in words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProposedCall {
    /// The contract, or who is funded.
    pub to: Address,
    /// In wei.
    pub value: U256,
    /// The selector and its arguments; empty where only ether is sent.
    pub data: Bytes,
    /// What it does.
    pub says: String,
}

/// What owners are asked to sign.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proposal {
    /// The Safe that sends the calls.
    pub from: Address,
    /// What is wanted.
    pub wish: Wish,
    /// The effect's own key, which is the same whoever proposes it.
    pub effect: EffectKey,
    /// The calls, in their order.
    pub calls: Vec<ProposedCall>,
    /// What is different afterwards, in words.
    pub effects: Vec<String>,
    /// What whoever signs should know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
}

impl Wish {
    /// The kind of the action that is for it.
    #[must_use]
    pub fn kind(&self) -> ActionKind {
        match self {
            Self::AddKeys { .. } => ActionKind::AddKeys,
            Self::CreateProvider { .. } => ActionKind::CreateProvider,
            Self::SetTakeRate { .. } => ActionKind::SetTakeRate,
            Self::SetRecipient { .. } => ActionKind::SetRecipient,
            Self::Drip { .. } => ActionKind::Drip,
            Self::AcceptAdmin { .. } => ActionKind::AcceptAdmin,
            Self::FundPublishers => ActionKind::FundPublishers,
        }
    }

    /// The provider that it is about, where there is one.
    #[must_use]
    pub fn provider(&self) -> Option<ProviderId> {
        match self {
            Self::AddKeys { provider }
            | Self::SetTakeRate { provider, .. }
            | Self::SetRecipient { provider, .. }
            | Self::Drip { provider, .. }
            | Self::AcceptAdmin { provider, .. } => Some(*provider),
            Self::CreateProvider { .. } | Self::FundPublishers => None,
        }
    }
}

impl Proposal {
    /// Keccak-256 of the sender and all calls: what tells one proposal from another, whatever words it has.
    #[must_use]
    pub fn digest(&self) -> H256 {
        let call = |call: &ProposedCall| {
            Token::Tuple(vec![Token::Address(call.to), Token::Uint(call.value), Token::Bytes(call.data.to_vec())])
        };
        let calls = self.calls.iter().map(call).collect();
        H256(keccak256(encode(&[Token::Address(self.from), Token::Array(calls)])))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_change_of_a_call_or_of_the_sender_is_another_proposal_and_words_are_not() {
        let call = |byte: u8| ProposedCall {
            to: Address::repeat_byte(byte),
            value: 1.into(),
            data: vec![byte].into(),
            says: "send".to_owned(),
        };
        let one = Proposal {
            from: Address::repeat_byte(9),
            wish: Wish::FundPublishers,
            effect: "k".parse().unwrap(),
            calls: vec![call(1), call(2)],
            effects: Vec::new(),
            remarks: Vec::new(),
        };
        let told = Proposal { effects: vec!["other words".to_owned()], ..one.clone() };
        assert_eq!(one.digest(), told.digest());
        let mut dearer = one.clone();
        dearer.calls[0].value = 2.into();
        let shorter = Proposal { calls: vec![call(1)], ..one.clone() };
        let turned = Proposal { calls: vec![call(2), call(1)], ..one.clone() };
        let another = Proposal { from: Address::repeat_byte(8), ..one.clone() };
        for other in [dearer, shorter, turned, another] {
            assert_ne!(one.digest(), other.digest(), "{other:?}");
        }
        let text = serde_json::to_string(&one).unwrap();
        assert_eq!(serde_json::from_str::<Proposal>(&text).unwrap(), one);
    }
}
