//! Whoever may slash, by rollup and role: whether its votes can be read, its rounds, and own attesters that it votes against.

use butler_core::domain::slashing::NetworkSlashing;

use super::{Readings, ServersByAttester, address, number, server_label, truth};
use crate::catalogue;

/// `None` when a time does not fit.
pub(super) fn push_slashers(
    readings: &mut Readings,
    facts: &NetworkSlashing,
    servers: &ServersByAttester<'_>,
) -> Option<()> {
    for (rollup, slasher) in facts.slashers().filter(|(_, slasher)| !slasher.address.is_zero()) {
        let (version, role) = (rollup.rollup.version.to_string(), slasher.role.name().to_owned());
        let labels = || [version.clone(), role.clone()];
        let is_readable = slasher.facts.proposer.blindness().is_none();
        readings.push(&catalogue::SLASHER_READABLE, labels(), truth(is_readable));
        let proposer = slasher.proposer().map(address).unwrap_or_default();
        let info = [version.clone(), role.clone(), address(slasher.address), proposer];
        readings.push(&catalogue::SLASHER_INFO, info, 1.0);
        let Some(tally) = slasher.facts.proposer.tally() else { continue };
        readings.push(&catalogue::SLASHER_ROUND, labels(), number(tally.current_round));
        readings.push(&catalogue::SLASHER_ROUND_VOTES, labels(), number(tally.current_votes));
        for (attester, standing) in slasher.standings(rollup)? {
            let stage = standing.stage.name().to_owned();
            let labels = [version.clone(), role.clone(), address(attester), stage, server_label(servers, attester)];
            readings.push(&catalogue::SLASHER_VOTES, labels, number(standing.votes));
        }
    }
    Some(())
}
