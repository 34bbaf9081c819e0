//! What own nodes saw of own attesters: duties and offences.

use butler_core::client::aztec_node::OffenceRange;
use butler_core::domain::slashing::offence::OffenceKind;
use butler_core::metric_families as families;
use butler_core::text::closed::names;

families! {
    SENTINEL_ENABLED: Gauge "butler_sentinel_enabled" ["network", "node"] "" "Whether an Aztec node has a sentinel at work; absent while the rollup that it follows has no committee.";
    SENTINEL_SLOT: Gauge "butler_sentinel_last_processed_slot" ["network", "node"] "" "The newest slot that a node's sentinel has looked at.";
    SENTINEL_LAG: Gauge "butler_sentinel_lag_slots" ["network", "node"] "slots" "How many slots a node's sentinel is behind the rollup that the node follows; two are usual. Absent while the last snapshot is too old, while that rollup has no committee, and for a slot that is yet to come. While a sentinel does not answer it is that of its last answer.";
    SENTINEL_OWN: Gauge "butler_sentinel_own_attesters" ["network", "node"] "" "How many own attesters a node's sentinel saw on duty in its window; absent from a stale sentinel.";
    SENTINEL_MISSED_ATTESTATIONS: Gauge "butler_sentinel_missed_attestations_ratio" ["network", "node"] "ratio" "The share of own attesters' attestations that a node's sentinel saw missing in its window; absent without any, and from a stale sentinel.";
    SENTINEL_MISSED_PROPOSALS: Gauge "butler_sentinel_missed_proposals_ratio" ["network", "node"] "ratio" "The share of own attesters' proposals that a node's sentinel saw missing in its window; absent without any, and from a stale sentinel.";
    INACTIVE_STREAK: Gauge "butler_inactive_streak" ["network"] "" "From how many attestations missed in a row on an own attester is about to be slashed for inactivity: half of what own nodes' settings say, or told within a day, or 16 where no admin port tells them.";
    ATTESTER_MISSED_ATTESTATIONS: Gauge "butler_attester_missed_attestations" ["network", "attester", "server"] "" "Attestations that an own attester missed in the sentinel's window; only for attesters that missed anything.";
    ATTESTER_ATTESTATION_STREAK: Gauge "butler_attester_missed_attestations_streak" ["network", "attester", "server"] "" "Attestations that an own attester missed in a row up to now; only for attesters that missed anything.";
    ATTESTER_MISSED_PROPOSALS: Gauge "butler_attester_missed_proposals" ["network", "attester", "server"] "" "Proposals that an own attester missed in the sentinel's window; only for attesters that missed anything.";
    ATTESTER_PROPOSAL_STREAK: Gauge "butler_attester_missed_proposals_streak" ["network", "attester", "server"] "" "Proposals that an own attester missed in a row up to now; only for attesters that missed anything.";
    NODE_ADMIN_UP: Gauge "butler_node_admin_up" ["network", "node"] "" "Whether the admin port of an Aztec node answers as one and accepts the key; 0 also for a port that is no admin port; only where one is configured.";
    OFFENCES: Gauge "butler_offences" ["network", "kind": names::<OffenceKind>, "round": names::<OffenceRange>] "" "Offences of own attesters that own nodes noted, by kind, of the current slashing round and of all that are kept; absent while no admin port of a node with a slasher answers.";
    ATTESTER_OFFENCES: Gauge "butler_attester_offences" ["network", "attester", "kind": names::<OffenceKind>, "round": names::<OffenceRange>, "server"] "" "Offences of an own attester that own nodes noted; only where there are any.";
    ATTESTER_OFFENCE_AMOUNT: Gauge "butler_attester_offences_amount_tokens" ["network", "attester", "kind": names::<OffenceKind>, "round": names::<OffenceRange>, "server"] "tokens" "What these offences may cost, in whole tokens of 18 decimals.";
}
