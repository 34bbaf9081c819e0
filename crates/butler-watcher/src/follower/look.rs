//! What the newest state says of what logs tell: whether a coinbase is confirmed, and whose attesters there are.

use std::collections::BTreeMap;
use std::time::Duration;

use butler_core::domain::action::Assurance;
use butler_core::domain::attester::delegation::LogId;
use butler_core::domain::attester::fate::Fate;
use butler_core::domain::attester::overview::{AttesterRow, StakeRow, overview};
use butler_core::domain::ids::Coinbase;
use butler_core::domain::operator::key_book::KeyBook;
use butler_core::domain::provider::ledger::{Change, LedgerEvent};
use butler_core::domain::provider::split::{SplitCheck, Unconfirmed};
use butler_core::domain::snapshot::NetworkSnapshot;
use ethers_core::types::Address;

use super::error::FollowError;
use crate::plan::Happened;

/// The attesters that an event of the ledger names.
pub(super) fn attesters_of(event: &LedgerEvent) -> Vec<Address> {
    match &event.change {
        Change::Added { attesters } => attesters.clone(),
        Change::Dripped { attester } | Change::Staked { attester, .. } => vec![*attester],
        Change::Terms(_) => Vec::new(),
    }
}

/// The splits of delegations whose deposits were refunded and that no other delegation of the attester has, by attester.
pub(super) fn refunded(snapshot: &NetworkSnapshot) -> BTreeMap<Address, Vec<Coinbase>> {
    let rows = overview(snapshot, &KeyBook::default(), &BTreeMap::new(), Duration::ZERO);
    let splits = |row: &AttesterRow| {
        let is_refunded = |stake: &&StakeRow| stake.fate == Fate::Refunded && !stake.counts;
        let is_another_ones = |split| row.stakes.iter().any(|stake| !is_refunded(&stake) && stake.coinbase == split);
        let refunded = row.stakes.iter().filter(is_refunded).map(|stake| stake.coinbase);
        refunded.filter(|split| row.split != Some(*split) && !is_another_ones(*split)).collect::<Vec<_>>()
    };
    rows.iter().map(|row| (row.attester, splits(row))).filter(|(_, splits)| !splits.is_empty()).collect()
}

/// What an event is worth, given what the chain says of the split that it names. A split that the chain contradicts by the word
/// of two endpoints is left out of its delegation; by the word of one, the whole range is not believed.
pub(super) fn judged(
    snapshot: &NetworkSnapshot,
    log: &LogId,
    what: Happened,
    assurance: Assurance,
) -> Result<(Happened, Assurance), FollowError> {
    let Happened::Staked { provider, rollup, attester, coinbase: Some(coinbase) } = &what else {
        return Ok((what, assurance));
    };
    if !snapshot.providers.contains_key(provider) {
        return Ok((what, assurance));
    }
    let why = match snapshot.splits.get(coinbase) {
        Some(SplitCheck::Confirmed(_)) => return Ok((what, assurance)),
        Some(SplitCheck::Unconfirmed(why)) => *why,
        None => Unconfirmed::NoSplitBeside,
    };
    let suspect = Err(FollowError::Suspect { block: log.block_number, why });
    match (why, assurance) {
        // Somebody is away who could confirm it.
        (Unconfirmed::OneEndpoint, _) => Ok((what, Assurance::OneEndpoint)),
        (Unconfirmed::EndpointsDisagree | Unconfirmed::TermsUnknown, _) => suspect,
        (
            Unconfirmed::NoSplitBeside | Unconfirmed::OtherHash | Unconfirmed::OtherTerms | Unconfirmed::SharedCoinbase,
            Assurance::OneEndpoint,
        ) => suspect,
        (
            Unconfirmed::NoSplitBeside | Unconfirmed::OtherHash | Unconfirmed::OtherTerms | Unconfirmed::SharedCoinbase,
            Assurance::TwoEndpoints,
        ) => {
            let left_out =
                Happened::Staked { provider: *provider, rollup: *rollup, attester: *attester, coinbase: None };
            Ok((left_out, assurance))
        }
    }
}
