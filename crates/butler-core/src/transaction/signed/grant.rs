//! What a file lets the rollup take, held against what its deposits need.

use ethers_core::abi::AbiDecode as _;
use ethers_core::types::U256;
use thiserror::Error;

use super::checked::Checked;
use crate::contracts::bindings::erc20;
use crate::text::amount::amount;
use crate::text::time::count;
use crate::transaction::permitted::Purpose;

/// An approval of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// How much the rollup may take, in base units.
    pub value: U256,
    /// How many deposits follow it.
    pub deposits: usize,
}

/// An approval of more than the deposits need that follow it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("it lets the rollup take {}, and {} need {}", amount(*.value, 6), count(*.deposits, "deposit"), amount(*.needs, 6))]
pub struct TooMuch {
    /// How much the rollup may take, in base units.
    value: U256,
    /// How many deposits follow.
    deposits: usize,
    /// What they need, in base units.
    needs: U256,
}

impl Grant {
    /// What the transaction at this place grants; `None` for one that is no approval.
    #[must_use]
    pub fn of<T>(checked: &[Checked<T>], place: usize) -> Option<Self> {
        let (one, after) = checked.get(place..)?.split_first()?;
        if one.purpose != Purpose::Approve {
            return None;
        }
        // What cannot be read could be anything.
        let value = erc20::ApproveCall::decode(&one.draft.call.data).map_or(U256::MAX, |call| call.value);
        let deposits = after.iter().take_while(|one| one.purpose == Purpose::Deposit).count();
        Some(Self { value, deposits })
    }

    /// Holds each approval of a file against the stake of a deposit, in base units.
    ///
    /// # Errors
    /// [`TooMuch`] where the deposits need less.
    pub fn check<T>(checked: &[Checked<T>], stake: U256) -> Result<(), TooMuch> {
        for Self { value, deposits } in (0..checked.len()).filter_map(|place| Self::of(checked, place)) {
            let needs = stake.saturating_mul(deposits.into());
            if value > needs {
                return Err(TooMuch { value, deposits, needs });
            }
        }
        Ok(())
    }
}
