//! Transactions of proposals: which ones matter, and what they carried.
//!
//! Own proposals come first, the newest of them before all, and what was read stays whatever comes after it. An endpoint may take seconds for
//! each exchange: after a while the rest waits for the next look, and what is known by then is told.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::time::Duration;

use ethers_core::types::Address;
use tokio::time::Instant;

use super::content::{Content, Entry, Reading};
use super::following::Following;
use crate::chain::duties::draws::read_draws;
use crate::chain::duties::logs::Logged;
use crate::chain::duties::proposals::{Held, NOBODY_HAS_IT, OTHER_SLOT, place, read_proposals, take_along};
use crate::chain::duties::span::epochs_with;
use crate::chain::error::SnapshotError;
use crate::chain::request::Progress;
use crate::client::l1::{BlockTag, L1Client};
use crate::domain::rollup::RollupClock;
use crate::runtime::report::one_line;

/// Transactions that are asked for before one looks at the time: one exchange, where the endpoint takes so many.
const AT_ONCE: usize = 100;
/// After so long nothing more is begun with this look.
const PATIENCE: Duration = Duration::from_secs(20);

/// Proposals whose transactions matter and were not read: own ones first, the newest of them before the others.
pub(super) fn wanted(content: &Content, following: &Following<'_>) -> Vec<Logged> {
    let Following { clock, own, head, .. } = *following;
    let ours = epochs_with(&content.draws, Some(own));
    let running = clock.epoch_at(head.timestamp).unwrap_or_default();
    let wanted = |entry: &Entry| {
        let (first, last) = entry.slots;
        ours.range(clock.epoch_of(first)..=clock.epoch_of(last)).next()?;
        let is_own = content.is_own_turn(entry, &clock, own);
        let is_over = clock.epoch_of(last) < running;
        Some((!is_own, entry.logged()?)).filter(|_| is_own || is_over)
    };
    let due = content.entries.iter().filter(|entry| entry.is_due(head.number));
    let mut wanted: Vec<(bool, Logged)> = due.filter_map(wanted).collect();
    wanted.sort_by_key(|(is_other, one)| (*is_other, Reverse(place(one))));
    wanted.into_iter().map(|(_, one)| one).collect()
}

/// Takes in what of these came along with other questions; answers the rest.
pub(super) fn take_in(
    client: &L1Client,
    content: &mut Content,
    rollup: Address,
    wanted: Vec<Logged>,
    clock: RollupClock,
) -> Vec<Logged> {
    let slots = content.slots();
    let came = take_along(client, &Held { rollup, clock, draws: &content.draws, slots: &slots }, wanted.iter());
    for entry in content.entries.iter_mut() {
        if let Some((slot, carried)) = came.get(&entry.place()) {
            entry.reading = Reading::of(*slot, carried.as_ref());
        }
    }
    wanted.into_iter().filter(|one| !came.contains_key(&place(one))).collect()
}

/// Reads transactions that are wanted, and says whether all of them were asked for. Where nobody answers they are told as not read.
pub(super) async fn read_transactions(
    client: &L1Client,
    content: &mut Content,
    rollup: Address,
    wanted: &[Logged],
    following: &Following<'_>,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<bool, SnapshotError> {
    let (began, clock, at) = (Instant::now(), following.clock, following.head.number);
    let (mut doubted, mut rest) = (BTreeSet::new(), wanted);
    while !rest.is_empty() && began.elapsed() < PATIENCE {
        progress(Progress::Transactions { count: rest.len() });
        let (some, after) = rest.split_at(AT_ONCE.min(rest.len()));
        let slots = content.slots();
        let held = Held { rollup, clock, draws: &content.draws, slots: &slots };
        let (read, unread) = match read_proposals(client, &held, some.iter().collect()).await {
            Ok(told) => told,
            Err(SnapshotError::Rpc(error)) => {
                let why = format!("no endpoint answers for it: {}", one_line(&error));
                // Whether somebody has them is not known, so that they are asked for again as soon as after a first try.
                for entry in of(content, rest) {
                    let tries = entry.tries().max(1);
                    entry.reading = Reading::Failed { tries, at, is_told: false, why: why.clone() };
                }
                rest = &[];
                break;
            }
            Err(error) => return Err(error),
        };
        for entry in of(content, some) {
            if let Some((slot, carried)) = read.get(&entry.place()) {
                entry.reading = Reading::of(*slot, carried.as_ref());
            } else {
                let why = unread.get(&entry.log.transaction_hash).map_or("nobody was asked for it", String::as_str);
                let (tries, why) = (entry.tries().saturating_add(1), why.to_owned());
                entry.reading = Reading::Failed { tries, at, is_told: why != NOBODY_HAS_IT, why };
                doubted.extend(clock.epoch_of(entry.slots.0)..=clock.epoch_of(entry.slots.1));
            }
        }
        rest = after;
    }
    place_again(client, content, &clock, at).await?;
    // Perhaps it is the draw that was told wrongly.
    if !doubted.is_empty() {
        let hatch = &mut content.hatch;
        let (draws, alone) = read_draws(client, rollup, &clock, &following.head, doubted, hatch).await?;
        content.alone.extend(alone);
        for (epoch, draw) in draws {
            content.note_draw(epoch, draw, &clock);
        }
    }
    Ok(rest.is_empty())
}

/// Whoever told a log may have told the times of blocks wrongly: where a proposal was not of its block at this look, the time of that block is
/// asked for, and counts from the next try on.
async fn place_again(
    client: &L1Client,
    content: &mut Content,
    clock: &RollupClock,
    look: u64,
) -> Result<(), SnapshotError> {
    let is_misplaced = |entry: &&mut Entry| {
        entry.slots.0 < entry.slots.1
            && matches!(&entry.reading, Reading::Failed { at, why, .. } if *at == look && why == OTHER_SLOT)
    };
    for entry in content.entries.iter_mut().filter(is_misplaced) {
        let told = client.head(BlockTag::Number(entry.log.block_number), &[]).await.map_err(SnapshotError::Rpc)?;
        if let Some(slot) = clock.slot_at(told.block.timestamp).filter(|_| told.block.hash == entry.log.block_hash) {
            entry.slots = (slot, slot);
        }
    }
    Ok(())
}

/// The entries of these logs.
fn of<'a>(content: &'a mut Content, some: &[Logged]) -> impl Iterator<Item = &'a mut Entry> {
    let places: BTreeSet<(u64, u64)> = some.iter().map(place).collect();
    content.entries.iter_mut().filter(move |entry| places.contains(&entry.place()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use ethers_core::types::{H256, U256};

    use super::*;
    use crate::contracts::checkpoint_events::CheckpointEvent;
    use crate::domain::attester::delegation::LogId;
    use crate::domain::block::BlockRef;
    use crate::domain::duties::{Draw, EpochDraw};
    use crate::domain::proposals::LoggedCheckpoint;
    use crate::domain::proposers::proposer;

    const CLOCK: RollupClock = RollupClock { genesis_time: 0, slot_seconds: 72, epoch_slots: 4 };

    fn entry(slot: u64) -> Entry {
        let log = LogId {
            block_number: slot,
            log_index: 0,
            block_hash: H256::zero(),
            transaction_hash: H256::from_low_u64_be(slot),
        };
        let checkpoint = LoggedCheckpoint {
            number: slot,
            archive: H256::zero(),
            payload_digest: H256::zero(),
            attestations_hash: H256::zero(),
        };
        Entry { log, event: CheckpointEvent::Proposed(checkpoint), slots: (slot, slot), reading: Reading::Not }
    }

    #[test]
    fn own_proposals_are_asked_for_first_the_newest_before_all_and_others_when_their_epoch_is_over() {
        let members: Vec<Address> = (1..=6).map(Address::repeat_byte).collect();
        let mut content = Content::new(0, BlockRef { number: 0, hash: H256::zero(), timestamp: 0 });
        for epoch in 0..4 {
            let draw = Draw { committee: members.clone(), seed: U256::from(epoch) };
            content.draws.insert(epoch, EpochDraw { draw, is_hatch: false });
        }
        content.entries = (0..16).map(entry).collect();
        let turn = |slot: u64| proposer(&members, (slot / 4).into(), slot / 4, slot).unwrap();
        let own = BTreeSet::from([turn(1), turn(14)]);
        // Slot 15 goes on.
        let head = BlockRef { number: 15, hash: H256::zero(), timestamp: 15 * 72 };
        let following = Following { clock: CLOCK, own: &own, head, pending: None, heard: None, span: Duration::MAX };
        let asked: Vec<u64> = wanted(&content, &following).iter().map(|one| one.log.block_number).collect();
        let is_own = |slot: &u64| own.contains(&turn(*slot));
        let ours: Vec<u64> = (0..16).rev().filter(is_own).collect();
        let others: Vec<u64> = (0..12).rev().filter(|slot| !is_own(slot)).collect();
        assert!(ours.contains(&14) && ours.contains(&1) && !others.is_empty());
        assert_eq!(asked, [ours, others].concat());
        // Where nobody of ours is in a committee nothing matters.
        content.draws = BTreeMap::new();
        assert!(wanted(&content, &following).is_empty());
    }
}
