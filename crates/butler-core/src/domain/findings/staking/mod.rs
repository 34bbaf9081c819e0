//! What is wrong with keys that are staked or will be: in the queue, in the escrow's records, in the splits of delegations.

mod stakes;

use std::collections::{BTreeMap, BTreeSet};

use ethers_core::types::Address;

use self::stakes::of_stakes;
use super::{Finding, FindingKind, Level, Severity, Subject};
use crate::domain::attester::bls_key::BlsKey;
use crate::domain::attester::coinbase::{CoinbaseCheck, CoinbasePolicy};
use crate::domain::attester::duplicates::Place;
use crate::domain::attester::overview::AttesterRow;
use crate::domain::attester::queue_key::{BadQueueKey, Effect, bad_queue_keys};
use crate::domain::ids::Coinbase;
use crate::domain::operator::key_book::{KeyBook, KeyEntry};
use crate::domain::provider::split::{SplitCheck, Unconfirmed};
use crate::domain::snapshot::NetworkSnapshot;
use crate::text::address::checksummed;
use crate::text::amount::amount;
use crate::text::time::count;

/// Everything of this module.
#[must_use]
pub fn of_snapshot(snapshot: &NetworkSnapshot, keys: &KeyBook, rows: &[AttesterRow]) -> Vec<Finding> {
    let mut found = of_queue_keys(snapshot);
    found.extend(of_foreign_keys(snapshot, keys));
    found.extend(of_bls_keys(snapshot, keys));
    found.extend(of_shared_splits(snapshot, rows));
    found.extend(of_stakes(rows, keys));
    found.extend(of_own_addresses(snapshot, keys, rows));
    found
}

/// Rewards that wait at the own addresses of attesters: their nodes proposed without a coinbase, whether one is set since or not, and
/// whether their file can be read now or not.
#[must_use]
pub fn of_own_addresses(snapshot: &NetworkSnapshot, keys: &KeyBook, rows: &[AttesterRow]) -> Vec<Finding> {
    let rows: BTreeMap<Address, &AttesterRow> = rows.iter().map(|row| (row.attester, row)).collect();
    let waits = |(attester, entries): (Address, Vec<&KeyEntry>)| {
        let own = Coinbase::try_from(attester).ok()?;
        let rewards = *snapshot.pending_rewards.get(&own).filter(|rewards| !rewards.is_zero())?;
        let is_set = !entries.iter().any(|entry| entry.falls_back_to_attester());
        let is_known = !entries.is_empty() && entries.iter().all(|entry| entry.coinbase.is_some());
        let why = match (is_set, is_known) {
            (false, _) => "since no coinbase is set",
            (true, true) => "from a time when no coinbase was set",
            // Zero, or not legible: whether that was so all along nobody knows.
            (true, false) => "as a node without a coinbase leaves them there",
        };
        let what = format!("its own address has {} tokens of rewards, {why}", amount(rewards, 4));
        let subject = Subject::Attester(attester);
        let finding = Finding::new(FindingKind::RewardsAtAttester, Severity::Warning, subject, what);
        Some(finding.with_remedy(of_rewards_there(rows.get(&attester).copied(), is_set)))
    };
    let mut attesters = keys.by_attester();
    keys.remembered.iter().for_each(|attester| _ = attesters.entry(*attester).or_default());
    attesters.into_iter().filter_map(waits).collect()
}

/// What to do about rewards at the own address of that attester, whose coinbase may be set since.
fn of_rewards_there(row: Option<&AttesterRow>, is_set: bool) -> String {
    let Some(row) = row else { return "collect them with the attester's own key".to_owned() };
    match (row.coinbase_policy, row.coinbase_expected) {
        (CoinbasePolicy::OwnAddress, _) if is_set => {
            "what waits there is collected with the attester's own key".to_owned()
        }
        (CoinbasePolicy::OwnAddress, _) => {
            "set your own coinbase for it; what waits there is collected with the attester's own key".to_owned()
        }
        (CoinbasePolicy::Split, Some(split)) if is_set => {
            format!("what waits there belongs to the delegation of {split} and is repaid by hand; it is told until it was collected")
        }
        (CoinbasePolicy::Split, Some(split)) => {
            format!("set {split} as its coinbase; what waits there belongs to that delegation and is repaid by hand")
        }
        (CoinbasePolicy::Split, None) => {
            "find out from what time they are: where a delegation counted then they belong to it, and are repaid by hand"
                .to_owned()
        }
    }
}

/// Keys in own queues that cannot be staked, or whose stake will be refunded.
#[must_use]
pub fn of_queue_keys(snapshot: &NetworkSnapshot) -> Vec<Finding> {
    let bad = bad_queue_keys(snapshot);
    bad.iter().map(|key| of_queue_key(key, &bad)).collect()
}

fn of_queue_key(key: &BadQueueKey, all: &[BadQueueKey]) -> Finding {
    let BadQueueKey { provider_id, index, place, attester, obstacles } = key;
    let is_next = *place == 0;
    // Of a key in two of our own queues the one that is taken first is as good as any; and whoever else has it may have no right proof.
    let is_certain = key.effect() != Effect::MayBurn;
    let severity = if is_next && is_certain { Severity::Critical } else { Severity::Warning };
    let next = if is_next {
        "the next delegation takes it".to_owned()
    } else {
        format!("{} before it", count_of(*place, "key"))
    };
    let effect = match key.effect() {
        Effect::Blocks => "a delegation that takes it reverts, so nobody can delegate",
        Effect::Burns => "a delegation that takes it is refunded at the flush",
        Effect::MayBurn => "a delegation that takes it is refunded at the flush if the other comes first and is let in",
    };
    let why: Vec<String> = obstacles.iter().map(ToString::to_string).collect();
    let what = format!("in the queue of provider {provider_id} ({next}): {}; {effect}", why.join("; "));
    let drips = place.saturating_add(1);
    let bad_before = all.iter().filter(|other| other.provider_id == *provider_id && other.place < *place).count();
    let good = place.saturating_sub(u64::try_from(bad_before).unwrap_or(u64::MAX));
    let again = match good {
        0 => String::new(),
        1 => "; the good key before it can be added again".to_owned(),
        good => format!("; the {good} good keys before it can be added again"),
    };
    let one = if key.is_only_doubled() { "take it out of one of both queues: " } else { "" };
    let remedy = format!(
        "{one}as the provider's admin call `dripProviderQueue({provider_id}, {drips})`, which takes the first {} out of the queue{again}",
        count_of(drips, "key")
    );
    Finding::new(FindingKind::QueueBlocked, severity, Subject::Attester(*attester), what)
        .marked(format!("{provider_id}, {index}"))
        .in_places(vec![Place::OwnProviderQueue { provider: *provider_id, index: *index }])
        .with_remedy(remedy)
}

fn count_of(number: u64, noun: &str) -> String {
    count(usize::try_from(number).unwrap_or(usize::MAX), noun)
}

/// Keys in own queues that no key file has. Nothing is said where no file was read, or where one that could not be read may have it.
#[must_use]
pub fn of_foreign_keys(snapshot: &NetworkSnapshot, keys: &KeyBook) -> Vec<Finding> {
    if keys.entries.is_empty() {
        return Vec::new();
    }
    let known = keys.attesters();
    let is_in_none = |attester: &Address| !known.contains(attester) && !keys.may_have(*attester);
    let mut found = Vec::new();
    for (id, provider) in &snapshot.providers {
        for entry in provider.queue.iter().filter(|entry| is_in_none(&entry.attester)) {
            let what = format!("it waits in the queue of provider {id}, and no key file has it");
            let place = Place::OwnProviderQueue { provider: *id, index: entry.index };
            let subject = Subject::Attester(entry.attester);
            found.push(
                Finding::new(FindingKind::QueueForeignKey, Severity::Warning, subject, what)
                    .marked(format!("{id}, {}", entry.index))
                    .in_places(vec![place]),
            );
        }
    }
    found
}

/// BLS keys in key files that are not the ones that the chain has for their attesters.
#[must_use]
pub fn of_bls_keys(snapshot: &NetworkSnapshot, keys: &KeyBook) -> Vec<Finding> {
    let registered = registered_bls_keys(snapshot);
    let mut found = Vec::new();
    for entry in &keys.entries {
        let (Some(key), Some(on_chain)) = (entry.bls_public_key, registered.get(&entry.attester)) else { continue };
        if on_chain.contains(&key) {
            continue;
        }
        let chain: Vec<String> = on_chain.iter().map(ToString::to_string).collect();
        let what = format!("its BLS key in {} has {key}, the chain's has {}", entry.file, chain.join(" or "));
        let place = Place::KeyFile { file: entry.file.clone(), index: entry.index };
        let subject = Subject::Attester(entry.attester);
        let finding = Finding::new(FindingKind::BlsDiffers, Severity::Critical, subject, what);
        found.push(finding.marked(entry.file.as_str()).in_places(vec![place]));
    }
    found
}

/// The BLS keys of each attester on chain: the one that it validates with for ever, or else those that wait.
#[must_use]
pub fn registered_bls_keys(snapshot: &NetworkSnapshot) -> BTreeMap<Address, BTreeSet<BlsKey>> {
    let mut keys = BTreeMap::<Address, BTreeSet<BlsKey>>::new();
    // Anybody may deposit with any address: only what was staked from our queues tells of our keys.
    let mut staked = BTreeMap::<Address, BTreeSet<Address>>::new();
    for delegation in &snapshot.delegations {
        let withdrawers = [Some(delegation.staker), delegation.withdrawer];
        staked.entry(delegation.attester).or_default().extend(withdrawers.into_iter().flatten());
    }
    let is_ours = |attester: Address, withdrawer: Address| {
        staked.get(&attester).is_some_and(|withdrawers| withdrawers.contains(&withdrawer))
    };
    let deposits = snapshot.entry_queue.iter().filter(|deposit| !deposit.is_refused());
    let ours = deposits.filter(|deposit| is_ours(deposit.attester, deposit.withdrawer));
    let deposits = ours.map(|deposit| (deposit.attester, deposit.bls_public_key));
    let queued = snapshot.providers.values().flat_map(|provider| &provider.queue);
    let queued = queued.map(|entry| (entry.attester, entry.bls_public_key));
    for (attester, key) in deposits.chain(queued) {
        keys.entry(attester).or_default().extend(key.map(BlsKey));
    }
    for (attester, view) in &snapshot.attesters {
        if let Some(key) = view.bls_public_key {
            keys.insert(*attester, [BlsKey(key)].into());
        }
    }
    keys.retain(|_, keys| !keys.is_empty());
    keys
}

/// Splits that are the coinbase of several attesters, by their key files or by their delegations: one delegator is paid what
/// another's attester earns. The attester whose split it is by the chain is not at fault, and nothing is told of it.
#[must_use]
pub fn of_shared_splits(snapshot: &NetworkSnapshot, rows: &[AttesterRow]) -> Vec<Finding> {
    let mut delegated = BTreeMap::<Coinbase, BTreeSet<Address>>::new();
    for delegation in &snapshot.delegations {
        delegated.entry(delegation.coinbase).or_default().insert(delegation.attester);
    }
    let mut configured = BTreeMap::<Coinbase, Vec<&AttesterRow>>::new();
    for row in rows.iter().filter(|row| row.coinbase != CoinbaseCheck::NotApplicable) {
        for coinbase in row.coinbase_configured.iter().filter(|coinbase| delegated.contains_key(coinbase)) {
            configured.entry(*coinbase).or_default().push(row);
        }
    }
    let mut found = Vec::new();
    for (coinbase, sharing) in configured.iter().filter(|(_, sharing)| sharing.len() > 1) {
        // Whose split it is, is not at fault, also where the policy asks for no split.
        let at_fault = sharing.iter().filter(|row| row.split != Some(*coinbase));
        found.extend(at_fault.map(|row| {
            let others = sharing.iter().map(|other| other.attester);
            let finding =
                shared(*coinbase, row.attester, others, "key files give").with_remedy(instead(row, *coinbase));
            match row.coinbase {
                // That it is wrong is an error already, and this says why it matters.
                CoinbaseCheck::Wrong { .. } => finding.at_level(Level::Warning),
                CoinbaseCheck::NotApplicable
                | CoinbaseCheck::Matches
                | CoinbaseCheck::Missing { .. }
                | CoinbaseCheck::Zero
                | CoinbaseCheck::Differs { .. }
                | CoinbaseCheck::Unknown
                | CoinbaseCheck::Unverifiable { .. } => finding,
            }
        }));
    }
    for (coinbase, attesters) in &delegated {
        let check = snapshot.splits.get(coinbase).and_then(SplitCheck::unconfirmed);
        if check == Some(Unconfirmed::SharedCoinbase) && attesters.len() > 1 {
            let others = || attesters.iter().copied();
            found.extend(attesters.iter().map(|attester| {
                shared(*coinbase, *attester, others(), "delegations give")
                    .with_remedy("configure it for none of them before it is clear which delegation it belongs to")
            }));
        }
    }
    found
}

/// What to configure for an attester instead of the split of another.
fn instead(row: &AttesterRow, coinbase: Coinbase) -> String {
    match (row.coinbase_policy, row.coinbase_expected) {
        (CoinbasePolicy::OwnAddress, _) => {
            format!("replace {coinbase} by your own coinbase, as `coinbase_policy` says")
        }
        (CoinbasePolicy::Split, Some(expected)) => {
            format!("replace {coinbase} by {expected}, its own delegation's split")
        }
        (CoinbasePolicy::Split, None) => {
            format!("remove {coinbase} from its key file: no delegation that counts gives it to this attester")
        }
    }
}

/// Who gives the same split to `attester` and to the others.
fn shared(coinbase: Coinbase, attester: Address, all: impl Iterator<Item = Address>, who: &str) -> Finding {
    let others: Vec<String> =
        all.filter(|other| *other != attester).map(|other| checksummed(&other).to_string()).collect();
    let what = format!("{who} the split {coinbase} to it and to {}: it pays one delegator", listed(&others));
    Finding::new(FindingKind::SplitShared, Severity::Critical, Subject::Attester(attester), what)
        .marked(coinbase.to_string())
}

/// A few names, and how many more there are.
fn listed(names: &[String]) -> String {
    const SHOWN: usize = 3;
    let shown = names.get(..SHOWN.min(names.len())).unwrap_or_default().join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests;
