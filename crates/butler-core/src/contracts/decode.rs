//! From what the contracts answer to the facts of the domain, each value checked on the way.
//!
//! Zero addresses become absence, numbers that cannot be (a slot of 0 seconds, a time beyond 64 bits) become errors.

use std::borrow::Cow;

use ethers_core::types::{Address, H256, U256};

use super::bindings::{rollup, staking_registry};
use super::call::DecodeError;
use crate::domain::attester::view::{AttesterView, Exit, OnChainStatus};
use crate::domain::provider::facts::{ProviderFacts, ProviderQueueEntry};
use crate::domain::rollup::QueuedDeposit;

/// A number that must fit in 64 bits: a time, an epoch, an index, a length.
///
/// # Errors
/// `Nonsense` when it does not.
pub fn small(function: &'static str, value: U256) -> Result<u64, DecodeError> {
    u64::try_from(value).map_err(|_| DecodeError::nonsense(function, "a number beyond 64 bits"))
}

/// An address that must be there.
///
/// # Errors
/// `Nonsense` when it is zero.
pub fn present(function: &'static str, address: Address) -> Result<Address, DecodeError> {
    optional(address).ok_or_else(|| DecodeError::nonsense(function, "the zero address"))
}

/// The zero address is how contracts say that there is none.
#[must_use]
pub fn optional(address: Address) -> Option<Address> {
    (!address.is_zero()).then_some(address)
}

/// A BLS public key in G1 as key files hold it: x, with the highest bit set when y is odd. `None` for no key at all and
/// for coordinates that no point of the curve has.
#[must_use]
pub fn bls_public_key(x: U256, y: U256) -> Option<H256> {
    /// Coordinates are below a prime of this many bits.
    const FIELD_BITS: usize = 254;
    let is_none = x.is_zero() && y.is_zero();
    if is_none || x.bits() > FIELD_BITS || y.bits() > FIELD_BITS {
        return None;
    }
    let mut bytes = H256::zero();
    x.to_big_endian(bytes.as_bytes_mut());
    if y.bit(0)
        && let Some(first) = bytes.0.first_mut()
    {
        *first |= 0x80;
    }
    Some(bytes)
}

/// The rollup's view of one attester (`StakingLib.getAttesterView`).
///
/// # Errors
/// `Nonsense` for an unknown status, or a status that contradicts the exit record and the balance
/// (`StakingLib.getStatus` defines one by the others).
pub fn attester_view(view: &rollup::AttesterView) -> Result<AttesterView, DecodeError> {
    const FUNCTION: &str = "getAttesterView";
    let status =
        OnChainStatus::try_from(view.status).map_err(|unknown| DecodeError::nonsense(FUNCTION, unknown.to_string()))?;
    let exit = if view.exit.exists {
        Some(Exit {
            withdrawal_id: view.exit.withdrawal_id,
            amount: view.exit.amount,
            exitable_at: small(FUNCTION, view.exit.exitable_at)?,
            unlocks_at: None,
            recipient_or_withdrawer: view.exit.recipient_or_withdrawer,
            is_recipient: view.exit.is_recipient,
        })
    } else {
        None
    };
    let expected = match exit {
        Some(exit) if exit.is_recipient => OnChainStatus::Exiting,
        Some(_) => OnChainStatus::Zombie,
        None if view.effective_balance.is_zero() => OnChainStatus::None,
        None => OnChainStatus::Validating,
    };
    if status != expected {
        let problem = format!("status {status:?} where exit and balance say {expected:?}");
        return Err(DecodeError::nonsense(FUNCTION, problem));
    }
    Ok(AttesterView {
        status,
        effective_balance: view.effective_balance,
        exit,
        withdrawer: optional(view.config.withdrawer),
        bls_public_key: bls_public_key(view.config.public_key.x, view.config.public_key.y),
    })
}

/// One entry of the rollup's entry queue. Past the end the contract answers zeros (`DepositQueue.at` has no bounds check).
///
/// # Errors
/// `Nonsense` for a zero attester: the queue is shorter than it said.
pub fn queued_deposit(deposit: &rollup::DepositArgs) -> Result<QueuedDeposit, DecodeError> {
    const FUNCTION: &str = "getEntryQueueAt";
    Ok(QueuedDeposit {
        attester: present(FUNCTION, deposit.attester)?,
        withdrawer: deposit.withdrawer,
        move_with_latest_rollup: deposit.move_with_latest_rollup,
        bls_public_key: bls_public_key(deposit.public_key_in_g1.x, deposit.public_key_in_g1.y),
        escrow: None,
    })
}

/// A provider's record. Mapping getters never revert: an unknown id reads as zeros and becomes `None`.
///
/// # Errors
/// `Nonsense` for a take rate over 10,000 basis points.
pub fn provider(
    configuration: &staking_registry::ProviderConfigurationsReturn,
    pending_admin: Address,
) -> Result<Option<ProviderFacts>, DecodeError> {
    let Some(admin) = optional(configuration.provider_admin) else {
        return Ok(None);
    };
    if configuration.provider_take_rate > 10_000 {
        let problem = format!("a take rate of {} basis points", configuration.provider_take_rate);
        return Err(DecodeError::nonsense("providerConfigurations", problem));
    }
    Ok(Some(ProviderFacts {
        admin,
        pending_admin: optional(pending_admin),
        take_rate_bps: configuration.provider_take_rate,
        rewards_recipient: configuration.provider_rewards_recipient,
        queue: Vec::new(),
    }))
}

/// The absolute indices of a provider's queue, first to last.
///
/// # Errors
/// `Nonsense` when the queue ends before it begins or holds more than `limit` entries.
pub fn queue_indices(
    queue: &staking_registry::ProviderQueuesReturn,
    limit: u64,
) -> Result<std::ops::Range<u64>, DecodeError> {
    const FUNCTION: &str = "providerQueues";
    let index =
        |value: u128| u64::try_from(value).map_err(|_| DecodeError::nonsense(FUNCTION, "an index beyond 64 bits"));
    let (first, last) = (index(queue.first)?, index(queue.last)?);
    match last.checked_sub(first) {
        Some(length) if length <= limit => Ok(first..last),
        Some(length) => Err(DecodeError::nonsense(FUNCTION, format!("{length} entries, over the limit of {limit}"))),
        None => Err(DecodeError::nonsense(FUNCTION, "a queue that ends before it begins")),
    }
}

/// One key of a provider's queue.
///
/// # Errors
/// `Nonsense` for a zero attester.
pub fn provider_queue_entry(index: u64, key: &staking_registry::KeyStore) -> Result<ProviderQueueEntry, DecodeError> {
    let attester = present("getValueAtIndexInQueue", key.attester)?;
    let bls_public_key = bls_public_key(key.public_key_g1.x, key.public_key_g1.y);
    Ok(ProviderQueueEntry { index, attester, bls_public_key, escrow: None })
}

/// A length that must stay under a limit of ours, so that a lying endpoint cannot make us ask without end.
///
/// # Errors
/// `Nonsense` when it is over the limit.
pub fn length(function: &'static str, value: U256, limit: u64) -> Result<u64, DecodeError> {
    let length = small(function, value)?;
    if length > limit {
        let problem = format!("{length} entries, over the limit of {limit}");
        return Err(DecodeError::nonsense(Cow::Borrowed(function), problem));
    }
    Ok(length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contracts::bindings::rollup::{AttesterConfig, Exit as ExitRecord, G1Point};

    fn view(status: u8, balance: u64, exists: bool, is_recipient: bool) -> rollup::AttesterView {
        rollup::AttesterView {
            status,
            effective_balance: balance.into(),
            exit: ExitRecord { exists, is_recipient, ..ExitRecord::default() },
            config: AttesterConfig { public_key: G1Point::default(), withdrawer: Address::zero() },
        }
    }

    #[test]
    fn a_status_that_exit_and_balance_contradict_is_not_believed() {
        // (status, balance, exit exists, exit has a recipient) as `StakingLib.getStatus` defines it.
        let defined = [(0, 0, false, false), (1, 9, false, false), (2, 0, true, false), (3, 0, true, true)];
        for status in 0..=5 {
            for (right, balance, exists, is_recipient) in defined {
                let decoded = attester_view(&view(status, balance, exists, is_recipient));
                assert_eq!(decoded.is_ok(), status == right, "{status}: {balance} {exists} {is_recipient}");
            }
        }
    }

    #[test]
    fn an_exit_beyond_the_calendar_is_nonsense() {
        let mut exiting = view(3, 0, true, true);
        exiting.exit.exitable_at = U256::MAX;
        assert!(attester_view(&exiting).is_err());
    }

    #[test]
    fn a_zero_attester_a_take_rate_over_all_and_an_endless_queue_are_nonsense() {
        assert!(queued_deposit(&rollup::DepositArgs::default()).is_err());
        assert!(provider_queue_entry(1, &staking_registry::KeyStore::default()).is_err());
        let record = |rate| staking_registry::ProviderConfigurationsReturn {
            provider_admin: Address::repeat_byte(1),
            provider_take_rate: rate,
            provider_rewards_recipient: Address::repeat_byte(2),
        };
        assert!(provider(&record(10_000), Address::zero()).unwrap().is_some());
        assert!(provider(&record(10_001), Address::zero()).is_err());
        let nobody = staking_registry::ProviderConfigurationsReturn::default();
        assert!(provider(&nobody, Address::zero()).unwrap().is_none(), "an unknown id reads as zeros");
        let queue = |first, last| queue_indices(&staking_registry::ProviderQueuesReturn { first, last }, 100);
        assert_eq!(queue(5, 105).unwrap(), 5..105);
        for (first, last) in [(5, 4), (5, 106), (0, u128::MAX), (u128::MAX, u128::MAX)] {
            assert!(queue(first, last).is_err(), "{first} to {last}");
        }
    }
}
