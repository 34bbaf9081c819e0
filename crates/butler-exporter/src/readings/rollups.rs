//! Which rollup is canonical, and what of ours is left at former ones.

use std::collections::BTreeMap;

use butler_core::domain::attester::overview::AttesterRow;
use butler_core::domain::attester::position::Position;
use butler_core::domain::snapshot::NetworkSnapshot;
use ethers_core::types::U256;

use super::{Readings, number, units};
use crate::catalogue;

/// The positions in which an attester is at a rollup.
const AT_A_ROLLUP: [Position; 4] = [Position::EntryQueue, Position::Validating, Position::Zombie, Position::Exiting];

pub(super) fn push_rollups(readings: &mut Readings, snapshot: &NetworkSnapshot, rows: &[AttesterRow]) {
    // Versions are 32 bits wide.
    if let Ok(version) = u64::try_from(snapshot.rollup.version) {
        readings.push(&catalogue::ROLLUP_VERSION, [], number(version));
    }
    for former in &snapshot.former_rollups {
        let version = || former.id.version.to_string();
        if former.unread.is_some() {
            readings.push(&catalogue::FORMER_UNREAD, [version()], 1.0);
        }
        if former.is_empty() {
            continue;
        }
        let mut counts: BTreeMap<Position, u64> = AT_A_ROLLUP.into_iter().map(|position| (position, 0)).collect();
        for row in rows.iter().filter(|row| row.rollup == Some(former.id)) {
            *counts.entry(row.position).or_default() += 1;
        }
        for (position, count) in counts {
            readings.push(&catalogue::FORMER_ATTESTERS, [version(), position.name().to_owned()], number(count));
        }
        let sum = former.pending_rewards.values().fold(U256::zero(), |sum, each| sum.saturating_add(*each));
        readings.push(&catalogue::FORMER_REWARDS, [version()], units(sum));
    }
}
