//! Whether own attesters miss more than the others do, by a rule that chance does not trip.

use crate::domain::duties::{DutiesSeen, Rate, tally};
use crate::domain::findings::{Finding, FindingKind, Severity, Subject};

/// Fewer duties of a kind say nothing, of own attesters or of the others.
const LEAST: u64 = 50;
/// So many in a hundred more must be missed.
const POINTS: u64 = 5;
/// So many standard deviations from what the others' rate lets expect: chance does that once in 30,000 times.
const DEVIATIONS: u64 = 4;

/// Duties of one kind: how many, and how many of them were missed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Share {
    pub(super) all: u64,
    pub(super) missed: u64,
}

impl Share {
    /// In tenths of a percent, as people read it.
    fn words(self) -> String {
        let tenths =
            u128::from(self.missed).saturating_mul(1_000).checked_div(u128::from(self.all)).unwrap_or_default();
        format!("{}.{} % of {}", tenths / 10, tenths % 10, self.all)
    }
}

/// Whether `own` is clearly worse than `others`.
pub(super) fn is_clearly_worse(own: Share, others: Share) -> bool {
    if own.all < LEAST || others.all < LEAST || own.missed > own.all || others.missed > others.all {
        return false;
    }
    let [n, m, all, missed] = [own.all, own.missed, others.all, others.missed].map(u128::from);
    // m/n - missed/all, with n * all as the denominator.
    let Some(excess) = (m.saturating_mul(all)).checked_sub(n.saturating_mul(missed)) else { return false };
    let is_far = excess.saturating_mul(100) >= u128::from(POINTS).saturating_mul(n).saturating_mul(all);
    // (m - n q)² > d² n q (1 - q), with q = missed/all and both sides times all².
    let variance = n.saturating_mul(missed).saturating_mul(all.saturating_sub(missed));
    let deviations = u128::from(DEVIATIONS * DEVIATIONS).saturating_mul(variance);
    is_far && excess.saturating_mul(excess) > deviations
}

/// What own attesters did below the network's rate, by kind of duty.
pub(super) fn of_rates(seen: &DutiesSeen) -> Vec<Finding> {
    let (all, _) = tally(&seen.duties);
    let network = seen.network;
    let proposals =
        (all.proposals, Share { all: network.slots, missed: network.slots.saturating_sub(network.proposed) });
    let attestations =
        (all.attestations, Share { all: network.members, missed: network.members.saturating_sub(network.attested) });
    let both = [("proposals", proposals), ("attestations", attestations)];
    let found = both.into_iter().filter_map(|(words, (own, network))| {
        let own = known(own);
        // The network's figures have ours in them.
        let others =
            Share { all: network.all.saturating_sub(own.all), missed: network.missed.saturating_sub(own.missed) };
        let what = format!(
            "own attesters missed {} {words}, all others {} (slots {} to {})",
            own.words(),
            others.words(),
            seen.slots.0,
            seen.slots.1
        );
        let finding = Finding::new(FindingKind::DutiesBelowNetwork, Severity::Warning, Subject::Network, what);
        is_clearly_worse(own, others).then(|| finding.marked(words))
    });
    found.collect()
}

fn known(rate: Rate) -> Share {
    Share { all: rate.known(), missed: rate.missed() }
}
