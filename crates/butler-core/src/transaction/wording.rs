//! What a call that somebody else made would do, in the words of what is planned here.

use ethers_core::abi::AbiDecode as _;
use ethers_core::types::Address;

use super::call::Call;
use super::change::{Change, deposits};
use super::permitted::{Places, Purpose, purpose_of};
use crate::contracts::bindings::{erc20, rollup, staking_registry};

/// What a call does; `None` for one that is not on the list of what may be called.
#[must_use]
pub fn words_of(call: &Call, places: &Places) -> Option<String> {
    let purpose = purpose_of(call, places).ok()?;
    if purpose == Purpose::Deposit {
        // A call of a deposit does not say how much it is: the rollup does.
        let deposit = rollup::DepositCall::decode(&call.data).ok()?;
        let accounts = (&deposit.attester, &deposit.withdrawer);
        return Some(deposits("a stake", accounts, deposit.move_with_latest_rollup));
    }
    let steps = change_of(purpose, call)?.steps(places);
    steps.into_iter().next().map(|step| step.says)
}

/// The change of which the call is the first step.
fn change_of(purpose: Purpose, call: &Call) -> Option<Change> {
    let data = &call.data;
    Some(match purpose {
        Purpose::RegisterProvider => {
            let call = staking_registry::RegisterProviderCall::decode(data).ok()?;
            Change::CreateProvider {
                admin: call.provider_admin,
                take_rate_bps: call.provider_take_rate,
                rewards_recipient: call.provider_rewards_recipient,
            }
        }
        Purpose::AddKeys => {
            let call = staking_registry::AddKeysToProviderCall::decode(data).ok()?;
            Change::AddKeys { provider: call.provider_identifier.try_into().ok()?, keys: call.key_stores }
        }
        Purpose::Drip => {
            let call = staking_registry::DripProviderQueueCall::decode(data).ok()?;
            let keys = u64::try_from(call.number_of_keys_to_drip).ok()?;
            Change::Drip { provider: call.provider_identifier.try_into().ok()?, first: 0, keys }
        }
        Purpose::NameAdmin => {
            let call = staking_registry::UpdateProviderAdminCall::decode(data).ok()?;
            Change::NameAdmin { provider: call.provider_identifier.try_into().ok()?, admin: call.new_admin }
        }
        Purpose::AcceptAdmin => {
            let call = staking_registry::AcceptProviderAdminCall::decode(data).ok()?;
            // Whoever sends it becomes the admin: the call does not name it, and the words do not either.
            Change::AcceptAdmin { provider: call.provider_identifier.try_into().ok()?, admin: Address::zero() }
        }
        Purpose::SetRecipient => {
            let call = staking_registry::UpdateProviderRewardsRecipientCall::decode(data).ok()?;
            let provider = call.provider_identifier.try_into().ok()?;
            Change::SetRecipient { provider, rewards_recipient: call.new_rewards_recipient }
        }
        Purpose::SetTakeRate => {
            let call = staking_registry::UpdateProviderTakeRateCall::decode(data).ok()?;
            Change::SetTakeRate {
                provider: call.provider_identifier.try_into().ok()?,
                take_rate_bps: call.new_take_rate,
            }
        }
        Purpose::Approve => {
            let stake = erc20::ApproveCall::decode(data).ok()?.value;
            let approve = Some(stake);
            Change::Deposit { withdrawer: Address::zero(), keys: Vec::new(), stake, approve, follows: true }
        }
        Purpose::Fund => Change::Fund { transfers: [(call.to, call.value)].into() },
        Purpose::Deposit => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use ethers_core::types::U256;

    use super::*;
    use crate::text::address::checksummed;

    fn places() -> Places {
        Places {
            chain_id: 1,
            staking_registry: Address::repeat_byte(1),
            rollup: Address::repeat_byte(2),
            staking_asset: Address::repeat_byte(3),
            funded: BTreeSet::from([Address::repeat_byte(4)]),
        }
    }

    #[test]
    fn a_call_of_a_change_has_the_words_of_its_step() {
        let (provider, admin) = (7_u64.try_into().unwrap(), Address::repeat_byte(9));
        let key = staking_registry::KeyStore { attester: Address::repeat_byte(8), ..Default::default() };
        for change in [
            Change::CreateProvider { admin, take_rate_bps: 5, rewards_recipient: admin },
            Change::AddKeys { provider, keys: vec![key.clone(), key] },
            Change::Drip { provider, first: 3, keys: 2 },
            Change::NameAdmin { provider, admin },
            Change::AcceptAdmin { provider, admin },
            Change::SetRecipient { provider, rewards_recipient: admin },
            Change::SetTakeRate { provider, take_rate_bps: 1_500 },
            Change::Fund { transfers: [(Address::repeat_byte(4), U256::exp10(18))].into() },
        ] {
            for step in change.steps(&places()) {
                assert_eq!(words_of(&step.call, &places()), Some(step.says));
            }
        }
    }

    #[test]
    fn whoever_registers_a_provider_is_told_each_of_its_terms() {
        let [admin, rewards_recipient] = [9, 10].map(Address::repeat_byte);
        let steps = Change::CreateProvider { admin, take_rate_bps: 1_500, rewards_recipient }.steps(&places());
        let words = words_of(&steps[0].call, &places()).unwrap();
        for term in [checksummed(&admin).to_string(), checksummed(&rewards_recipient).to_string(), "1500".to_owned()] {
            assert!(words.contains(&term), "{words}");
        }
    }

    #[test]
    fn a_deposit_says_for_whom_and_who_may_withdraw_it() {
        let (withdrawer, stake) = (Address::repeat_byte(9), U256::exp10(18));
        let keys = vec![staking_registry::KeyStore { attester: Address::repeat_byte(8), ..Default::default() }];
        let change = Change::Deposit { withdrawer, keys, stake, approve: Some(stake), follows: true };
        let words: Vec<_> = change.steps(&places()).iter().map(|step| words_of(&step.call, &places())).collect();
        assert_eq!(
            words,
            [
                Some(format!(
                    "let the rollup {} take 1 of the token {}",
                    checksummed(&places().rollup),
                    checksummed(&places().staking_asset)
                )),
                Some(format!(
                    "deposit a stake for {}, which {} may withdraw and which follows the latest rollup",
                    checksummed(&Address::repeat_byte(8)),
                    checksummed(&withdrawer)
                )),
            ]
        );
    }

    #[test]
    fn what_is_not_on_the_list_has_no_words() {
        let provider = 7_u64.try_into().unwrap();
        let steps = Change::SetTakeRate { provider, take_rate_bps: 1_500 }.steps(&places());
        let elsewhere = Call { to: Address::repeat_byte(5), ..steps[0].call.clone() };
        let longer = Call { data: [steps[0].call.data.as_ref(), &[0]].concat().into(), ..steps[0].call.clone() };
        for call in [elsewhere, longer] {
            assert_eq!(words_of(&call, &places()), None);
        }
    }
}
