//! Keys that are added to a provider's queue.

use ethers_core::types::Address;

use super::judge::Judged;
use crate::contracts::bindings::staking_registry::KeyStore;
use crate::domain::ids::ProviderId;
use crate::text::address::checksummed;
use crate::text::time::count;
use crate::transaction::change::{CHUNK, Change};
use crate::transaction::plan::{Decision, Wanted};
use crate::transaction::provider::Provider;
use crate::transaction::refusal::Refusal;

/// Adds the keys that are not there yet to a provider's queue; `all` are those of the file.
///
/// # Errors
/// `Keys` where any of the file cannot be used: then none is added.
pub fn add_keys(provider: &Provider<'_>, all: &[KeyStore], judged: Judged) -> Result<Decision, Refusal> {
    let from = provider.admin()?;
    if !judged.bad.is_empty() {
        return Err(Refusal::Keys(judged.bad.iter().map(ToString::to_string).collect()));
    }
    let id = provider.id;
    if judged.good.is_empty() {
        let change = Change::AddKeys { provider: id, keys: all.to_vec() };
        let taken = judged.delegated.len();
        let says = match (judged.queued.len(), taken) {
            (_, 0) => confirm(id, &judged.queued),
            (0, _) => format!("delegators took {} of the file out of the queue since", count(taken, "key")),
            (_, _) => {
                format!("{}; delegators took {} of it since", confirm(id, &judged.queued), count(taken, "key"))
            }
        };
        return Ok(Decision::made_by(change, says));
    }
    let keys = judged.good;
    let waiting = provider.facts.queue.len();
    let after = waiting.saturating_add(keys.len());
    let mut effects =
        vec![format!("{} wait in the queue of provider {id}, and no longer {waiting}", count(after, "key"))];
    effects.extend(ends(&keys));
    let mut remarks = vec!["their order is that of the file; from then on everybody can see them".to_owned()];
    if !judged.queued.is_empty() {
        let standing = count(judged.queued.len(), "key");
        remarks.push(format!("{standing} of the file stand there already, and are not added again"));
    }
    if !judged.delegated.is_empty() {
        let taken = count(judged.delegated.len(), "key");
        remarks.push(format!("delegators took {taken} of the file out of the queue: not added again"));
    }
    if keys.len() > CHUNK {
        let calls = keys.len().div_ceil(CHUNK);
        remarks.push(format!("{} of at most {CHUNK} keys: more fit no transaction", count(calls, "call")));
    }
    let change = Change::AddKeys { provider: id, keys };
    Ok(Decision::Wanted(Wanted { change, from, effects, remarks }))
}

/// What was read back of a queue: where the keys of a file stand in it.
#[must_use]
pub fn confirm(provider: ProviderId, queued: &[(u64, Address)]) -> String {
    let indices = queued.iter().map(|(index, _)| *index);
    let (first, last) = (indices.clone().min().unwrap_or_default(), indices.max().unwrap_or_default());
    let keys = count(queued.len(), "key");
    format!(
        "{keys} of the file stand in the queue of provider {provider}, byte for byte, at the indices {first} to {last}"
    )
}

fn ends(keys: &[KeyStore]) -> Option<String> {
    let [first, last] = [keys.first()?, keys.last()?].map(|key| checksummed(&key.attester));
    Some(format!("the first of them is {first}, the last is {last}"))
}
