//! Which rollup is canonical, and what of ours is left at former ones.

use std::collections::BTreeMap;

use butler_core::domain::attester::overview::AttesterRow;
use butler_core::domain::attester::position::Position;
use butler_core::domain::capability::Capability;
use butler_core::domain::rollup::RollupFacts;
use butler_core::domain::rollups::cut_over::duties_until;
use butler_core::domain::snapshot::NetworkSnapshot;
use ethers_core::types::U256;

use super::{Readings, address, number, truth, units};
use crate::catalogue;

/// The positions in which an attester is at a rollup.
const AT_A_ROLLUP: [Position; 4] = [Position::EntryQueue, Position::Validating, Position::Zombie, Position::Exiting];

pub(super) fn push_rollups(readings: &mut Readings, snapshot: &NetworkSnapshot, rows: &[AttesterRow]) {
    // Versions are 32 bits wide.
    if let Ok(version) = u64::try_from(snapshot.rollup.version) {
        readings.push(&catalogue::ROLLUP_VERSION, [], number(version));
    }
    if let Some(delay) = snapshot.withdrawal_delay_seconds {
        readings.push(&catalogue::WITHDRAWAL_DELAY, [], number(delay));
    }
    push_figures(readings, &snapshot.rollup, snapshot);
    for former in snapshot.former_rollups.iter().filter(|former| former.holds_stakes()) {
        match former.figures.as_deref() {
            Some(figures) => push_figures(readings, figures, snapshot),
            None => push_missing(readings, former.id.version, Capability::Figures),
        }
    }
    for former in &snapshot.former_rollups {
        let version = || former.id.version.to_string();
        if former.unread.is_some() {
            readings.push(&catalogue::FORMER_UNREAD, [version()], 1.0);
        }
        if let Some(until) = duties_until(former, snapshot) {
            readings.push(&catalogue::FORMER_DUTIES, [version()], number(until));
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

/// Who may slash beside the slasher, what leaving takes, and what the rollup does not tell.
fn push_figures(readings: &mut Readings, rollup: &RollupFacts, snapshot: &NetworkSnapshot) {
    let version = || rollup.version.to_string();
    for capability in &rollup.missing {
        push_missing(readings, rollup.version, *capability);
    }
    readings.push(&catalogue::EXIT_DELAY, [version()], number(rollup.exit_delay_seconds));
    if let Some(change) = &rollup.slasher_change {
        if let Some(pending) = change.pending {
            readings.push(&catalogue::SLASHER_PENDING, [version(), address(pending.slasher)], number(pending.at));
        }
        if let Some(legacy) = change.legacy_at(snapshot.block.timestamp) {
            readings.push(&catalogue::SLASHER_LEGACY, [version(), address(legacy.slasher)], number(legacy.at));
        }
    }
    let Some(exits) = &rollup.attester_exits else { return };
    if let Some(window) = exits.window_seconds {
        readings.push(&catalogue::EXIT_WINDOW, [version()], number(window));
    }
    if let Some(limit) = exits.limit {
        readings.push(&catalogue::EXITS_USED, [version()], number(limit.used));
        readings.push(&catalogue::EXITS_ALLOWED, [version()], number(limit.allowance));
        readings.push(&catalogue::EXIT_POSSIBLE, [version()], truth(limit.can_exit));
    }
}

fn push_missing(readings: &mut Readings, version: U256, capability: Capability) {
    let labels = [version.to_string(), capability.name().to_owned()];
    readings.push(&catalogue::CAPABILITY_MISSING, labels, 1.0);
}
