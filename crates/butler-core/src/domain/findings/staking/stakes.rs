//! What became of stakes: refunded, to be refunded, and overtaken by a stranger who deposited the same key.

use crate::domain::attester::duplicates::Place;
use crate::domain::attester::entry_queue::Refusal;
use crate::domain::attester::fate::Fate;
use crate::domain::attester::overview::{AttesterRow, Rival, StakeRow};
use crate::domain::attester::position::Position;
use crate::domain::findings::{Finding, FindingKind, Severity, Subject};
use crate::domain::ids::Coinbase;
use crate::domain::operator::key_book::KeyBook;
use crate::text::address::checksummed;

/// Everything that is wrong with stakes.
#[must_use]
pub(super) fn of_stakes(rows: &[AttesterRow], keys: &KeyBook) -> Vec<Finding> {
    let mut found = Vec::new();
    for row in rows {
        found.extend(strangers_validator(row, keys));
        let of_stake = |stake| Some(of_stake(row, stake, keys)?.marked(stake.coinbase.to_string()));
        found.extend(row.stakes.iter().filter_map(of_stake));
    }
    found
}

fn about(row: &AttesterRow, kind: FindingKind, severity: Severity, what: String) -> Finding {
    Finding::new(kind, severity, Subject::Attester(row.attester), what)
}

fn of_stake(row: &AttesterRow, stake: &StakeRow, keys: &KeyBook) -> Option<Finding> {
    match stake.fate {
        Fate::Doomed => match (stake.refusal?, stake.rival) {
            (Refusal::Overtaken { .. }, Some(rival)) if !rival.is_ours => Some(overtaken(row, stake, rival)),
            // The finding about the stranger's validator tells it.
            (Refusal::AddressUsed, _) if row.is_strangers => None,
            (refusal, rival) => Some(doomed(row, stake, refusal, rival)),
        },
        // Where all of them were refunded, that is told at once.
        Fate::Refunded if !row.deposit_failed => Some(refunded(row, stake, keys)),
        Fate::Refunded | Fate::Succeeded | Fate::Waiting | Fate::Elsewhere | Fate::Unknown => None,
    }
}

/// The stake in words, to begin a sentence with.
fn the_stake(stake: &StakeRow) -> String {
    format!("the stake of {} in block {}", checksummed(&stake.staker), stake.block)
}

/// A stake that waits behind a stranger's deposit.
fn overtaken(row: &AttesterRow, stake: &StakeRow, rival: Rival) -> Finding {
    let withdrawer = checksummed(&rival.withdrawer);
    let place = rival.place.saturating_add(1);
    let which = if rival.attester == row.attester {
        format!(
            "somebody else deposited this attester, too (withdrawer {withdrawer}), and waits at place {place} before it"
        )
    } else {
        let other = checksummed(&rival.attester);
        format!(
            "somebody else deposited its BLS key for {other} (withdrawer {withdrawer}), and waits at place {place} before it"
        )
    };
    let what = format!("{} will be refunded: {which}", the_stake(stake));
    let finding = about(row, FindingKind::StrangerDeposit, Severity::Critical, what).with_remedy(format!(
        "nothing stops that deposit: configure no coinbase for this key, tell {} that the stake comes back at the flush and has to be staked again for another key, and do not run the key for whoever took it",
        checksummed(&stake.staker)
    ));
    match row.arrival.filter(|_| rival.attester == row.attester) {
        Some(arrival) => finding.until(arrival.earliest).telling_when("and can be let in"),
        None => finding,
    }
}

/// Where key files name one of these splits as the attester's coinbase.
fn in_files(row: &AttesterRow, splits: &[Coinbase], keys: &KeyBook) -> Vec<Place> {
    let is_one = |coinbase: Option<Coinbase>| coinbase.is_some_and(|coinbase| splits.contains(&coinbase));
    let entries = keys.entries.iter().filter(|entry| entry.attester == row.attester && is_one(entry.coinbase));
    entries.map(|entry| Place::KeyFile { file: entry.file.clone(), index: entry.index }).collect()
}

/// A validator that a stranger's deposit made or will make, though the key is or was one of our providers'.
fn strangers_validator(row: &AttesterRow, keys: &KeyBook) -> Option<Finding> {
    if !row.is_strangers {
        return None;
    }
    let (severity, is) = match row.position {
        // Taken out of our queue, and never staked from it: nothing is lost while it is not run.
        Position::Validating if row.stakes.is_empty() && row.provider_queue_place.is_none() => {
            (Severity::Warning, "made it a validator")
        }
        Position::Validating => (Severity::Critical, "made it a validator"),
        // Nothing of ours was staked with it, and nothing is lost while it is not run.
        Position::EntryQueue if !row.view.was_active_once() => (Severity::Warning, "waits to make it a validator"),
        Position::Unregistered
        | Position::ProviderQueue
        | Position::EntryQueue
        | Position::Zombie
        | Position::Exiting
        | Position::Withdrawn
        | Position::Unknown => (Severity::Warning, "made it a validator once"),
    };
    let by = row.view.withdrawer.map(|by| format!(" (withdrawer {})", checksummed(&by))).unwrap_or_default();
    let waiting = row.stakes.iter().filter(|stake| stake.refusal.is_some());
    let refunds: String = waiting.map(|stake| format!("; {} waits and will be refunded", the_stake(stake))).collect();
    let splits: Vec<Coinbase> = row.stakes.iter().map(|stake| stake.coinbase).collect();
    let places = in_files(row, &splits, keys);
    let named: String = row
        .coinbase_configured
        .iter()
        .filter(|coinbase| splits.contains(coinbase))
        .map(|split| format!("; a key file names {split}, the split of a stake that does not count"))
        .collect();
    let queued = match row.provider_queue_place {
        Some(_) => "; it stands in an own queue all the same, and a delegation that takes it is refunded",
        None => "",
    };
    let what =
        format!("somebody else's deposit{by} {is}: no delegation earns anything from it{refunds}{named}{queued}");
    let split = if places.is_empty() {
        "configure no coinbase of a delegation for it"
    } else {
        "take that split out of the file"
    };
    let delegator = match (row.stakes.is_empty(), row.provider_queue_place) {
        (false, _) => "tell its delegator to stake again for another key",
        (true, Some(_)) => "take it out of the queue",
        (true, None) => "stake nothing with it",
    };
    let remedy = format!(
        "{split}; {delegator}; if that deposit is not yours, do not run the key for whoever took it, and if it is, set a coinbase of your own"
    );
    Some(about(row, FindingKind::StrangerDeposit, severity, what).in_places(places).with_remedy(remedy))
}

/// A stake that waits and will be refunded for another reason.
fn doomed(row: &AttesterRow, stake: &StakeRow, refusal: Refusal, rival: Option<Rival>) -> Finding {
    let why = match (refusal, rival) {
        (Refusal::RollupReplaced, _) => {
            let version = stake.rollup.map(|rollup| format!(" (version {})", rollup.version)).unwrap_or_default();
            format!("it waits at a former rollup{version}, and moves along with the latest one")
        }
        (Refusal::AddressUsed, _) => "its address was let in before, and is refused for ever".to_owned(),
        (Refusal::BlsKeyUsed, _) => "its BLS key was registered before, and is refused for ever".to_owned(),
        (Refusal::ProofTooDear { cap }, _) => {
            format!("its proof of possession needs more than the {cap} gas that the staking escrow grants")
        }
        (Refusal::ProofWrong, _) => "its proof of possession is wrong".to_owned(),
        (Refusal::Overtaken { place }, Some(rival)) => {
            let other = checksummed(&rival.attester);
            format!("the deposit of {other} at place {} has the same BLS key", place.saturating_add(1))
        }
        (Refusal::Overtaken { place }, None) => {
            format!("the deposit at place {} has the same address or BLS key", place.saturating_add(1))
        }
    };
    let what = format!("{} waits and will be refunded: {why}", the_stake(stake));
    let finding = about(row, FindingKind::DepositFailed, Severity::Warning, what);
    if refusal == Refusal::RollupReplaced {
        return finding.with_remedy(format!(
            "tell {} that the stake comes back to its withdrawer at that rollup's next flush and has to be staked again for the canonical one; the key is as good as before, and may be added to a provider's queue again",
            checksummed(&stake.staker)
        ));
    }
    finding.with_remedy(format!(
        "nothing stops the refund: configure nothing for this stake, and tell {} to stake again for another key",
        checksummed(&stake.staker)
    ))
}

/// A stake that was refunded, of an attester that is not lost.
fn refunded(row: &AttesterRow, stake: &StakeRow, keys: &KeyBook) -> Finding {
    let instead = if row.is_strangers {
        "somebody else's deposit of this key was let in".to_owned()
    } else {
        match row.stakes.iter().find(|other| other.counts) {
            Some(other) => format!(
                "the delegation that counts is the one of {} in block {}",
                checksummed(&other.staker),
                other.block
            ),
            None => "no other of its delegations is known to count".to_owned(),
        }
    };
    let what = format!("{} was refunded: {instead}", the_stake(stake));
    let finding = about(row, FindingKind::StakeRefunded, Severity::Warning, what);
    finding.in_places(in_files(row, &[stake.coinbase], keys)).with_remedy(format!(
        "tell {} that the stake came back to its withdrawer and earns nothing; its split {} must be in no key file",
        checksummed(&stake.staker),
        stake.coinbase
    ))
}
