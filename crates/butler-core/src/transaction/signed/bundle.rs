//! What goes to a machine without network and comes back: a plan of transactions, and the same signed.
//!
//! Neither is believed: whoever reads one decodes its calls and holds them against the fixed list. The checksum tells a file that was cut or
//! typed wrong from one that was not; against somebody who changes it on purpose it is no proof.

use std::collections::BTreeSet;

use ethers_core::types::{Address, Bytes, H256, U256};
use ethers_core::utils::keccak256;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::checked::Checked;
use super::envelope::{Draft, NotSigned, SignedTransaction};
use super::fees::Fees;
use super::grant::Grant;
use crate::domain::action::EffectKey;
use crate::transaction::call::Call;
use crate::transaction::permitted::{NotPermitted, Places, purpose_of};

/// The only version that is written and read.
const VERSION: u32 = 1;
/// The most transactions of one file.
const MOST: usize = 200;

/// What a file holds of each transaction.
pub trait Content: Serialize + DeserializeOwned {
    /// What such a file calls itself.
    const KIND: &'static str;
    /// What of it becomes a transaction.
    type Transaction;

    /// The transaction, of that account on that chain.
    ///
    /// # Errors
    /// See [`NotSigned`].
    fn read(&self, chain_id: u64, account: Address) -> Result<(Draft, Self::Transaction), NotSigned>;
}

/// A transaction that is to be signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToSign {
    nonce: u64,
    to: Address,
    value: U256,
    data: Bytes,
    gas: u64,
    fees: Fees,
}

/// A transaction that is signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signed {
    raw: Bytes,
}

/// Where the contracts are, as whoever made the plan knew them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Contracts {
    staking_registry: Address,
    rollup: Address,
    staking_asset: Address,
    funded: BTreeSet<Address>,
}

/// A file of transactions of one account, in their order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bundle<T> {
    kind: String,
    version: u32,
    chain_id: u64,
    account: Address,
    /// The effect of all of it.
    effect: EffectKey,
    contracts: Contracts,
    transactions: Vec<T>,
    checksum: H256,
}

/// Why a file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NotUsable {
    /// It is another file.
    #[error("it is not {0}")]
    Other(&'static str),
    /// It is of another version.
    #[error("it has version {0}, and known is {VERSION}")]
    Version(u32),
    /// It was changed.
    #[error("its checksum is wrong: it was cut or changed")]
    Checksum,
    /// Its transactions do not follow each other.
    #[error("its nonces do not follow each other")]
    Nonces,
    /// It lets the rollup take tokens that it deposits for nobody.
    #[error("it lets the rollup take tokens, and no deposit follows")]
    NoDeposit,
    /// One of them is none.
    #[error(transparent)]
    Transaction(#[from] NotSigned),
    /// One of them is not on the list.
    #[error(transparent)]
    NotPermitted(#[from] NotPermitted),
}

impl Content for ToSign {
    const KIND: &'static str = "a plan of transactions";
    type Transaction = ();

    fn read(&self, chain_id: u64, account: Address) -> Result<(Draft, ()), NotSigned> {
        let call = Call { to: self.to, value: self.value, data: self.data.clone() };
        let (nonce, gas, fees) = (self.nonce, self.gas, self.fees);
        Ok((Draft { chain_id, from: account, nonce, call, gas, fees }, ()))
    }
}

impl Content for Signed {
    const KIND: &'static str = "signed transactions";
    type Transaction = SignedTransaction;

    fn read(&self, chain_id: u64, account: Address) -> Result<(Draft, SignedTransaction), NotSigned> {
        let signed = SignedTransaction::read(&self.raw, chain_id)?;
        let draft = signed.draft().clone();
        if draft.from != account {
            return Err(NotSigned::OtherSigner { expected: account, found: draft.from });
        }
        Ok((draft, signed))
    }
}

impl From<&Draft> for ToSign {
    fn from(draft: &Draft) -> Self {
        let Call { to, value, data } = draft.call.clone();
        Self { nonce: draft.nonce, to, value, data, gas: draft.gas, fees: draft.fees }
    }
}

impl From<&SignedTransaction> for Signed {
    fn from(signed: &SignedTransaction) -> Self {
        Self { raw: signed.raw().clone() }
    }
}

impl<T: Content> Bundle<T> {
    /// Makes a file.
    #[must_use]
    pub fn new(places: &Places, account: Address, effect: &EffectKey, transactions: Vec<T>) -> Self {
        let contracts = Contracts {
            staking_registry: places.staking_registry,
            rollup: places.rollup,
            staking_asset: places.staking_asset,
            funded: places.funded.clone(),
        };
        let (kind, version, chain_id, effect) = (T::KIND.to_owned(), VERSION, places.chain_id, effect.clone());
        let file = Self { kind, version, chain_id, account, effect, contracts, transactions, checksum: H256::zero() };
        Self { checksum: file.sum(), ..file }
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// See [`NotUsable`]: its transactions are looked at by [`check`](Self::check).
    pub fn read(text: &[u8]) -> Result<Self, NotUsable> {
        /// What tells the kind before the rest is looked at.
        #[derive(Deserialize)]
        struct Head {
            kind: String,
            version: u32,
        }
        let other = |_| NotUsable::Other(T::KIND);
        let Head { kind, version } = serde_json::from_slice(text).map_err(other)?;
        if kind != T::KIND {
            return Err(NotUsable::Other(T::KIND));
        }
        if version != VERSION {
            return Err(NotUsable::Version(version));
        }
        let file: Self = serde_json::from_slice(text).map_err(other)?;
        if file.sum() == file.checksum { Ok(file) } else { Err(NotUsable::Checksum) }
    }

    /// Whose transactions they are.
    #[must_use]
    pub fn account(&self) -> Address {
        self.account
    }

    /// The effect of all of it.
    #[must_use]
    pub fn effect(&self) -> &EffectKey {
        &self.effect
    }

    /// Where the contracts are, as the file says.
    #[must_use]
    pub fn places(&self) -> Places {
        let Contracts { staking_registry, rollup, staking_asset, funded } = self.contracts.clone();
        Places { chain_id: self.chain_id, staking_registry, rollup, staking_asset, funded }
    }

    /// Holds each transaction against the list of what may be called at these places.
    ///
    /// # Errors
    /// See [`NotUsable`].
    pub fn check(&self, places: &Places) -> Result<Vec<Checked<T::Transaction>>, NotUsable> {
        if self.transactions.is_empty() || self.transactions.len() > MOST {
            return Err(NotUsable::Other(T::KIND));
        }
        let mut checked: Vec<Checked<T::Transaction>> = Vec::with_capacity(self.transactions.len());
        for one in &self.transactions {
            let (draft, transaction) = one.read(places.chain_id, self.account)?;
            let purpose = purpose_of(&draft.call, places)?;
            if checked.last().is_some_and(|before| before.draft.nonce.checked_add(1) != Some(draft.nonce)) {
                return Err(NotUsable::Nonces);
            }
            checked.push(Checked { draft, purpose, transaction });
        }
        let mut grants = (0..checked.len()).filter_map(|place| Grant::of(&checked, place));
        if grants.any(|grant| grant.deposits == 0) {
            return Err(NotUsable::NoDeposit);
        }
        Ok(checked)
    }

    /// The hash of all of it but itself.
    fn sum(&self) -> H256 {
        // What was read is hashed as it would be written, whatever its spaces and the order of its fields.
        let value = serde_json::to_value(self).map(|mut value| {
            if let Some(sum) = value.get_mut("checksum") {
                *sum = serde_json::Value::Null;
            }
            value.to_string()
        });
        H256(keccak256(value.unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::samples::{address, provider_id};
    use crate::transaction::change::Change;
    use crate::transaction::permitted::Purpose;

    fn places() -> Places {
        Places {
            chain_id: 1,
            staking_registry: address(1),
            rollup: address(2),
            staking_asset: address(3),
            funded: BTreeSet::from([address(4)]),
        }
    }

    fn draft(nonce: u64, call: Call) -> Draft {
        let fees = Fees { max_fee: 9.into(), tip: 2.into() };
        Draft { chain_id: 1, from: address(9), nonce, call, gas: 100_000, fees }
    }

    fn plan(nonces: &[u64]) -> Bundle<ToSign> {
        let change = Change::SetTakeRate { provider: provider_id(1), take_rate_bps: 5 };
        let call = change.steps(&places()).remove(0).call;
        let drafts = nonces.iter().map(|nonce| ToSign::from(&draft(*nonce, call.clone()))).collect();
        Bundle::new(&places(), address(9), &change.key(&places()), drafts)
    }

    #[test]
    fn a_plan_is_read_as_it_was_written() {
        let text = serde_json::to_string_pretty(&plan(&[7, 8])).unwrap();
        let read = Bundle::<ToSign>::read(text.as_bytes()).unwrap();
        assert_eq!(read, plan(&[7, 8]));
        let checked = read.check(&read.places()).unwrap();
        assert_eq!(
            checked.iter().map(|one| (one.draft.nonce, one.purpose)).collect::<Vec<_>>(),
            [(7, Purpose::SetTakeRate), (8, Purpose::SetTakeRate)]
        );
        assert_eq!(checked[0].draft, draft(7, checked[0].draft.call.clone()));
    }

    #[test]
    fn a_file_that_was_changed_or_is_another_is_refused() {
        let text = serde_json::to_string(&plan(&[7])).unwrap();
        let read = |text: &str| Bundle::<ToSign>::read(text.as_bytes());
        assert_eq!(read(&text.replace("100000", "100001")), Err(NotUsable::Checksum));
        assert_eq!(read(&text.replace("\"version\":1", "\"version\":2")), Err(NotUsable::Version(2)));
        assert_eq!(read("{}"), Err(NotUsable::Other(ToSign::KIND)));
        assert_eq!(Bundle::<Signed>::read(text.as_bytes()), Err(NotUsable::Other(Signed::KIND)));
        let more = text.replacen('{', "{\"more\":1,", 1);
        assert_eq!(read(&more), Err(NotUsable::Other(ToSign::KIND)));
    }

    #[test]
    fn an_approval_is_bounded_by_the_deposits_that_follow_it() {
        let keys = vec![Default::default(), Default::default()];
        let stakes =
            Change::Deposit { withdrawer: address(9), keys, stake: 5.into(), approve: Some(10.into()), follows: true };
        let calls: Vec<Call> = stakes.steps(&places()).into_iter().map(|step| step.call).collect();
        let of = |places_of: &[usize]| {
            let drafts =
                places_of.iter().zip(7..).map(|(place, nonce)| ToSign::from(&draft(nonce, calls[*place].clone())));
            Bundle::new(&places(), address(9), &stakes.key(&places()), drafts.collect()).check(&places())
        };
        for alone in [&[0][..], &[1, 0], &[0, 0, 1, 2]] {
            assert_eq!(of(alone), Err(NotUsable::NoDeposit));
        }
        let granted = |places_of: &[usize], stake: u64| Grant::check(&of(places_of).unwrap(), stake.into()).is_ok();
        assert!(granted(&[0, 1, 2], 5) && granted(&[0, 1, 2], 6) && granted(&[1, 2], 5));
        assert!(!granted(&[0, 1, 2], 4) && !granted(&[0, 1], 5));
        assert_eq!(Grant::of(&of(&[0, 1, 2]).unwrap(), 0), Some(Grant { value: 10.into(), deposits: 2 }));
    }

    #[test]
    fn what_is_not_on_the_list_or_out_of_order_is_refused() {
        for nonces in [&[7, 9][..], &[7, 7], &[8, 7]] {
            assert_eq!(plan(nonces).check(&places()), Err(NotUsable::Nonces));
        }
        assert_eq!(plan(&[]).check(&places()), Err(NotUsable::Other(ToSign::KIND)));
        let elsewhere = Places { staking_registry: address(5), ..places() };
        assert!(matches!(plan(&[7]).check(&elsewhere), Err(NotUsable::NotPermitted(_))));
        let call = Call { to: address(6), value: 5.into(), data: Bytes::new() };
        let effect = plan(&[7]).effect.clone();
        let stranger = Bundle::new(&places(), address(9), &effect, vec![ToSign::from(&draft(7, call))]);
        assert!(matches!(stranger.check(&places()), Err(NotUsable::NotPermitted(NotPermitted::Unlisted { .. }))));
    }
}
