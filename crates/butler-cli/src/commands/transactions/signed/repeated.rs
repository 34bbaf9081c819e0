//! Whether what a signed call does is so already, of what no contract refuses a second time.

use butler_core::contracts::bindings::staking_registry;
use butler_core::domain::action::EffectKey;
use butler_core::domain::ids::ProviderId;
use butler_core::domain::provider::facts::ProviderFacts;
use butler_core::domain::provider::publisher::top_ups;
use butler_core::text::address::checksummed;
use butler_core::transaction::change::Change;
use butler_core::transaction::permitted::Purpose;
use butler_core::transaction::signed::Checked;
use ethers_core::abi::AbiDecode as _;

use crate::gather::Gathered;

/// Why it is not to be sent; `None` for what is still wanted, and for what its contract refuses by itself.
pub(super) fn so_already<T>(gathered: &Gathered, one: &Checked<T>, effect: &EffectKey) -> Option<String> {
    let call = &one.draft.call;
    match one.purpose {
        Purpose::RegisterProvider => {
            let call = staking_registry::RegisterProviderCall::decode(&call.data).ok()?;
            let (id, _) = providers(gathered).find(|(_, facts)| facts.admin == call.provider_admin)?;
            Some(format!("{} is the admin of provider {id} already", checksummed(&call.provider_admin)))
        }
        Purpose::AddKeys => {
            let call = staking_registry::AddKeysToProviderCall::decode(&call.data).ok()?;
            let queued = |key: &staking_registry::KeyStore| {
                providers(gathered).any(|(_, facts)| facts.queue.iter().any(|entry| entry.attester == key.attester))
            };
            let key = call.key_stores.iter().find(|key| queued(key))?;
            Some(format!("{} stands in a queue already", checksummed(&key.attester)))
        }
        Purpose::Drip => {
            let call = staking_registry::DripProviderQueueCall::decode(&call.data).ok()?;
            let provider: ProviderId = call.provider_identifier.try_into().ok()?;
            let keys = u64::try_from(call.number_of_keys_to_drip).ok()?;
            let (_, facts) = providers(gathered).find(|(id, _)| *id == provider)?;
            let first = facts.queue.first().map(|entry| entry.index).unwrap_or_default();
            let now = Change::Drip { provider, first, keys }.key(&gathered.places());
            (now != *effect).then(|| format!("the queue of provider {provider} begins with another key than it did"))
        }
        Purpose::Fund => {
            let (book, minimum) = (&gathered.network.keys.book, gathered.network.config.publisher_minimum);
            let rows = top_ups(book, &gathered.snapshot.publisher_balances, minimum).ok()?;
            let row = rows.iter().find(|row| row.publisher == call.to)?;
            let has_enough = row.balance.is_some_and(|balance| balance >= row.required);
            has_enough.then(|| format!("the publisher {} has what it should hold already", checksummed(&call.to)))
        }
        Purpose::NameAdmin
        | Purpose::AcceptAdmin
        | Purpose::SetRecipient
        | Purpose::SetTakeRate
        | Purpose::Approve
        | Purpose::Deposit => None,
    }
}

fn providers(gathered: &Gathered) -> impl Iterator<Item = (ProviderId, &ProviderFacts)> {
    let snapshot = &gathered.snapshot;
    snapshot.providers.iter().chain(&snapshot.other_providers).map(|(id, facts)| (*id, facts))
}
